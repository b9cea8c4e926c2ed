// OpFunction: the one type of Python callable behind tf.matmul, tf.nn.relu and all other ops. It
// reads its parameters from the op's own text.
#include <fmt/format.h>

#include <algorithm>

#include "millstream/ops/map_info.h"
#include "python/src/binding.h"

// After Python.h, which it needs.
#include <structmember.h>

namespace millstream::python {
namespace {

using Kind = Parameter::Kind;

bool takes_tensors(const Parameter& parameter) {
  return parameter.kind == Kind::tensor || parameter.kind == Kind::tensors;
}

// An op and what its calls need, prepared once.
struct Signature {
  explicit Signature(const Op& called)
      : op(called), parameters(parse_parameters(called.parameters)) {
    std::vector<Attr> values;
    for (const Parameter& parameter : parameters) {
      names.push_back(PyUnicode_InternFromString(parameter.name.c_str()));
      if (takes_tensors(parameter)) continue;
      values.push_back(parameter.value);
    }
    defaults = Attrs(values);
    // where(condition, x, y): the condition is bool and shares no dtype.
    if (op.map != nullptr && op.map->rule == DTypeRule::select) own_dtype = 0;
  }

  bool shares_dtype(size_t i) const {
    return i != own_dtype && parameters[i].kind == Kind::tensor && !parameters[i].index;
  }

  const Op& op;
  std::vector<Parameter> parameters;
  std::vector<PyObject*> names;  // interned
  Attrs defaults;
  size_t own_dtype = SIZE_MAX;
  mutable PyObject* result = nullptr;  // class of the named tuple, made at the first call
};

struct OpFunction {
  PyObject_HEAD vectorcallfunc vectorcall;
  const Signature* signature;
  PyObject* dict;  // __name__, __module__ and what Python adds
};

constexpr size_t kMostParameters = 32;
using Values = std::array<PyObject*, kMostParameters>;  // borrowed; nullptr: not given

std::vector<std::string> parameter_names(const Signature& s) {
  std::vector<std::string> names;
  for (const Parameter& parameter : s.parameters) names.push_back(parameter.name);
  names.push_back("name");
  return names;
}

[[noreturn]] void refuse_keyword(const Signature& s, PyObject* keyword) {
  const std::string word = nb::cast<std::string>(nb::handle(keyword));
  const std::vector<std::string> names = parameter_names(s);
  const std::string like = nearest(word, names);
  throw_type_error(fmt::format(
      "{}() got an unexpected keyword argument '{}'{}; it takes ({})", s.op.name(), word,
      like.empty() ? "" : fmt::format(", did you mean '{}'?", like), fmt::join(names, ", ")));
}

size_t position_of(const Signature& s, PyObject* keyword) {
  for (size_t i = 0; i < s.names.size(); ++i) {
    if (s.names[i] == keyword) return i;
  }
  for (size_t i = 0; i < s.names.size(); ++i) {
    if (PyUnicode_Compare(s.names[i], keyword) == 0) return i;
  }
  if (PyUnicode_CompareWithASCIIString(keyword, "name") == 0) return s.names.size();
  refuse_keyword(s, keyword);
}

void bind_arguments(const Signature& s, PyObject* const* args, size_t given, PyObject* keywords,
                    Values& values) {
  const size_t count = s.parameters.size();
  values.fill(nullptr);
  // TensorFlow's functions take `name` as their last argument.
  const bool named = given == count + 1 && (PyUnicode_Check(args[count]) || args[count] == Py_None);
  if (given > count && !named) {
    throw_type_error(
        fmt::format("{}() takes {} arguments but {} were given", s.op.name(), count, given));
  }
  std::copy(args, args + std::min(given, count), values.begin());
  const size_t more = keywords == nullptr ? 0 : static_cast<size_t>(PyTuple_GET_SIZE(keywords));
  for (size_t i = 0; i < more; ++i) {
    PyObject* keyword = PyTuple_GET_ITEM(keywords, i);
    const size_t position = position_of(s, keyword);
    if (position == count) continue;
    if (values[position] != nullptr) {
      throw_type_error(fmt::format("{}() got multiple values for argument '{}'", s.op.name(),
                                   s.parameters[position].name));
    }
    values[position] = args[given + i];
  }
  for (size_t i = 0; i < count; ++i) {
    if (values[i] == nullptr && !s.parameters[i].has_default) {
      throw_type_error(
          fmt::format("{}() missing required argument '{}'", s.op.name(), s.parameters[i].name));
    }
  }
}

// Tensor arguments in order, literals in the dtype of the tensors beside them.
class Inputs {
 public:
  Inputs(const Signature& s, const Values& values) : s_(s) {
    find_model(values);
    for (size_t i = 0; i < s.parameters.size(); ++i) {
      const Parameter& parameter = s.parameters[i];
      if (parameter.kind == Kind::tensor) {
        add(i, values[i]);
      } else if (parameter.kind == Kind::tensors) {
        add_list(parameter, values[i]);
      }
    }
    // Optional tensors that are not given are left out at the end.
    while (!tensors_.empty() && !tensors_.back().defined()) tensors_.pop_back();
  }

