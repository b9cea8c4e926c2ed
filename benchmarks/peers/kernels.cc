// Overhead of small calls, and the speed of large ones.
#include <fmt/format.h>

#include <array>

#include "benchmarks/peers/groups.h"
#include "millstream/autodiff/tape.h"
#include "millstream/base/parallel.h"
#include "millstream/ops/array.h"
#include "millstream/ops/conv.h"
#include "millstream/ops/matmul.h"
#include "millstream/ops/normalize.h"
#include "millstream/ops/operators.h"
#include "millstream/ops/random.h"
#include "millstream/ops/reduce.h"
#include "millstream/ops/softmax.h"

namespace millstream::bench {
namespace {

Tensor normal(const Shape& shape) { return random_normal(shape); }

Tensor tape_of_ten_ops(const Variable& x) {
  GradientTape tape;
  Tensor y = x;
  for (int i = 0; i < 4; ++i) y = tanh(y * x);
  y = reduce_sum(y + x);
  return tape.gradient(y, x);
}

struct ConvCase {
  const char* name;
  int64_t n, h, w, c, k;

  double flops() const { return 2.0 * static_cast<double>(n * h * w * 9 * c * k); }
};

constexpr std::array kConvCases = {ConvCase{"a_64x28x28x32_3x3_64", 64, 28, 28, 32, 64},
                                   ConvCase{"b_32x56x56x64_3x3_64", 32, 56, 56, 64, 64}};

}  // namespace

void micro(const Bench& bench) {
  const Tensor scalar = constant(1.5f, float32), four = constant({1.f, 2.f, 3.f, 4.f});
  const Tensor matrix = constant({{1.f, 2.f}, {3.f, 4.f}});
  bench.call("t02.add_scalar", [&] { scalar + scalar; }, "ns");
  bench.call("t02.add_4", [&] { four + four; }, "ns");
  bench.call("t02.matmul_2x2", [&] { millstream::matmul(matrix, matrix); }, "ns");
  bench.call("t02.relu_4", [&] { relu(four); }, "ns");
  const Variable x(constant({.1f, .2f, .3f, .4f}));
  bench.call("t03.tape_10_ops", [&] { tape_of_ten_ops(x); }, "us");
}

void matmul(const Bench& bench) {
  const auto measure = [&](const std::string& name, int64_t n, DType dtype, bool single) {
    const Tensor x = cast(normal({n, n}), dtype), y = cast(normal({n, n}), dtype);
    bench.rate(fmt::format("t05.{}.{}thr", name, thread_count()),
               [&] { millstream::matmul(x, y); }, 2.0 * static_cast<double>(n * n * n), "GFLOP/s",
               single);
  };
  for (const int64_t n : {256, 1000, 2048}) {
    measure(fmt::format("matmul_{}", n), n, float32, false);
  }
  measure("matmul_4096", 4096, float32, true);
  measure("matmul_bf16_2048", 2048, bfloat16, false);
}

void elem(const Bench& bench) {
  constexpr int64_t kMany = 1 << 24;
  constexpr double kBytes = 8.0 * kMany;
  const Tensor x = normal({kMany});
  bench.rate("t06.chain_16M.eager", [&] { tanh(x) * 0.5f + x * x - exp(-x); }, kBytes, "GB/s");
  bench.rate("t06.sum_16M.eager", [&] { reduce_sum(x); }, kBytes / 2, "GB/s");
  bench.rate("t06.add_16M.eager", [&] { x + x; }, kBytes, "GB/s");
  const Tensor logits = normal({4096, 1000});
  bench.rate("t06.softmax_4096x1000.eager", [&] { softmax(logits); }, 8.0 * 4096 * 1000, "GB/s");
  const Tensor rows = normal({4096, 1024}), gamma = ones({1024}), beta = zeros({1024});
  bench.rate("t06.layernorm_4096x1024.eager",
             [&] { layer_normalization(rows, gamma, beta, {-1}, 1e-5); }, 8.0 * 4096 * 1024,
             "GB/s");
}

void conv(const Bench& bench) {
  for (const ConvCase& one : kConvCases) {
    const Variable image(normal({one.n, one.h, one.w, one.c}));
    const Variable filter(normal({3, 3, one.c, one.k}));
    const Tensor x = image.value(), w = filter.value();
    bench.rate(fmt::format("t07.conv_{}.fwd.eager", one.name), [&] { conv2d(x, w, {1}, "SAME"); },
               one.flops(), "GFLOP/s");
    const std::array<Variable, 2> sources = {image, filter};
    bench.rate(
        fmt::format("t07.conv_{}.fwdbwd.eager", one.name),
        [&] {
          GradientTape tape;
          const Tensor y = conv2d(image, filter, {1}, "SAME");
          tape.gradient(y, sources);
        },
        3 * one.flops(), "GFLOP/s");
  }
}

}  // namespace millstream::bench
