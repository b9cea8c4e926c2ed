#pragma once
// TileProgram: expressions as a list of instructions over tiles, runs of some thousand elements
// that stay in the nearest cache. It is how the CPU computes an expression that nobody compiled.
//
//   const TileProgram program = lower(std::vector{x * y + 1}, 2);
//   // mul r1 = in0, in1;  add out0 = r1, 1
#include <cstdint>
#include <span>
#include <vector>

#include "millstream/expr/expr.h"

namespace millstream {

struct TileProgram {
  // Operands and targets are slots: first the inputs, then the constants, then the scratch
  // registers, then the outputs.
  struct Instruction {
    Prim prim;  // Prim::input copies its operand
    uint16_t target;
    uint16_t operands[3];
  };

  int inputs = 0;
  std::vector<double> constants;
  int registers = 0;
  int outputs = 0;
  std::vector<Instruction> code;

  int first_constant() const { return inputs; }
  int first_register() const { return inputs + static_cast<int>(constants.size()); }
  int first_output() const { return first_register() + registers; }
  int slots() const { return first_output() + outputs; }
};

// The program that computes `outputs` from inputs 0 .. inputs - 1. A register is used again as soon
// as its value has been read for the last time; an output serves as the register of its value, so
// outputs must not overlap inputs.
TileProgram lower(std::span<const Expr> outputs, int inputs);

}  // namespace millstream
