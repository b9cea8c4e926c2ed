#include "millstream/backend/cpu/convert.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <tuple>

namespace millstream::cpu {
namespace {

template <class From, class To>
void convert_run(const void* source, int64_t step, void* target, int64_t n) {
  const From* from = static_cast<const From*>(source);
  To* to = static_cast<To*>(target);
  if (step == 0) {
    std::fill_n(to, n, convert<To>(*from));
  } else if (step != 1) {
    for (int64_t i = 0; i < n; ++i) to[i] = convert<To>(from[i * step]);
  } else if constexpr (std::is_same_v<From, To>) {
    std::memcpy(to, from, static_cast<size_t>(n) * sizeof(To));
  } else {
    for (int64_t i = 0; i < n; ++i) to[i] = convert<To>(from[i]);
  }
}

// In the order of DType.
using Types = std::tuple<bool, int8_t, int16_t, int32_t, int64_t, uint8_t, uint16_t, uint32_t,
                         uint64_t, float16_t, bfloat16_t, float, double>;
using Row = std::array<ConvertFn, kDTypes>;

template <class From, class... To>
constexpr Row row(std::type_identity<std::tuple<To...>>) {
  return {&convert_run<From, To>...};
}
template <class... From>
constexpr std::array<Row, kDTypes> table(std::type_identity<std::tuple<From...>>) {
  return {row<From>(std::type_identity<Types>())...};
}
constexpr auto kTable = table(std::type_identity<Types>());

}  // namespace

ConvertFn converter(DType from, DType to) {
  return kTable[static_cast<size_t>(from)][static_cast<size_t>(to)];
}

}  // namespace millstream::cpu
