// The C++ twin of bench_millstream.py: the same tasks, named and timed as the peers' are.
#include <fmt/format.h>
#include <omp.h>

#include <array>
#include <cstdio>
#include <string_view>

#include "benchmarks/ceilings.h"
#include "benchmarks/figures.h"
#include "benchmarks/peers/training.h"
#include "millstream/base/error.h"

namespace {

using namespace millstream::bench;

// The row of the machine, beside which those of the peers are read.
void machine(const Bench& bench) {
  for (const Ceiling& ceiling : measure_ceilings()) {
    bench.emit("t00.peak_" + ceiling.name, ceiling.samples, ceiling.unit, "machine");
  }
}

void run(const Bench& bench, const Figure& figure, int threads) {
  const std::function<void()> f = figure.prepare();
  if (figure.work == 0) {
    bench.call(figure.task, f, figure.unit);
  } else {
    const bool named = figure.group == "matmul";  // as the peers name these
    bench.rate(figure.task + (named ? fmt::format(".{}thr", threads) : ""), f, figure.work,
               figure.unit, figure.once);
  }
}

struct Group {
  std::string_view name;
  void (*run)(const Bench& bench);
};
constexpr std::array kGroups = {Group{"machine", machine}, Group{"tiny", train_tiny},
                                Group{"cnn:fit", train_cnn}, Group{"mlp:fit", train_mlp}};

}  // namespace

int main(int argc, char** argv) try {
  const Arguments arguments = parse(argc, argv);
  omp_set_num_threads(arguments.threads);
  const Bench bench(arguments);
  for (const std::string& name : arguments.groups) {  // like the peers: what is lacking is left out
    for (const Group& group : kGroups) {
      if (group.name == name) group.run(bench);
    }
    for (const Figure& figure : figures()) {
      if (figure.group == name) run(bench, figure, arguments.threads);
    }
  }
  return 0;
} catch (const millstream::Error& error) {
  fmt::print(stderr, "bench_millstream: {}\n", error.what());
  return 1;
}
