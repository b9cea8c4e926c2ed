// Dtypes and shapes to and from Python. Their classes are written in Python (_dtype.py and
// _shape.py), which hand in the objects that stand for each DType and the maker of shapes.
#include <fmt/format.h>

#include <array>

#include "python/src/binding.h"

namespace millstream::python {
namespace {

std::array<PyObject*, kDTypes> dtype_objects = {};
PyObject* make_shape = nullptr;  // of a tuple or None

std::optional<DType> dtype_of_name(PyObject* name) {
  const char* text = PyUnicode_AsUTF8(name);
  if (text == nullptr) {
    PyErr_Clear();
    return {};
  }
  std::string_view view = text;
  if (view == "half") view = "float16";
  if (view == "float") view = "float32";
  if (view == "double") view = "float64";
  for (size_t i = 0; i < kDTypes; ++i) {
    if (name_of(static_cast<DType>(i)) == view) return static_cast<DType>(i);
  }
  return {};
}

// np.float32 and np.dtype("float32") carry the name.
std::optional<DType> dtype_of_numpy(PyObject* value) {
  for (const char* attribute : {"name", "__name__"}) {
    const nb::object name = nb::getattr(nb::handle(value), attribute, nb::none());
    if (PyUnicode_Check(name.ptr())) {
      if (const auto dtype = dtype_of_name(name.ptr())) return dtype;
    }
  }
  return {};
}

std::optional<DType> find_dtype(PyObject* value) {
  for (size_t i = 0; i < kDTypes; ++i) {
    if (dtype_objects[i] == value) return static_cast<DType>(i);
  }
  if (PyUnicode_Check(value)) return dtype_of_name(value);
  if (value == reinterpret_cast<PyObject*>(&PyFloat_Type)) return float32;
  if (value == reinterpret_cast<PyObject*>(&PyBool_Type)) return boolean;
  if (value == reinterpret_cast<PyObject*>(&PyLong_Type)) return {};
  return dtype_of_numpy(value);
}

int64_t to_dimension(PyObject* value) {
  if (value == Py_None) return kUnknown;
  const nb::object index = nb::steal(PyNumber_Index(value));
  if (!index.is_valid()) {
    PyErr_Clear();
    throw_type_error(
        fmt::format("Dimension value must be integer or None or have an __index__ "
                    "method, got value '{}' with type '{}'",
                    describe(value), type_name(value)));
  }
  const int64_t size = PyLong_AsLongLong(index.ptr());
  if (size == -1 && PyErr_Occurred()) throw nb::python_error();
  if (size < 0) throw_value_error(fmt::format("Dimension {} must be >= 0", size));
  return size;
}

}  // namespace

nb::handle dtype_object(DType dtype) { return dtype_objects[static_cast<size_t>(dtype)]; }

DType to_dtype(PyObject* value) {
  if (const auto dtype = find_dtype(value)) return *dtype;
  throw_type_error(fmt::format(
      "Cannot convert the argument `type_value`: {} to a TensorFlow DType.", describe(value)));
}

nb::object shape_object(const Shape& shape) {
  if (!shape.has_rank()) return nb::handle(make_shape)(nb::none());
  const nb::object sizes = nb::steal(PyTuple_New(shape.rank()));
  for (int i = 0; i < shape.rank(); ++i) {
    PyObject* size =
        shape[i] == kUnknown ? nb::none().release().ptr() : PyLong_FromLongLong(shape[i]);
    PyTuple_SET_ITEM(sizes.ptr(), i, size);
  }
  return nb::handle(make_shape)(sizes);
}

Shape to_shape(PyObject* value) {
  if (value == Py_None) return Shape::unknown();
  if (PyIndex_Check(value) && !PySequence_Check(value)) return Shape{to_dimension(value)};
  if (nb::object rank = nb::getattr(nb::handle(value), "rank", nb::int_(0)); rank.is_none()) {
    return Shape::unknown();  // TensorShape(None)
  }
  const nb::object items = nb::steal(PySequence_List(value));
  if (!items.is_valid()) throw nb::python_error();
  Dims sizes;
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(items.ptr()); ++i) {
    if (i == kMaxRank) {
      throw_value_error(fmt::format("a shape has at most {} dimensions, not {}", kMaxRank,
                                    PyList_GET_SIZE(items.ptr())));
    }
    sizes.push_back(to_dimension(PyList_GET_ITEM(items.ptr(), i)));
  }
  return Shape(sizes);
}

void bind_dtypes(nb::module_& m) {
  m.def("dtype_table", [] {
    nb::list rows;
    for (size_t i = 0; i < kDTypes; ++i) {
      const auto dtype = static_cast<DType>(i);
      const std::string_view name = name_of(dtype);
      rows.append(nb::make_tuple(nb::str(name.data(), name.size()), size_of(dtype)));
    }
    return rows;
  });
  m.def("set_dtypes", [](const nb::list& objects) {
    for (size_t i = 0; i < kDTypes; ++i) dtype_objects[i] = nb::object(objects[i]).release().ptr();
  });
  m.def("set_shape_maker", [](nb::object maker) { make_shape = maker.release().ptr(); });
  // Position in dtype_table(), or -1.
  m.def(
      "find_dtype",
      [](nb::handle value) {
        const auto dtype = find_dtype(value.ptr());
        return dtype ? static_cast<int>(*dtype) : -1;
      },
      nb::arg("value").none());
}

}  // namespace millstream::python
