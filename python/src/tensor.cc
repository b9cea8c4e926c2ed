// tf.Tensor: the Python object that holds a Tensor.
#include "python/src/binding.h"

namespace millstream::python {
namespace {

PyTypeObject* tensor_type = nullptr;

nb::object numpy_value(const nb::object& self) {
  nb::object array = to_numpy(self);
  // TensorFlow gives NumPy's scalars for tensors of rank 0.
  return tensor_of(self.ptr()).rank() == 0 ? array[nb::make_tuple()] : array;
}

nb::object array_interface(const nb::object& self, const nb::object& dtype,
                           const nb::object& copy) {
  const nb::object array = to_numpy(self);
  const bool wants_copy = !copy.is_none() && nb::cast<bool>(copy);
  if (dtype.is_none()) return wants_copy ? array.attr("copy")() : array;
  return array.attr("astype")(dtype, nb::arg("copy") = wants_copy);
}

// A pickle holds a plain array, so that it can be read without this machine's memory.
nb::object reduce(const nb::object& self) {
  const nb::object restore = nb::module_::import_("millstream._creation").attr("restore_tensor");
  const nb::object array = array_interface(self, nb::none(), nb::bool_(true));
  const nb::object dtype = nb::borrow(dtype_object(tensor_of(self.ptr()).dtype()));
  return nb::make_tuple(restore, nb::make_tuple(array, dtype.attr("name")));
}

void set_shape(const nb::object& self, nb::handle shape) {
  const nb::object own = shape_object(tensor_of(self.ptr()).shape());
  const nb::object wanted = shape_object(to_shape(shape.ptr()));
  if (!nb::cast<bool>(own.attr("is_compatible_with")(wanted))) {
    throw_value_error("Tensor's shape " + nb::cast<std::string>(nb::str(own)) +
                      " is not compatible with supplied shape " +
                      nb::cast<std::string>(nb::str(wanted)) + ".");
  }
}

PyObject* repr_slot(PyObject* self) {
  return guarded([&] { return nb::str(tensor_of(self).repr().c_str()).release().ptr(); });
}

const PyType_Slot* tensor_slots() {
  static const std::vector<PyType_Slot> slots = [] {
    std::vector<PyType_Slot> all;
    for (const PyType_Slot* slot = operator_slots(); slot->slot != 0; ++slot) all.push_back(*slot);
    all.push_back({Py_tp_repr, reinterpret_cast<void*>(repr_slot)});
    all.push_back({Py_bf_getbuffer, reinterpret_cast<void*>(get_buffer)});
    all.push_back({Py_bf_releasebuffer, reinterpret_cast<void*>(release_buffer)});
    all.push_back({0, nullptr});
    return all;
  }();
  return slots.data();
}

}  // namespace

PyObject* wrap(Tensor tensor) {
  if (!tensor.defined()) return Py_NewRef(Py_None);
  nb::object object = nb::inst_alloc(nb::handle(reinterpret_cast<PyObject*>(tensor_type)));
  if (!object.is_valid()) throw nb::python_error();
  new (nb::inst_ptr<Tensor>(object)) Tensor(std::move(tensor));
  nb::inst_mark_ready(object);
  return object.release().ptr();
}

bool is_tensor(PyObject* object) {
  return Py_TYPE(object) == tensor_type || PyObject_TypeCheck(object, tensor_type);
}

const Tensor& tensor_of(PyObject* tensor) { return *nb::inst_ptr<Tensor>(tensor); }

Tensor tensor_or_value(PyObject* object) {
  if (is_tensor(object)) return tensor_of(object);
  if (is_variable(object)) return variable_of(object).value();
  return {};
}

void bind_tensor(nb::module_& m) {
  nb::class_<Tensor> type(m, "Tensor", nb::dynamic_attr(), nb::is_weak_referenceable(),
                          nb::pooled(1024), nb::type_slots(tensor_slots()));
  tensor_type = reinterpret_cast<PyTypeObject*>(type.ptr());
  type.attr("__module__") = "millstream";
  type.attr("__doc__") = "An immutable array on a device.";
  type.attr("__array_priority__") = 100;  // array + tensor is a tensor
  type.def_prop_ro("dtype", [](const Tensor& x) { return nb::borrow(dtype_object(x.dtype())); })
      .def_prop_ro("shape", [](const Tensor& x) { return shape_object(x.shape()); })
      .def_prop_ro("ndim", [](const Tensor& x) { return x.rank(); })
      .def_prop_ro("device", [](const Tensor& x) { return x.device().name(); })
      .def_prop_ro("backing_device", [](const Tensor& x) { return x.device().name(); })
      .def_prop_ro("_id", [](const Tensor& x) { return x.id(); })
      .def("get_shape", [](const Tensor& x) { return shape_object(x.shape()); })
      .def("set_shape", &set_shape, nb::arg("shape").none())
      .def("numpy", &numpy_value,
           "A read-only NumPy array over the tensor's memory; .copy() makes one to write to.")
      .def("__array__", &array_interface, nb::arg("dtype").none() = nb::none(),
           nb::arg("copy").none() = nb::none())
      .def(
          "__dlpack__",
          [](const Tensor& x, const nb::object&, const nb::object& max_version, const nb::object&,
             const nb::object&) { return to_dlpack(x, max_version); },
          nb::kw_only(), nb::arg("stream").none() = nb::none(),
          nb::arg("max_version").none() = nb::none(), nb::arg("dl_device").none() = nb::none(),
          nb::arg("copy").none() = nb::none())
      .def("__dlpack_device__", [](const Tensor&) { return nb::make_tuple(1, 0); })
      .def("__reduce__", &reduce)
      .def("__copy__", [](const nb::object& self) { return self; })
      .def("__deepcopy__", [](const nb::object& self, nb::handle) { return self; })
      .def("__str__", [](const Tensor& x) { return x.to_string(); })
      .def("__format__", [](const nb::object& self, const nb::object& spec) {
        return numpy_value(self).attr("__format__")(spec);
      });
}

}  // namespace millstream::python
