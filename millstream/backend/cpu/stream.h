#pragma once
// Writing past the caches.
#include <cstddef>

namespace millstream::cpu {

// Copies to memory without reading it first and without keeping it in the caches: for results too
// large for them. `stream_fence` before other threads may read.
void stream_copy(void* to, const void* from, size_t bytes);
void stream_fence();

// Results of this many bytes and more leave through stream_copy.
inline constexpr size_t kStreamedBytes = size_t{1} << 25;

}  // namespace millstream::cpu
