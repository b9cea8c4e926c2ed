#include "millstream/expr/functions_text.h"

#include <fmt/format.h>

#include <algorithm>

#include "millstream/base/error.h"
#include "millstream/expr/text.h"

namespace millstream {
namespace {

constexpr std::string_view kOpenClPrelude = R"(
#define KERNEL __kernel void
#define FUNCTION static
#define GLOBAL __global
#define LONG long
#define ULONG ulong
#define HALF half
#define LOAD_HALF(p, i) vload_half(i, p)
#define STORE_HALF(p, i, value) vstore_half_rte((float)(value), i, p)
#define AS_FLOAT(bits) as_float(bits)
#define AS_UINT(value) as_uint(value)
#define ARRAY(T, name) __global T* name##_memory, long name##_offset
#define USE(T, name) \
  __global T* const name = (__global T*)((__global char*)name##_memory + name##_offset)
#define SHARED(T, name, size) __local T name[size]
#define LOCAL __local
#define THREAD ((int)get_local_id(0))
#define THREADS ((int)get_local_size(0))
#define GROUP(axis) ((long)get_group_id(axis))
#define GROUPS(axis) ((long)get_num_groups(axis))
#define BARRIER barrier(CLK_LOCAL_MEM_FENCE)
#define FIRST_ELEMENT get_global_id(0)
#define ELEMENT_STEP get_global_size(0)
#ifdef cl_khr_fp64
#pragma OPENCL EXTENSION cl_khr_fp64 : enable
#define WIDE double
#define WIDE_EPSILON 2.220446049250313e-16
#define WIDE_TINY 1e-300
#define WIDE_HUGE 1e300
#else
#define WIDE float
#define WIDE_EPSILON 1.1920929e-7f
#define WIDE_TINY 1e-30f
#define WIDE_HUGE 1e30f
#endif
)";

constexpr std::string_view kCudaPrelude = R"(
#define KERNEL extern "C" __global__ void
#define FUNCTION static __device__
#define GLOBAL
#define LONG long long
#define ULONG unsigned long long
#define HALF unsigned short
#define AS_FLOAT(bits) __uint_as_float(bits)
#define AS_UINT(value) __float_as_uint(value)
#define ARRAY(T, name) T* name
#define USE(T, name)
#define SHARED(T, name, size) __shared__ T name[size]
#define LOCAL
#define THREAD ((int)threadIdx.x)
#define THREADS ((int)blockDim.x)
#define GROUP(axis) ((LONG)(axis == 0 ? blockIdx.x : axis == 1 ? blockIdx.y : blockIdx.z))
#define GROUPS(axis) ((LONG)(axis == 0 ? gridDim.x : axis == 1 ? gridDim.y : gridDim.z))
#define BARRIER __syncthreads()
#define FIRST_ELEMENT (blockIdx.x * (LONG)blockDim.x + threadIdx.x)
#define ELEMENT_STEP ((LONG)gridDim.x * blockDim.x)
#define WIDE double
#define WIDE_EPSILON 2.220446049250313e-16
#define WIDE_TINY 1e-300
#define WIDE_HUGE 1e300
#ifndef INFINITY
#define INFINITY __uint_as_float(0x7f800000)
#define NAN __uint_as_float(0x7fc00000)
#endif
FUNCTION float LOAD_HALF(const HALF* p, LONG i) {
  float value;
  asm("cvt.f32.f16 %0, %1;" : "=f"(value) : "h"(p[i]));
  return value;
}
FUNCTION void STORE_HALF(HALF* p, LONG i, float value) {
  HALF bits;
  asm("cvt.rn.f16.f32 %0, %1;" : "=h"(bits) : "f"(value));
  p[i] = bits;
}
)";

constexpr std::string_view kNestText = R"(
typedef struct {
  LONG rank, size[8];
} NEST;
typedef struct {
  LONG by[8];
} STRIDES;
)";

constexpr std::string_view kBfloat16Text = R"(
FUNCTION float ms_from_bfloat16(unsigned short bits) {
  return AS_FLOAT((unsigned int)bits << 16);
}
FUNCTION unsigned short ms_to_bfloat16(float value) {
  const unsigned int word = AS_UINT(value);
  return value != value ? (word >> 16) | 0x40 : (word + 0x7fff + ((word >> 16) & 1)) >> 16;
}
)";

// {T} is the type and {S} its suffix.
constexpr std::string_view kFloatingText = R"(
FUNCTION {T} ms_floor_mod_{S}({T} a, {T} b) {{
  const {T} rest = fmod(a, b);
  return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
}}
)";

