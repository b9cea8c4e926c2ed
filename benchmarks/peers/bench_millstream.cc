// The C++ twin of bench_millstream.py: the same tasks, named and timed as the peers' are.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <string>
#include <string_view>

#include "benchmarks/peers/groups.h"
#include "millstream/base/error.h"
#include "millstream/base/parallel.h"

namespace {

using namespace millstream::bench;

struct Group {
  std::string_view name;
  void (*run)(const Bench& bench);
};

constexpr std::array kGroups = {Group{"micro", micro}, Group{"matmul", matmul}, Group{"elem", elem},
                                Group{"conv", conv}};

}  // namespace

int main(int argc, char** argv) try {
  const Arguments arguments = parse(argc, argv);
  omp_set_num_threads(arguments.threads);
  const Bench bench(arguments);
  for (const std::string& name : arguments.groups) {
    const auto group = std::find_if(kGroups.begin(), kGroups.end(),
                                    [&](const Group& one) { return one.name == name; });
    if (group != kGroups.end()) group->run(bench);  // like the peers: what is lacking is left out
  }
  return 0;
} catch (const millstream::Error& error) {
  fmt::print(stderr, "bench_millstream: {}\n", error.what());
  return 1;
}
