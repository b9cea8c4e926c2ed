#pragma once
// The parts that pictures are composed of, each drawn into a box of a canvas.
#include <span>
#include <string>
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

// The panels of a history, one below the other.
void draw_history(Canvas& canvas, const Box& box, const History& history);

// What a grid of images needs: `columns` across, and this height at the given width.
double grid_height(const Images& images, const std::vector<Caption>& captions, double width,
                   int columns);
void draw_grid(Canvas& canvas, const Box& box, const Images& images,
               const std::vector<Caption>& captions, int columns);

void draw_confusion(Canvas& canvas, const Box& box, std::span<const int64_t> counts,
                    const std::vector<std::string>& names);

}  // namespace millstream::plot
