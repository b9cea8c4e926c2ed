#pragma once
// What the optimizers' rules are given, for each SIMD target.
#include <cstddef>

namespace millstream::cpu {

enum class StepRule : unsigned char { sgd, adam, rmsprop, adagrad };

struct StepScalars {
  double rate = 0;   // learning rate, with Adam's correction of the bias
  double decay = 1;  // factor of the value before the step
  double momentum = 0;
  double beta_1 = 0;  // rho of RMSprop
  double beta_2 = 0;
  double epsilon = 0;
  bool flag = false;  // Nesterov, centered
  int slots = 0;
};

// One parameter. Outputs may be the inputs.
template <class T>
struct StepArrays {
  const T* value;
  const T* gradient;
  const T* slots[3];
  T* new_value;
  T* new_slots[3];
};

inline constexpr size_t kMaxStepLanes = 16;

}  // namespace millstream::cpu
