#pragma once
// Element types, and the step from a DType known at run time to a C++ type.
//
//   dispatch(x.dtype(), [&]<class T>(std::type_identity<T>) { ... x.data<T>() ... });
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>

#include "millstream/base/error.h"
#include "millstream/tensor/half.h"

namespace millstream {

enum class DType : uint8_t {
  boolean,
  int8,
  int16,
  int32,
  int64,
  uint8,
  uint16,
  uint32,
  uint64,
  float16,
  bfloat16,
  float32,
  float64,
};
inline constexpr size_t kDTypes = 13;

using enum DType;

size_t size_of(DType dtype);               // bytes of one element
std::string_view name_of(DType dtype);     // "float32", "bool"
DType dtype_named(std::string_view name);  // InvalidArgument if there is none such

inline bool is_floating(DType d) { return d >= float16; }
inline bool is_integer(DType d) { return d >= int8 && d <= uint64; }
inline bool is_unsigned(DType d) { return d >= uint8 && d <= uint64; }
inline bool is_half(DType d) { return d == float16 || d == bfloat16; }

// The DType that stores a C++ type.
template <class T>
constexpr DType dtype_of() {
  if constexpr (std::is_same_v<T, bool>)
    return boolean;
  else if constexpr (std::is_same_v<T, int8_t>)
    return int8;
  else if constexpr (std::is_same_v<T, int16_t>)
    return int16;
  else if constexpr (std::is_same_v<T, int32_t>)
    return int32;
  else if constexpr (std::is_integral_v<T> && std::is_signed_v<T> && sizeof(T) == 8)
    return int64;
  else if constexpr (std::is_same_v<T, uint8_t>)
    return uint8;
  else if constexpr (std::is_same_v<T, uint16_t>)
    return uint16;
  else if constexpr (std::is_same_v<T, uint32_t>)
    return uint32;
  else if constexpr (std::is_integral_v<T> && sizeof(T) == 8)
    return uint64;
  else if constexpr (std::is_same_v<T, float16_t>)
    return float16;
  else if constexpr (std::is_same_v<T, bfloat16_t>)
    return bfloat16;
  else if constexpr (std::is_same_v<T, float>)
    return float32;
  else {
    static_assert(std::is_same_v<T, double>, "no DType stores this type");
    return float64;
  }
}

template <class F>
decltype(auto) dispatch(DType dtype, F&& f) {
  switch (dtype) {
    case boolean: return f(std::type_identity<bool>());
    case int8: return f(std::type_identity<int8_t>());
    case int16: return f(std::type_identity<int16_t>());
    case int32: return f(std::type_identity<int32_t>());
    case int64: return f(std::type_identity<int64_t>());
    case uint8: return f(std::type_identity<uint8_t>());
    case uint16: return f(std::type_identity<uint16_t>());
    case uint32: return f(std::type_identity<uint32_t>());
    case uint64: return f(std::type_identity<uint64_t>());
    case float16: return f(std::type_identity<float16_t>());
    case bfloat16: return f(std::type_identity<bfloat16_t>());
    case float32: return f(std::type_identity<float>());
    case float64: return f(std::type_identity<double>());
  }
  throw Internal("a DType outside of its enumeration");
}

}  // namespace millstream
