#pragma once
// Tensor: an immutable array on a device. The handle is one pointer and cheap to copy; views share
// the buffer; up to 32 bytes of data live beside the shape, so a scalar needs no buffer.
//
//   Tensor x = constant({{1.f, 2.f}, {3.f, 4.f}});   // float32[2,2]
//   x.dtype(); x.shape(); x.device().name();
//   std::vector<float> values = x.to_vector<float>();
//   float first = x.item<float>();                    // of a tensor with one element
#include <array>
#include <atomic>
#include <concepts>
#include <cstddef>
#include <cstring>
#include <iosfwd>
#include <span>
#include <string>
#include <vector>

#include "millstream/device/buffer.h"
#include "millstream/device/device.h"
#include "millstream/tensor/dtype.h"
#include "millstream/tensor/shape.h"

namespace millstream {

inline constexpr size_t kInlineBytes = 32;

// What a Tensor handle points to. Kept in per-thread free lists, never on the general heap.
struct TensorNode : public Counted<TensorNode> {
  DType dtype;
  bool contiguous;    // row-major without gaps
  bool trainable;     // the value of a trainable Variable
  bool weak;          // a C++ or Python literal, which takes the dtype of what it meets
  double literal;     // the value of a weak tensor before it was rounded to its dtype
  uint64_t id;        // unique in the process
  uint64_t variable;  // id of the Variable whose value this is, else 0
  Device* device;
  Shape shape;
  Dims strides;      // in elements; broadcast dimensions have stride 0
  BufferRef buffer;  // empty while the data are inline
  std::byte* data;   // first element
  alignas(32) std::byte inline_data[kInlineBytes];

  static TensorNode* create();
  static void destroy(TensorNode* node);
};

class Tensor {
 public:
  Tensor() = default;  // refers to nothing: defined() is false
  // A scalar. Floating literals make float32 and int makes int32, as in tf.constant; beside another
  // operand a literal takes that one's dtype: x * 0.5 keeps the dtype of x.
  template <class T>
  requires(std::is_arithmetic_v<T>) Tensor(T value)
      : Tensor(scalar(value, std::is_same_v<T, double> ? float32 : dtype_of<T>())) {
    node_->weak = true;
    node_->literal = static_cast<double>(value);
  }

  // Uninitialised, contiguous: for kernels and constructors of tensors.
  static Tensor empty(DType dtype, const Shape& shape, Device& device);
  // A copy of host data in row-major order.
  static Tensor from_host(DType dtype, const Shape& shape, const void* data, Device& device);
  // A tensor over memory that is owned elsewhere.
  static Tensor over(DType dtype, const Shape& shape, const Dims& strides, void* data,
                     BufferRef owner, Device& device);
  // `value` in the given dtype, on the host: kernels of GPUs take it by value.
  template <class T>
  static Tensor scalar(T value, DType dtype);

  bool defined() const { return static_cast<bool>(node_); }
  DType dtype() const { return node_->dtype; }
  const Shape& shape() const { return node_->shape; }
  int rank() const { return node_->shape.rank(); }
  int64_t dim(int i) const { return node_->shape[i]; }
  int64_t elements() const { return node_->shape.elements(); }
  size_t bytes() const { return static_cast<size_t>(elements()) * size_of(dtype()); }
  const Dims& strides() const { return node_->strides; }
  bool contiguous() const { return node_->contiguous; }
  Device& device() const { return *node_->device; }
  uint64_t id() const { return node_->id; }

  // The first element. Strides tell the rest; on a GPU this is an address of the device.
  const void* data() const { return node_->data; }
  template <class T>
  const T* data() const {
    return reinterpret_cast<const T*>(node_->data);
  }

  // A tensor over the same memory; offset in elements from this one's first.
  Tensor view(const Shape& shape, const Dims& strides, int64_t offset = 0) const;
  // The same data under a new identity (tapes tell tensors apart by id()).
  Tensor alias() const { return view(shape(), strides()); }
  // Row-major data on the host; the tensor itself if it is that already.
  Tensor host() const;

