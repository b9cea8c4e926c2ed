#include <fmt/format.h>

#include <algorithm>

#include "millstream/base/error.h"
#include "millstream/plot/chart.h"

namespace millstream::plot {
namespace {

constexpr double kGap = 12;     // between images
constexpr double kLine = 14;    // height of a line of caption
constexpr double kRowGap = 10;  // below the captions of a row

int caption_lines(const std::vector<Caption>& captions) {
  if (captions.empty()) return 0;
  const bool details = std::any_of(captions.begin(), captions.end(),
                                   [](const Caption& caption) { return !caption.detail.empty(); });
  return details ? 2 : 1;
}

struct Cell {
  double width, height;  // of the image
  double below;          // captions and the gap to the next row
};

Cell cell_of(const Images& images, const std::vector<Caption>& captions, double width,
             int columns) {
  const double across = (width - kGap * (columns - 1)) / columns;
  const double shape = images.width > 0 ? static_cast<double>(images.height) / images.width : 1;
  return {across, across * shape, kLine * caption_lines(captions) + kRowGap};
}

[[noreturn]] void refuse(const Tensor& tensor, const char* op) {
  throw InvalidArgument(
      {.message = "no images",
       .op = op,
       .inputs = {fmt::format("{}{}", name_of(tensor.dtype()), tensor.shape().to_string())},
       .hint = "give uint8, or floating values of 0 to 1, of shape [n, height, "
               "width] or [n, height, width, 1 or 3]"});
}

std::vector<uint8_t> pixels_of(const Tensor& tensor) {
  if (tensor.dtype() == DType::uint8) return tensor.to_vector<uint8_t>();
  const auto values = tensor.to_vector<float>();
  std::vector<uint8_t> pixels(values.size());
  std::transform(values.begin(), values.end(), pixels.begin(), [](float value) {
    return static_cast<uint8_t>(value > 0 ? std::min(value, 1.0f) * 255 + 0.5f
                                          : 0);  // NaN is black
  });
  return pixels;
}

}  // namespace

Images images_of(const Tensor& tensor, const char* op) {
  if (!tensor.defined()) throw InvalidArgument({.message = "images refer to no tensor", .op = op});
  const int rank = tensor.rank();
  const bool colours = rank == 4 && (tensor.dim(3) == 1 || tensor.dim(3) == 3);
  const bool stored = tensor.dtype() == DType::uint8 || is_floating(tensor.dtype());
  if (!stored || (rank != 3 && !colours) || tensor.dim(1) == 0 || tensor.dim(2) == 0) {
    refuse(tensor, op);
  }
  return {.pixels = pixels_of(tensor),
          .count = tensor.dim(0),
          .height = tensor.dim(1),
          .width = tensor.dim(2),
          .channels = rank == 4 ? static_cast<int>(tensor.dim(3)) : 1};
}

double grid_height(const Images& images, const std::vector<Caption>& captions, double width,
                   int columns) {
  const Cell cell = cell_of(images, captions, width, columns);
  const int64_t rows = (images.count + columns - 1) / columns;
  return static_cast<double>(rows) * (cell.height + cell.below);
}

void draw_grid(Canvas& canvas, const Box& box, const Images& images,
               const std::vector<Caption>& captions, int columns) {
  const Cell cell = cell_of(images, captions, box.width, columns);
  for (int64_t i = 0; i < images.count; ++i) {
    const Box place{box.x + static_cast<double>(i % columns) * (cell.width + kGap),
                    box.y + static_cast<double>(i / columns) * (cell.height + cell.below),
                    cell.width, cell.height};
    const int64_t size = images.height * images.width * images.channels;
    canvas.image(place, images.pixels.data() + i * size, images.height, images.width,
                 images.channels);
    if (captions.empty()) continue;
    const Caption& caption = captions[i];
    canvas.frame(place, caption.wrong ? kRed : kGrid, caption.wrong ? 2 : 1);
    const double center = place.x + place.width / 2;
    const TextStyle first{.size = 10.5,
                          .color = caption.wrong ? kRed : kInk,
                          .bold = caption.wrong,
                          .align = Align::center};
    const TextStyle second{
        .size = 9.5, .color = caption.wrong ? kRed : kMuted, .align = Align::center};
    canvas.text({center, place.bottom() + kLine}, canvas.shorten(caption.text, cell.width, first),
                first);
    canvas.text({center, place.bottom() + 2 * kLine - 1.5},
                canvas.shorten(caption.detail, cell.width, second), second);
  }
}

}  // namespace millstream::plot
