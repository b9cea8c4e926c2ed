#pragma once
// What the files of the Python module share: errors, tensors to and from Python, calls of ops.
// Every file sees the same casters, or one would be linked against another's.
#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <optional>
#include <string>

#include "millstream/ops/op.h"
#include "millstream/tensor/variable.h"

namespace millstream::python {

namespace nb = nanobind;

// --- errors --------------------------------------------------------------------------------------

// Sets the Python exception that stands for the C++ exception in flight.
void set_python_error() noexcept;

// f(), or nullptr with a Python exception set.
template <class F>
PyObject* guarded(F&& f) noexcept {
  try {
    return f();
  } catch (...) {
    set_python_error();
    return nullptr;
  }
}

[[noreturn]] void throw_type_error(const std::string& message);
[[noreturn]] void throw_value_error(const std::string& message);

// repr(value), shortened, for messages.
std::string describe(PyObject* value);
// "int", "numpy.ndarray"
std::string type_name(PyObject* value);

// Of the candidates the one most like `word`, or "" if none is close.
std::string nearest(const std::string& word, const std::vector<std::string>& candidates);

// --- tensors -------------------------------------------------------------------------------------

// A new reference to the Python object of a tensor; None for an undefined one.
PyObject* wrap(Tensor tensor);

bool is_tensor(PyObject* object);
bool is_variable(PyObject* object);
const Tensor& tensor_of(PyObject* tensor);
Variable& variable_of(PyObject* variable);
// The Tensor, or the value of the Variable, that `object` is; undefined if it is neither.
Tensor tensor_or_value(PyObject* object);

// What a Python value shall become.
struct Wish {
  std::optional<DType> dtype = {};
  // The dtype was asked for, so a value that does not fit is a TypeError. Otherwise it is that of
  // the tensor beside it, which literals take if they fit it.
  bool required = false;
};

// A tensor of any Python value: tensors, variables, numbers, nested lists, NumPy arrays.
// ValueError or TypeError as TensorFlow raises them.
Tensor to_tensor(PyObject* value, const Wish& wish = {});
// The same where new tensors live; a single number of a call stays on the host.
Tensor new_tensor(PyObject* value, const Wish& wish);

// Of a Python or NumPy scalar, and of lists and tuples; in sequence.cc.
Tensor number_to_tensor(PyObject* number, const Wish& wish);
Tensor sequence_to_tensor(PyObject* sequence, const Wish& wish);
// Of objects with the buffer protocol or __array__; undefined for others. In buffer.cc.
Tensor array_to_tensor(PyObject* object, const Wish& wish);
// Whether this is such an object.
bool is_array(PyObject* object);
// A Python or NumPy scalar.
bool is_number(PyObject* object);

[[noreturn]] void refuse_value(PyObject* value);                // of no supported type
[[noreturn]] void refuse_dtype(PyObject* value, DType wanted);  // "Cannot convert 1.5 to ..."

// The buffer protocol of tensors.
int get_buffer(PyObject* self, Py_buffer* view, int flags);
void release_buffer(PyObject* self, Py_buffer* view);
// A read-only array over the tensor's memory.
nb::object to_numpy(const nb::object& tensor);
// A DLPack capsule of the tensor's memory; `version` is None or the newest that is understood.
nb::object to_dlpack(const Tensor& tensor, const nb::object& version);

// --- dtypes and shapes ---------------------------------------------------------------------------

// The Python object of a dtype: tf.float32.
nb::handle dtype_object(DType dtype);
// Of tf.float32, "float32", np.float32, np.dtype("float32"), float, bool; TypeError for others.
DType to_dtype(PyObject* value);
nb::object shape_object(const Shape& shape);
// Of a TensorShape, a list with None for unknown dimensions, an int, or None for unknown rank.
Shape to_shape(PyObject* value);

// --- calls ---------------------------------------------------------------------------------------

Attr to_attr(const Op& op, const Parameter& parameter, PyObject* value);

// Releases the GIL where the work is worth it.
Tensor invoke(const Op& op, std::span<const Tensor> inputs, const Attrs& attrs);
Tensors invoke_all(const Op& op, std::span<const Tensor> inputs, const Attrs& attrs);

// The op of this name; Unimplemented if this build has none.
const Op& op_named(const char* name);

// x[index]
Tensor slice(const Tensor& x, PyObject* index);

// The slots of Tensor and Variable for numbers, comparison, indexing and the like.
const PyType_Slot* operator_slots();

// --- the parts of the module ---------------------------------------------------------------------

void bind_errors(nb::module_& m);
void bind_dtypes(nb::module_& m);
void bind_tensor(nb::module_& m);
void bind_conversion(nb::module_& m);
void bind_dlpack(nb::module_& m);
void bind_op_functions(nb::module_& m);
void bind_variable(nb::module_& m);
void bind_tape(nb::module_& m);
void bind_devices(nb::module_& m);
void bind_config(nb::module_& m);

}  // namespace millstream::python
