#include "millstream/plot/plot.h"

#include <cairo.h>
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <filesystem>
#include <limits>

#include "millstream/base/error.h"
#include "millstream/ops/array.h"
#include "millstream/plot/chart.h"

namespace millstream::plot {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

class Plot : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = testing::TempDir() + "millstream_plot_" +
              testing::UnitTest::GetInstance()->current_test_info()->name();
    std::filesystem::create_directories(folder_);
  }
  // Returns cairo's caches, so that the leak check sees only what we leak.
  static void TearDownTestSuite() { cairo_debug_reset_static_data(); }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string path(const std::string& name) const { return folder_ + "/" + name; }

  struct Picture {
    int width = 0, height = 0;
    std::vector<uint32_t> pixels;

    int64_t count(uint32_t rgb) const { return std::count(pixels.begin(), pixels.end(), rgb); }
  };

  static Picture read(const std::string& file) {
    cairo_surface_t* surface = cairo_image_surface_create_from_png(file.c_str());
    EXPECT_EQ(cairo_surface_status(surface), CAIRO_STATUS_SUCCESS) << file;
    Picture picture{.width = cairo_image_surface_get_width(surface),
                    .height = cairo_image_surface_get_height(surface)};
    const unsigned char* data = cairo_image_surface_get_data(surface);
    for (int y = 0; y < picture.height; ++y) {
      const auto* row = reinterpret_cast<const uint32_t*>(
          data + static_cast<ptrdiff_t>(y) * cairo_image_surface_get_stride(surface));
      for (int x = 0; x < picture.width; ++x) picture.pixels.push_back(row[x] & 0xffffff);
    }
    cairo_surface_destroy(surface);
    return picture;
  }

 private:
  std::string folder_;
};

constexpr uint32_t kRedPixel = 0xdc2626, kBluePixel = 0x2563eb, kOrangePixel = 0xea8a0c;

Tensor ramps(const Shape& shape) {
  std::vector<uint8_t> pixels(static_cast<size_t>(shape.elements()));
  for (size_t i = 0; i < pixels.size(); ++i) pixels[i] = static_cast<uint8_t>(i * 7);
  return constant(pixels, shape);
}

constexpr std::array<std::string_view, 2> kNames = {"cat", "dog"};

TEST_F(Plot, LearningCurveShowsTrainingAndValidation) {
  learning_curve({{"loss", {0.9, 0.5, 0.4}}, {"val_loss", {0.7, 0.6, 0.5}}}, path("both.png"));
  const Picture both = read(path("both.png"));
  EXPECT_GT(both.count(kBluePixel), 500);
  EXPECT_GT(both.count(kOrangePixel), 500);
  learning_curve({{"loss", {0.9, 0.5, 0.4}}}, path("one.png"));
  EXPECT_GT(read(path("one.png")).count(kBluePixel), 500);
  EXPECT_EQ(read(path("one.png")).count(kOrangePixel), 0);
}

TEST_F(Plot, LearningCurveTakesWhateverTrainingLeaves) {
  const std::vector<History> histories = {
      {},
      {{"loss", {}}},
      {{"loss", {kNaN, INFINITY, -INFINITY}}},
      {{"loss", {1, kNaN, 2}}, {"accuracy", {0.5, 0.5, 0.5}}},
      {{"loss", {1e308, -1e308}}},
      {{"loss", {5e-324, 0}}},
      {{"loss", {1, 1 + 1e-16}}},
      {{"loss", std::vector<double>(5000, 0.1)}},
      {{"val_loss", {1, 2}}},
  };
  for (const History& history : histories) {
    learning_curve(history, path("curve.png"));
    EXPECT_GT(read(path("curve.png")).width, 0);
  }
}

TEST_F(Plot, WrongPredictionsAreRed) {
  const Tensor images = ramps({2, 28, 28}), said = constant({{0.98f, 0.02f}, {0.45f, 0.55f}});
  const auto right = prediction_captions(said, constant({0, 1}), kNames);
  const auto wrong = prediction_captions(said, constant({0, 0}), kNames);
  EXPECT_FALSE(right[0].wrong);
  EXPECT_EQ(right[0].text, "cat");
  EXPECT_EQ(right[0].detail, "98 %");
  EXPECT_TRUE(wrong[1].wrong);
  EXPECT_EQ(wrong[1].text, "dog");
  EXPECT_EQ(wrong[1].detail, "55 %, is cat");
  image_grid(images, right, path("right.png"));
  image_grid(images, wrong, path("wrong.png"));
  EXPECT_EQ(read(path("right.png")).count(kRedPixel), 0);
  EXPECT_GT(read(path("wrong.png")).count(kRedPixel), 500);
}

