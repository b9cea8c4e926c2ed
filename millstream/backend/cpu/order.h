#pragma once
// Numbers as unsigned integers that are in the same order: what sorting works on.
#include <bit>
#include <cstdint>
#include <type_traits>

#include "millstream/tensor/half.h"

namespace millstream::cpu {

template <size_t kBytes>
using Unsigned = std::conditional_t<
    kBytes == 1, uint8_t,
    std::conditional_t<kBytes == 2, uint16_t, std::conditional_t<kBytes == 4, uint32_t, uint64_t>>>;

template <class T>
using Key = Unsigned<sizeof(T)>;

// a < b exactly if key(a) < key(b); -0 equals 0, and every NaN is the largest key.
template <class T>
Key<T> order_key(T value) {
  using K = Key<T>;
  constexpr K top = static_cast<K>(K{1} << (8 * sizeof(K) - 1));
  if constexpr (std::is_same_v<T, bool> || (std::is_integral_v<T> && std::is_unsigned_v<T>)) {
    return static_cast<K>(value);
  } else if constexpr (std::is_integral_v<T>) {
    return static_cast<K>(static_cast<K>(value) ^ top);
  } else {
    if (value != value) return static_cast<K>(~K{0});
    const K bits = std::bit_cast<K>(value);
    if (bits == top) return top;  // -0
    return static_cast<K>((bits & top) != 0 ? ~bits : bits | top);
  }
}

}  // namespace millstream::cpu
