#pragma once
// Conversion between dtypes, over runs of elements.
#include <cstdint>
#include <type_traits>

#include "millstream/tensor/dtype.h"

namespace millstream::cpu {

// One element. Towards zero to integers, x != 0 to bool, to nearest even to the half types.
template <class To, class From>
To convert(From value) {
  if constexpr (std::is_same_v<To, From>) {
    return value;
  } else if constexpr (std::is_same_v<From, float16_t> || std::is_same_v<From, bfloat16_t>) {
    return convert<To>(static_cast<float>(value));
  } else if constexpr (std::is_same_v<To, float16_t> || std::is_same_v<To, bfloat16_t>) {
    return To(static_cast<float>(value));
  } else if constexpr (std::is_same_v<To, bool>) {
    return value != From(0);
  } else {
    return static_cast<To>(value);
  }
}

// to[i] = from[i * step] for i < n; with step 0, n copies of one element.
using ConvertFn = void (*)(const void* from, int64_t step, void* to, int64_t n);
ConvertFn converter(DType from, DType to);

}  // namespace millstream::cpu
