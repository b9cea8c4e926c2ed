#pragma once
// Random numbers: for a seed the numbers that TensorFlow gives, on every device and any number of
// threads.
//
//   random::set_seed(42);
//   Tensor w = random::normal({784, 10}, {.stddev = 0.05});
//   Tensor same = random::stateless_uniform({3}, {1, 2});   // a function of its seed alone
//
// Without a seed numbers differ from run to run. Floating dtypes; uniform numbers may be int32 or
// int64, and lie in [minval, maxval). Errors: InvalidArgument for another dtype, a shape that is
// none, minval >= maxval of integers.
#include <array>
#include <optional>

#include "millstream/ops/op.h"

namespace millstream {

namespace op {
extern Op random_uniform, random_normal, random_truncated_normal, random_shuffle,
    random_categorical, stateless_uniform, stateless_normal, stateless_truncated_normal,
    stateless_categorical, stateless_shuffle, stateless_split, stateless_fold_in;
// Building blocks: where a stream is, and numbers from there on.
extern Op random_state, random_key, philox_uniform, philox_integers, philox_bits, philox_normal,
    philox_truncated_normal, philox_categorical, philox_permutation;
}  // namespace op

namespace random {

// The seed from which ops without one of their own derive theirs.
void set_seed(int64_t seed);

using Seed = std::array<int64_t, 2>;

struct UniformOptions {
  Tensor minval = 0;
  Tensor maxval = {};  // 1 of floating dtypes
  DType dtype = float32;
  std::optional<int64_t> seed = {};
};
struct NormalOptions {
  Tensor mean = 0.0;
  Tensor stddev = 1.0;
  DType dtype = float32;
  std::optional<int64_t> seed = {};
};

Tensor uniform(const Shape& shape, const UniformOptions& options = {});
Tensor normal(const Shape& shape, const NormalOptions& options = {});
// Normal numbers within two standard deviations.
Tensor truncated_normal(const Shape& shape, const NormalOptions& options = {});
// The slices along the first axis in another order.
Tensor shuffle(const Tensor& value, std::optional<int64_t> seed = {});
// Classes drawn from each row of unnormalised log-probabilities: int64[rows, num_samples].
Tensor categorical(const Tensor& logits, int64_t num_samples, DType dtype = int64,
                   std::optional<int64_t> seed = {});

// The same as functions of a seed; `seed` in the options is not used.
Tensor stateless_uniform(const Shape& shape, Seed seed, const UniformOptions& options = {});
// With the seed as a tensor, int32[2] or int64[2].
Tensor stateless_uniform(const Shape& shape, const Tensor& seed,
                         const UniformOptions& options = {});
Tensor stateless_normal(const Shape& shape, Seed seed, const NormalOptions& options = {});
Tensor stateless_truncated_normal(const Shape& shape, Seed seed, const NormalOptions& options = {});
Tensor stateless_shuffle(const Tensor& value, Seed seed);
Tensor stateless_categorical(const Tensor& logits, int64_t num_samples, Seed seed,
                             DType dtype = int64);

}  // namespace random
}  // namespace millstream
