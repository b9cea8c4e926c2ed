// x[...] with NumPy's grammar, as one strided_slice.
#include <fmt/format.h>

#include "python/src/binding.h"

namespace millstream::python {
namespace {

[[noreturn]] void refuse_index(PyObject* index) {
  throw_type_error(
      fmt::format("Only integers, slices (`:`), ellipsis (`...`), tf.newaxis (`None`) and scalar "
                  "tf.int32/tf.int64 tensors are valid indices, got {}",
                  describe(index)));
}

int64_t to_integer(PyObject* index) {
  const nb::object number = nb::steal(PyNumber_Index(index));
  if (!number.is_valid()) {
    PyErr_Clear();
    refuse_index(index);
  }
  // Like Python's slices, beyond 64 bits means the end.
  const Py_ssize_t value = PyNumber_AsSsize_t(number.ptr(), nullptr);
  if (value == -1 && PyErr_Occurred()) throw nb::python_error();
  return value;
}

// The parameters of strided_slice, one entry for each index.
struct Slices {
  Ints begin, end, strides;
  int64_t begin_mask = 0, end_mask = 0, ellipsis_mask = 0, new_axis_mask = 0, shrink_axis_mask = 0;

  void add(PyObject* index) {
    const int64_t bit = int64_t{1} << begin.size();
    int64_t from = 0, to = 0, step = 1;
    if (index == Py_Ellipsis) {
      ellipsis_mask |= bit;
    } else if (index == Py_None) {
      new_axis_mask |= bit;
    } else if (PySlice_Check(index)) {
      auto* slice = reinterpret_cast<PySliceObject*>(index);
      if (slice->start == Py_None)
        begin_mask |= bit;
      else
        from = to_integer(slice->start);
      if (slice->stop == Py_None)
        end_mask |= bit;
      else
        to = to_integer(slice->stop);
      if (slice->step != Py_None) step = to_integer(slice->step);
    } else {
      if (PyBool_Check(index)) refuse_index(index);
      from = to_integer(index);
      to = from + 1;
      shrink_axis_mask |= bit;
    }
    begin.push_back(from);
    end.push_back(to);
    strides.push_back(step);
  }
};

Tensor run(const Tensor& x, Slices slices) {
  return invoke(
      op_named("strided_slice"), std::span(&x, 1),
      {std::move(slices.begin), std::move(slices.end), std::move(slices.strides), slices.begin_mask,
       slices.end_mask, slices.ellipsis_mask, slices.new_axis_mask, slices.shrink_axis_mask});
}

bool is_mask(PyObject* index) {
  const Tensor mask = tensor_or_value(index);
  return mask.defined() && mask.dtype() == boolean && mask.rank() > 0;
}

}  // namespace

Tensor slice(const Tensor& x, PyObject* index) {
  if (is_mask(index)) {
    const Tensor inputs[] = {x, tensor_or_value(index)};
    return invoke(op_named("boolean_mask"), inputs, {Attr()});
  }
  Slices slices;
  // A list counts as a tuple of indices, as in TensorFlow.
  if (PyTuple_Check(index) || PyList_Check(index)) {
    constexpr Py_ssize_t most = 2 * kMaxRank + 1;
    const nb::object items = nb::steal(PySequence_Fast(index, ""));
    if (!items.is_valid()) throw nb::python_error();
    const Py_ssize_t count = PySequence_Fast_GET_SIZE(items.ptr());
    if (count > most) throw InvalidArgument(fmt::format("{} indices: at most {}", count, most));
    for (Py_ssize_t i = 0; i < count; ++i) slices.add(PySequence_Fast_GET_ITEM(items.ptr(), i));
  } else {
    slices.add(index);
  }
  return run(x, std::move(slices));
}

}  // namespace millstream::python
