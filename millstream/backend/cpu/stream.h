#pragma once
// Writing past the caches.
#include <cstddef>
#include <span>

namespace millstream::cpu {

// Copies to memory without reading it first and without keeping it in the caches: for results too
// large for them. Meanwhile brings as many bytes near from each of `next`, what will be read then:
// else memory would rest while the next tile waits for it. `stream_fence` before other threads may
// read.
void stream_copy(void* to, const void* from, size_t bytes, std::span<const void* const> next = {});
void stream_fence();

// Results of this many bytes and more leave through stream_copy.
inline constexpr size_t kStreamedBytes = size_t{1} << 25;

}  // namespace millstream::cpu
