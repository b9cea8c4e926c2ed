#pragma once
// Seeds as Keras draws them, so that a program with a seed starts from the same weights as the same
// program in Python.
//
//   keras::set_random_seed(42);      // keras.utils.set_random_seed
#include <cstdint>
#include <optional>

#include "millstream/ops/random.h"
#include "millstream/tensor/variable.h"

namespace millstream::keras {

// Fixes all seeds that are drawn from here on.
void set_random_seed(uint32_t seed);

// What an object without a seed takes: Python's random.randint(1, 10**9).
int64_t make_default_seed();

// A seed that changes with every use: a variable [seed, count].
class SeedGenerator {
 public:
  explicit SeedGenerator(std::optional<int64_t> seed = {});

  // int64[2], for the stateless random ops.
  Tensor next();
  const Variable& state() const { return state_; }

 private:
  Variable state_;
};

// The seed of a single draw.
random::Seed fixed_seed(int64_t seed);

}  // namespace millstream::keras
