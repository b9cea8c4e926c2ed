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
    // All cases are computed and one is chosen, so that loops over these become SIMD code.
    const uint32_t special = magnitude > 0x7f800000u ? 0x7e00u : 0x7c00u;  // NaN, infinity
    const uint32_t subnormal =  // below 2^-14: an exact float add shifts and rounds
        std::bit_cast<uint32_t>(std::bit_cast<float>(magnitude) + 0.5f) - 0x3f000000u;
    const uint32_t normal = (magnitude - 0x38000000u + 0xfffu + ((magnitude >> 13) & 1)) >> 13;
    const uint32_t finite = magnitude < 0x38800000u ? subnormal : normal;
    const uint32_t half = magnitude >= 0x47800000u ? special : finite;
    bits = static_cast<uint16_t>(sign | half);
  }
  operator float() const {
    const uint32_t sign = (bits & 0x8000u) << 16;
    const uint32_t magnitude = bits & 0x7fffu;
    // The bits in a float's places are the number over 2^112, subnormals included.
    const uint32_t scaled =
        std::bit_cast<uint32_t>(std::bit_cast<float>(magnitude << 13) * 0x1p112f);
    const uint32_t special = magnitude >= 0x7c00u ? 0x7f800000u : 0u;
    return std::bit_cast<float>(scaled | special | sign);
  }
};

}  // namespace millstream
