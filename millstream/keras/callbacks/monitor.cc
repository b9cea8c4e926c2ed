#include "millstream/keras/callbacks/monitor.h"

#include <cstdio>
#include <limits>

namespace millstream::keras::callbacks {
namespace {

// Whether more of a quantity of this name is better.
bool grows(const std::string& name) {
  for (const char* part : {"acc", "auc", "precision", "recall", "fmeasure", "f1"}) {
    if (name.find(part) != name.npos) return true;
  }
  return false;
}

}  // namespace

Monitor::Monitor(std::string quantity, const std::string& mode, double min_delta,
                 std::optional<double> start)
    : quantity_(std::move(quantity)), min_delta_(min_delta < 0 ? -min_delta : min_delta) {
  if (mode != "auto" && mode != "min" && mode != "max") {
    throw InvalidArgument("the mode '" + mode + "' is none of auto, min, max");
  }
  larger_is_better_ = mode == "max" || (mode == "auto" && grows(quantity_));
  restart(start);
}

void Monitor::restart(std::optional<double> start) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  best_ = start.value_or(larger_is_better_ ? -kInfinity : kInfinity);
}

std::optional<double> Monitor::read(const Logs& logs) const {
  if (logs.contains(quantity_)) return logs[quantity_];
  std::string known;
  for (const auto& [name, unused] : logs.values()) known += " " + name;
  std::fprintf(stderr, "millstream: '%s' is not among the logs of the epoch:%s\n",
               quantity_.c_str(), known.c_str());
  return std::nullopt;
}

bool Monitor::improves_on(double value, double reference) const {
  return larger_is_better_ ? value - min_delta_ > reference : value + min_delta_ < reference;
}

}  // namespace millstream::keras::callbacks
