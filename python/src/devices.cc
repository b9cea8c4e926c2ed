// Logical devices, the scope tf.device, settings, and the data sets on this machine.

#include "millstream/base/settings.h"
#include "millstream/device/context.h"
#include "millstream/keras/datasets/datasets.h"
#include "millstream/ops/placement.h"
#include "millstream/ops/random.h"
#include "python/src/optional.h"

namespace millstream::python {
namespace {

// The scopes that Python has entered on this thread, innermost last.
std::vector<std::unique_ptr<device>>& scopes() {
  thread_local std::vector<std::unique_ptr<device>> entered;
  return entered;
}

// TensorFlow raises Python's own ValueError for what cannot be read.
DeviceSpec parse(const std::string& text) {
  return with_builtin_errors([&] { return DeviceSpec::parse(text); });
}

// (job, replica, task, device_type, device_index)
nb::tuple fields_of(const DeviceSpec& spec) {
  return nb::make_tuple(optional(spec.job), optional(spec.replica), optional(spec.task),
                        optional(spec.device_type), optional(spec.device_index));
}

DeviceSpec spec_of(const nb::tuple& fields) {
  return {optional_of<std::string>(fields[0]), optional_of<int64_t>(fields[1]),
          optional_of<int64_t>(fields[2]), optional_of<std::string>(fields[3]),
          optional_of<int64_t>(fields[4])};
}

nb::tuple split_arrays(const keras::datasets::Split& split) {
  return nb::make_tuple(nb::steal(wrap(split.images)), nb::steal(wrap(split.labels)));
}

}  // namespace

void bind_devices(nb::module_& m) {
  m.def("set_seed", &random::set_seed);
  m.def("initialised", &Context::initialised);
  m.def("parse_device_spec", [](const std::string& text) { return fields_of(parse(text)); });
  m.def("device_spec_text", [](const nb::tuple& fields) { return spec_of(fields).to_string(); });
  // Returns the depth of the scope, which leave_device checks.
  m.def(
      "enter_device",
      [](const nb::object& name) {
        scopes().push_back(name.is_none()
                               ? std::make_unique<device>(nullptr)
                               : std::make_unique<device>(parse(nb::cast<std::string>(name))));
        return scopes().size();
      },
      nb::arg().none());
  m.def("leave_device", [](size_t depth) {
    if (scopes().size() != depth) {
      throw std::runtime_error("Exiting device scope without proper scope nesting");
    }
    scopes().pop_back();
  });
  m.def("explain_placement", &explain_placement,
        "Where ops of this thread run and why, and which ran on the CPU for want of a kernel.");
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
