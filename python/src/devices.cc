// Logical devices, the scope tf.device, settings, and the data sets on this machine.

#include "millstream/base/settings.h"
#include "millstream/device/context.h"
#include "millstream/keras/datasets/datasets.h"
#include "millstream/ops/random.h"
#include "python/src/binding.h"

namespace millstream::python {
namespace {

// The scopes that Python has entered on this thread, innermost last.
std::vector<std::unique_ptr<device>>& scopes() {
  thread_local std::vector<std::unique_ptr<device>> entered;
  return entered;
}

nb::tuple split_arrays(const keras::datasets::Split& split) {
  return nb::make_tuple(nb::steal(wrap(split.images)), nb::steal(wrap(split.labels)));
}

}  // namespace

void bind_devices(nb::module_& m) {
  m.def("logical_devices", [] {
    nb::list names;
    for (const auto& each : Context::get().devices()) {
      names.append(nb::make_tuple("/device:" + each->type() + ":" + std::to_string(each->index()),
                                  each->type()));
    }
    return names;
  });
  m.def("set_seed", &random::set_seed);
  m.def("initialised", &Context::initialised);
  m.def("configure_cpus", &Context::configure_cpus);
  m.def("find_device", [](const std::string& name) { return Context::get().find(name).name(); });
  // Returns the depth of the scope, which leave_device checks.
  m.def("enter_device", [](const std::string& name) {
    scopes().push_back(std::make_unique<device>(name));
    return scopes().size();
  });
  m.def("leave_device", [](size_t depth) {
    if (scopes().size() != depth) {
      throw std::runtime_error("Exiting device scope without proper scope nesting");
    }
    scopes().pop_back();
  });
  m.def("settings_table", &Settings::table);
  m.def("load_dataset", [](const std::string& name) {
    const auto splits = [&] {
      const nb::gil_scoped_release release;
      return name == "mnist" ? keras::datasets::mnist::load_data()
                             : keras::datasets::fashion_mnist::load_data();
    }();
    return nb::make_tuple(split_arrays(splits.train), split_arrays(splits.test));
  });
}

}  // namespace millstream::python
