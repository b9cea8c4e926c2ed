#pragma once
// Programs of hand-written kernels. A family is text in which types are names:
//
//   KERNEL fill(ARRAY(T, to), LONG n, T_NUMBER value) {
//     USE(T, to);
//     for (LONG i = FIRST_ELEMENT; i < n; i += ELEMENT_STEP) T_STORE(to, i, value);
//   }
//
// and for {"T", float16} T is the element as it lies in memory, T_NUMBER the type that it is
// computed in, T_LOAD(array, i) and T_STORE(array, i, number) go from one to the other.
#include <initializer_list>
#include <string_view>

#include "millstream/backend/gpu/device.h"

namespace millstream::gpu {

struct Family {
  std::string_view name;
  std::string_view text;
};

struct NamedType {
  std::string_view name;
  DType dtype;
};
using Types = std::initializer_list<NamedType>;

// The kernel `name` of the family for these types; the kernels of one family and one choice of
// types are one program. `more` are further lines at its head.
Function kernel_of(GpuDevice& device, const Family& family, const char* name, Types types = {},
                   std::string_view more = {});

// The whole text of such a program.
std::string family_text(Dialect dialect, const Family& family, Types types,
                        std::string_view more = {});

// What gives a type its name, instead of another type that had it.
std::string type_text(const NamedType& type);

// An unsigned type with elements as large: for what only moves them.
DType bits_of(DType dtype);

// NEST and STRIDES, as kernels take them.
struct Nest {
  int64_t rank = 0;
  int64_t size[kMaxRank] = {};
};
struct Strides {
  int64_t by[kMaxRank] = {};
};

// Loops over `sizes` in which several arrays move, as few as possible: neighbours are joined where
// all arrays allow it, and sizes of 1 left out.
struct Loops {
  Loops(std::span<const int64_t> sizes, std::span<const Dims> array_strides);
  Nest nest;
  std::vector<Strides> strides;  // of each array
  int64_t elements = 1;
};

}  // namespace millstream::gpu
