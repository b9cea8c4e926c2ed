// OpFunction: the one type of Python callable behind tf.matmul, tf.nn.relu and all other ops. It
// reads its parameters from the op's own text.
#include <fmt/format.h>

#include "python/src/arguments.h"

// After Python.h, which it needs.
#include <structmember.h>

namespace millstream::python {
namespace {

struct OpFunction {
  PyObject_HEAD vectorcallfunc vectorcall;
  const Signature* signature;
  PyObject* dict;  // __name__, __module__ and what Python adds
};

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
    const Arguments given(s, args, static_cast<size_t>(PyVectorcall_NARGS(flags)), keywords);
    const Attrs attrs = given.attrs();
    if (!s.op.outputs.empty()) return give_all(s, invoke_all(s.op, given.tensors(), attrs));
    return wrap(invoke(s.op, given.tensors(), attrs));
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

constexpr const char* kKindNames[] = {"tensor", "tensors", "bool",   "int",      "float",   "str",
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

}  // namespace

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
