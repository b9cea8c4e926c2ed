#include "millstream/tensor/tensor.h"

#include <ostream>

#include "millstream/device/context.h"

namespace millstream {
namespace {

std::atomic<uint64_t> next_block{1};

// Ids are drawn from the shared counter in blocks, so that making a tensor touches no shared line.
uint64_t next_id() {
  constexpr uint64_t block = 4096;
  thread_local uint64_t next = 0;
  thread_local uint64_t end = 0;
  if (next == end) {
    next = next_block.fetch_add(block, std::memory_order_relaxed);
    end = next + block;
  }
  return next++;
}

// Nodes that await reuse by their thread.
class FreeNodes {
 public:
  ~FreeNodes() {
    closed_ = true;
    for (void* memory : nodes_) ::operator delete(memory, std::align_val_t(alignof(TensorNode)));
  }
  void* take() {
    if (nodes_.empty()) {
      return ::operator new(sizeof(TensorNode), std::align_val_t(alignof(TensorNode)));
    }
    void* memory = nodes_.back();
    nodes_.pop_back();
    return memory;
  }
  void give_back(void* memory) {
    if (closed_ || kSanitized || nodes_.size() >= 4096) {
      ::operator delete(memory, std::align_val_t(alignof(TensorNode)));
    } else {
      nodes_.push_back(memory);
    }
  }

 private:
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  static constexpr bool kSanitized = true;  // reuse would hide errors from the sanitizer
#else
  static constexpr bool kSanitized = false;
#endif
  bool closed_ = false;
  std::vector<void*> nodes_;
};

FreeNodes& free_nodes() {
  thread_local FreeNodes nodes;
  return nodes;
}

bool row_major(const Shape& shape, const Dims& strides) {
  int64_t expected = 1;
  for (int i = shape.rank() - 1; i >= 0; --i) {
    if (shape[i] != 1 && strides[i] != expected) return shape.elements() == 0;
    expected *= shape[i];
  }
  return true;
}

// The elements that strides lead to, counted from the first one.
struct Reach {
  int64_t first = 0, last = 0;
};

Reach reach_of(const Shape& shape, const Dims& strides) {
  Reach reach;
  for (int i = 0; i < shape.rank(); ++i) {
    int64_t& end = strides[i] < 0 ? reach.first : reach.last;
    end += (shape[i] - 1) * strides[i];
  }
  return reach;
}

template <class T>
void gather(const T* from, const Shape& shape, const Dims& strides, int axis, T*& to) {
  if (axis == shape.rank()) {
    *to++ = *from;
    return;
  }
  for (int64_t i = 0; i < shape[axis]; ++i) {
    gather(from + i * strides[axis], shape, strides, axis + 1, to);
  }
}

}  // namespace

TensorNode* TensorNode::create() {
  auto* node = new (free_nodes().take()) TensorNode;
  node->trainable = false;
  node->weak = false;
  node->variable = 0;
  node->id = next_id();
  return node;
}

void TensorNode::destroy(TensorNode* node) {
  node->~TensorNode();
  free_nodes().give_back(node);
}

Tensor Tensor::make(DType dtype, const Shape& shape, const Dims& strides, Device& device) {
  TensorNode* node = TensorNode::create();
  node->dtype = dtype;
  node->device = &device;
  node->shape = shape;
  node->strides = strides;
  node->contiguous = true;
  node->data = node->inline_data;
  return Tensor(node);
}

Tensor Tensor::empty(DType dtype, const Shape& shape, Device& device) {
  Tensor tensor = make(dtype, shape, contiguous_strides(shape), device);
  size_t bytes = 0;
  if (__builtin_mul_overflow(static_cast<size_t>(shape.elements()), size_of(dtype), &bytes)) {
    bytes = SIZE_MAX;
  }
  if (bytes > kInlineBytes || device.backend() != Backend::cpu) {
    tensor.node_->buffer = device.pool().allocate(bytes);
    tensor.node_->data = static_cast<std::byte*>(tensor.node_->buffer->data());
  }
  return tensor;
}

Tensor Tensor::from_host(DType dtype, const Shape& shape, const void* data, Device& device) {
  Tensor tensor = empty(dtype, shape, device);
  if (tensor.bytes() > 0) device.copy_from_host(tensor.node_->data, data, tensor.bytes());
  return tensor;
}

Tensor Tensor::over(DType dtype, const Shape& shape, const Dims& strides, void* data,
                    BufferRef owner, Device& device) {
  Tensor tensor = make(dtype, shape, strides, device);
  tensor.node_->contiguous = row_major(shape, strides);
  tensor.node_->buffer = std::move(owner);
  tensor.node_->data = static_cast<std::byte*>(data);
  return tensor;
}

Tensor Tensor::view(const Shape& shape, const Dims& strides, int64_t offset) const {
  Tensor tensor = make(dtype(), shape, strides, device());
  tensor.node_->contiguous = row_major(shape, strides);
  const int64_t bytes = offset * static_cast<int64_t>(size_of(dtype()));
  if (node_->buffer) {
    tensor.node_->buffer = node_->buffer;
    tensor.node_->data = node_->data + bytes;
  } else {  // inline data are copied whole, so an offset stays an offset
    std::memcpy(tensor.node_->inline_data, node_->inline_data, kInlineBytes);
    tensor.node_->data = tensor.node_->inline_data + (node_->data - node_->inline_data) + bytes;
  }
  return tensor;
}

Tensor Tensor::host() const {
  const bool here = device().backend() == Backend::cpu;
  if (contiguous() && here) return *this;
  Tensor copy = empty(dtype(), shape(), host_device());
  if (bytes() == 0) return copy;
  if (contiguous()) {
    device().copy_to_host(copy.node_->data, node_->data, bytes());
    return copy;
  }
  const Reach reach = reach_of(shape(), strides());
  std::vector<std::byte> fetched;
  const std::byte* first = node_->data;
  if (!here) {
    const auto size = static_cast<int64_t>(size_of(dtype()));
    fetched.resize(static_cast<size_t>((reach.last - reach.first + 1) * size));
    device().copy_to_host(fetched.data(), node_->data + reach.first * size, fetched.size());
    first = fetched.data() - reach.first * size;
  }
  dispatch(dtype(), [&]<class T>(std::type_identity<T>) {
    T* to = reinterpret_cast<T*>(copy.node_->data);
    gather(reinterpret_cast<const T*>(first), shape(), strides(), 0, to);
  });
  return copy;
}

std::ostream& operator<<(std::ostream& out, const Tensor& tensor) {
  return out << tensor.to_string();
}

Device& current_device() { return Context::get().current(); }
Device& host_device() { return Context::get().host(); }

}  // namespace millstream
