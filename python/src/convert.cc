// Any Python value as a tensor.
#include <fmt/format.h>

#include "python/src/binding.h"

namespace millstream::python {

namespace {

Tensor check_dtype(PyObject* value, const Tensor& tensor, const Wish& wish) {
  if (wish.required && wish.dtype && tensor.dtype() != *wish.dtype) {
    throw_value_error(fmt::format(
        "Tensor conversion requested dtype {} for Tensor with dtype {}: {}. Use tf.cast.",
        name_of(*wish.dtype), name_of(tensor.dtype()), describe(value)));
  }
  return tensor;
}

// Objects of other libraries that know how to become a tensor.
nb::object own_conversion(PyObject* value, const Wish& wish) {
  auto* type = reinterpret_cast<PyObject*>(Py_TYPE(value));
  if (!PyObject_HasAttrString(type, "__tf_tensor__")) return {};
  const nb::object dtype =
      wish.dtype && wish.required ? nb::borrow(dtype_object(*wish.dtype)) : nb::none();
  return nb::handle(value).attr("__tf_tensor__")(nb::arg("dtype") = dtype,
                                                 nb::arg("name") = nb::none());
}

Tensor constant(PyObject* value, const nb::object& dtype, const nb::object& shape) {
  Wish wish;
  if (!dtype.is_none()) wish = {.dtype = to_dtype(dtype.ptr()), .required = true};
  const Tensor tensor = new_tensor(value, wish);
  if (shape.is_none()) return tensor;
  const Shape wanted = to_shape(shape.ptr());
  if (wanted == tensor.shape()) return tensor;
  if (wanted.elements() == tensor.elements()) {
    return contiguous(tensor).view(wanted, contiguous_strides(wanted));
  }
  if (tensor.elements() != 1 || !wanted.known()) {
    throw_type_error(fmt::format(
        "Eager execution of tf.constant with unsupported shape. Tensor {} has {} elements, but got "
        "`shape` {} with {} elements",
        describe(value), tensor.elements(), wanted.to_string(), wanted.elements()));
  }
  const Tensor scalar = tensor.view(Shape{}, Dims{});
  return invoke(op_named("fill"), std::span(&scalar, 1),
                {Ints(wanted.dims().begin(), wanted.dims().end())});
}

}  // namespace

void refuse_value(PyObject* value) {
  const std::string type = type_name(value);
  if (PyUnicode_Check(value) || PyBytes_Check(value)) {
    throw_type_error(fmt::format("Cannot convert {} to a Tensor: string tensors are not supported",
                                 describe(value)));
  }
  throw_value_error(
      fmt::format("Attempt to convert a value ({}) with an unsupported type ({}) to a Tensor.",
                  describe(value), type));
}

void refuse_dtype(PyObject* value, DType wanted) {
  throw_type_error(fmt::format("Cannot convert {} to EagerTensor of dtype {}", describe(value),
                               name_of(wanted)));
}

Tensor to_tensor(PyObject* value, const Wish& wish) {
  if (Tensor tensor = tensor_or_value(value); tensor.defined()) {
    return check_dtype(value, tensor, wish);
  }
  if (PyFloat_CheckExact(value) || PyLong_CheckExact(value) || PyBool_Check(value)) {
    return number_to_tensor(value, wish);
  }
  if (PyList_Check(value) || PyTuple_Check(value)) return sequence_to_tensor(value, wish);
  if (nb::object own = own_conversion(value, wish); own.is_valid()) {
    return check_dtype(value, to_tensor(own.ptr()), wish);
  }
  if (is_array(value)) return array_to_tensor(value, wish);
  if (is_number(value)) return number_to_tensor(value, wish);
  if (PySequence_Check(value) && !PyUnicode_Check(value) && !PyBytes_Check(value) &&
      !PyByteArray_Check(value)) {
    return sequence_to_tensor(value, wish);
  }
  refuse_value(value);
}

Tensor new_tensor(PyObject* value, const Wish& wish) {
  const Tensor tensor = to_tensor(value, wish);
  return is_tensor(value) ? tensor : copy_to(tensor, current_device());
}

void bind_conversion(nb::module_& m) {
  m.def(
      "constant",
      [](nb::handle value, const nb::object& dtype, const nb::object& shape, const nb::object&) {
        return nb::steal(wrap(constant(value.ptr(), dtype, shape)));
      },
      nb::arg("value").none(), nb::arg("dtype").none() = nb::none(),
      nb::arg("shape").none() = nb::none(), nb::arg("name").none() = "Const",
      "A tensor of a number, a nested list or a NumPy array, which is copied.");
  m.def(
      "convert_to_tensor",
      [](nb::handle value, const nb::object& dtype, const nb::object& dtype_hint,
         const nb::object&) {
        Wish wish;
        if (!dtype.is_none()) {
          wish = {.dtype = to_dtype(dtype.ptr()), .required = true};
        } else if (!dtype_hint.is_none()) {
          wish.dtype = to_dtype(dtype_hint.ptr());
        }
        const Tensor tensor = new_tensor(value.ptr(), wish);
        return is_tensor(value.ptr()) ? nb::borrow(value) : nb::steal(wrap(tensor));
      },
      nb::arg("value").none(), nb::arg("dtype").none() = nb::none(),
      nb::arg("dtype_hint").none() = nb::none(), nb::arg("name").none() = nb::none(),
      "The value as a tensor; a tensor is returned as it is.");
}

}  // namespace millstream::python
