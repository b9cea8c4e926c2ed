// Python values as the attributes of ops.
#include <fmt/format.h>

#include "millstream/ops/array.h"
#include "python/src/binding.h"

namespace millstream::python {
namespace {

[[noreturn]] void refuse(const Op& op, const Parameter& parameter, PyObject* value,
                         const char* wanted) {
  throw_type_error(fmt::format("{}: {} must be {}, not {} of type {}", op.name(), parameter.name,
                               wanted, describe(value), type_name(value)));
}

// The Python error becomes ours; anything but a TypeError stays (a MemoryError, say).
void forget_type_error() {
  if (PyErr_Occurred() && !PyErr_ExceptionMatches(PyExc_TypeError)) throw nb::python_error();
  PyErr_Clear();
}

std::optional<int64_t> integer(PyObject* value) {
  if (!PyIndex_Check(value)) return {};
  const nb::object number = nb::steal(PyNumber_Index(value));
  if (!number.is_valid()) {
    forget_type_error();
    return {};
  }
  const int64_t result = PyLong_AsLongLong(number.ptr());
  if (result == -1 && PyErr_Occurred()) {
    PyErr_Clear();
    throw_value_error(fmt::format("{} does not fit into 64 bits", describe(value)));
  }
  return result;
}

// Appends the integers of an int, a nested list or an integer tensor or array.
bool collect_integers(PyObject* value, Ints& to) {
  if (const Tensor tensor = tensor_or_value(value); tensor.defined()) {
    if (!is_integer(tensor.dtype())) return false;
    for (const int64_t number : tensor.to_vector<int64_t>()) to.push_back(number);
    return true;
  }
  if (PyUnicode_Check(value)) return false;
  if (const auto number = integer(value)) {
    to.push_back(*number);
    return true;
  }
  if (!PyList_Check(value) && !PyTuple_Check(value) && is_array(value)) {
    const Tensor tensor = array_to_tensor(value, {});
    if (!is_integer(tensor.dtype()) && tensor.elements() > 0) return false;
    for (const int64_t number : tensor.to_vector<int64_t>()) to.push_back(number);
    return true;
  }
  if (!PySequence_Check(value)) return false;
  const nb::object items = nb::steal(PySequence_Fast(value, ""));
  if (!items.is_valid()) {
    forget_type_error();
    return false;
  }
  for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(items.ptr()); ++i) {
    if (to.size() > 4096) return false;  // no list of sizes or axes is that long, a loop is
    if (!collect_integers(PySequence_Fast_GET_ITEM(items.ptr(), i), to)) return false;
  }
  return true;
}

Attr to_bool(const Op& op, const Parameter& parameter, PyObject* value) {
  if (PyUnicode_Check(value) || PyBytes_Check(value)) refuse(op, parameter, value, "True or False");
  const int truth = PyObject_IsTrue(value);
  if (truth < 0) {
    forget_type_error();
    refuse(op, parameter, value, "True or False");
  }
  return truth != 0;
}

Attr to_number(const Op& op, const Parameter& parameter, PyObject* value) {
  if (PyUnicode_Check(value)) refuse(op, parameter, value, "a number");
  const double number = PyFloat_AsDouble(value);
  if (number == -1 && PyErr_Occurred()) {
    forget_type_error();
    refuse(op, parameter, value, "a number");
  }
  return number;
}

Attr to_text(const Op& op, const Parameter& parameter, PyObject* value) {
  if (!PyUnicode_Check(value)) refuse(op, parameter, value, "a string");
  Py_ssize_t size = 0;
  const char* text = PyUnicode_AsUTF8AndSize(value, &size);
  if (text == nullptr) throw nb::python_error();
  return std::string(text, static_cast<size_t>(size));
}

Attr to_ints(const Op& op, const Parameter& parameter, PyObject* value) {
  Ints values;
  if (!collect_integers(value, values)) {
    refuse(op, parameter, value, "an int or a list of ints");
  }
  return values;
}

Attr to_floats(const Op& op, const Parameter& parameter, PyObject* value) {
  const Tensor tensor = to_tensor(value, {.dtype = float64});
  if (!is_floating(tensor.dtype()) && !is_integer(tensor.dtype())) {
    refuse(op, parameter, value, "a list of numbers");
  }
  return tensor.to_vector<double>();
}

}  // namespace

Attr to_attr(const Op& op, const Parameter& parameter, PyObject* value) {
  if (value == Py_None && parameter.optional) return {};
  using Kind = Parameter::Kind;
  switch (parameter.kind) {
    case Kind::boolean: return to_bool(op, parameter, value);
    case Kind::integer:
      if (const auto number = integer(value)) return *number;
      refuse(op, parameter, value, "an int");
    case Kind::number: return to_number(op, parameter, value);
    case Kind::text: return to_text(op, parameter, value);
    case Kind::dtype: return to_dtype(value);
    case Kind::ints: return to_ints(op, parameter, value);
    case Kind::floats: return to_floats(op, parameter, value);
    case Kind::text_or_ints:
      if (PyUnicode_Check(value)) return to_text(op, parameter, value);
      return to_ints(op, parameter, value);
    case Kind::integer_or_ints:
      if (const auto number = integer(value)) return *number;
      return to_ints(op, parameter, value);
    case Kind::tensor:
    case Kind::tensors: break;
  }
  throw Internal(fmt::format("{}: {} is no attribute", op.name(), parameter.name));
}

}  // namespace millstream::python
