#pragma once
// The groups of measurements of bench_millstream; the tasks are named as the peers name theirs.
#include <string>

#include "benchmarks/peers/harness.h"

namespace millstream::bench {

void micro(const Bench& bench);
void matmul(const Bench& bench);
void elem(const Bench& bench);
void conv(const Bench& bench);

}  // namespace millstream::bench
