#include "millstream/backend/cpu/stream.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "hwy/cache_control.h"
#include "hwy/highway.h"

namespace millstream::cpu {

namespace hn = hwy::HWY_NAMESPACE;

void stream_copy(void* to, const void* from, size_t bytes, std::span<const void* const> next) {
  constexpr size_t kLine = 64;
  constexpr hn::ScalableTag<uint8_t> d;
  const size_t step = hn::Lanes(d);
  auto* target = static_cast<uint8_t*>(to);
  const auto* source = static_cast<const uint8_t*>(from);
  const size_t head = std::min(bytes, (step - reinterpret_cast<uintptr_t>(target) % step) % step);
  std::memcpy(target, source, head);
  size_t i = head;
  for (; i + kLine <= bytes; i += kLine) {
    for (const void* each : next) hwy::Prefetch(static_cast<const uint8_t*>(each) + i);
    for (size_t k = i; k < i + kLine; k += step) {
      hn::Stream(hn::LoadU(d, source + k), d, target + k);
    }
  }
  std::memcpy(target + i, source + i, bytes - i);
}

void stream_fence() { hwy::FlushStream(); }

}  // namespace millstream::cpu
