#pragma once
// GPU text of expressions: the source of kernels, in a dialect of C that a short prelude makes of
// OpenCL C and of CUDA C++ (as NVRTC compiles it). The prelude defines
//
//   KERNEL, FUNCTION, GLOBAL        what stands before a kernel, a function, and `T*` for a pointer
//                                   to device memory
//   LONG, ULONG, HALF               integers of 64 bits; a float16 in memory
//   LOAD_HALF(p, i)                 its value, a float
//   STORE_HALF(p, i, value)
//   AS_FLOAT(bits), AS_UINT(value)  a float and its bits
//   ARRAY(T, name), USE(T, name);   the parameter of a kernel that is an array of the device, and
//   the
//                                   statement that makes a pointer of it
//   NEST, STRIDES                   rank and sizes of nested loops; the steps of an array in them
//   SHARED(T, name, size)           memory of a group of threads, of which LOCAL stands before a
//                                   pointer to it; BARRIER waits for all threads of the group
//   THREAD, THREADS                 the thread in its group, and how many there are; so GROUP(axis)
//   FIRST_ELEMENT, ELEMENT_STEP     the first index of a thread and the way to its next
//   WIDE, WIDE_EPSILON ...          the type that special functions compute in: double where the
//                                   device has it (special-inl.h)
//   INFINITY, NAN
//
// Else the text uses what both languages have: exp, tanh, fmod ...
//
//   const MapText swish = {.name = "swish", .compute = float32, .inputs = {float16},
//                          .outputs = {float16}, .body = {x / (1 + exp(-x))}};
//   program_text(Dialect::opencl, std::span(&swish, 1));
//
// Results are the CPU's but for rounding. Where the CPU raises an error, the quotient of an integer
// by zero and the negative power of an integer are 0. floor_div needs quotients that are rounded as
// IEEE has it: build OpenCL programs with -cl-fp32-correctly-rounded-divide-sqrt where the device
// knows it; NVRTC's default is right.
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "millstream/expr/expr.h"
#include "millstream/tensor/dtype.h"

namespace millstream {

enum class Dialect : uint8_t { opencl, cuda };

struct MapText {
  std::string name;
  DType compute;                       // float32, float64, int32, int64 or uint64
  std::vector<DType> inputs, outputs;  // in memory
  std::vector<Expr> body;              // one per output, over the inputs
};

// The source of a program: the prelude, the functions that the maps need, a kernel for each.
std::string program_text(Dialect dialect, std::span<const MapText> maps);

// The parts of it, for programs with kernels of their own. Functions stand before the kernels and
// after the prelude, once in a program.
std::string prelude_text(Dialect dialect);
std::string functions_text(std::span<const MapText> maps);

// Two kernels, which any number of threads runs. The first has the map's name and the parameters
// in0, step0, value0, in1, step1, value1, ..., out0, ..., n: it computes n elements of each output,
// element i from element i * step of each input. A step is 1, 0 for an array of one element, or -1:
// then the input is the value, of the type that is computed in, and there is no array.
// The second, <name>_strided, reads arrays of any layout: nest, in0, given0, steps0, value0, ...,
// out0, ..., n; a given of 0 means the value.
std::string kernel_text(const MapText& map);

// "const unsigned char": an element as it lies in memory.
std::string_view memory_name(DType dtype);
// Element `at` of the array, as the type that its dtype is computed in.
std::string load_text(DType dtype, std::string_view array, std::string_view at);
// The statement that stores a value of the type that is computed in.
std::string store_text(DType dtype, std::string_view array, std::string_view at,
                       std::string_view value);

// The statements that compute expressions from x0, x1, ... of the type `compute`, each a line, to
// be put into a kernel; `results` receives a name or a literal per expression.
std::string body_text(DType compute, std::span<const Expr> body, std::vector<std::string>& results,
                      std::string_view indent);

}  // namespace millstream
