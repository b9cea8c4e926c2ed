// What the parts of a call cost.
#include <benchmark/benchmark.h>

#include "millstream/autodiff/tape.h"
#include "millstream/ops/array.h"
#include "millstream/ops/elementwise.h"
#include "millstream/ops/operators.h"
#include "millstream/ops/reduce.h"

namespace millstream {
namespace {

void TensorOfOneElement(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(constant(1.f, float32));
}
BENCHMARK(TensorOfOneElement);

void AllocateFromPool(benchmark::State& state) {
  for (auto _ : state) {
    benchmark::DoNotOptimize(Tensor::empty(float32, Shape{state.range(0)}, current_device()));
  }
}
BENCHMARK(AllocateFromPool)->Arg(64)->Arg(1 << 20);

void Add(benchmark::State& state) {
  const Tensor x = ones({state.range(0)});
  for (auto _ : state) benchmark::DoNotOptimize(x + x);
  state.SetBytesProcessed(state.iterations() * state.range(0) * 12);
}
BENCHMARK(Add)->RangeMultiplier(64)->Range(4, 1 << 24);

void AddUnderATape(benchmark::State& state) {
  const Variable x(ones({4}));
  for (auto _ : state) {
    GradientTape tape;
    benchmark::DoNotOptimize(x + x);
  }
}
BENCHMARK(AddUnderATape);

void GradientOfASum(benchmark::State& state) {
  const Variable x(ones({state.range(0)}));
  for (auto _ : state) {
    GradientTape tape;
    const Tensor y = reduce_sum(tanh(x));
    benchmark::DoNotOptimize(tape.gradient(y, x));
  }
}
BENCHMARK(GradientOfASum)->Arg(4)->Arg(1 << 20);

void Cast(benchmark::State& state) {
  const Tensor x = ones({1 << 22}, uint8);
  for (auto _ : state) benchmark::DoNotOptimize(cast(x, float32));
  state.SetBytesProcessed(state.iterations() * (5 << 22));
}
BENCHMARK(Cast);

}  // namespace
}  // namespace millstream
