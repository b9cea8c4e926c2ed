// The buffer protocol both ways: NumPy arrays in, tensors out without a copy. NumPy itself is
// imported only when an array is asked for.
#include <fmt/format.h>

#include <bit>
#include <memory>

#include "millstream/device/context.h"
#include "millstream/ops/array.h"
#include "python/src/binding.h"

namespace millstream::python {
namespace {

// The struct-module letter of each dtype; bfloat16 has none and travels as uint16.
constexpr const char* kFormats[kDTypes] = {"?", "b", "h", "i", "q", "B", "H",
                                           "I", "Q", "e", "H", "f", "d"};

std::optional<DType> integer_of_size(Py_ssize_t size, bool with_sign) {
  switch (size) {
    case 1: return with_sign ? int8 : uint8;
    case 2: return with_sign ? int16 : uint16;
    case 4: return with_sign ? int32 : uint32;
    case 8: return with_sign ? int64 : uint64;
    default: return {};
  }
}

std::optional<DType> dtype_of_format(const char* format, Py_ssize_t size) {
  if (format == nullptr) return uint8;
  if (*format == '@' || *format == '=' ||
      *format == (std::endian::native == std::endian::little ? '<' : '>')) {
    ++format;
  }
  if (*format == '\0' || format[1] != '\0') return {};
  const std::string_view letter(format, 1);
  if (letter == "?") return boolean;
  if (letter == "e") return float16;
  if (letter == "f") return float32;
  if (letter == "d") return float64;
  if (letter.find_first_of("bhilqn") == 0) return integer_of_size(size, true);
  if (letter.find_first_of("BHILQN") == 0) return integer_of_size(size, false);
  return {};
}

class Buffered {
 public:
  Buffered() = default;
  Buffered(const Buffered&) = delete;
  Buffered& operator=(const Buffered&) = delete;
  ~Buffered() {
    if (view_.obj != nullptr) PyBuffer_Release(&view_);
  }
  // False, without a Python error, if the object exports none.
  bool read(PyObject* object) {
    if (PyObject_GetBuffer(object, &view_, PyBUF_STRIDED_RO | PyBUF_FORMAT) == 0) return true;
    PyErr_Clear();
    return false;
  }
  const Py_buffer& view() const { return view_; }

