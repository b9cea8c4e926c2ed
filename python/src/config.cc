// tf.config and tf.debugging: what millstream/device/config.h declares, with Python's exceptions.
#include "millstream/device/config.h"

#include <cmath>

#include "millstream/base/caller.h"
#include "millstream/device/machine.h"
#include "python/src/optional.h"
#include "python/src/place.h"

namespace millstream::python {
namespace {

namespace experimental = config::experimental;
using config::LogicalDeviceConfiguration;
using config::PhysicalDevice;

// f(device, rest...) as a function of the device's two fields.
template <class R, class... Rest>
auto of_device(R (*f)(const PhysicalDevice&, Rest...)) {
  return [f](const std::string& name, const std::string& type, Rest... rest) {
    return with_builtin_errors([&] { return f({name, type}, rest...); });
  };
}

template <class Devices>
nb::list rows(const Devices& devices) {
  nb::list list;
  for (const auto& device : devices) list.append(nb::make_tuple(device.name, device.device_type));
  return list;
}

// An int where it is whole, as programs write it.
nb::object plain_number(const std::optional<double>& value) {
  if (value && *value == std::floor(*value)) return nb::cast(static_cast<int64_t>(*value));
  return optional(value);
}

void set_visible(const nb::list& devices, const std::string& type) {
  std::vector<PhysicalDevice> visible;
  for (nb::handle device : devices) {
    visible.push_back({nb::cast<std::string>(device[0]), nb::cast<std::string>(device[1])});
  }
  with_builtin_errors([&] { config::set_visible_devices(visible, type); });
}

nb::object split_of(const std::string& name, const std::string& type) {
  const auto split = with_builtin_errors([&] {
    return config::get_logical_device_configuration({name, type});
  });
  if (!split) return nb::none();
  nb::list parts;
  for (const LogicalDeviceConfiguration& part : *split) {
    parts.append(nb::make_tuple(plain_number(part.memory_limit),
                                optional(part.experimental_priority),
                                optional(part.experimental_device_ordinal)));
  }
  return parts;
}

void set_split(const std::string& name, const std::string& type, const nb::object& parts) {
  std::optional<config::LogicalDeviceConfigurations> split;
  if (!parts.is_none()) {
    split.emplace();
    for (nb::handle part : parts) {
      split->push_back({optional_of<double>(part[0]), optional_of<int64_t>(part[1]),
                        optional_of<int64_t>(part[2])});
    }
  }
  with_builtin_errors([&] { config::set_logical_device_configuration({name, type}, split); });
}

nb::tuple details_of(const std::string& name, const std::string& type) {
  const auto details = with_builtin_errors([&] {
    return experimental::get_device_details({name, type});
  });
  nb::object capability = nb::none();
  if (details.compute_capability) {
    capability =
        nb::make_tuple(details.compute_capability->first, details.compute_capability->second);
  }
  return nb::make_tuple(optional(details.device_name), capability);
}

nb::list backend_names() {
  nb::list names;
  for (const DeviceBackend* backend : device_backends()) {
    names.append(std::string(backend_name(backend->backend())));
  }
  return names;
}

// The line of Python that made the devices. Runs once.
std::string python_caller() {
  const nb::gil_scoped_acquire gil;
  try {
    return nb::cast<std::string>(nb::module_::import_("millstream._caller").attr("caller")());
  } catch (nb::python_error&) {  // at exit, when modules are gone
    return "";
  }
}

void bind_device_lists(nb::module_& m) {
  m.def("physical_devices", [] { return rows(config::list_physical_devices()); });
  m.def("logical_devices",
        [] { return rows(with_builtin_errors([] { return config::list_logical_devices(); })); });
  m.def("visible_devices", [] { return rows(config::get_visible_devices()); });
  m.def("set_visible_devices", &set_visible);
  m.def("logical_device_configuration", &split_of);
  m.def("set_logical_device_configuration", &set_split, nb::arg(), nb::arg(), nb::arg().none());
  m.def("device_details", &details_of);
  m.def("backends", &backend_names);
}

void bind_memory(nb::module_& m) {
  m.def("get_memory_growth", of_device(&experimental::get_memory_growth));
  m.def("set_memory_growth", of_device(&experimental::set_memory_growth));
  m.def("memory_info", [](const std::string& device) {
    const auto info = with_builtin_errors([&] { return experimental::get_memory_info(device); });
    return nb::make_tuple(info.current, info.peak);
  });
  nb::class_<experimental::MemoryScope>(m, "MemoryScope")
      .def("__init__",
           [](experimental::MemoryScope* self, const std::string& device) {
             with_builtin_errors([&] { new (self) experimental::MemoryScope(device); });
           })
      .def_prop_ro("peak", &experimental::MemoryScope::peak);
  m.def("reset_memory_stats", [](const std::string& device) {
    with_builtin_errors([&] { experimental::reset_memory_stats(device); });
  });
}

void bind_switches(nb::module_& m) {
  m.def("get_soft_device_placement", &config::get_soft_device_placement);
  m.def("set_soft_device_placement", &config::set_soft_device_placement);
  m.def("get_log_device_placement", &debugging::get_log_device_placement);
  m.def("set_log_device_placement", &debugging::set_log_device_placement);
  m.def("get_device_policy", &experimental::get_device_policy);
  m.def(
      "set_device_policy",
      [](const nb::object& policy) {
        const auto wanted = optional_of<std::string>(policy);
        with_builtin_errors([&] { experimental::set_device_policy(wanted); });
      },
      nb::arg().none());
  m.def("enable_op_determinism", &experimental::enable_op_determinism);
  m.def("enable_tensor_float_32_execution", &experimental::enable_tensor_float_32_execution);
  m.def("tensor_float_32_execution_enabled", &experimental::tensor_float_32_execution_enabled);
  m.def("get_absent_device_placement", &experimental::get_absent_device_placement);
  m.def("set_absent_device_placement", &experimental::set_absent_device_placement);
}

}  // namespace

void bind_config(nb::module_& m) {
  set_caller(&python_caller);
  bind_places();
  bind_device_lists(m);
  bind_memory(m);
  bind_switches(m);
}

}  // namespace millstream::python
