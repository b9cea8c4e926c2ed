#include "millstream/plot/canvas.h"

#include <cairo.h>
#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <numbers>

#include "millstream/base/error.h"

namespace millstream::plot {
namespace {

constexpr double kScale = 2;           // pixels per point
constexpr double kMostPixels = 32767;  // of one side of a cairo surface
constexpr const char* kFont = "DejaVu Sans";

struct DestroySurface {
  void operator()(cairo_surface_t* surface) const { cairo_surface_destroy(surface); }
};
using Surface = std::unique_ptr<cairo_surface_t, DestroySurface>;

}  // namespace

void Canvas::Destroy::operator()(cairo_t* context) const { cairo_destroy(context); }

Canvas::Canvas(double width, double height) {
  const double w = width * kScale, h = height * kScale;
  if (!(w >= 1 && h >= 1 && w <= kMostPixels && h <= kMostPixels)) {
    throw InvalidArgument({.message = fmt::format("a picture of {:.0f} x {:.0f} pixels", w, h),
                           .op = "plot",
                           .hint = "draw fewer images or classes in one picture"});
  }
  const Surface surface(
      cairo_image_surface_create(CAIRO_FORMAT_RGB24, static_cast<int>(w), static_cast<int>(h)));
  context_.reset(cairo_create(surface.get()));
  if (cairo_status(context_.get()) != CAIRO_STATUS_SUCCESS) {
    throw ResourceExhausted({.message = cairo_status_to_string(cairo_status(context_.get())),
                             .op = "plot",
                             .hint = "draw fewer images or classes in one picture"});
  }
  cairo_scale(context_.get(), kScale, kScale);
  fill({0, 0, width, height}, kPaper);
}

void Canvas::set(Color color) {
  cairo_set_source_rgb(context_.get(), color.red, color.green, color.blue);
}

void Canvas::set(const TextStyle& style) {
  cairo_select_font_face(context_.get(), kFont, CAIRO_FONT_SLANT_NORMAL,
                         style.bold ? CAIRO_FONT_WEIGHT_BOLD : CAIRO_FONT_WEIGHT_NORMAL);
  cairo_set_font_size(context_.get(), style.size);
}

void Canvas::fill(const Box& box, Color color) {
  set(color);
  cairo_rectangle(context_.get(), box.x, box.y, box.width, box.height);
  cairo_fill(context_.get());
}

void Canvas::frame(const Box& box, Color color, double thickness) {
  set(color);
  cairo_set_line_width(context_.get(), thickness);
  cairo_rectangle(context_.get(), box.x, box.y, box.width, box.height);
  cairo_stroke(context_.get());
}

void Canvas::line(const std::vector<Point>& points, Color color, double thickness) {
  set(color);
  cairo_set_line_width(context_.get(), thickness);
  cairo_set_line_join(context_.get(), CAIRO_LINE_JOIN_ROUND);
  cairo_new_path(context_.get());
  for (const Point& point : points) cairo_line_to(context_.get(), point.x, point.y);
  cairo_stroke(context_.get());
}

void Canvas::dot(Point center, double radius, Color color) {
  set(color);
  cairo_new_path(context_.get());
  cairo_arc(context_.get(), center.x, center.y, radius, 0, 2 * std::numbers::pi);
  cairo_fill(context_.get());
}

double Canvas::text_width(const std::string& what, const TextStyle& style) {
  set(style);
  cairo_text_extents_t extents;
  cairo_text_extents(context_.get(), what.c_str(), &extents);
  if (cairo_status(context_.get()) == CAIRO_STATUS_INVALID_STRING) {
    throw InvalidArgument({.message = "a title, caption or class name is not UTF-8", .op = "plot"});
  }
  return extents.x_advance;
}

void Canvas::text(Point at, const std::string& what, const TextStyle& style) {
  const double width = text_width(what, style);
  const double share = style.align == Align::left ? 0 : style.align == Align::center ? 0.5 : 1;
  cairo_save(context_.get());
  cairo_translate(context_.get(), at.x, at.y);
  if (style.upwards) cairo_rotate(context_.get(), -std::numbers::pi / 2);
  cairo_move_to(context_.get(), -share * width, 0);
  set(style.color);
  cairo_show_text(context_.get(), what.c_str());
  cairo_restore(context_.get());
}

std::string Canvas::shorten(std::string what, double width, const TextStyle& style) {
  if (text_width(what, style) <= width) return what;
  while (!what.empty() && text_width(what + "…", style) > width) {
    // A code point ends where no continuation byte follows.
    while ((what.back() & 0xc0) == 0x80 && what.size() > 1) what.pop_back();
    what.pop_back();
  }
  return what + "…";
}

void Canvas::image(const Box& box, const uint8_t* pixels, int64_t height, int64_t width,
                   int channels) {
  const Surface surface(cairo_image_surface_create(CAIRO_FORMAT_RGB24, static_cast<int>(width),
                                                   static_cast<int>(height)));
  unsigned char* rows = cairo_image_surface_get_data(surface.get());
  if (rows == nullptr) return;  // an image without pixels
  const int64_t stride = cairo_image_surface_get_stride(surface.get());
  for (int64_t y = 0; y < height; ++y) {
    for (int64_t x = 0; x < width; ++x) {
      const uint8_t* from = pixels + (y * width + x) * channels;
      const uint32_t red = from[0], green = from[channels / 2], blue = from[channels - 1];
      const uint32_t word = red << 16 | green << 8 | blue;
      std::memcpy(rows + y * stride + 4 * x, &word, sizeof word);
    }
  }
  cairo_surface_mark_dirty(surface.get());
  cairo_save(context_.get());
  cairo_translate(context_.get(), box.x, box.y);
  cairo_scale(context_.get(), box.width / width, box.height / height);
  cairo_set_source_surface(context_.get(), surface.get(), 0, 0);
  cairo_pattern_set_filter(cairo_get_source(context_.get()), CAIRO_FILTER_NEAREST);
  cairo_paint(context_.get());
  cairo_restore(context_.get());
}

void Canvas::write_png(const std::string& path) {
  cairo_status_t status = cairo_status(context_.get());
  errno = 0;
  if (status == CAIRO_STATUS_SUCCESS) {
    status = cairo_surface_write_to_png(cairo_get_target(context_.get()), path.c_str());
  }
  if (status == CAIRO_STATUS_SUCCESS) return;
  const Error::Fields fields{
      .message = fmt::format("cannot write '{}': {}", path,
                             errno != 0 ? std::strerror(errno) : cairo_status_to_string(status)),
      .op = "plot",
      .hint = "give a path in an existing folder that you may write to"};
  if (errno == ENOENT) throw NotFound(fields);
  if (errno == EACCES || errno == EPERM || errno == EROFS) throw PermissionDenied(fields);
  throw Unknown(fields);
}

}  // namespace millstream::plot
