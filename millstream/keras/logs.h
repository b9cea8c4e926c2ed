#pragma once
// Logs: named numbers in order, as callbacks see them. A number that a device or a metric still
// holds is read when it is looked at, so a step costs nothing for what nobody reads; it stands for
// the present state, not for that of the time it was set.
//
//   logs["loss"];                                    // InvalidArgument if there is none
//   for (const auto& [name, value] : logs.values()) ...
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "millstream/keras/metrics/metric.h"
#include "millstream/tensor/tensor.h"

namespace millstream::keras {

class Logs {
 public:
  using Source = std::variant<double, Tensor, Metric>;

  Logs() = default;
  Logs(std::initializer_list<std::pair<std::string, double>> values) {
    for (const auto& [name, value] : values) set(name, value);
  }

  void set(const std::string& name, Source value);
  // Adds the entries of `other`, with `prefix` before their names and their values read.
  void add(const Logs& other, const std::string& prefix = {});

  bool contains(std::string_view name) const { return find(name) != nullptr; }
  double operator[](std::string_view name) const;
  std::vector<std::pair<std::string, double>> values() const;
  bool empty() const { return entries_.empty(); }

 private:
  const Source* find(std::string_view name) const;
  static double read(const Source& source);

  std::vector<std::pair<std::string, Source>> entries_;
};

}  // namespace millstream::keras