  std::span<const Tensor> tensors() const { return tensors_; }

 private:
  void find_model(const Values& values) {
    for (size_t i = 0; i < s_.parameters.size() && !model_; ++i) {
      if (!s_.shares_dtype(i) || values[i] == nullptr) continue;
      if (const Tensor tensor = tensor_or_value(values[i]); tensor.defined()) {
        model_ = tensor.dtype();
      }
    }
  }

  void add(size_t i, PyObject* value) {
    const Parameter& parameter = s_.parameters[i];
    if (value == nullptr && !std::holds_alternative<std::monostate>(parameter.value)) {
      tensors_.push_back(default_of(parameter));
    } else if (value == nullptr || (value == Py_None && parameter.optional)) {
      tensors_.push_back({});
    } else if (s_.shares_dtype(i)) {
      tensors_.push_back(to_tensor(value, {model_}));
      if (!model_) model_ = tensors_.back().dtype();
    } else {
      tensors_.push_back(to_tensor(value));
    }
  }

  Tensor default_of(const Parameter& parameter) const {
    const DType dtype = model_.value_or(float32);
    return std::visit(
        [&]<class T>(const T& value) -> Tensor {
          if constexpr (std::is_arithmetic_v<T>) return Tensor::scalar(value, dtype);
          throw Internal(fmt::format("the default of {} is no number", parameter.name));
        },
        parameter.value);
  }

  void add_list(const Parameter& parameter, PyObject* value) {
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
      tensors_.push_back(to_tensor(PyList_GET_ITEM(list.ptr(), i), {dtype}));
      if (!dtype) dtype = tensors_.back().dtype();
    }
  }

