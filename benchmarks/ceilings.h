#pragma once
// What this machine can do at most, by loops of our own that do nothing else.
#include <string>
#include <vector>

#include "benchmarks/figures.h"

namespace millstream::bench {

struct Ceiling {
  std::string name;  // "fma_f32"
  Bound bound;
  const char* unit;             // "GFLOP/s" or "GB/s"
  std::vector<double> samples;  // of as many threads as ops use now
};

// Measures all of them; takes about two seconds.
std::vector<Ceiling> measure_ceilings();

// The best sample among the ceilings of a bound.
double highest(const std::vector<Ceiling>& ceilings, Bound bound);

}  // namespace millstream::bench
