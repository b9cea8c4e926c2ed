#pragma once
// The parts that pictures are composed of, each drawn into a box of a canvas.
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "millstream/plot/canvas.h"
#include "millstream/plot/plot.h"

namespace millstream::plot {

struct Axis {
  double low, high, step;  // ticks at low, low + step, ..., high

  int ticks() const { return static_cast<int>((high - low) / step + 1.5); }
  double tick(int i) const { return low + i * step; }
};

// An axis of about `ticks` round numbers (1, 2 or 5 times a power of ten) that spans [low, high].
Axis round_axis(double low, double high, int ticks);

// uint8 [count, height, width, channels], row-major; one channel is grey, three are RGB.
struct Images {
  std::vector<uint8_t> pixels;
  int64_t count = 0;
  int64_t height = 0;
  int64_t width = 0;
  int channels = 1;
};

// InvalidArgument, in the name of `op`, for a tensor that does not hold images.
Images images_of(const Tensor& tensor, const char* op);

// The panels of a history, one below the other.
void draw_history(Canvas& canvas, const Box& box, const History& history);

// What a grid of images needs: `columns` across, and this height at the given width.
double grid_height(const Images& images, const std::vector<Caption>& captions, double width,
                   int columns);
void draw_grid(Canvas& canvas, const Box& box, const Images& images,
               const std::vector<Caption>& captions, int columns);

void draw_confusion(Canvas& canvas, const Box& box, std::span<const int64_t> counts,
                    std::span<const std::string_view> names);

}  // namespace millstream::plot