  // Elements in row-major order, converted to T.
  template <class T>
  std::vector<T> to_vector() const;
  // The only element; InvalidArgument if there are more or none.
  template <class T>
  T item() const;

  // "tf.Tensor([1. 2.], shape=(2,), dtype=float32)"
  std::string to_string() const;
  // "<tf.Tensor: shape=(2,), dtype=float32, numpy=array([1., 2.], dtype=float32)>"
  std::string repr() const;

  TensorNode* node() const { return node_.get(); }

 private:
  template <size_t n>
  friend class BorrowedTensors;

  explicit Tensor(TensorNode* node) : node_(Ref<TensorNode>::adopt(node)) {}
  // To be given up without being destroyed.
  static Tensor borrow(const Tensor& x) { return Tensor(x.node()); }
  static Tensor make(DType dtype, const Shape& shape, const Dims& strides, Device& device);

  Ref<TensorNode> node_;
};

using Tensors = std::vector<Tensor>;

// Handles of tensors that their owners keep alive meanwhile, so that nothing is counted.
template <size_t n>
class BorrowedTensors {
 public:
  template <std::same_as<Tensor>... X>
  explicit BorrowedTensors(const X&... x) : handles_{Tensor::borrow(x)...} {}
  ~BorrowedTensors() {}  // a member of a union is not destroyed
  BorrowedTensors(const BorrowedTensors&) = delete;
  BorrowedTensors& operator=(const BorrowedTensors&) = delete;
  operator std::span<const Tensor>() const { return handles_; }

 private:
  union {
    std::array<Tensor, n> handles_;
  };
};
template <class... X>
BorrowedTensors(const X&...) -> BorrowedTensors<sizeof...(X)>;

std::ostream& operator<<(std::ostream& out, const Tensor& tensor);

// The default device for new tensors: that of the innermost `device` scope, else the first GPU,
// else the first CPU.
Device& current_device();
// The first CPU.
Device& host_device();

template <class T>
Tensor Tensor::scalar(T value, DType dtype) {
  Tensor tensor = empty(dtype, Shape{}, host_device());
  dispatch(dtype, [&]<class S>(std::type_identity<S>) {
    S stored;
    if constexpr (std::is_same_v<S, float16_t> || std::is_same_v<S, bfloat16_t>) {
      stored = S(static_cast<float>(value));
    } else {
      stored = static_cast<S>(value);
    }
    std::memcpy(tensor.node()->data, &stored, sizeof stored);
  });
  return tensor;
}

template <class T>
std::vector<T> Tensor::to_vector() const {
  const Tensor source = host();
  // std::vector<bool> has no data(); every other T is filled in place.
  std::vector<T> values(static_cast<size_t>(elements()));
  dispatch(dtype(), [&]<class S>(std::type_identity<S>) {
    const S* data = source.data<S>();
    for (size_t i = 0; i < values.size(); ++i) {
      if constexpr (std::is_same_v<S, float16_t> || std::is_same_v<S, bfloat16_t>) {
        values[i] = static_cast<T>(static_cast<float>(data[i]));
      } else {
        values[i] = static_cast<T>(data[i]);
      }
    }
  });
  return values;
}

template <class T>
T Tensor::item() const {
  if (elements() != 1) {
    throw InvalidArgument("only a tensor with one element has an item(); this one has shape " +
                          shape().to_string());
  }
  const Tensor source = host();
  return dispatch(dtype(), [&]<class S>(std::type_identity<S>) {
    if constexpr (std::is_same_v<S, float16_t> || std::is_same_v<S, bfloat16_t>) {
      return static_cast<T>(static_cast<float>(*source.data<S>()));
    } else {
      return static_cast<T>(*source.data<S>());
    }
  });
}

}  // namespace millstream