 private:
  Py_buffer view_ = {};
};

Shape shape_of(const Py_buffer& view) {
  if (view.ndim > kMaxRank) {
    throw_value_error(
        fmt::format("an array of {} dimensions: a tensor has at most {}", view.ndim, kMaxRank));
  }
  Dims sizes;
  for (int i = 0; i < view.ndim; ++i) sizes.push_back(view.shape[i]);
  return Shape(sizes);
}

// Strides in elements, if elements are where a T may be read.
std::optional<Dims> strides_of(const Py_buffer& view) {
  if (reinterpret_cast<uintptr_t>(view.buf) % view.itemsize != 0) return {};
  Dims strides;
  for (int i = 0; i < view.ndim; ++i) {
    if (view.strides[i] % view.itemsize != 0) return {};
    strides.push_back(view.strides[i] / view.itemsize);
  }
  return strides;
}

// A copy, because the owner of the buffer may change it later and a tensor does not change.
Tensor copy_of(const Py_buffer& view, DType dtype) {
  const Shape shape = shape_of(view);
  Device& host = Context::get().host();
  if (PyBuffer_IsContiguous(&view, 'C')) {
    Tensor copy = Tensor::empty(dtype, shape, current_device());
    const nb::gil_scoped_release release;
    if (copy.bytes() > 0) {
      current_device().copy_from_host(copy.node()->data, view.buf, copy.bytes());
    }
    return copy;
  }
  if (const auto strides = strides_of(view)) {
    const Tensor borrowed = Tensor::over(
        dtype, shape, *strides, view.buf,
        BufferRef::adopt(new Buffer(view.buf, static_cast<size_t>(view.len), [] {})), host);
    const nb::gil_scoped_release release;
    return copy_to(Observer::paused([&] { return identity(borrowed); }), current_device());
  }
  Tensor copy = Tensor::empty(dtype, shape, host);
  if (PyBuffer_ToContiguous(copy.node()->data, &view, view.len, 'C') != 0) {
    throw nb::python_error();
  }
  return copy_to(copy, current_device());
}

Tensor as_wished(const Tensor& tensor, const Wish& wish) {
  if (!wish.dtype || tensor.dtype() == *wish.dtype) return tensor;
  const bool adopts =
      is_floating(*wish.dtype) || (is_integer(*wish.dtype) && !is_floating(tensor.dtype()));
  if (!wish.required && (!adopts || tensor.dtype() == boolean)) return tensor;
  return Observer::paused([&] { return cast(tensor, *wish.dtype); });
}

std::string dtype_text(PyObject* object) {
  const nb::object dtype = nb::getattr(nb::handle(object), "dtype", nb::none());
  return dtype.is_none() ? type_name(object) : nb::cast<std::string>(nb::str(dtype));
}

}  // namespace

bool is_array(PyObject* object) {
  if (PyUnicode_Check(object) || PyBytes_Check(object) || PyByteArray_Check(object)) return false;
  return PyObject_CheckBuffer(object) != 0 ||
         PyObject_HasAttrString(reinterpret_cast<PyObject*>(Py_TYPE(object)), "__array__");
}

Tensor array_to_tensor(PyObject* object, const Wish& wish) {
  Buffered buffer;
  if (buffer.read(object)) {
    if (const auto dtype = dtype_of_format(buffer.view().format, buffer.view().itemsize)) {
      return as_wished(copy_of(buffer.view(), *dtype), wish);
    }
  }
  nb::object array = nb::module_::import_("numpy").attr("asarray")(nb::handle(object));
  if (dtype_text(array.ptr()) == "bfloat16") {
    const nb::object bits = array.attr("view")("uint16");
    Buffered words;
    if (!words.read(bits.ptr())) throw nb::python_error();
    return as_wished(copy_of(words.view(), bfloat16), wish);
  }
  // Arrays of the other byte order, and those of objects that only know __array__.
  const nb::object native =
      array.attr("astype")(array.attr("dtype").attr("newbyteorder")("="), nb::arg("copy") = false);
  Buffered again;
  if (again.read(native.ptr())) {
    if (const auto dtype = dtype_of_format(again.view().format, again.view().itemsize)) {
      return as_wished(copy_of(again.view(), *dtype), wish);
    }
  }
  throw_type_error(
      fmt::format("an array of dtype {} cannot become a tensor; convert it with "
                  "array.astype(...) to a bool, integer or float dtype",
                  dtype_text(array.ptr())));
}

// The tensor's own memory, read-only. The view holds the Python object, which holds the memory.
int get_buffer(PyObject* self, Py_buffer* view, int flags) {
  view->obj = nullptr;
  if ((flags & PyBUF_WRITABLE) == PyBUF_WRITABLE) {
    PyErr_SetString(PyExc_BufferError, "a tensor cannot be written to");
    return -1;
  }
  try {
    const Tensor& tensor = tensor_of(self);
    if (tensor.device().backend() != Backend::cpu) {
      throw nb::buffer_error("the tensor is not in the host's memory; use numpy()");
    }
    if ((flags & PyBUF_STRIDES) != PyBUF_STRIDES && !tensor.contiguous()) {
      throw nb::buffer_error("the tensor is not contiguous");
    }
    // Sizes and strides in bytes, kept with the view.
    const int rank = tensor.rank();
    auto* numbers = new Py_ssize_t[2 * static_cast<size_t>(rank) + 1];
    const auto size = static_cast<Py_ssize_t>(size_of(tensor.dtype()));
    for (int i = 0; i < rank; ++i) {
      numbers[i] = tensor.dim(i);
      numbers[rank + i] = tensor.strides()[i] * size;
    }
    *view = {};
    view->buf = const_cast<void*>(tensor.data());
    view->obj = Py_NewRef(self);
    view->len = static_cast<Py_ssize_t>(tensor.bytes());
    view->readonly = 1;
    view->itemsize = size;
    view->ndim = rank;
    if ((flags & PyBUF_FORMAT) == PyBUF_FORMAT) {
      view->format = const_cast<char*>(kFormats[static_cast<size_t>(tensor.dtype())]);
    }
    if ((flags & PyBUF_ND) == PyBUF_ND) view->shape = numbers;
    if ((flags & PyBUF_STRIDES) == PyBUF_STRIDES) view->strides = numbers + rank;
    view->internal = numbers;
    return 0;
  } catch (...) {
    set_python_error();
    return -1;
  }
}

void release_buffer(PyObject*, Py_buffer* view) {
  delete[] static_cast<Py_ssize_t*>(view->internal);
}

nb::object to_numpy(const nb::object& self) {
  const Tensor& tensor = tensor_of(self.ptr());
  const nb::module_ numpy = nb::module_::import_("numpy");
  nb::object owner = self;
  if (tensor.device().backend() != Backend::cpu) owner = nb::steal(wrap(tensor.host()));
  const nb::object array = numpy.attr("asarray")(nb::steal(PyMemoryView_FromObject(owner.ptr())));
  if (tensor.dtype() != bfloat16) return array;
  try {
    return array.attr("view")(nb::module_::import_("ml_dtypes").attr("bfloat16"));
  } catch (nb::python_error& error) {
    if (!error.matches(PyExc_ImportError)) throw;
  }
  const Tensor wide = Observer::paused([&] { return cast(tensor, float32); });
  return to_numpy(nb::steal(wrap(wide)));
}

}  // namespace millstream::python
