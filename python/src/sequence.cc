// Nested Python lists and single numbers as tensors.
#include <fmt/format.h>

#include <cmath>
#include <limits>

#include "millstream/device/context.h"
#include "python/src/binding.h"

namespace millstream::python {
namespace {

enum class Leaf : uint8_t { boolean, integer, floating, tensor, array, other };

Leaf leaf_of(PyObject* value) {
  if (PyFloat_CheckExact(value)) return Leaf::floating;
  if (PyBool_Check(value)) return Leaf::boolean;
  if (PyLong_Check(value)) return Leaf::integer;
  if (is_tensor(value) || is_variable(value)) return Leaf::tensor;
  if (is_array(value)) return Leaf::array;
  if (PyFloat_Check(value)) return Leaf::floating;
  return Leaf::other;
}

bool is_nested(PyObject* value) {
  if (PyList_Check(value) || PyTuple_Check(value)) return true;
  return PySequence_Check(value) && !PyUnicode_Check(value) && !PyBytes_Check(value) &&
         !PyByteArray_Check(value) && !is_tensor(value) && !is_variable(value) && !is_array(value);
}

// A list or tuple of a sequence's items.
nb::object items_of(PyObject* sequence) {
  nb::object items = nb::steal(PySequence_Fast(sequence, "not a sequence"));
  if (!items.is_valid()) throw nb::python_error();
  return items;
}

// What a nested list holds.
struct Survey {
  Dims sizes;
  bool has_leaves = false;
  bool boolean = false, integer = false, floating = false, tensor = false, array = false;
  bool boolean_first = false;
  int64_t least = 0, most = 0;  // of the integers
  bool beyond_int64 = false;
  std::optional<DType> tensor_dtype;

  bool leaf_depth_known = false;
  int leaf_depth = 0;
};

[[noreturn]] void refuse_ragged() {
  throw_value_error("Can't convert non-rectangular Python sequence to Tensor.");
}

void note_integer(Survey& survey, PyObject* value) {
  int overflow = 0;
  const int64_t number = PyLong_AsLongLongAndOverflow(value, &overflow);
  if (number == -1 && PyErr_Occurred()) throw nb::python_error();
  if (overflow != 0) survey.beyond_int64 = true;
  survey.least = std::min(survey.least, number);
  survey.most = std::max(survey.most, number);
}

void note_leaf(Survey& survey, PyObject* value) {
  const Leaf leaf = leaf_of(value);
  if (!survey.has_leaves) survey.boolean_first = leaf == Leaf::boolean;
  survey.has_leaves = true;
  switch (leaf) {
    case Leaf::boolean: survey.boolean = true; break;
    case Leaf::integer:
      survey.integer = true;
      note_integer(survey, value);
      break;
    case Leaf::floating: survey.floating = true; break;
    case Leaf::tensor:
      survey.tensor = true;
      if (!survey.tensor_dtype) survey.tensor_dtype = tensor_or_value(value).dtype();
      break;
    case Leaf::array: survey.array = true; break;
    case Leaf::other: refuse_value(value);
  }
}

void survey_items(Survey& survey, PyObject* sequence, int depth) {
  if (depth == kMaxRank) {
    throw_value_error(
        fmt::format("a list is nested deeper than {} levels, the highest rank of a "
                    "tensor",
                    kMaxRank));
  }
  const nb::object items = items_of(sequence);
  const Py_ssize_t count = PySequence_Fast_GET_SIZE(items.ptr());
  if (survey.sizes.size() == depth) {
    survey.sizes.push_back(count);
  } else if (survey.sizes[depth] != count) {
    refuse_ragged();
  }
  for (Py_ssize_t i = 0; i < count; ++i) {
    PyObject* item = PySequence_Fast_GET_ITEM(items.ptr(), i);
    if (is_nested(item)) {
      if (survey.leaf_depth_known && depth + 1 >= survey.leaf_depth) refuse_ragged();
      survey_items(survey, item, depth + 1);
      continue;
    }
    if (!survey.leaf_depth_known) {
      if (survey.sizes.size() > depth + 1) refuse_ragged();
      survey.leaf_depth_known = true;
      survey.leaf_depth = depth + 1;
    } else if (survey.leaf_depth != depth + 1) {
      refuse_ragged();
    }
    note_leaf(survey, item);
  }
}

DType natural_dtype(const Survey& survey) {
  if (survey.boolean_first && (survey.integer || survey.floating)) {
    throw_value_error("Can't convert Python sequence with mixed types to Tensor.");
  }
  if (survey.floating || !survey.has_leaves) return float32;
  if (!survey.integer) return boolean;
  using Limits = std::numeric_limits<int32_t>;
  return survey.least >= Limits::min() && survey.most <= Limits::max() ? int32 : int64;
}

// Whether numbers of these kinds may become `dtype` of their own accord.
bool fits(const Survey& survey, DType dtype) {
  if (dtype == boolean) return !survey.integer && !survey.floating;
  return is_floating(dtype) || !survey.floating;
}

[[noreturn]] void refuse_range() {
  throw_value_error("Can't convert Python sequence with out-of-range integer to Tensor.");
}

template <class T>
T integer_as(PyObject* value) {
  if constexpr (std::is_same_v<T, uint64_t>) {
    const nb::object number = nb::steal(PyNumber_Index(value));
    const uint64_t result = PyLong_AsUnsignedLongLong(number.ptr());
    if (result == static_cast<uint64_t>(-1) && PyErr_Occurred()) {
      PyErr_Clear();
      refuse_range();
    }
    return result;
  } else {
    int overflow = 0;
    const int64_t result = PyLong_AsLongLongAndOverflow(value, &overflow);
    if (overflow != 0 || result < static_cast<int64_t>(std::numeric_limits<T>::min()) ||
        result > static_cast<int64_t>(std::numeric_limits<T>::max())) {
      refuse_range();
    }
    return static_cast<T>(result);
  }
}

template <class T>
T number_as(PyObject* value) {
  if constexpr (std::is_same_v<T, bool>) {
    return value == Py_True;
  } else if constexpr (std::is_integral_v<T>) {
    return integer_as<T>(value);
  } else {
    const double number = PyFloat_AsDouble(value);
    if (number == -1 && PyErr_Occurred()) throw nb::python_error();
    if constexpr (std::is_same_v<T, float>) {
      if (std::isfinite(number) && std::abs(number) > std::numeric_limits<float>::max()) {
        throw_value_error(
            "Can't convert Python sequence with a value out of range for a single-precision "
            "float; ask for dtype=tf.float64.");
      }
    }
    if constexpr (std::is_same_v<T, double> || std::is_same_v<T, float>) {
      return static_cast<T>(number);
    } else {
      return T(static_cast<float>(number));
    }
  }
}

template <class T>
void fill_from(PyObject* sequence, const Dims& sizes, int depth, T*& to) {
  const nb::object items = items_of(sequence);
  if (PySequence_Fast_GET_SIZE(items.ptr()) != sizes[depth]) refuse_ragged();
  for (Py_ssize_t i = 0; i < sizes[depth]; ++i) {
    PyObject* item = PySequence_Fast_GET_ITEM(items.ptr(), i);
    if (depth + 1 < sizes.size()) {
      fill_from(item, sizes, depth + 1, to);
    } else {
      *to++ = number_as<T>(item);
    }
  }
}

// Joins a list that holds tensors, so that gradients flow into them.
Tensor stack_items(PyObject* sequence, const Wish& wish) {
  const nb::object items = items_of(sequence);
  Tensors parts;
  for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(items.ptr()); ++i) {
    parts.push_back(to_tensor(PySequence_Fast_GET_ITEM(items.ptr(), i), wish));
  }
  for (const Tensor& part : parts) {
    if (!(part.shape() == parts[0].shape())) refuse_ragged();
  }
  return invoke(op_named("stack"), parts, {int64_t{0}});
}

Tensor numpy_array(PyObject* sequence, const Wish& wish) {
  const nb::object array = nb::module_::import_("numpy").attr("array")(nb::handle(sequence));
  const Tensor tensor = array_to_tensor(array.ptr(), wish);
  if (!tensor.defined()) refuse_value(sequence);
  return tensor;
}

}  // namespace

