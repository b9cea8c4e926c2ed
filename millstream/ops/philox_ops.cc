#include "millstream/ops/philox_ops.h"

#include <fmt/format.h>

#include "millstream/ops/random.h"
#include "millstream/ops/views.h"

namespace millstream {

Shape known_shape(const Attr& attr) {
  const Shape shape = to_shape(std::get<Ints>(attr));
  if (shape.known()) return shape;
  throw InvalidArgument({.message = "a random tensor of shape " + shape.to_string(),
                         .hint = "sizes are not negative"});
}

void check_floating(DType dtype) {
  if (is_floating(dtype)) return;
  throw InvalidArgument({.message = fmt::format("random numbers of dtype {}", name_of(dtype)),
                         .hint = "use float16, bfloat16, float32 or float64"});
}

namespace {

// Attributes: family, seed, groups.
Specs infer_random_state(const InferContext& c) {
  if (c.attrs.integer(2) < 0) throw InvalidArgument("a negative number of random numbers");
  return {{int64, Shape{kStateSize}}};
}

Specs infer_random_key(const InferContext& c) {
  const Spec& seed = c.inputs[0];
  if (seed.dtype != int32 && seed.dtype != int64) {
    throw InvalidArgument({.message = fmt::format("a seed of dtype {}", name_of(seed.dtype)),
                           .hint = "a seed is int32 or int64"});
  }
  if (!compatible(seed.shape, Shape{2})) {
    throw InvalidArgument(
        {.message = fmt::format("seed must have shape [2], not {}", seed.shape.to_string()),
         .hint = "give two integers"});
  }
  return {{int64, Shape{kStateSize}}};
}

void check_state(const Spec& state) {
  if (state.dtype == int64 && compatible(state.shape, Shape{kStateSize})) return;
  throw InvalidArgument("the state of a generator is int64[3], not " + to_string(state));
}

// Attributes: shape, dtype.
Specs infer_real(const InferContext& c) {
  check_state(c.inputs[0]);
  check_floating(c.attrs.dtype(1));
  return {{c.attrs.dtype(1), known_shape(c.attrs[0])}};
}

Specs infer_bits(const InferContext& c) {
  check_state(c.inputs[0]);
  const DType dtype = c.attrs.dtype(1);
  if (!is_integer(dtype) || size_of(dtype) < 4) {
    throw InvalidArgument(fmt::format("random bits as {}", name_of(dtype)));
  }
  return {{dtype, known_shape(c.attrs[0])}};
}

Specs infer_integers(const InferContext& c) {
  check_state(c.inputs[0]);
  const Spec &low = c.inputs[1], &high = c.inputs[2];
  if (low.dtype != high.dtype || (low.dtype != int32 && low.dtype != int64)) {
    throw InvalidArgument("minval and maxval must both be int32 or int64");
  }
  for (const Spec* bound : {&low, &high}) {
    if (bound->shape.has_rank() && bound->shape.rank() != 0) {
      throw InvalidArgument("minval and maxval of integers must be scalars, got shape " +
                            bound->shape.to_string());
    }
  }
  return {{low.dtype, known_shape(c.attrs[0])}};
}

// Attributes: num_samples, dtype.
Specs infer_philox_categorical(const InferContext& c) {
  check_state(c.inputs[0]);
  const Spec& logits = c.inputs[1];
  check_floating(logits.dtype);
  const DType dtype = c.attrs.dtype(1);
  if (dtype != int32 && dtype != int64) {
    throw InvalidArgument(fmt::format("classes as {}: use int32 or int64", name_of(dtype)));
  }
  if (logits.shape.has_rank() && logits.shape.rank() != 2) {
    throw InvalidArgument("logits should be a matrix, got shape " + logits.shape.to_string());
  }
  const int64_t samples = c.attrs.integer(0);
  if (samples < 0) {
    throw InvalidArgument(fmt::format("num_samples should be nonnegative, got {}", samples));
  }
  if (logits.shape.has_rank() && logits.shape[1] == 0) {
    throw InvalidArgument("num_classes should be positive, got 0");
  }
  return {{dtype, Shape{logits.shape.has_rank() ? logits.shape[0] : kUnknown, samples}}};
}

Specs infer_permutation(const InferContext& c) {
  check_state(c.inputs[0]);
  const int64_t size = c.attrs.integer(0);
  if (size < 0 || size > UINT32_MAX) {
    throw InvalidArgument(fmt::format("a permutation of {} elements", size));
  }
  return {{int64, Shape{size}}};
}

}  // namespace

constinit Op op::random_state = {
    .names = "internal.random_state",
    .parameters = "family: str, seed: int? = None, groups: int = 0",
    .doc = "Where the stream of a seed is; it goes on by so many groups of four.",
    .infer = infer_random_state,
    .stateful = true};
constinit Op op::random_key = {.names = "internal.random_key",
                               .parameters = "seed: index",
                               .doc = "The generator of a stateless seed.",
                               .infer = infer_random_key};
constinit Op op::philox_uniform = {.names = "internal.philox_uniform",
                                   .parameters = "state: index, shape: ints, dtype: dtype",
                                   .doc = "Numbers in [0, 1).",
                                   .infer = infer_real};
constinit Op op::philox_integers = {
    .names = "internal.philox_integers",
    .parameters = "state: index, minval: index, maxval: index, shape: ints",
    .doc = "Integers in [minval, maxval).",
    .infer = infer_integers,
    .host_scalars = true};
constinit Op op::philox_bits = {.names = "internal.philox_bits",
                                .parameters = "state: index, shape: ints, dtype: dtype",
                                .doc = "Integers of random bits.",
                                .infer = infer_bits};
constinit Op op::philox_normal = {.names = "internal.philox_normal",
                                  .parameters = "state: index, shape: ints, dtype: dtype",
                                  .doc = "Numbers of a standard normal distribution.",
                                  .infer = infer_real};
constinit Op op::philox_truncated_normal = {
    .names = "internal.philox_truncated_normal",
    .parameters = "state: index, shape: ints, dtype: dtype",
    .doc = "Numbers of a standard normal distribution between -2 and 2.",
    .infer = infer_real};
constinit Op op::philox_categorical = {
    .names = "internal.philox_categorical",
    .parameters = "state: index, logits: tensor, num_samples: int, dtype: dtype = int64",
    .doc = "Classes drawn from each row of unnormalised log-probabilities.",
    .infer = infer_philox_categorical};
constinit Op op::philox_permutation = {.names = "internal.philox_permutation",
                                       .parameters = "state: index, size: int",
                                       .doc = "The numbers below size in random order.",
                                       .infer = infer_permutation};

static const RegisterOps family({&op::random_state, &op::random_key, &op::philox_uniform,
                                 &op::philox_integers, &op::philox_bits, &op::philox_normal,
                                 &op::philox_truncated_normal, &op::philox_categorical,
                                 &op::philox_permutation});

}  // namespace millstream
