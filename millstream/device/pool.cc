#include "millstream/device/pool.h"

#include <fmt/format.h>

#include <bit>
#include <utility>

#include "millstream/base/error.h"
#include "millstream/device/device.h"
#include "millstream/device/live_blocks.h"
#include "millstream/device/out_of_memory.h"

namespace millstream {

void Buffer::destroy(Buffer* buffer) {
  if (buffer->pool_ != nullptr) buffer->pool_->give_back(buffer->data_, buffer->bytes_);
  if (buffer->release_) buffer->release_();
  delete buffer;
}

size_t Pool::class_of(size_t bytes) {
  if (bytes <= 64) return 0;
  const size_t octave = std::bit_width(bytes - 1) - 1;  // 2^octave < bytes <= 2^(octave + 1)
  const size_t step = (bytes - 1 - (size_t{1} << octave)) >> (octave - 3);
  return 8 * (octave - 6) + step + 1;
}

size_t Pool::class_bytes(size_t index) {
  if (index == 0) return 64;
  const size_t octave = (index - 1) / 8 + 6;
  const size_t step = (index - 1) % 8 + 1;
  return (size_t{1} << octave) + (step << (octave - 3));
}

void* Pool::take(size_t index, size_t bytes) {
  std::vector<void*>& blocks = cache_[index];
  if (!blocks.empty()) {
    void* data = blocks.back();
    blocks.pop_back();
    ++stats_.reused;
    return data;
  }
  const auto fits = [&] { return !limit_ || stats_.reserved + bytes <= *limit_; };
  if (!fits()) trim_locked();
  void* data = fits() ? device_.allocate(bytes) : nullptr;
  if (data == nullptr && fits()) {
    trim_locked();
    data = device_.allocate(bytes);
  }
  if (data != nullptr) stats_.reserved += bytes;
  return data;
}

BufferRef Pool::allocate(size_t bytes) {
  if (bytes > (size_t{1} << 47)) report_exhausted(bytes);
  const size_t index = class_of(bytes);
  const size_t rounded = class_bytes(index);
  void* data;
  {
    std::lock_guard lock(mutex_);
    data = take(index, rounded);
    if (data != nullptr) {
      ++stats_.allocations;
      stats_.current += rounded;
      stats_.peak = std::max(stats_.peak, stats_.current);
    }
  }
  if (data == nullptr) report_exhausted(bytes);
  if (rounded >= live_blocks::kTracked) live_blocks::add(*this, data, rounded);
  return BufferRef::adopt(new Buffer(*this, data, rounded));
}

void Pool::give_back(void* data, size_t bytes) {
  if (bytes >= live_blocks::kTracked) live_blocks::remove(*this, data);
  std::lock_guard lock(mutex_);
  stats_.current -= bytes;
  cache_[class_of(bytes)].push_back(data);
}

MemoryStats Pool::stats() const {
  std::lock_guard lock(mutex_);
  return stats_;
}

size_t Pool::reset_peak() {
  std::lock_guard lock(mutex_);
  return std::exchange(stats_.peak, stats_.current);
}

void Pool::raise_peak(size_t bytes) {
  std::lock_guard lock(mutex_);
  stats_.peak = std::max(stats_.peak, bytes);
}

size_t Pool::trim() {
  std::lock_guard lock(mutex_);
  return trim_locked();
}

size_t Pool::trim_locked() {
  size_t freed = 0;
  for (size_t index = 0; index < kClasses; ++index) {
    for (void* data : cache_[index]) {
      device_.release(data, class_bytes(index));
      freed += class_bytes(index);
    }
    cache_[index].clear();
  }
  stats_.reserved -= freed;
  return freed;
}

void Pool::set_limit(std::optional<size_t> bytes) {
  std::lock_guard lock(mutex_);
  limit_ = bytes;
}

void Pool::report_exhausted(size_t bytes) const {
  constexpr size_t kShown = 5;
  OutOfMemory::Figures figures{.requested = bytes};
  {
    const std::lock_guard lock(mutex_);
    figures.current = stats_.current;
    figures.reserved = stats_.reserved;
    figures.limit = limit_;
    if (limit_ && *limit_ > stats_.reserved) figures.largest_free = *limit_ - stats_.reserved;
    for (size_t index = 0; index < kClasses; ++index) {
      if (!cache_[index].empty()) {
        figures.largest_free = std::max(figures.largest_free, class_bytes(index));
      }
    }
  }
  std::string message = fmt::format(
      "out of memory: {} bytes were asked for, {} are in use, {} reserved, the largest free block "
      "has {}, and the limit is {}",
      bytes, figures.current, figures.reserved, figures.largest_free,
      limit_ ? fmt::format("{} bytes", *limit_) : "the device's memory");
  std::string tensors;
  for (const live_blocks::Block& block : live_blocks::largest(*this, kShown)) {
    tensors += (tensors.empty() ? "" : ", ") + live_blocks::to_string(block);
  }
  if (!tensors.empty()) message += "; the largest tensors: " + tensors;
  throw OutOfMemory(figures, {.message = message, .device = device_.name()});
}

}  // namespace millstream
