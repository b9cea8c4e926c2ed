#pragma once
// The two 16-bit floating-point formats as storage types: they convert to and from float, rounding
// to nearest even, and have no arithmetic of their own.
#include <bit>
#include <cstdint>
#include <limits>

namespace millstream {

struct bfloat16_t {
  uint16_t bits = 0;

  bfloat16_t() = default;
  explicit bfloat16_t(float value) {
    const uint32_t word = std::bit_cast<uint32_t>(value);
    const bool nan = (word & 0x7fffffffu) > 0x7f800000u;
    bits = nan ? static_cast<uint16_t>((word >> 16) | 0x40)
               : static_cast<uint16_t>((word + 0x7fffu + ((word >> 16) & 1)) >> 16);
  }
  operator float() const { return std::bit_cast<float>(uint32_t{bits} << 16); }
};

struct float16_t {
  uint16_t bits = 0;

  float16_t() = default;
  explicit float16_t(float value) {
    const uint32_t word = std::bit_cast<uint32_t>(value);
    const uint32_t sign = (word >> 16) & 0x8000u;
    const uint32_t magnitude = word & 0x7fffffffu;
    uint32_t half;
    if (magnitude >= 0x47800000u) {  // 65536 and more, infinity, NaN
      half = magnitude > 0x7f800000u ? 0x7e00u : 0x7c00u;
    } else if (magnitude < 0x38800000u) {  // below 2^-14: a subnormal, made by an exact float add
      half = std::bit_cast<uint32_t>(std::bit_cast<float>(magnitude) + 0.5f) - 0x3f000000u;
    } else {
      half = (magnitude - 0x38000000u + 0xfffu + ((magnitude >> 13) & 1)) >> 13;
    }
    bits = static_cast<uint16_t>(sign | half);
  }
  operator float() const {
    const uint32_t sign = (bits & 0x8000u) << 16;
    const uint32_t magnitude = bits & 0x7fffu;
    float result;
    if (magnitude >= 0x7c00u) {
      result = std::bit_cast<float>(0x7f800000u | ((magnitude & 0x3ffu) << 13));
    } else if (magnitude < 0x400u) {
      result = static_cast<float>(magnitude) * 0x1p-24f;
    } else {
      result = std::bit_cast<float>((magnitude << 13) + 0x38000000u);
    }
    return std::bit_cast<float>(std::bit_cast<uint32_t>(result) | sign);
  }
};

}  // namespace millstream
