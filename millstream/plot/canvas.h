#pragma once
// A sheet to draw on, in points; written as a PNG at twice that resolution. Only this folder's
// .cc files include it, so users of millstream_plot need no cairo headers.
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

using cairo_t = struct _cairo;

namespace millstream::plot {

struct Color {
  double red, green, blue;
};

constexpr Color rgb(uint32_t code) {
  return {(code >> 16 & 255) / 255.0, (code >> 8 & 255) / 255.0, (code & 255) / 255.0};
}

constexpr Color kInk = rgb(0x1f2937), kMuted = rgb(0x6b7280), kGrid = rgb(0xe5e7eb),
                kPaper = rgb(0xffffff), kBlue = rgb(0x2563eb), kOrange = rgb(0xea8a0c),
                kRed = rgb(0xdc2626);

struct Point {
  double x, y;
};

struct Box {
  double x, y, width, height;

  double right() const { return x + width; }
  double bottom() const { return y + height; }
  Box inset(double left, double top, double right_side, double below) const {
    return {x + left, y + top, width - left - right_side, height - top - below};
  }
};

enum class Align { left, center, right };

struct TextStyle {
  double size = 11;
  Color color = kInk;
  bool bold = false;
  Align align = Align::left;
  bool upwards = false;  // turned by 90 degrees, as the name of a y axis is
};

class Canvas {
 public:
  // Throws InvalidArgument when a side is beyond what a PNG of this kind can hold.
  Canvas(double width, double height);

  void fill(const Box& box, Color color);
  void frame(const Box& box, Color color, double thickness);
  void line(const std::vector<Point>& points, Color color, double thickness);
  void dot(Point center, double radius, Color color);
  // The baseline starts, centres or ends at `at`. Throws InvalidArgument unless `what` is UTF-8.
  void text(Point at, const std::string& what, const TextStyle& style);
  double text_width(const std::string& what, const TextStyle& style);
  // `what`, shortened with an ellipsis to at most `width`.
  std::string shorten(std::string what, double width, const TextStyle& style);
  // Pixels [height, width, channels] with 1 (grey) or 3 (RGB) channels, each a sharp square.
  void image(const Box& box, const uint8_t* pixels, int64_t height, int64_t width, int channels);
  // Throws PermissionDenied or NotFound when the file cannot be written.
  void write_png(const std::string& path);

 private:
  struct Destroy {
    void operator()(cairo_t* context) const;
  };

  void set(Color color);
  void set(const TextStyle& style);

  std::unique_ptr<cairo_t, Destroy> context_;
};

}  // namespace millstream::plot
