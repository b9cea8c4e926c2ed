#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "millstream/plot/chart.h"

namespace millstream::plot {
namespace {

Color shade(Color color, double share) {
  const auto mix = [share](double paper, double ink) { return paper + (ink - paper) * share; };
  return {mix(1, color.red), mix(1, color.green), mix(1, color.blue)};
}

}  // namespace

void draw_confusion(Canvas& canvas, const Box& box, std::span<const int64_t> counts,
                    std::span<const std::string_view> names) {
  const size_t n = names.size();
  const double side = std::min(box.width, box.height) / static_cast<double>(std::max<size_t>(n, 1));
  const TextStyle name{.size = 10.5, .align = Align::right};
  for (size_t row = 0; row < n; ++row) {
    const auto of_class = counts.subspan(row * n, n);
    const int64_t total = std::accumulate(of_class.begin(), of_class.end(), int64_t{0});
    const double y = box.y + side * static_cast<double>(row);
    canvas.text({box.x - 8, y + side / 2 + 4}, std::string(names[row]), name);
    for (size_t column = 0; column < n; ++column) {
      const int64_t count = of_class[column];
      const double share = total > 0 ? static_cast<double>(count) / static_cast<double>(total) : 0;
      const Box cell{box.x + side * static_cast<double>(column), y, side, side};
      // Mistakes are rare: the square root of their share keeps them visible.
      canvas.fill(cell, row == column ? shade(kBlue, share) : shade(kRed, std::sqrt(share) * 0.8));
      canvas.frame(cell, kPaper, 1.5);
      if (count == 0) continue;
      canvas.text({cell.x + side / 2, y + side / 2 + 4}, std::to_string(count),
                  {.size = 10.5, .color = share > 0.5 ? kPaper : kInk, .align = Align::center});
    }
  }
  for (size_t column = 0; column < n; ++column) {
    canvas.text({box.x + side * (static_cast<double>(column) + 0.5) + 4, box.bottom() + 8},
                std::string(names[column]), {.size = 10.5, .align = Align::right, .upwards = true});
  }
}

}  // namespace millstream::plot