bool is_number(PyObject* object) {
  return PyFloat_Check(object) || PyLong_Check(object) || PyBool_Check(object);
}

Tensor sequence_to_tensor(PyObject* sequence, const Wish& wish) {
  Survey survey;
  survey_items(survey, sequence, 0);
  if (survey.tensor) {
    return stack_items(sequence, wish.dtype ? wish : Wish{survey.tensor_dtype});
  }
  if (survey.array) return numpy_array(sequence, wish);
  DType dtype;
  if (wish.dtype && fits(survey, *wish.dtype)) {
    dtype = *wish.dtype;
  } else {
    if (wish.dtype && wish.required) refuse_dtype(sequence, *wish.dtype);
    dtype = natural_dtype(survey);
  }
  if (survey.beyond_int64 && !is_floating(dtype) && dtype != uint64) refuse_range();
  Tensor tensor = Tensor::empty(dtype, Shape(survey.sizes), Context::get().host());
  if (tensor.elements() > 0) {
    dispatch(dtype, [&]<class T>(std::type_identity<T>) {
      T* to = reinterpret_cast<T*>(tensor.node()->data);
      fill_from(sequence, survey.sizes, 0, to);
    });
  }
  return copy_to(tensor, current_device());
}

// A single number, on the host: GPUs take it by value. The dtype is that of the wish where the
// number fits it.
Tensor number_to_tensor(PyObject* number, const Wish& wish) {
  Survey survey;
  note_leaf(survey, number);
  DType dtype;
  const bool adopts = wish.dtype && fits(survey, *wish.dtype);
  if (adopts) {
    dtype = *wish.dtype;
  } else {
    if (wish.dtype && wish.required) refuse_dtype(number, *wish.dtype);
    dtype = natural_dtype(survey);
  }
  return dispatch(dtype, [&]<class T>(std::type_identity<T>) {
    const T value = number_as<T>(number);
    return Tensor::from_host(dtype, Shape{}, &value, host_device());
  });
}

}  // namespace millstream::python
