#include "python/src/arguments.h"

#include <fmt/format.h>

#include <algorithm>

#include "millstream/ops/map_info.h"

namespace millstream::python {
namespace {

using Kind = Parameter::Kind;

[[noreturn]] void refuse_keyword(const Signature& s, PyObject* keyword) {
  const std::string word = nb::cast<std::string>(nb::handle(keyword));
  std::vector<std::string> names;
  for (const Parameter& parameter : s.parameters) names.push_back(parameter.name);
  names.push_back("name");
  const std::string like = nearest(word, names);
  throw_type_error(fmt::format(
      "{}() got an unexpected keyword argument '{}'{}; it takes ({})", s.op.name(), word,
      like.empty() ? "" : fmt::format(", did you mean '{}'?", like), fmt::join(names, ", ")));
}

}  // namespace

Signature::Signature(const Op& called) : op(called), parameters(parse_parameters(op.parameters)) {
  for (const Parameter& parameter : parameters) {
    names.push_back(PyUnicode_InternFromString(parameter.name.c_str()));
    takes_list = takes_list || parameter.kind == Kind::tensors;
  }
  defaults = default_attrs(parameters);
  // where(condition, x, y): the condition is bool.
  if (op.map != nullptr && op.map->rule == DTypeRule::select) own_dtype = 0;
}

Arguments::Arguments(const Signature& s, PyObject* const* args, size_t given, PyObject* keywords)
    : s_(s) {
  const size_t count = s.parameters.size();
  if (count > kMost) throw Internal(fmt::format("{} has {} parameters", s.op.name(), count));
  // TensorFlow's functions take `name` as their last argument.
  const bool named = given == count + 1 && (PyUnicode_Check(args[count]) || args[count] == Py_None);
  if (given > count && !named) {
    throw_type_error(
        fmt::format("{}() takes {} arguments but {} were given", s.op.name(), count, given));
  }
  for (size_t i = 0; i < count; ++i) values_[i] = i < given ? args[i] : nullptr;
  if (keywords != nullptr) take_keywords(args + given, keywords);
  for (size_t i = 0; i < count; ++i) {
    if (values_[i] == nullptr && !s.parameters[i].has_default) {
      throw_type_error(
          fmt::format("{}() missing required argument '{}'", s.op.name(), s.parameters[i].name));
    }
  }
  find_model();
  for (size_t i = 0; i < count; ++i) {
    if (s.parameters[i].kind == Kind::tensor) add_argument(i);
    if (s.parameters[i].kind == Kind::tensors) add_list(s.parameters[i], values_[i]);
  }
  first_ = many_.empty() ? few_.data() : many_.data();
  // Optional tensors that are not given are left out at the end.
  while (count_ > 0 && !first_[count_ - 1].defined()) --count_;
}

size_t Arguments::position_of(PyObject* keyword) const {
  const auto& names = s_.names;
  const auto same = std::find(names.begin(), names.end(), keyword);
  if (same != names.end()) return static_cast<size_t>(same - names.begin());
  for (size_t i = 0; i < names.size(); ++i) {
    if (PyUnicode_Compare(names[i], keyword) == 0) return i;
  }
  if (PyUnicode_CompareWithASCIIString(keyword, "name") == 0) return names.size();
  refuse_keyword(s_, keyword);
}

void Arguments::take_keywords(PyObject* const* args, PyObject* keywords) {
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(keywords); ++i) {
    const size_t position = position_of(PyTuple_GET_ITEM(keywords, i));
    if (position == s_.parameters.size()) continue;
    if (values_[position] != nullptr) {
      throw_type_error(fmt::format("{}() got multiple values for argument '{}'", s_.op.name(),
                                   s_.parameters[position].name));
    }
    values_[position] = args[i];
  }
}

void Arguments::find_model() {
  for (size_t i = 0; i < s_.parameters.size() && !model_; ++i) {
    if (!s_.shares_dtype(i) || values_[i] == nullptr) continue;
    if (const Tensor tensor = tensor_or_value(values_[i]); tensor.defined()) {
      model_ = tensor.dtype();
    }
  }
}

void Arguments::add(Tensor tensor) {
  if (!s_.takes_list && count_ < kFew) {
    few_[count_] = std::move(tensor);
  } else {
    if (many_.empty()) many_.assign(few_.begin(), few_.begin() + count_);
    many_.push_back(std::move(tensor));
  }
  ++count_;
}

void Arguments::add_argument(size_t i) {
  const Parameter& parameter = s_.parameters[i];
  PyObject* value = values_[i];
  if (value == nullptr && !std::holds_alternative<std::monostate>(parameter.value)) {
    add(default_of(parameter));
  } else if (value == nullptr || (value == Py_None && parameter.optional)) {
    add({});
  } else {
    const bool shares = s_.shares_dtype(i);
    Tensor tensor = to_tensor(value, {shares ? model_ : std::nullopt});
    if (shares && !model_) model_ = tensor.dtype();
    add(std::move(tensor));
  }
}

Tensor Arguments::default_of(const Parameter& parameter) const {
  const DType dtype = model_.value_or(float32);
  return std::visit(
      [&]<class T>(const T& value) -> Tensor {
        if constexpr (std::is_integral_v<T>) {
          if (parameter.index) return Tensor::scalar(value, int32);
        }
        if constexpr (std::is_arithmetic_v<T>) return Tensor::scalar(value, dtype);
        throw Internal(fmt::format("the default of {} is no number", parameter.name));
      },
      parameter.value);
}

void Arguments::add_list(const Parameter& parameter, PyObject* value) {
  if (PyUnicode_Check(value) || !PySequence_Check(value)) {
    throw_type_error(fmt::format("{}: {} must be a list of tensors, not {}", s_.op.name(),
                                 parameter.name, describe(value)));
  }
  const nb::object list = nb::steal(PySequence_List(value));
  if (!list.is_valid()) throw nb::python_error();
  std::optional<DType> dtype;
  const Py_ssize_t count = PyList_GET_SIZE(list.ptr());
  for (Py_ssize_t i = 0; i < count && !dtype; ++i) {
    const Tensor tensor = tensor_or_value(PyList_GET_ITEM(list.ptr(), i));
    if (tensor.defined()) dtype = tensor.dtype();
  }
  for (Py_ssize_t i = 0; i < count; ++i) {
    Tensor tensor = to_tensor(PyList_GET_ITEM(list.ptr(), i), {dtype});
    if (!dtype) dtype = tensor.dtype();
    add(std::move(tensor));
  }
}

Attrs Arguments::attrs() const {
  bool all_default = true;
  for (size_t i = 0; i < s_.parameters.size(); ++i) {
    all_default = all_default && (values_[i] == nullptr || s_.parameters[i].is_tensor());
  }
  if (all_default) return s_.defaults;
  std::vector<Attr> attrs;
  for (size_t i = 0; i < s_.parameters.size(); ++i) {
    const Parameter& parameter = s_.parameters[i];
    if (parameter.is_tensor()) continue;
    attrs.push_back(values_[i] == nullptr ? parameter.value
                                          : to_attr(s_.op, parameter, values_[i]));
  }
  return Attrs(std::move(attrs));
}

}  // namespace millstream::python
