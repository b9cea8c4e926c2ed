#pragma once
// The arguments of a Python call, as an op takes them.
#include <array>

#include "python/src/binding.h"

namespace millstream::python {

// An op and what its calls need, prepared once.
struct Signature {
  explicit Signature(const Op& called);

  // Whether a literal given for this parameter takes the dtype of the tensors beside it.
  bool shares_dtype(size_t i) const {
    return i != own_dtype && parameters[i].kind == Parameter::Kind::tensor && !parameters[i].index;
  }

  const Op& op;
  std::vector<Parameter> parameters;
  std::vector<PyObject*> names;  // interned
  Attrs defaults;
  size_t own_dtype = SIZE_MAX;         // the parameter that shares none
  bool takes_list = false;             // one parameter is a list of tensors
  mutable PyObject* result = nullptr;  // class of the named tuple, made at the first call
};

// Arguments in the order of the parameters; TypeError if they do not fit.
class Arguments {
 public:
  Arguments(const Signature& s, PyObject* const* args, size_t given, PyObject* keywords);

  // Tensor arguments in order, literals in the dtype of the tensors beside them.
  std::span<const Tensor> tensors() const { return {first_, count_}; }
  Attrs attrs() const;

 private:
  static constexpr size_t kMost = 32;
  static constexpr size_t kFew = 8;

  size_t position_of(PyObject* keyword) const;
  void take_keywords(PyObject* const* args, PyObject* keywords);
  void find_model();
  void add(Tensor tensor);
  void add_argument(size_t i);
  void add_list(const Parameter& parameter, PyObject* value);
  Tensor default_of(const Parameter& parameter) const;

  const Signature& s_;
  std::array<PyObject*, kMost> values_;  // borrowed; nullptr: not given
  std::optional<DType> model_;           // dtype of the first tensor that shares it
  std::array<Tensor, kFew> few_;
  Tensors many_;  // instead of few_
  const Tensor* first_ = nullptr;
  size_t count_ = 0;
};

}  // namespace millstream::python
