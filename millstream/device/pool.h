#pragma once
// One caching pool of memory per device. Freed blocks are kept by size class and handed out again:
// giving pages back to the system after each op costs a factor of 2 to 6 in page faults.
#include <array>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <vector>

#include "millstream/device/buffer.h"

namespace millstream {

class Device;

struct MemoryStats {
  size_t current = 0;      // bytes in blocks that tensors hold
  size_t peak = 0;         // highest `current` since the start or reset_peak()
  size_t reserved = 0;     // bytes taken from the system: in use and cached
  size_t allocations = 0;  // blocks handed out so far
  size_t reused = 0;       // of these, from the cache
};

class Pool {
 public:
  explicit Pool(Device& device, std::optional<size_t> limit = std::nullopt)
      : device_(device), limit_(limit) {}
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  // A block of at least `bytes`, aligned to 64. When the limit or the system stands in the way the
  // cache is trimmed first; then ResourceExhausted, with what was asked, held and allowed.
  BufferRef allocate(size_t bytes);

  MemoryStats stats() const;
  // From now on the peak counts anew; returns what it was.
  size_t reset_peak();
  // A peak of before counts again.
  void raise_peak(size_t bytes);
  // Gives cached blocks back to the system and returns how many bytes that were.
  size_t trim();

  std::optional<size_t> limit() const { return limit_; }
  void set_limit(std::optional<size_t> bytes);

 private:
  friend class Buffer;
  // Eight classes per power of two, from 64 bytes up.
  static constexpr size_t kClasses = 8 * 42;
  static size_t class_of(size_t bytes);
  static size_t class_bytes(size_t index);

  void* take(size_t index, size_t bytes);
  void give_back(void* data, size_t bytes);
  size_t trim_locked();
  [[noreturn]] void report_exhausted(size_t bytes) const;

  Device& device_;
  mutable std::mutex mutex_;
  std::optional<size_t> limit_;
  MemoryStats stats_;
  std::array<std::vector<void*>, kClasses> cache_;
};

}  // namespace millstream
