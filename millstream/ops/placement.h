#pragma once
// Where ops run, and why: the first GPU unless a `device` scope says otherwise. An op that has no
// kernel there runs on the CPU, and that is told.
//
//   std::cout << ms::explain_placement();
//   // /device:GPU:0 (NVIDIA H200), the first GPU
//   //   unique of float32 ran 12 times on the CPU: no kernel for a GPU; 48000 bytes were copied
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "millstream/ops/op.h"

namespace millstream {

// Calls of one op and dtype that were to run on a GPU and ran on the CPU.
struct Fallback {
  const Op* op;
  DType dtype;  // of the first input, else of the first output
  std::string reason;
  int64_t calls = 0;
  int64_t bytes = 0;  // copied between the devices for it
};

// In the order in which they first happened.
std::vector<Fallback> fallbacks();
void reset_fallbacks();

// Where ops of this thread run and why, and which fell back: for people.
std::string explain_placement();

// The door's: counts a fallback, and reports the first one of an op.
void note_fallback(const Op& op, DType dtype, const Device& device, std::string_view reason,
                   int64_t bytes);

// The door's: an input is about to be copied to the device of its op. What the thread's device
// policy says to that: nothing, a line on stderr, or InvalidArgument.
void check_copy(const Op& op, size_t index, const Tensor& input, const Device& device);

}  // namespace millstream
