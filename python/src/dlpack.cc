// DLPack: tensors to and from other libraries without a copy. The structs are those of the
// published ABI (dmlc/dlpack, versions 0 and 1.0).
#include <fmt/format.h>

#include <memory>

#include "millstream/device/context.h"
#include "python/src/binding.h"

namespace millstream::python {
namespace {

struct DlDevice {
  int32_t type;  // 1: CPU
  int32_t id;
};
struct DlType {
  uint8_t code;
  uint8_t bits;
  uint16_t lanes;
};
struct DlTensor {
  void* data;
  DlDevice device;
  int32_t rank;
  DlType type;
  int64_t* shape;
  int64_t* strides;  // in elements; nullptr: row-major
  uint64_t offset;   // in bytes
};
// What a capsule named "dltensor" points to.
struct Managed {
  DlTensor tensor;
  void* context;
  void (*deleter)(Managed*);
};
// What a capsule named "dltensor_versioned" points to.
struct ManagedVersioned {
  uint32_t major, minor;
  void* context;
  void (*deleter)(ManagedVersioned*);
  uint64_t flags;  // 1: read-only
  DlTensor tensor;
};
constexpr uint64_t kReadOnly = 1;
constexpr int32_t kCpu = 1;

enum DlCode : uint8_t { kInt = 0, kUnsigned = 1, kFloat = 2, kBfloat = 4, kBool = 6 };

DlType type_of(DType dtype) {
  const auto bits = static_cast<uint8_t>(8 * size_of(dtype));
  if (dtype == boolean) return {kBool, bits, 1};
  if (dtype == bfloat16) return {kBfloat, bits, 1};
  if (is_floating(dtype)) return {kFloat, bits, 1};
  return {is_unsigned(dtype) ? kUnsigned : kInt, bits, 1};
}

std::optional<DType> dtype_of(const DlType& type) {
  for (size_t i = 0; i < kDTypes; ++i) {
    const DlType known = type_of(static_cast<DType>(i));
    if (known.code == type.code && known.bits == type.bits && type.lanes == 1) {
      return static_cast<DType>(i);
    }
  }
  return {};
}

// --- out -----------------------------------------------------------------------------------------

// A tensor and the numbers that describe it, alive until the consumer calls the deleter.
template <class M>
struct Exported {
  explicit Exported(Tensor exported) : tensor(std::move(exported)) {
    sizes = tensor.shape().dims();
    strides = tensor.strides();
    managed.tensor = {const_cast<void*>(tensor.data()),
                      {kCpu, 0},
                      tensor.rank(),
                      type_of(tensor.dtype()),
                      sizes.begin(),
                      strides.begin(),
                      0};
    managed.context = this;
    managed.deleter = [](M* self) { delete static_cast<Exported*>(self->context); };
  }
  Tensor tensor;
  Dims sizes, strides;
  M managed = {};
};

template <class M>
PyObject* capsule_of(const Tensor& tensor, const char* name) {
  auto exported = std::make_unique<Exported<M>>(tensor);
  if constexpr (std::is_same_v<M, ManagedVersioned>) {
    exported->managed.major = 1;
    exported->managed.flags = kReadOnly;
  }
  // A capsule that nobody consumed still owns the tensor; a consumer renames it.
  PyObject* capsule = PyCapsule_New(&exported->managed, name, [](PyObject* self) {
    const char* unused = std::is_same_v<M, Managed> ? "dltensor" : "dltensor_versioned";
    if (!PyCapsule_IsValid(self, unused)) return;
    auto* managed = static_cast<M*>(PyCapsule_GetPointer(self, unused));
    managed->deleter(managed);
  });
  if (capsule == nullptr) throw nb::python_error();
  exported.release();
  return capsule;
}

}  // namespace

nb::object to_dlpack(const Tensor& tensor, const nb::object& version) {
  if (tensor.device().backend() != Backend::cpu) {
    throw nb::buffer_error("only tensors on a CPU can be exported");
  }
  const bool versioned = !version.is_none() && nb::cast<int>(version[0]) >= 1;
  return nb::steal(versioned ? capsule_of<ManagedVersioned>(tensor, "dltensor_versioned")
                             : capsule_of<Managed>(tensor, "dltensor"));
}

namespace {

// --- in ------------------------------------------------------------------------------------------

template <class M>
Tensor adopt(PyObject* capsule, const char* name, const char* used_name) {
  auto* managed = static_cast<M*>(PyCapsule_GetPointer(capsule, name));
  if (managed == nullptr) throw nb::python_error();
  const DlTensor& source = managed->tensor;
  const auto dtype = dtype_of(source.type);
  if (source.device.type != kCpu) throw InvalidArgument("from_dlpack: the data are not on the CPU");
  if (!dtype) {
    throw InvalidArgument(fmt::format("from_dlpack: no dtype is like code {} with {} bits",
                                      source.type.code, source.type.bits));
  }
  const std::span sizes(source.shape, static_cast<size_t>(source.rank));
  const Shape shape{sizes};
  Dims strides = contiguous_strides(shape);
  if (source.strides != nullptr) {
    strides = Dims(std::span<const int64_t>(source.strides, static_cast<size_t>(source.rank)));
  }
  void* data = static_cast<char*>(source.data) + source.offset;
  BufferRef owner = BufferRef::adopt(new Buffer(
      data, static_cast<size_t>(std::max<int64_t>(shape.elements(), 0)) * size_of(*dtype),
      [managed] {
        if (managed->deleter == nullptr || !Py_IsInitialized()) return;
        const nb::gil_scoped_acquire acquire;
        managed->deleter(managed);
      }));
  PyCapsule_SetName(capsule, used_name);
  return Tensor::over(*dtype, shape, strides, data, std::move(owner), Context::get().host());
}

Tensor from_capsule(PyObject* capsule) {
  if (PyCapsule_IsValid(capsule, "dltensor_versioned")) {
    return adopt<ManagedVersioned>(capsule, "dltensor_versioned", "used_dltensor_versioned");
  }
  if (PyCapsule_IsValid(capsule, "dltensor")) {
    return adopt<Managed>(capsule, "dltensor", "used_dltensor");
  }
  throw_type_error(
      "from_dlpack: needs an object with __dlpack__ or an unused DLPack capsule, not " +
      describe(capsule));
}

nb::object capsule_from(const nb::object& source) {
  if (!nb::hasattr(source, "__dlpack__")) return source;
  const nb::object export_to = source.attr("__dlpack__");
  try {  // read-only arrays are exported only to those who know of read-only
    return export_to(nb::arg("max_version") = nb::make_tuple(1, 0));
  } catch (nb::python_error& error) {
    if (!error.matches(PyExc_TypeError)) throw;
  }
  return export_to();
}

}  // namespace

void bind_dlpack(nb::module_& m) {
  m.def(
      "from_dlpack",
      [](const nb::object& source) {
        return nb::steal(wrap(from_capsule(capsule_from(source).ptr())));
      },
      nb::arg("x"), "A tensor over the memory of another library's array, which must not change.");
}

}  // namespace millstream::python
