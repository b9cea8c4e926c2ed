#pragma once
// Runs GPU text on the machine at hand, so that tests can see what it computes.
#include <cstddef>
#include <string>
#include <vector>

#include "millstream/backend/cpu/convert.h"
#include "millstream/expr/text.h"

namespace millstream {

using Bytes = std::vector<std::byte>;

// Elements in memory, from and to another type.
template <class To>
std::vector<To> read_as(const Bytes& bytes, DType dtype) {
  std::vector<To> values(bytes.size() / size_of(dtype));
  cpu::converter(dtype, dtype_of<To>())(bytes.data(), 1, values.data(), int64_t(values.size()));
  return values;
}
template <class From>
Bytes written_as(DType dtype, const std::vector<From>& values) {
  Bytes bytes(values.size() * size_of(dtype));
  cpu::converter(dtype_of<From>(), dtype)(values.data(), 1, bytes.data(), int64_t(values.size()));
  return bytes;
}

// A map, the inputs that it reads and, after a run, what it wrote.
struct TextCase {
  MapText map;
  std::vector<Bytes> inputs;   // `elements` of them each, or one
  std::vector<Bytes> outputs;  // filled by a run
};

// One program of all cases, run by a device of OpenCL. One kernel calls the others, unoptimised:
// else compiling them takes a minute. `narrow` hides the device's double precision.
void run_on_opencl(std::vector<TextCase>& cases, size_t elements, bool narrow = false);

// The same of CUDA text, compiled as C++ for this machine, with the words that CUDA adds to C++
// defined for a single thread.
void run_as_cpp(std::vector<TextCase>& cases, size_t elements);

// The kernel itself, optimised, by a number of threads.
void run_kernel_on_opencl(TextCase& c, size_t elements, size_t threads);

}  // namespace millstream
