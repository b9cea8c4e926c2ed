#pragma once
// What Millstream's speed is judged by: each figure once, for Google Benchmark (`make bench`) and
// for the harness that runs the peers (`make bench-peers`), which names the tasks.
#include <functional>
#include <string>
#include <vector>

namespace millstream::bench {

// What bounds a figure: the time of a call itself, or the machine's arithmetic or memory.
enum class Bound { call, arithmetic, reading, copying };

struct Figure {
  std::string task;   // "t05.matmul_1000"
  std::string group;  // "matmul"
  std::string unit;   // "ns", "us", "ms" a call, or "GFLOP/s", "GB/s"
  Bound bound = Bound::call;
  double work = 0;    // operations or bytes of a call, where a rate is the figure
  bool once = false;  // long enough that one sample will do
  // Makes the tensors, and gives what is timed.
  std::function<std::function<void()>()> prepare;
};

std::vector<Figure> figures();

}  // namespace millstream::bench