  const Signature& s_;
  std::optional<DType> model_;
  Tensors tensors_;
};

Attrs attrs_of(const Signature& s, const Values& values) {
  bool all_default = true;
  for (size_t i = 0; i < s.parameters.size(); ++i) {
    all_default = all_default && (values[i] == nullptr || takes_tensors(s.parameters[i]));
  }
  if (all_default) return s.defaults;
  std::vector<Attr> attrs;
  for (size_t i = 0; i < s.parameters.size(); ++i) {
    const Parameter& parameter = s.parameters[i];
    if (takes_tensors(parameter)) continue;
    attrs.push_back(values[i] == nullptr ? parameter.value : to_attr(s.op, parameter, values[i]));
  }
  return Attrs(std::move(attrs));
}

// The class of the named tuple that an op with several named outputs returns.
nb::object tuple_class(const Op& op) {
  return nb::module_::import_("collections")
      .attr("namedtuple")(std::string(op.name()), std::string(op.outputs));
}

PyObject* give_all(const Signature& s, const Tensors& tensors) {
  nb::object list = nb::steal(PyList_New(static_cast<Py_ssize_t>(tensors.size())));
  for (size_t i = 0; i < tensors.size(); ++i) {
    PyList_SET_ITEM(list.ptr(), static_cast<Py_ssize_t>(i), wrap(tensors[i]));
  }
  if (s.op.outputs == "tensors") return list.release().ptr();
  if (s.result == nullptr) s.result = tuple_class(s.op).release().ptr();
  return nb::handle(s.result).attr("_make")(list).release().ptr();
}

PyObject* call_op_function(PyObject* self, PyObject* const* args, size_t flags,
                           PyObject* keywords) {
  return guarded([&] {
    const Signature& s = *reinterpret_cast<OpFunction*>(self)->signature;
    Values values;
    bind_arguments(s, args, static_cast<size_t>(PyVectorcall_NARGS(flags)), keywords, values);
    const Inputs inputs(s, values);
    const Attrs attrs = attrs_of(s, values);
    if (!s.op.outputs.empty()) return give_all(s, invoke_all(s.op, inputs.tensors(), attrs));
    return wrap(invoke(s.op, inputs.tensors(), attrs));
  });
}

// --- what Python asks of a function --------------------------------------------------------------

const Signature& signature_of(PyObject* self) {
  return *reinterpret_cast<OpFunction*>(self)->signature;
}

nb::object to_python(const Parameter& parameter) {
  return std::visit(
      [&]<class T>(const T& value) -> nb::object {
        if constexpr (std::is_same_v<T, std::monostate>) {
          return nb::none();
        } else if constexpr (std::is_same_v<T, DType>) {
          return nb::borrow(dtype_object(value));
        } else {
          return nb::cast(value);
        }
      },
      parameter.value);
}

constexpr const char* kKindNames[] = {"tensor", "tensors", "bool",  "int",      "float",   "str",
                                      "dtype",  "ints",    "floats", "str|ints", "int|ints"};

// [(name, kind, optional, has_default, default)]
PyObject* get_parameters(PyObject* self, void*) {
  return guarded([&] {
    nb::list rows;
    for (const Parameter& parameter : signature_of(self).parameters) {
      rows.append(nb::make_tuple(parameter.name, kKindNames[static_cast<size_t>(parameter.kind)],
                                 parameter.optional, parameter.has_default, to_python(parameter)));
    }
    return rows.release().ptr();
  });
}

PyObject* get_names(PyObject* self, void*) {
  return guarded([&] {
    const std::string_view names = signature_of(self).op.names;
    return nb::str(names.data(), names.size()).attr("split")().release().ptr();
  });
}

PyObject* get_outputs(PyObject* self, void*) {
  const std::string_view outputs = signature_of(self).op.outputs;
  return PyUnicode_FromStringAndSize(outputs.data(), static_cast<Py_ssize_t>(outputs.size()));
}

PyObject* get_summary(PyObject* self, void*) {
  const std::string_view doc = signature_of(self).op.doc;
  return PyUnicode_FromStringAndSize(doc.data(), static_cast<Py_ssize_t>(doc.size()));
}

PyObject* get_differentiable(PyObject* self, void*) {
  const Op& op = signature_of(self).op;
  return PyBool_FromLong(op.gradient != nullptr || op.compose != nullptr);
}

// Made by _op_docs.py when they are asked for.
PyObject* from_docs(PyObject* self, const char* what) {
  return guarded([&] {
    return nb::module_::import_("millstream._op_docs").attr(what)(nb::handle(self)).release().ptr();
  });
}
PyObject* get_doc(PyObject* self, void*) { return from_docs(self, "docstring"); }
PyObject* get_signature(PyObject* self, void*) { return from_docs(self, "signature"); }

PyObject* repr_op_function(PyObject* self) {
  return guarded([&] {
    const std::string_view names = signature_of(self).op.names;
    const std::string text = fmt::format("<function tf.{}>", names.substr(0, names.find(' ')));
    return nb::str(text.c_str()).release().ptr();
  });
}

// Pickled by name.
PyObject* reduce_op_function(PyObject* self, PyObject*) {
  return PyObject_GetAttrString(self, "__qualname__");
}

PyMemberDef members[] = {
    {"__vectorcalloffset__", T_PYSSIZET, offsetof(OpFunction, vectorcall), READONLY, nullptr},
    {"__dictoffset__", T_PYSSIZET, offsetof(OpFunction, dict), READONLY, nullptr},
    {}};
PyGetSetDef attributes[] = {
    {"__doc__", get_doc, nullptr, nullptr, nullptr},
    {"__signature__", get_signature, nullptr, nullptr, nullptr},
    {"__dict__", PyObject_GenericGetDict, PyObject_GenericSetDict, nullptr, nullptr},
    {"op_names", get_names, nullptr, "Names under tf.", nullptr},
    {"op_parameters", get_parameters, nullptr, "[(name, kind, optional, has_default, default)]",
     nullptr},
    {"op_outputs", get_outputs, nullptr, "Names of the outputs where there are several", nullptr},
    {"op_summary", get_summary, nullptr, "What it computes", nullptr},
    {"op_differentiable", get_differentiable, nullptr, "Whether gradients flow", nullptr},
    {}};
PyMethodDef methods[] = {{"__reduce__", reduce_op_function, METH_NOARGS, nullptr}, {}};

PyTypeObject* make_type() {
  PyType_Slot slots[] = {{Py_tp_call, reinterpret_cast<void*>(PyVectorcall_Call)},
                         {Py_tp_repr, reinterpret_cast<void*>(repr_op_function)},
                         {Py_tp_members, members},
                         {Py_tp_getset, attributes},
                         {Py_tp_methods, methods},
                         {0, nullptr}};
  PyType_Spec spec = {
      "millstream.OpFunction", sizeof(OpFunction), 0,
      Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_VECTORCALL | Py_TPFLAGS_DISALLOW_INSTANTIATION, slots};
  auto* type = reinterpret_cast<PyTypeObject*>(PyType_FromSpec(&spec));
  if (type == nullptr) throw nb::python_error();
  return type;
}

// Functions live as long as the process, as the ops do.
nb::object make_function(PyTypeObject* type, const Op& op) {
  auto* function = PyObject_New(OpFunction, type);
  if (function == nullptr) throw nb::python_error();
  function->vectorcall = call_op_function;
  function->signature = new Signature(op);
  function->dict = nullptr;
  Py_INCREF(function);
  return nb::steal(reinterpret_cast<PyObject*>(function));
}

// Work below this many bytes is done before another thread could have been woken.
constexpr size_t kLargeBytes = 64 << 10;

bool is_large(std::span<const Tensor> inputs, const Attrs& attrs) {
  size_t bytes = 0;
  for (const Tensor& input : inputs) bytes += input.defined() ? input.bytes() : 0;
  for (size_t i = 0; i < attrs.size() && bytes < kLargeBytes; ++i) {
    if (const auto* sizes = std::get_if<Ints>(&attrs[i])) {
      double product = 4;
      for (const int64_t size : *sizes) product *= static_cast<double>(size);
      if (product > kLargeBytes) return true;  // the sizes of an output, perhaps
    }
  }
  return bytes >= kLargeBytes;
}

}  // namespace

Tensor invoke(const Op& op, std::span<const Tensor> inputs, const Attrs& attrs) {
  if (!is_large(inputs, attrs)) return call(op, inputs, attrs);
  const nb::gil_scoped_release release;
  return call(op, inputs, attrs);
}

Tensors invoke_all(const Op& op, std::span<const Tensor> inputs, const Attrs& attrs) {
  if (!is_large(inputs, attrs)) return call_all(op, inputs, attrs);
  const nb::gil_scoped_release release;
  return call_all(op, inputs, attrs);
}

const Op& op_named(const char* name) {
  const Op* op = find_op(name);
  if (op == nullptr) throw Unimplemented(fmt::format("this build has no op '{}'", name));
  return *op;
}

void bind_op_functions(nb::module_& m) {
  PyTypeObject* const type = make_type();
  m.attr("OpFunction") = nb::handle(reinterpret_cast<PyObject*>(type));
  m.def("all_ops", [type] {
    nb::list functions;
    for (const Op* op : all_ops()) functions.append(make_function(type, *op));
    return functions;
  });
}

}  // namespace millstream::python
