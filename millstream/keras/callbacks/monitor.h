#pragma once
#include <optional>
#include <string>

#include "millstream/keras/logs.h"

namespace millstream::keras::callbacks {

// The quantity that a callback watches, and which way is better.
class Monitor {
 public:
  // InvalidArgument for a mode that is none of auto, min, max.
  Monitor(std::string quantity, const std::string& mode, double min_delta,
          std::optional<double> start);

  // Present value; none, with a warning, if the logs do not have the quantity.
  std::optional<double> read(const Logs& logs) const;
  bool improves(double value) const { return improves_on(value, best_); }
  bool improves_on(double value, double reference) const;
  void accept(double value) { best_ = value; }
  void restart(std::optional<double> start);
  double best() const { return best_; }
  const std::string& quantity() const { return quantity_; }

 private:
  std::string quantity_;
  bool larger_is_better_;
  double min_delta_;
  double best_;
};

}  // namespace millstream::keras::callbacks
