// What Python's operators do with tensors and variables. The functions stand in the type's slots,
// so that x + y goes from the interpreter straight to `call`.
#include <array>
#include <string_view>

#include "python/src/binding.h"

namespace millstream::python {
namespace {

enum Operator : size_t {
  kAdd,
  kSubtract,
  kMultiply,
  kDivide,
  kFloorDivide,
  kRemainder,
  kPower,
  kMatmul,
  kAnd,
  kOr,
  kXor,
  kBitAnd,
  kBitOr,
  kBitXor,
  kNegative,
  kAbsolute,
  kNot,
  kBitNot,
  kLess,
  kLessEqual,
  kGreater,
  kGreaterEqual,
  kEqual,
  kNotEqual,
  kOperators,
};

constexpr std::array<const char*, kOperators> kNames = {
    "math.add",           "math.subtract",       "math.multiply",    "math.truediv",
    "math.floordiv",      "math.floormod",       "math.pow",         "linalg.matmul",
    "math.logical_and",   "math.logical_or",     "math.logical_xor", "bitwise.bitwise_and",
    "bitwise.bitwise_or", "bitwise.bitwise_xor", "math.negative",    "math.abs",
    "math.logical_not",   "bitwise.invert",      "math.less",        "math.less_equal",
    "math.greater",       "math.greater_equal",  "math.equal",       "math.not_equal",
};

struct Called {
  const Op* op = nullptr;
  Attrs defaults;
};

Tensor run(Operator which, std::span<const Tensor> operands) {
  static std::array<Called, kOperators> ops = {};
  Called& called = ops[which];
  if (called.op == nullptr) {
    called.op = &op_named(kNames[which]);
    called.defaults = default_attrs(parse_parameters(called.op->parameters));
  }
  return invoke(*called.op, operands, called.defaults);
}

// Both operands as tensors, with a literal in the dtype of the tensor beside it.
struct Pair {
  Pair(PyObject* a, PyObject* b) : tensors{tensor_or_value(a), tensor_or_value(b)} {
    if (!tensors[0].defined()) tensors[0] = to_tensor(a, {tensors[1].dtype()});
    if (!tensors[1].defined()) tensors[1] = to_tensor(b, {tensors[0].dtype()});
  }
  std::array<Tensor, 2> tensors;
};

// An object of another library, which may know how to add itself to a tensor.
bool is_foreign(PyObject* object) {
  return PyType_HasFeature(Py_TYPE(object), Py_TPFLAGS_HEAPTYPE) && !is_tensor(object) &&
         !is_variable(object) && !is_number(object) && !is_array(object) &&
         !PySequence_Check(object) && !PyObject_HasAttrString(object, "__tf_tensor__");
}

PyObject* apply(Operator which, PyObject* a, PyObject* b) {
  return guarded([&]() -> PyObject* {
    if (is_tensor(a) && is_tensor(b)) {
      return wrap(run(which, BorrowedTensors(tensor_of(a), tensor_of(b))));
    }
    if (is_foreign(a) || is_foreign(b)) return Py_NewRef(Py_NotImplemented);
    const Pair pair(a, b);
    return wrap(run(which, pair.tensors));
  });
}

template <Operator kWhich>
PyObject* binary(PyObject* a, PyObject* b) {
  return apply(kWhich, a, b);
}

// & | ^: logical on bool, bitwise on integers.
template <Operator kLogical, Operator kBitwise>
PyObject* logical(PyObject* a, PyObject* b) {
  return guarded([&] {
    const Pair pair(a, b);
    const Operator which = pair.tensors[0].dtype() == boolean ? kLogical : kBitwise;
    return wrap(run(which, pair.tensors));
  });
}

template <Operator kWhich>
PyObject* unary(PyObject* x) {
  return guarded([&] {
    const Tensor tensor = tensor_or_value(x);
    return wrap(run(kWhich, std::span(&tensor, 1)));
  });
}

PyObject* invert(PyObject* x) {
  return tensor_or_value(x).dtype() == boolean ? unary<kNot>(x) : unary<kBitNot>(x);
}

PyObject* positive(PyObject* x) { return Py_NewRef(x); }

PyObject* power(PyObject* a, PyObject* b, PyObject* modulus) {
  if (modulus != Py_None) {
    PyErr_SetString(PyExc_TypeError, "pow() of a tensor takes no modulus");
    return nullptr;
  }
  return apply(kPower, a, b);
}

bool broadcastable(const Shape& a, const Shape& b) {
  for (int i = 1; i <= std::min(a.rank(), b.rank()); ++i) {
    const int64_t x = a[a.rank() - i];
    const int64_t y = b[b.rank() - i];
    if (x != y && x != 1 && y != 1) return false;
  }
  return true;
}

// == and != answer for anything: never equal to None, nor to a tensor of another shape.
PyObject* equality(PyObject* a, PyObject* b, bool equal) {
  if (b == Py_None) return Py_NewRef(equal ? Py_False : Py_True);
  return guarded([&] {
    const Pair pair(a, b);
    if (!broadcastable(pair.tensors[0].shape(), pair.tensors[1].shape())) {
      return wrap(Tensor::scalar(!equal, boolean));
    }
    return wrap(run(equal ? kEqual : kNotEqual, pair.tensors));
  });
}

PyObject* compare(PyObject* a, PyObject* b, int how) {
  switch (how) {
    case Py_LT: return apply(kLess, a, b);
    case Py_LE: return apply(kLessEqual, a, b);
    case Py_GT: return apply(kGreater, a, b);
    case Py_GE: return apply(kGreaterEqual, a, b);
    default: return equality(a, b, how == Py_EQ);
  }
}

Py_hash_t refuse_hash(PyObject* self) {
  const char* what = is_variable(self) ? "Variable" : "Tensor";
  PyErr_Format(PyExc_TypeError, "%s is unhashable. Instead, use %s.ref() as the key.", what,
               is_variable(self) ? "variable" : "tensor");
  return -1;
}

// --- conversions to Python's numbers -------------------------------------------------------------

Tensor only_element(PyObject* self, const char* type) {
  Tensor x = tensor_or_value(self);
  if (x.elements() != 1 || x.rank() != 0) {
    throw_type_error("only a tensor of rank 0 can be converted to " + std::string(type) +
                     ", this one has shape " + x.shape().to_string());
  }
  return x;
}

int truth(PyObject* self) {
  try {
    const Tensor x = tensor_or_value(self);
    if (x.elements() != 1) {
      throw_value_error(
          "The truth value of an array with more than one element is ambiguous. Use "
          "tf.reduce_any() or tf.reduce_all(); this tensor has shape " +
          x.shape().to_string());
    }
    return x.to_vector<double>()[0] != 0 ? 1 : 0;
  } catch (...) {
    set_python_error();
    return -1;
  }
}

PyObject* as_float(PyObject* self) {
  return guarded([&] { return PyFloat_FromDouble(only_element(self, "float").item<double>()); });
}

PyObject* as_int(PyObject* self) {
  return guarded([&] {
    const Tensor x = only_element(self, "int");
    if (is_floating(x.dtype())) return PyLong_FromDouble(x.item<double>());
    if (x.dtype() == uint64) return PyLong_FromUnsignedLongLong(x.item<uint64_t>());
    return PyLong_FromLongLong(x.item<int64_t>());
  });
}

PyObject* as_index(PyObject* self) {
  return guarded([&] {
    const Tensor x = tensor_or_value(self);
    if (!is_integer(x.dtype()) || x.rank() != 0) {
      throw_type_error("only an integer tensor of rank 0 can be an index, not " +
                       to_string(Spec{x.dtype(), x.shape()}));
    }
    return as_int(self);
  });
}

// --- containers ----------------------------------------------------------------------------------

Py_ssize_t length(PyObject* self) {
  const Tensor x = tensor_or_value(self);
  if (x.rank() == 0) {
    PyErr_SetString(PyExc_TypeError, "Scalar tensor has no `len()`");
    return -1;
  }
  return x.dim(0);
}

PyObject* item(PyObject* self, PyObject* index) {
  return guarded([&] { return wrap(slice(tensor_or_value(self), index)); });
}

PyObject* iterate(PyObject* self) {
  if (tensor_or_value(self).rank() == 0) {
    PyErr_SetString(PyExc_TypeError, "Cannot iterate over a scalar tensor.");
    return nullptr;
  }
  return PySeqIter_New(self);  // calls row() until it raises IndexError
}

PyObject* row(PyObject* self, Py_ssize_t i) {
  return guarded([&]() -> PyObject* {
    const Tensor x = tensor_or_value(self);
    if (x.rank() == 0 || i < 0 || i >= x.dim(0)) throw nb::index_error("tensor index out of range");
    const nb::object index = nb::steal(PyLong_FromSsize_t(i));
    return wrap(slice(x, index.ptr()));
  });
}

template <class F>
constexpr PyType_Slot slot(int which, F* function) {
  return {which, reinterpret_cast<void*>(function)};
}

}  // namespace

const PyType_Slot* operator_slots() {
  static const PyType_Slot slots[] = {
      slot(Py_nb_add, binary<kAdd>),
      slot(Py_nb_subtract, binary<kSubtract>),
      slot(Py_nb_multiply, binary<kMultiply>),
      slot(Py_nb_true_divide, binary<kDivide>),
      slot(Py_nb_floor_divide, binary<kFloorDivide>),
      slot(Py_nb_remainder, binary<kRemainder>),
      slot(Py_nb_matrix_multiply, binary<kMatmul>),
      slot(Py_nb_power, power),
      slot(Py_nb_and, logical<kAnd, kBitAnd>),
      slot(Py_nb_or, logical<kOr, kBitOr>),
      slot(Py_nb_xor, logical<kXor, kBitXor>),
      slot(Py_nb_negative, unary<kNegative>),
      slot(Py_nb_positive, positive),
      slot(Py_nb_absolute, unary<kAbsolute>),
      slot(Py_nb_invert, invert),
      slot(Py_nb_bool, truth),
      slot(Py_nb_float, as_float),
      slot(Py_nb_int, as_int),
      slot(Py_nb_index, as_index),
      slot(Py_tp_richcompare, compare),
      slot(Py_tp_hash, refuse_hash),
      slot(Py_mp_length, length),
      slot(Py_mp_subscript, item),
      slot(Py_sq_item, row),
      slot(Py_tp_iter, iterate),
      {0, nullptr},
  };
  return slots;
}

}  // namespace millstream::python
