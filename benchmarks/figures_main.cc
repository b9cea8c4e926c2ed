// `make bench`: what the parts of a call cost (calls.cc), then the figures of speed on one thread
// and on all, with the share that each reaches of what the machine can do.
#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <omp.h>

#include <chrono>
#include <map>

#include "benchmarks/ceilings.h"
#include "benchmarks/figures.h"

namespace millstream::bench {
namespace {

// Of this many threads, measured when they are first asked for.
const std::vector<Ceiling>& ceilings(int threads) {
  static std::map<int, std::vector<Ceiling>> measured;
  const auto [entry, made] = measured.try_emplace(threads);
  if (made) entry->second = measure_ceilings();
  return entry->second;
}

void run(benchmark::State& state, const Figure& figure, int threads) {
  omp_set_num_threads(threads);
  const double most = figure.work > 0 ? highest(ceilings(threads), figure.bound) : 0;
  const std::function<void()> f = figure.prepare();
  f();
  const auto start = std::chrono::steady_clock::now();
  for (auto _ : state) f();
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
  if (figure.work == 0) return;
  const double rate = figure.work / 1e9 * static_cast<double>(state.iterations()) / taken.count();
  state.counters[figure.unit] = rate;
  state.counters["of_ceiling"] = rate / most;
}

void register_figures() {
  const int all = omp_get_max_threads();
  for (const Figure& figure : figures()) {
    for (const int threads : {1, all}) {
      const std::string name = fmt::format("{}/threads:{}", figure.task, threads);
      benchmark::RegisterBenchmark(name.c_str(), run, figure, threads)->UseRealTime();
      if (all == 1) break;
    }
  }
}

}  // namespace
}  // namespace millstream::bench

int main(int argc, char** argv) {
  millstream::bench::register_figures();
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
