#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "millstream/plot/chart.h"

namespace millstream::plot {
namespace {

constexpr double kLargest = 1e300;  // axes end here, so that their arithmetic stays finite

struct Series {
  std::string name;
  const std::vector<double>* values;
  Color color;
};

struct Panel {
  std::string quantity;
  std::vector<Series> series;
  Axis x, y;
  bool percent;
  Box plot;

  Point at(double epoch, double value) const {
    const double across = x.high > x.low ? (epoch - x.low) / (x.high - x.low) : 0.5;
    const double up = (value - y.low) / (y.high - y.low);
    return {plot.x + across * plot.width, plot.bottom() - up * plot.height};
  }

  std::string label(double value, double step) const {
    const double unit = percent ? 100 : 1;
    const int digits =
        std::clamp(static_cast<int>(-std::floor(std::log10(step * unit) + 1e-9)), 0, 9);
    const double magnitude = std::abs(value) * unit;
    if (magnitude >= 1e6 || (step < 1e-8 && magnitude > 0)) return fmt::format("{:.3g}", value);
    return fmt::format("{:.{}f}{}", value * unit, digits, percent ? " %" : "");
  }
};

std::string readable(std::string name) {
  std::replace(name.begin(), name.end(), '_', ' ');
  return name;
}

Axis value_axis(const std::vector<Series>& series) {
  double low = std::numeric_limits<double>::infinity(), high = -low;
  for (const Series& one : series) {
    for (const double value : *one.values) {
      if (!std::isfinite(value)) continue;
      low = std::min(low, std::clamp(value, -kLargest, kLargest));
      high = std::max(high, std::clamp(value, -kLargest, kLargest));
    }
  }
  if (low > high) return {0, 1, 0.5};
  return round_axis(low, high, 5);
}

Axis epoch_axis(size_t epochs) {
  const double last = std::max<double>(1, static_cast<double>(epochs));
  const double step = std::max(1.0, std::ceil(round_axis(1, last, 10).step));
  return {1, last, step};
}

// "loss" and "val_loss" share a panel; the loss comes first.
std::vector<Panel> panels_of(const History& history) {
  std::vector<Panel> panels;
  for (const auto& [name, values] : history) {
    const bool validation = name.starts_with("val_") && history.contains(name.substr(4));
    if (validation || name == "lr" || name == "learning_rate") continue;
    Panel panel{.quantity = name, .series = {{"training", &values, kBlue}}, .percent = false};
    size_t epochs = values.size();
    if (const auto other = history.find("val_" + name); other != history.end()) {
      panel.series.push_back({"validation", &other->second, kOrange});
      epochs = std::max(epochs, other->second.size());
    }
    panel.percent = name.find("accuracy") != std::string::npos;
    panel.x = epoch_axis(epochs);
    panel.y = value_axis(panel.series);
    panels.push_back(std::move(panel));
  }
  std::stable_partition(panels.begin(), panels.end(),
                        [](const Panel& panel) { return panel.quantity == "loss"; });
  return panels;
}

void draw_axes(Canvas& canvas, const Panel& panel) {
  const Box& plot = panel.plot;
  for (int i = 0; i < panel.y.ticks(); ++i) {
    const double y = panel.at(panel.x.low, panel.y.tick(i)).y;
    canvas.line({{plot.x, y}, {plot.right(), y}}, kGrid, 1);
    canvas.text({plot.x - 7, y + 3.5}, panel.label(panel.y.tick(i), panel.y.step),
                {.size = 10, .color = kMuted, .align = Align::right});
  }
  for (int i = 0; panel.x.tick(i) <= panel.x.high; ++i) {
    const double x = panel.at(panel.x.tick(i), panel.y.low).x;
    canvas.line({{x, plot.bottom()}, {x, plot.bottom() + 4}}, kMuted, 1);
    canvas.text({x, plot.bottom() + 16}, fmt::format("{:.0f}", panel.x.tick(i)),
                {.size = 10, .color = kMuted, .align = Align::center});
  }
  canvas.line({{plot.x, plot.bottom()}, {plot.right(), plot.bottom()}}, kMuted, 1);
  canvas.text({plot.x + plot.width / 2, plot.bottom() + 32}, "epoch",
              {.size = 10.5, .color = kMuted, .align = Align::center});
}

void draw_series(Canvas& canvas, const Panel& panel, const Series& series) {
  std::vector<Point> stretch;
  for (size_t epoch = 0; epoch < series.values->size(); ++epoch) {
    const double value = (*series.values)[epoch];
    if (!std::isfinite(value)) {
      canvas.line(stretch, series.color, 2.2);
      stretch.clear();
      continue;
    }
    stretch.push_back(panel.at(static_cast<double>(epoch + 1), value));
    if (series.values->size() <= 40) canvas.dot(stretch.back(), 3.2, series.color);
  }
  canvas.line(stretch, series.color, 2.2);
}

// The legend sits right of the title, and tells the last value of each series.
void draw_heading(Canvas& canvas, const Panel& panel, const Box& box) {
  canvas.text({box.x, box.y + 14}, readable(panel.quantity), {.size = 13, .bold = true});
  double right = panel.plot.right();
  for (auto series = panel.series.rbegin(); series != panel.series.rend(); ++series) {
    std::string text = series->name;
    if (!series->values->empty() && std::isfinite(series->values->back())) {
      text += " " + panel.label(series->values->back(), 0.001);
    }
    const TextStyle style{.size = 10.5, .color = series->color, .align = Align::right};
    canvas.text({right, box.y + 14}, text, style);
    right -= canvas.text_width(text, style) + 6;
    canvas.dot({right, box.y + 10.5}, 3.2, series->color);
    right -= 16;
  }
}

}  // namespace

Axis round_axis(double low, double high, int ticks) {
  const double largest = std::max(std::abs(low), std::abs(high));
  if (!(high - low > largest * 1e-9)) {
    const double margin = largest < 1e-290 ? 1 : largest * 0.1;
    low -= margin;
    high += margin;
  }
  const double raw = (high - low) / ticks;
  const double power = std::pow(10, std::floor(std::log10(raw)));
  const double share = raw / power;
  const double step = power * (share <= 1 ? 1 : share <= 2 ? 2 : share <= 5 ? 5 : 10);
  return {std::floor(low / step + 1e-9) * step, std::ceil(high / step - 1e-9) * step, step};
}

void draw_history(Canvas& canvas, const Box& box, const History& history) {
  std::vector<Panel> panels = panels_of(history);
  const double height = box.height / static_cast<double>(std::max<size_t>(1, panels.size()));
  for (size_t i = 0; i < panels.size(); ++i) {
    const Box place{box.x, box.y + height * static_cast<double>(i), box.width, height};
    Panel& panel = panels[i];
    panel.plot = place.inset(48, 32, 10, 50);
    draw_heading(canvas, panel, place);
    draw_axes(canvas, panel);
    for (const Series& series : panel.series) draw_series(canvas, panel, series);
  }
}

}  // namespace millstream::plot
