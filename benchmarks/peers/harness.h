#pragma once
// The timing of the peers' common.py in C++: one JSON object per measurement, of the same fields.
#include <chrono>
#include <functional>
#include <string>
#include <vector>

namespace millstream::bench {

struct Arguments {
  std::vector<std::string> groups;
  int threads = 0;
  bool quick = false;
  std::string tag;  // appended to every task name
};

// [script] --groups micro,matmul --threads 1 [--quick] [--tag @2cores]; exits with 64 on others.
Arguments parse(int argc, char** argv);

class Bench {
 public:
  explicit Bench(const Arguments& arguments) : arguments_(arguments) {}

  void emit(const std::string& task, std::vector<double> samples, const std::string& unit,
            const char* peer = "millstream_cpp") const;
  // Time of one f(), in "ns", "us" or "ms": at least seven batches of calls.
  void call(const std::string& task, const std::function<void()>& f, const std::string& unit) const;
  // work / 1e9 per second of f(), which returns when its result is there.
  void rate(const std::string& task, const std::function<void()>& f, double work,
            const std::string& unit, bool single = false) const;
  // Peak memory of this process so far.
  void peak_memory(const std::string& task) const;

 private:
  double budget() const { return arguments_.quick ? 0.3 : 0.7; }

  Arguments arguments_;
};

// Seconds on a clock that never goes back.
double now();

}  // namespace millstream::bench
