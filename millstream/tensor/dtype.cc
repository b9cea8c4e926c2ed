#include "millstream/tensor/dtype.h"

#include <fmt/format.h>

#include <array>

namespace millstream {
namespace {

constexpr std::array<std::string_view, kDTypes> kNames = {
    "bool",   "int8",   "int16",   "int32",    "int64",   "uint8",  "uint16",
    "uint32", "uint64", "float16", "bfloat16", "float32", "float64"};
constexpr std::array<uint8_t, kDTypes> kSizes = {1, 1, 2, 4, 8, 1, 2, 4, 8, 2, 2, 4, 8};

}  // namespace

size_t size_of(DType dtype) { return kSizes[static_cast<size_t>(dtype)]; }
std::string_view name_of(DType dtype) { return kNames[static_cast<size_t>(dtype)]; }

DType dtype_named(std::string_view name) {
  if (name == "half") return float16;
  if (name == "float") return float32;
  if (name == "double") return float64;
  for (size_t i = 0; i < kDTypes; ++i) {
    if (kNames[i] == name) return static_cast<DType>(i);
  }
  throw InvalidArgument(fmt::format("'{}' is not a dtype that Millstream has", name));
}

}  // namespace millstream