TEST_F(Plot, ImageGridKeepsColours) {
  const std::vector<uint8_t> green = {10, 200, 30};
  const std::vector<float> shares = {10 / 255.0f, 200 / 255.0f, 30 / 255.0f};
  image_grid(constant(green, {1, 1, 1, 3}), {}, path("bytes.png"));
  image_grid(constant(shares, {1, 1, 1, 3}), {}, path("floats.png"));
  EXPECT_EQ(read(path("bytes.png")).count(0x0ac81e), 240 * 240);
  EXPECT_EQ(read(path("floats.png")).count(0x0ac81e), 240 * 240);
  image_grid(constant({{{-1.0f, NAN}, {2.0f, INFINITY}}}), {}, path("beyond.png"));
  EXPECT_EQ(read(path("beyond.png")).count(0), 240 * 240 / 2);
}

TEST_F(Plot, ConfusionMatrixColoursMistakes) {
  const Tensor labels = constant({0, 1, 1, 0});
  confusion_matrix(labels, labels, kNames, path("perfect.png"));
  confusion_matrix(labels, constant({1, 1, 1, 1}), kNames, path("mistaken.png"));
  EXPECT_GT(read(path("perfect.png")).count(kBluePixel), 2 * 80 * 80);
  const auto blue = read(path("mistaken.png")).count(kBluePixel);
  EXPECT_GT(blue, 80 * 80);
  EXPECT_LT(blue, 2 * 80 * 80);
}

TEST_F(Plot, ReportHoldsImagesAndCurves) {
  Report whole{.title = "A CNN", .subtitle = "5 epochs", .images = ramps({12, 28, 28, 1})};
  whole.captions = std::vector<Caption>(12, {.text = "Bag", .detail = "90 %"});
  whole.captions[5].wrong = true;
  whole.history = {{"loss", {0.9, 0.5}}, {"accuracy", {0.7, 0.8}}, {"val_accuracy", {0.7, 0.9}}};
  report(whole, path("report.png"));
  const Picture picture = read(path("report.png"));
  EXPECT_GT(picture.count(kRedPixel), 300);
  EXPECT_GT(picture.count(kBluePixel), 300);
  EXPECT_GT(picture.count(kOrangePixel), 300);
}

TEST_F(Plot, RefusesWhatDoesNotFit) {
  const Tensor images = ramps({2, 4, 4}), labels = constant({0, 1});
  const std::string file = path("bad.png");
  EXPECT_THROW(image_grid(Tensor(), {}, file), InvalidArgument);
  EXPECT_THROW(image_grid(ramps({4, 4}), {}, file), InvalidArgument);
  EXPECT_THROW(image_grid(ramps({2, 4, 4, 2}), {}, file), InvalidArgument);
  EXPECT_THROW(image_grid(ramps({2, 4, 0}), {}, file), InvalidArgument);
  EXPECT_THROW(image_grid(constant({{{1}}}), {}, file), InvalidArgument);
  EXPECT_THROW(image_grid(images, {{"one"}}, file), InvalidArgument);
  EXPECT_THROW(image_grid(images, {}, file, 0), InvalidArgument);
  EXPECT_THROW(image_grid(images, {{"a\xff"}, {"b"}}, file), InvalidArgument);
  EXPECT_THROW(confusion_matrix(labels, constant({0}), kNames, file), InvalidArgument);
  EXPECT_THROW(confusion_matrix(labels, constant({0, 2}), kNames, file), InvalidArgument);
  EXPECT_THROW(confusion_matrix(labels, constant({0, -1}), kNames, file), InvalidArgument);
  EXPECT_THROW(confusion_matrix(labels, constant({0.0f, 1.0f}), kNames, file), InvalidArgument);
  EXPECT_THROW(confusion_matrix(labels, labels, std::vector<std::string_view>(1000, "x"), file),
               InvalidArgument);
  EXPECT_THROW(prediction_captions(constant({{0.5f, 0.5f}}), labels, kNames), InvalidArgument);
  EXPECT_FALSE(std::filesystem::exists(file));
}

TEST_F(Plot, SaysWhyAFileCannotBeWritten) {
  EXPECT_THROW(learning_curve({}, path("nowhere/curve.png")), NotFound);
}

TEST(RoundAxis, TakesOneTwoOrFiveTimesAPowerOfTen) {
  const Axis axis = round_axis(0.31, 0.87, 5);
  EXPECT_DOUBLE_EQ(axis.low, 0.2);
  EXPECT_DOUBLE_EQ(axis.high, 1.0);
  EXPECT_DOUBLE_EQ(axis.step, 0.2);
  EXPECT_EQ(axis.ticks(), 5);
}

}  // namespace
}  // namespace millstream::plot
