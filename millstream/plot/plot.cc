#include "millstream/plot/plot.h"

#include <fmt/format.h>

#include <algorithm>

#include "millstream/base/error.h"
#include "millstream/plot/chart.h"

namespace millstream::plot {
namespace {

constexpr double kMargin = 24;

void check(const std::vector<Caption>& captions, const Images& images, const char* op) {
  if (captions.empty() || std::ssize(captions) == images.count) return;
  throw InvalidArgument(
      {.message = fmt::format("{} captions for {} images", captions.size(), images.count),
       .op = op,
       .hint = "give one caption per image, or none"});
}

// Class numbers of shape [n], all of them below `classes`.
std::vector<int64_t> classes_of(const Tensor& numbers, size_t classes, const char* op) {
  if (!numbers.defined() || !is_integer(numbers.dtype()) || numbers.rank() != 1) {
    throw InvalidArgument({.message = "labels and predictions are integers of shape [n]",
                           .op = op,
                           .hint = "argmax makes class numbers of probabilities"});
  }
  auto values = numbers.to_vector<int64_t>();
  for (const int64_t value : values) {
    if (value < 0 || value >= static_cast<int64_t>(classes)) {
      throw InvalidArgument({.message = fmt::format("class {} with {} class names", value, classes),
                             .op = op,
                             .hint = "give one name per class"});
    }
  }
  return values;
}

Caption caption_of(std::string_view predicted, std::string_view actual, double probability) {
  Caption caption{.text = std::string(predicted),
                  .detail = fmt::format("{:.0f} %", probability * 100),
                  .wrong = predicted != actual};
  if (caption.wrong) caption.detail += fmt::format(", is {}", actual);
  return caption;
}

}  // namespace

std::vector<Caption> prediction_captions(const Tensor& probabilities, const Tensor& labels,
                                         std::span<const std::string_view> class_names) {
  constexpr const char* kOp = "prediction_captions";
  const auto actual = classes_of(labels, class_names.size(), kOp);
  const auto n = std::ssize(class_names);
  if (!probabilities.defined() || !is_floating(probabilities.dtype()) ||
      probabilities.shape() != Shape({std::ssize(actual), n})) {
    throw InvalidArgument(
        {.message = fmt::format("probabilities must be floating [{}, {}]", actual.size(), n),
         .op = kOp,
         .hint = "give one row per label and one column per class name"});
  }
  const auto values = probabilities.to_vector<float>();
  std::vector<Caption> captions;
  for (size_t i = 0; i < actual.size(); ++i) {
    const auto row = values.begin() + static_cast<int64_t>(i) * n;
    const auto best = std::max_element(row, row + n);
    captions.push_back(caption_of(class_names[best - row], class_names[actual[i]], *best));
  }
  return captions;
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

void image_grid(const Tensor& tensor, const std::vector<Caption>& captions, const std::string& path,
                int columns) {
  const Images images = images_of(tensor, "image_grid");
  check(captions, images, "image_grid");
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

void confusion_matrix(const Tensor& labels, const Tensor& predictions,
                      std::span<const std::string_view> class_names, const std::string& path) {
  constexpr const char* kOp = "confusion_matrix";
  const size_t n = class_names.size();
  const auto actual = classes_of(labels, n, kOp), predicted = classes_of(predictions, n, kOp);
  if (actual.size() != predicted.size() || n == 0) {
    throw InvalidArgument({.message = fmt::format("{} labels, {} predictions and {} class names",
                                                  actual.size(), predicted.size(), n),
                           .op = kOp,
                           .hint = "give one prediction per label"});
  }
  std::vector<int64_t> counts(n * n);
  for (size_t i = 0; i < actual.size(); ++i) ++counts[actual[i] * n + predicted[i]];
  double names_width = 0;
  for (const std::string_view name : class_names) {
    names_width =
        std::max(names_width, Canvas(1, 1).text_width(std::string(name), {.size = 10.5}) + 12);
  }
  const double side = 48.0 * static_cast<double>(n), heading = 30;
  Canvas canvas(side + names_width + 3 * kMargin, side + names_width + 3 * kMargin + heading);
  const Box box{2 * kMargin + names_width, kMargin + heading, side, side};
  canvas.text({box.x, kMargin + 10}, "confusion matrix", {.size = 13, .bold = true});
  canvas.text({kMargin, box.y + side / 2}, "actual",
              {.size = 11, .color = kMuted, .align = Align::center, .upwards = true});
  canvas.text({box.x + side / 2, box.bottom() + names_width + kMargin}, "predicted",
              {.size = 11, .color = kMuted, .align = Align::center});
  draw_confusion(canvas, box, counts, class_names);
  canvas.write_png(path);
}

void report(const Report& report, const std::string& path) {
  const Images images = images_of(report.images, "report");
  check(report.captions, images, "report");
  constexpr int kColumns = 4;
  const double grid_width = 440, chart_width = 480, heading = 62;
  const double body = std::max(grid_height(images, report.captions, grid_width, kColumns), 400.0);
  const double width = grid_width + chart_width + 3 * kMargin + 16;
  Canvas canvas(width, heading + body + 2 * kMargin);
  canvas.text({kMargin, kMargin + 18}, report.title, {.size = 19, .bold = true});
  canvas.text({kMargin, kMargin + 38}, report.subtitle, {.size = 12, .color = kMuted});
  const double top = kMargin + heading;
  draw_grid(canvas, {kMargin, top, grid_width, body}, images, report.captions, kColumns);
  draw_history(canvas, {2 * kMargin + grid_width + 16, top, chart_width, body}, report.history);
  canvas.write_png(path);
}

}  // namespace millstream::plot