// {U} is the unsigned type. Dividing the smallest number by -1 would trap or be undefined.
constexpr std::string_view kIntegerText = R"(
FUNCTION {T} ms_trunc_div_{S}({T} a, {T} b) {{
  if (b == 0) return 0;
  return ({T})-1 < 0 && b == ({T})-1 ? ({T})(0 - ({U})a) : a / b;
}}
FUNCTION {T} ms_trunc_mod_{S}({T} a, {T} b) {{
  return ({T})(({U})a - ({U})ms_trunc_div_{S}(a, b) * ({U})b);
}}
FUNCTION {T} ms_floor_div_{S}({T} a, {T} b) {{
  const {T} rest = ms_trunc_mod_{S}(a, b);
  return ms_trunc_div_{S}(a, b) - (rest != 0 && b != 0 && (rest < 0) != (b < 0));
}}
FUNCTION {T} ms_floor_mod_{S}({T} a, {T} b) {{
  return ({T})(({U})a - ({U})ms_floor_div_{S}(a, b) * ({U})b);
}}
FUNCTION {T} ms_pow_{S}({T} base, {T} exponent) {{
  {U} result = exponent < 0 ? 0 : 1, factor = ({U})base;
  for (; exponent > 0; exponent /= 2, factor *= factor) {{
    if (exponent % 2 == 1) result *= factor;
  }}
  return ({T})result;
}}
)";

// Functions whose names have a suffix, as they differ by type.
bool is_typed_function(DType compute, Prim p) {
  if (is_floating(compute)) return p == Prim::floor_mod;
  return p == Prim::pow || (p >= Prim::floor_div && p <= Prim::trunc_mod);
}

// Functions of special-inl.h.
bool is_special(Prim p) {
  switch (p) {
    case Prim::erfinv:
    case Prim::erfcinv:
    case Prim::digamma:
    case Prim::bessel_i0e:
    case Prim::bessel_i1e:
    case Prim::igamma:
    case Prim::igammac:
    case Prim::zeta:
    case Prim::betainc: return true;
    default: return false;
  }
}

// "i32"
std::string suffix(DType compute) {
  const char kind = is_floating(compute) ? 'f' : is_unsigned(compute) ? 'u' : 'i';
  return fmt::format("{}{}", kind, size_of(compute) * 8);
}

bool any_of_dtype(const MapText& map, DType dtype) {
  const auto among = [&](const std::vector<DType>& dtypes) {
    return std::find(dtypes.begin(), dtypes.end(), dtype) != dtypes.end();
  };
  return among(map.inputs) || among(map.outputs);
}

template <class F>
bool any_prim(const MapText& map, F&& holds) {
  const std::vector<Expr> nodes = nodes_of(map.body);
  return std::any_of(nodes.begin(), nodes.end(), [&](Expr node) { return holds(node.prim()); });
}

}  // namespace

std::string_view compute_name(DType compute) {
  switch (compute) {
    case float32: return "float";
    case float64: return "double";
    case int32: return "int";
    case int64: return "LONG";
    case uint64: return "ULONG";
    default: throw Internal(fmt::format("GPU text does not compute in {}", name_of(compute)));
  }
}

std::string_view unsigned_name(DType compute) {
  return size_of(compute) == 4 ? "unsigned int" : "ULONG";
}

std::string function_name(DType compute, Prim p) {
  if (is_typed_function(compute, p)) return fmt::format("ms_{}_{}", name_of(p), suffix(compute));
  if (!is_floating(compute) || (p >= Prim::bit_and && p <= Prim::shift_right)) {
    throw Internal(fmt::format("GPU text has no {} of {}", name_of(p), name_of(compute)));
  }
  return fmt::format("{}{}", is_special(p) ? "ms_" : "", name_of(p));
}

std::string prelude_text(Dialect dialect) {
  return fmt::format("{}{}", dialect == Dialect::opencl ? kOpenClPrelude : kCudaPrelude, kNestText);
}

std::string functions_text(std::span<const MapText> maps) {
  const auto any = [&](auto&& holds) { return std::any_of(maps.begin(), maps.end(), holds); };
  std::string text;
  if (any([](const MapText& map) { return any_of_dtype(map, bfloat16); })) text += kBfloat16Text;
  if (any([](const MapText& map) { return any_prim(map, is_special); })) text += kSpecialText;
  for (const DType compute : {float32, float64, int32, int64, uint64}) {
    const auto typed = [&](Prim p) { return is_typed_function(compute, p); };
    if (!any([&](const MapText& m) { return m.compute == compute && any_prim(m, typed); })) {
      continue;
    }
    text += fmt::format(fmt::runtime(is_floating(compute) ? kFloatingText : kIntegerText),
                        fmt::arg("T", compute_name(compute)), fmt::arg("U", unsigned_name(compute)),
                        fmt::arg("S", suffix(compute)));
  }
  return text;
}

}  // namespace millstream
