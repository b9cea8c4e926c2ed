#pragma once
// A block of a device's memory, shared by the tensors that view it.
#include <cstddef>
#include <functional>

#include "millstream/base/ref.h"

namespace millstream {

class Pool;

class Buffer : public Counted<Buffer> {
 public:
  // A block of `pool`, given back to it when the last owner goes.
  Buffer(Pool& pool, void* data, size_t bytes) : pool_(&pool), data_(data), bytes_(bytes) {}
  // Memory owned elsewhere (a NumPy array, say); `release` is called when the last owner goes.
  Buffer(void* data, size_t bytes, std::function<void()> release)
      : data_(data), bytes_(bytes), release_(std::move(release)) {}

  void* data() const { return data_; }
  size_t bytes() const { return bytes_; }

  static void destroy(Buffer* buffer);

 private:
  Pool* pool_ = nullptr;
  void* data_;
  size_t bytes_;
  std::function<void()> release_;
};

using BufferRef = Ref<Buffer>;

}  // namespace millstream
