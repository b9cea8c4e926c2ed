#include "millstream/plot/plot.h"

#include <fmt/format.h>

#include <algorithm>

#include "millstream/base/error.h"
#include "millstream/plot/chart.h"

namespace millstream::plot {
namespace {

constexpr double kMargin = 24;

void check(const Images& images, const std::vector<Caption>& captions, const char* op) {
  const auto fail = [op](std::string message, std::string hint) {
    throw InvalidArgument({.message = std::move(message), .op = op, .hint = std::move(hint)});
  };
  if (images.channels != 1 && images.channels != 3) {
    fail(fmt::format("{} channels per pixel", images.channels), "use 1 (grey) or 3 (RGB)");
  }
  if (images.count < 0 || images.height <= 0 || images.width <= 0) {
    fail(fmt::format("images of shape [{}, {}, {}]", images.count, images.height, images.width),
         "every side of an image must be positive");
  }
  const __int128 wanted =
      static_cast<__int128>(images.count) * images.height * images.width * images.channels;
  if (wanted != static_cast<__int128>(images.pixels.size())) {
    fail(fmt::format("{} pixel values for images of shape [{}, {}, {}, {}]", images.pixels.size(),
                     images.count, images.height, images.width, images.channels),
         "give count * height * width * channels values");
  }
  if (!captions.empty() && std::ssize(captions) != images.count) {
    fail(fmt::format("{} captions for {} images", captions.size(), images.count),
         "give one caption per image, or none");
  }
}

}  // namespace

Caption prediction_caption(const std::string& predicted, const std::string& actual,
                           double probability) {
  const std::string share = fmt::format("{:.0f} %", probability * 100);
  if (predicted == actual) return {.text = predicted, .detail = share};
  return {.text = predicted, .detail = fmt::format("{}, is {}", share, actual), .wrong = true};
}

void learning_curve(const History& history, const std::string& path) {
  const double width = 640;
  const auto panels = std::count_if(history.begin(), history.end(), [](const auto& entry) {
    return !entry.first.starts_with("val_");
  });
  const double height = 240.0 * static_cast<double>(std::max<int64_t>(1, panels));
  Canvas canvas(width, height + 2 * kMargin);
  draw_history(canvas, {kMargin, kMargin, width - 2 * kMargin, height}, history);
  canvas.write_png(path);
}

void image_grid(const Images& images, const std::vector<Caption>& captions, const std::string& path,
                int columns) {
  check(images, captions, "image_grid");
  if (columns < 1) {
    throw InvalidArgument({.message = fmt::format("{} columns", columns),
                           .op = "image_grid",
                           .hint = "use at least one"});
  }
  columns = static_cast<int>(std::clamp<int64_t>(images.count, 1, columns));
  const double width = 120.0 * columns;
  const double height = grid_height(images, captions, width, columns);
  Canvas canvas(width + 2 * kMargin, height + 2 * kMargin);
  draw_grid(canvas, {kMargin, kMargin, width, height}, images, captions, columns);
  canvas.write_png(path);
}

void confusion_matrix(std::span<const int64_t> counts, const std::vector<std::string>& names,
                      const std::string& path) {
  const size_t n = names.size();
  if (n == 0 || counts.size() != n * n) {
    throw InvalidArgument(
        {.message = fmt::format("{} counts for {} class names", counts.size(), n),
         .op = "confusion_matrix",
         .hint = "give counts [n, n], a row per actual and a column per predicted class"});
  }
  double names_width = 0;
  for (const std::string& name : names) {
    names_width = std::max(names_width, Canvas(1, 1).text_width(name, {.size = 10.5}) + 12);
  }
  const double side = 48.0 * static_cast<double>(n), heading = 30;
  Canvas canvas(side + names_width + 3 * kMargin, side + names_width + 3 * kMargin + heading);
  const Box box{2 * kMargin + names_width, kMargin + heading, side, side};
  canvas.text({box.x, kMargin + 10}, "confusion matrix", {.size = 13, .bold = true});
  canvas.text({kMargin, box.y + side / 2}, "actual",
              {.size = 11, .color = kMuted, .align = Align::center, .upwards = true});
  canvas.text({box.x + side / 2, box.bottom() + names_width + kMargin}, "predicted",
              {.size = 11, .color = kMuted, .align = Align::center});
  draw_confusion(canvas, box, counts, names);
  canvas.write_png(path);
}

void report(const Report& report, const std::string& path) {
  check(report.images, report.captions, "report");
  constexpr int kColumns = 4;
  const double grid_width = 440, chart_width = 480, heading = 62;
  const double body =
      std::max(grid_height(report.images, report.captions, grid_width, kColumns), 400.0);
  const double width = grid_width + chart_width + 3 * kMargin + 16;
  Canvas canvas(width, heading + body + 2 * kMargin);
  canvas.text({kMargin, kMargin + 18}, report.title, {.size = 19, .bold = true});
  canvas.text({kMargin, kMargin + 38}, report.subtitle, {.size = 12, .color = kMuted});
  const double top = kMargin + heading;
  draw_grid(canvas, {kMargin, top, grid_width, body}, report.images, report.captions, kColumns);
  draw_history(canvas, {2 * kMargin + grid_width + 16, top, chart_width, body}, report.history);
  canvas.write_png(path);
}

}  // namespace millstream::plot
