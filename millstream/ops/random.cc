#include "millstream/ops/random.h"

#include <fmt/format.h>

#include <algorithm>

#include "millstream/ops/array.h"
#include "millstream/ops/gather.h"
#include "millstream/ops/join.h"
#include "millstream/ops/operators.h"
#include "millstream/ops/philox_ops.h"
#include "millstream/ops/sequence.h"
#include "millstream/ops/slice.h"
#include "millstream/ops/views.h"

namespace millstream {
namespace {

// --- where a stream is ---------------------------------------------------------------------------

// Each family of numbers and dtype has a stream of its own.
Tensor state_of(const char* family, DType dtype, const Attr& seed, int64_t groups) {
  return call(op::random_state, std::span<const Tensor>(),
              {fmt::format("{} {}", family, name_of(dtype)), seed, groups});
}

// What TensorFlow sets aside for so many numbers: enough for those that are rejected.
int64_t groups_for(int64_t numbers) {
  constexpr int64_t each = 256;
  return std::min(numbers, INT64_MAX / each) * each;
}

Tensor key_of(const Tensor& seed) { return call(op::random_key, {seed}); }

// --- compositions --------------------------------------------------------------------------------

// Input i in the given dtype; undefined if it is not given.
Tensor bound(std::span<const Tensor> inputs, size_t i, DType dtype) {
  if (i >= inputs.size() || !inputs[i].defined()) return Tensor();
  return cast(inputs[i], dtype);
}

bool is_literal(const Tensor& x, double value) {
  return x.rank() == 0 && x.device().backend() == Backend::cpu && x.item<double>() == value;
}

// numbers * scale + offset, where these are not 1 and 0.
Tensor moved(const Tensor& numbers, const Tensor& scale, const Tensor& offset) {
  const Tensor scaled = is_literal(scale, 1) ? numbers : numbers * scale;
  return is_literal(offset, 0) ? scaled : scaled + offset;
}

// `state` makes the generator when the arguments are known to be right.
template <class State>
Tensor uniform_from(const State& state, const Ints& shape, DType dtype, const Tensor& low,
                    const Tensor& high, bool full_range) {
  if (!is_integer(dtype)) {
    check_floating(dtype);
    known_shape(shape);
    const Tensor minval = low.defined() ? low : Tensor::scalar(0, dtype);
    const Tensor maxval = high.defined() ? high : Tensor::scalar(1, dtype);
    const Tensor numbers = call(op::philox_uniform, {state("uniform")}, {shape, dtype});
    const bool unit = is_literal(minval, 0) && is_literal(maxval, 1);
    return unit ? numbers : moved(numbers, maxval - minval, minval);
  }
  if (full_range && !low.defined() && !high.defined()) {
    return call(op::philox_bits, {state("bits")}, {shape, dtype});
  }
  if (!low.defined() || !high.defined()) {
    throw InvalidArgument(
        {.message = fmt::format("Must specify maxval for integer dtype {}", name_of(dtype)),
         .hint = "numbers are drawn from [minval, maxval)"});
  }
  return call(op::philox_integers, {state("integers"), low, high}, {shape});
}

int64_t groups_for(const Attr& shape) { return groups_for(known_shape(shape).elements()); }

// Inputs: minval, maxval. Attributes: shape, dtype, seed.
Tensors compose_uniform(std::span<const Tensor> x, const Attrs& attrs) {
  const DType dtype = attrs.dtype(1);
  const auto state = [&](const char* family) {
    return state_of(family, dtype, attrs[2], groups_for(attrs[0]));
  };
  return {uniform_from(state, attrs.ints(0), dtype, bound(x, 0, dtype), bound(x, 1, dtype), false)};
}

// Inputs: seed, minval, maxval. Attributes: shape, dtype, alg.
Tensors compose_stateless_uniform(std::span<const Tensor> x, const Attrs& attrs) {
  const DType dtype = attrs.dtype(1);
  const auto state = [&](const char*) { return key_of(x[0]); };
  return {uniform_from(state, attrs.ints(0), dtype, bound(x, 1, dtype), bound(x, 2, dtype), true)};
}

// Inputs: mean, stddev. Attributes: shape, dtype, seed.
Tensors normal_of(const Op& numbers, const char* family, std::span<const Tensor> x,
                  const Attrs& attrs) {
  const DType dtype = attrs.dtype(1);
  check_floating(dtype);
  const Tensor state = state_of(family, dtype, attrs[2], groups_for(attrs[0]));
  return {moved(call(numbers, {state}, {attrs[0], dtype}), cast(x[1], dtype), cast(x[0], dtype))};
}

Tensors compose_normal(std::span<const Tensor> x, const Attrs& attrs) {
  return normal_of(op::philox_normal, "normal", x, attrs);
}

Tensors compose_truncated_normal(std::span<const Tensor> x, const Attrs& attrs) {
  return normal_of(op::philox_truncated_normal, "truncated_normal", x, attrs);
}

// Inputs: seed, mean, stddev. Attributes: shape, dtype, alg.
Tensors stateless_normal_of(const Op& numbers, std::span<const Tensor> x, const Attrs& attrs) {
  const DType dtype = attrs.dtype(1);
  const Tensor drawn = call(numbers, {key_of(x[0])}, {attrs[0], dtype});
  return {moved(drawn, cast(x[2], dtype), cast(x[1], dtype))};
}

Tensors compose_stateless_normal(std::span<const Tensor> x, const Attrs& attrs) {
  return stateless_normal_of(op::philox_normal, x, attrs);
}

Tensors compose_stateless_truncated_normal(std::span<const Tensor> x, const Attrs& attrs) {
  return stateless_normal_of(op::philox_truncated_normal, x, attrs);
}

Tensor shuffled(const Tensor& value, const Tensor& state) {
  return gather(value, call(op::philox_permutation, {state}, {value.dim(0)}));
}

Tensors compose_shuffle(std::span<const Tensor> x, const Attrs& attrs) {
  if (x[0].rank() == 0 || x[0].dim(0) <= 1) return {x[0].alias()};
  return {shuffled(x[0], state_of("shuffle", x[0].dtype(), attrs[0], (x[0].dim(0) + 3) / 4))};
}

Tensors compose_stateless_shuffle(std::span<const Tensor> x, const Attrs&) {
  const Tensor key = key_of(x[1]);
  if (x[0].rank() == 0 || x[0].dim(0) <= 1) return {x[0].alias()};
  return {shuffled(x[0], key)};
}

Specs infer_first(const InferContext& c) { return {c.inputs[0]}; }

// Inputs: logits. Attributes: num_samples, dtype, seed.
Tensors compose_categorical(std::span<const Tensor> x, const Attrs& attrs) {
  const Spec specs[] = {{int64, Shape{kStateSize}}, {x[0].dtype(), x[0].shape()}};
  const Attrs own = {attrs[0], attrs.none(1) ? Attr(int64) : attrs[1]};
  const Specs result = infer(op::philox_categorical, specs, own);
  const Shape& drawn = result[0].shape;
  const int64_t words = drawn[0] * ((drawn[1] + 3) / 4 * 4) * 2;
  const Tensor state = state_of("categorical", own.dtype(1), attrs[2], groups_for(words));
  return {call(op::philox_categorical, {state, x[0]}, own)};
}

// Inputs: logits, seed. Attributes: num_samples, dtype.
Tensors compose_stateless_categorical(std::span<const Tensor> x, const Attrs& attrs) {
  return {call(op::philox_categorical, {key_of(x[1]), x[0]}, {attrs[0], attrs[1]})};
}

Tensors compose_split(std::span<const Tensor> x, const Attrs& attrs) {
  return {call(op::philox_bits, {key_of(x[0])}, {Ints{attrs.integer(0), 2}, x[0].dtype()})};
}

Tensors compose_fold_in(std::span<const Tensor> x, const Attrs&) {
  const Tensor bits = call(op::philox_bits, {key_of(x[0])}, {Ints{}, x[1].dtype()});
  return {stack({bits, x[1]})};
}

}  // namespace

constinit Op op::random_uniform = {
    .names = "random.uniform",
    .parameters =
        "shape: ints, minval: index = 0, maxval: index? = None, dtype: dtype = float32, "
        "seed: int? = None",
    .doc = "Numbers that are equally likely in [minval, maxval).",
    .compose = compose_uniform,
    .takes_none = true};
constinit Op op::random_normal = {
    .names = "random.normal",
    .parameters =
        "shape: ints, mean: index = 0.0, stddev: index = 1.0, dtype: dtype = float32, "
        "seed: int? = None",
    .doc = "Numbers of a normal distribution.",
    .compose = compose_normal};
constinit Op op::random_truncated_normal = {
    .names = "random.truncated_normal",
    .parameters =
        "shape: ints, mean: index = 0.0, stddev: index = 1.0, dtype: dtype = float32, "
        "seed: int? = None",
    .doc = "Numbers of a normal distribution within two standard deviations of its mean.",
    .compose = compose_truncated_normal};
constinit Op op::random_shuffle = {.names = "random.shuffle",
                                   .parameters = "value: tensor, seed: int? = None",
                                   .doc = "The slices along the first axis in random order.",
                                   .infer = infer_first,
                                   .compose = compose_shuffle};
constinit Op op::random_categorical = {
    .names = "random.categorical",
    .parameters = "logits: tensor, num_samples: int, dtype: dtype? = None, seed: int? = None",
    .doc = "Classes drawn from each row of unnormalised log-probabilities.",
    .compose = compose_categorical};
constinit Op op::stateless_uniform = {
    .names = "random.stateless_uniform",
    .parameters =
        "shape: ints, seed: index, minval: index? = 0, maxval: index? = None, dtype: "
        "dtype = float32, alg: str = 'auto_select'",
    .doc =
        "Numbers that are equally likely in [minval, maxval), as a function of the seed; "
        "integers of any value if both are None.",
    .compose = compose_stateless_uniform,
    .takes_none = true};
constinit Op op::stateless_normal = {
    .names = "random.stateless_normal",
    .parameters =
        "shape: ints, seed: index, mean: index = 0.0, stddev: index = 1.0, dtype: dtype "
        "= float32, alg: str = 'auto_select'",
    .doc = "Numbers of a normal distribution, as a function of the seed.",
    .compose = compose_stateless_normal};
constinit Op op::stateless_truncated_normal = {
    .names = "random.stateless_truncated_normal",
    .parameters =
        "shape: ints, seed: index, mean: index = 0.0, stddev: index = 1.0, dtype: dtype "
        "= float32, alg: str = 'auto_select'",
    .doc =
        "Numbers of a normal distribution within two standard deviations of its mean, as a "
        "function of the seed.",
    .compose = compose_stateless_truncated_normal};
constinit Op op::stateless_categorical = {
    .names = "random.stateless_categorical",
    .parameters = "logits: tensor, num_samples: int, seed: index, dtype: dtype = int64",
    .doc =
        "Classes drawn from each row of unnormalised log-probabilities, as a function of the "
        "seed.",
    .compose = compose_stateless_categorical};
constinit Op op::stateless_shuffle = {
    .names = "random.experimental.stateless_shuffle",
    .parameters = "value: tensor, seed: index, alg: str = 'auto_select'",
    .doc = "The slices along the first axis in an order that is a function of the seed.",
    .infer = infer_first,
    .compose = compose_stateless_shuffle};
constinit Op op::stateless_split = {
    .names = "random.split random.experimental.stateless_split",
    .parameters = "seed: index, num: int = 2, alg: str = 'auto_select'",
    .doc = "New seeds as a function of one: [num, 2].",
    .compose = compose_split};
constinit Op op::stateless_fold_in = {
    .names = "random.fold_in random.experimental.stateless_fold_in",
    .parameters = "seed: index, data: index, alg: str = 'auto_select'",
    .doc = "A new seed as a function of one and of an integer.",
    .compose = compose_fold_in};

static const RegisterOps family({&op::random_uniform, &op::random_normal,
                                 &op::random_truncated_normal, &op::random_shuffle,
                                 &op::random_categorical, &op::stateless_uniform,
                                 &op::stateless_normal, &op::stateless_truncated_normal,
                                 &op::stateless_categorical, &op::stateless_shuffle,
                                 &op::stateless_split, &op::stateless_fold_in});

namespace random {
namespace {

Attr seed_attr(std::optional<int64_t> seed) { return seed ? Attr(*seed) : Attr(); }
Tensor tensor_of(Seed seed) { return constant({seed[0], seed[1]}); }
Attr any_algorithm() { return std::string("auto_select"); }

}  // namespace

Tensor uniform(const Shape& shape, const UniformOptions& o) {
  return call(op::random_uniform, {o.minval, o.maxval},
              {to_ints(shape), o.dtype, seed_attr(o.seed)});
}

Tensor normal(const Shape& shape, const NormalOptions& o) {
  return call(op::random_normal, {o.mean, o.stddev}, {to_ints(shape), o.dtype, seed_attr(o.seed)});
}

Tensor truncated_normal(const Shape& shape, const NormalOptions& o) {
  return call(op::random_truncated_normal, {o.mean, o.stddev},
              {to_ints(shape), o.dtype, seed_attr(o.seed)});
}

Tensor shuffle(const Tensor& value, std::optional<int64_t> seed) {
  return call(op::random_shuffle, {value}, {seed_attr(seed)});
}

Tensor categorical(const Tensor& logits, int64_t num_samples, DType dtype,
                   std::optional<int64_t> seed) {
  return call(op::random_categorical, {logits}, {num_samples, dtype, seed_attr(seed)});
}

Tensor stateless_uniform(const Shape& shape, const Tensor& seed, const UniformOptions& o) {
  return call(op::stateless_uniform, {seed, o.minval, o.maxval},
              {to_ints(shape), o.dtype, any_algorithm()});
}

Tensor stateless_uniform(const Shape& shape, Seed seed, const UniformOptions& o) {
  return stateless_uniform(shape, tensor_of(seed), o);
}

Tensor stateless_normal(const Shape& shape, Seed seed, const NormalOptions& o) {
  return call(op::stateless_normal, {tensor_of(seed), o.mean, o.stddev},
              {to_ints(shape), o.dtype, any_algorithm()});
}

Tensor stateless_truncated_normal(const Shape& shape, Seed seed, const NormalOptions& o) {
  return call(op::stateless_truncated_normal, {tensor_of(seed), o.mean, o.stddev},
              {to_ints(shape), o.dtype, any_algorithm()});
}

Tensor stateless_shuffle(const Tensor& value, Seed seed) {
  return call(op::stateless_shuffle, {value, tensor_of(seed)}, {any_algorithm()});
}

Tensor stateless_categorical(const Tensor& logits, int64_t num_samples, Seed seed, DType dtype) {
  return call(op::stateless_categorical, {logits, tensor_of(seed)}, {num_samples, dtype});
}

}  // namespace random
}  // namespace millstream
