#include "benchmarks/peers/harness.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <sstream>
#include <thread>

namespace millstream::bench {
namespace {

bool higher_is_better(const std::string& unit) {
  return unit == "GFLOP/s" || unit == "GB/s" || unit == "images/s" || unit == "accuracy";
}

double median(const std::vector<double>& sorted) {
  const size_t half = sorted.size() / 2;
  return sorted.size() % 2 == 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

double scale_of(const std::string& unit) {
  return unit == "ns" ? 1e9 : unit == "us" ? 1e6 : unit == "ms" ? 1e3 : 1;
}

}  // namespace

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

Arguments parse(int argc, char** argv) {
  Arguments arguments{.threads = static_cast<int>(std::thread::hardware_concurrency())};
  for (int i = 1; i < argc; ++i) {
    const std::string name = argv[i];
    const bool more = i + 1 < argc;
    if (name == "--quick") {
      arguments.quick = true;
    } else if (name == "--groups" && more) {
      std::stringstream list(argv[++i]);
      for (std::string group; std::getline(list, group, ',');) arguments.groups.push_back(group);
    } else if (name == "--threads" && more) {
      arguments.threads = std::atoi(argv[++i]);
    } else if (name == "--tag" && more) {
      arguments.tag = argv[++i];
    } else if (name.starts_with("--")) {
      fmt::print(stderr, "usage: {} --groups micro,matmul --threads 1 [--quick] [--tag TEXT]\n",
                 argv[0]);
      std::exit(64);
    }
  }
  return arguments;
}

void Bench::emit(const std::string& task, std::vector<double> samples, const std::string& unit,
                 const char* peer) const {
  if (samples.empty()) return;
  std::sort(samples.begin(), samples.end());
  const double middle = median(samples);
  fmt::print(
      "{{\"task\": \"{}{}\", \"peer\": \"{}\", \"value\": {:.5g}, \"unit\": \"{}\", \"n\": {}, "
      "\"min\": {:.5g}, \"median\": {:.5g}, \"best\": {:.5g}}}\n",
      task, arguments_.tag, peer, middle, unit, samples.size(), samples.front(), middle,
      higher_is_better(unit) ? samples.back() : samples.front());
  std::fflush(stdout);
}

void Bench::call(const std::string& task, const std::function<void()>& f,
                 const std::string& unit) const {
  for (int i = 0; i < 10; ++i) f();
  double start = now();
  for (int i = 0; i < 3; ++i) f();
  const double one = (now() - start) / 3;
  const int inner = std::clamp(static_cast<int>(0.05 / std::max(one, 1e-7)), 1, 20000);
  std::vector<double> samples;
  const double begin = now();
  while (samples.size() < 7 || (now() - begin < budget() && samples.size() < 50)) {
    start = now();
    for (int i = 0; i < inner; ++i) f();
    samples.push_back((now() - start) / inner * scale_of(unit));
  }
  emit(task, samples, unit);
}

void Bench::rate(const std::string& task, const std::function<void()>& f, double work,
                 const std::string& unit, bool single) const {
  constexpr double kLongest = 20;
  double begin = now();
  f();
  const double first = now() - begin;
  if (!single && first < 5) {
    f();
    f();
  }
  const size_t least = single || first > 5 ? 1 : 7;
  std::vector<double> samples;
  begin = now();
  while (samples.size() < least || (!single && now() - begin < budget() && samples.size() < 200)) {
    const double start = now();
    f();
    samples.push_back(work / 1e9 / (now() - start));
    if (now() - begin > kLongest) break;
  }
  emit(task, samples, unit);
}

void Bench::peak_memory(const std::string& task) const {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  emit(task, {static_cast<double>(usage.ru_maxrss) / 1024}, "MiB");
}

}  // namespace millstream::bench
