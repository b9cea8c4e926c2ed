// tf.Variable's part in C++: the value, assignments and operators. _variable.py adds the rest.
#include <fmt/format.h>

#include "python/src/binding.h"

namespace millstream::python {
namespace {

PyTypeObject* variable_type = nullptr;

Tensor assignable(const Variable& variable, nb::handle value) {
  const Tensor tensor = to_tensor(value.ptr(), {.dtype = variable.dtype(), .required = true});
  const nb::object own = shape_object(variable.shape());
  if (!nb::cast<bool>(own.attr("is_compatible_with")(shape_object(tensor.shape())))) {
    throw_value_error(fmt::format(
        "Cannot assign value to variable '{}': Shape mismatch. The variable shape {}, and the "
        "assigned value shape {} are incompatible.",
        variable.name(), variable.shape().to_string(), tensor.shape().to_string()));
  }
  return tensor;
}

Tensor delta_for(const Variable& variable, nb::handle value) {
  return to_tensor(value.ptr(), {.dtype = variable.dtype(), .required = true});
}

template <class F>
auto chained(F change) {
  return [change](nb::object self, nb::handle value, nb::handle, nb::handle, nb::handle) {
    change(variable_of(self.ptr()), value);
    return self;
  };
}

template <class Class, class F>
void def_assignment(Class& type, const char* name, const char* argument, const char* doc,
                    F change) {
  type.def(name, chained(change), nb::arg(argument), nb::arg("use_locking").none() = false,
           nb::arg("name").none() = nb::none(), nb::arg("read_value").none() = true, doc);
}

void construct(Variable* self, nb::handle value, const nb::object& dtype, bool trainable,
               const std::string& name, const nb::object& shape) {
  Wish wish;
  if (!dtype.is_none()) wish = {.dtype = to_dtype(dtype.ptr()), .required = true};
  VariableOptions options{.name = name, .trainable = trainable};
  const Tensor initial = new_tensor(value.ptr(), wish);
  if (!shape.is_none()) options.shape = to_shape(shape.ptr());
  new (self) Variable(initial, std::move(options));
}

}  // namespace

bool is_variable(PyObject* object) {
  return Py_TYPE(object) == variable_type || PyObject_TypeCheck(object, variable_type);
}

Variable& variable_of(PyObject* variable) { return *nb::inst_ptr<Variable>(variable); }

void bind_variable(nb::module_& m) {
  nb::class_<Variable> type(m, "Variable", nb::dynamic_attr(), nb::is_weak_referenceable(),
                            nb::type_slots(operator_slots()));
  variable_type = reinterpret_cast<PyTypeObject*>(type.ptr());
  type.attr("__array_priority__") = 100;
  type.def("__init__", &construct, nb::arg("initial_value"), nb::arg("dtype").none(),
           nb::arg("trainable"), nb::arg("name"), nb::arg("shape").none())
      .def_prop_ro("dtype", [](const Variable& v) { return nb::borrow(dtype_object(v.dtype())); })
      .def_prop_ro("shape", [](const Variable& v) { return shape_object(v.shape()); })
      .def_prop_ro("device", [](const Variable& v) { return v.device().name(); })
      .def_prop_ro("trainable", [](const Variable& v) { return v.trainable(); })
      .def_prop_ro("plain_name", [](const Variable& v) { return v.name(); })
      .def_prop_ro("id", [](const Variable& v) { return v.id(); })
      .def(
          "value", [](const Variable& v) { return nb::steal(wrap(v.value())); },
          "The present value, which later assignments do not change.")
      .def("read_value", [](const Variable& v) { return nb::steal(wrap(v.value())); });
  def_assignment(type, "assign", "value", "Replaces the value.",
                 [](Variable& v, nb::handle value) { v.assign(assignable(v, value)); });
  def_assignment(type, "assign_add", "delta", "Adds to the value.",
                 [](Variable& v, nb::handle value) {
                   const Tensor delta = delta_for(v, value);
                   const nb::gil_scoped_release release;
                   v.assign_add(delta);
                 });
  def_assignment(type, "assign_sub", "delta", "Subtracts from the value.",
                 [](Variable& v, nb::handle value) {
                   const Tensor delta = delta_for(v, value);
                   const nb::gil_scoped_release release;
                   v.assign_sub(delta);
                 });
}

}  // namespace millstream::python
