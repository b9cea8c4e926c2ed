#include "millstream/keras/callbacks/progress_bar.h"

#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>

namespace millstream::keras::callbacks {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kBarCells = 24;
constexpr double kRedrawSeconds = 0.1;

// "1:02:03", "2:05" or "8s".
std::string duration(double seconds) {
  const auto s = static_cast<int64_t>(seconds + 0.5);
  if (s >= 3600) return fmt::format("{}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60);
  if (s >= 60) return fmt::format("{}:{:02}", s / 60, s % 60);
  return seconds < 10 ? fmt::format("{:.1f}s", seconds) : fmt::format("{}s", s);
}

std::string thousands(int64_t value) {
  std::string digits = std::to_string(value);
  for (auto at = static_cast<int64_t>(digits.size()) - 3; at > 0; at -= 3) {
    digits.insert(static_cast<size_t>(at), ",");
  }
  return digits;
}

// Filled to half a cell.
std::string bar_of(double share) {
  const int halves = static_cast<int>(share * 2 * kBarCells);
  std::string bar;
  for (int cell = 0; cell < kBarCells; ++cell) {
    bar += halves >= 2 * cell + 2 ? "━" : halves == 2 * cell + 1 ? "╸" : "─";
  }
  return bar;
}

std::string numbers_of(const Logs& logs) {
  std::string text;
  for (const auto& [name, value] : logs.values()) {
    const bool small = value != 0 && value > -1e-3 && value < 1e-3;
    text +=
        small ? fmt::format("  {} {:.4e}", name, value) : fmt::format("  {} {:.4f}", name, value);
  }
  return text;
}

class ProgressBarImpl : public CallbackImpl {
 public:
  explicit ProgressBarImpl(ProgressBarOptions options)
      : live_(options.verbose == 1 && isatty(STDOUT_FILENO) != 0) {}

  void count(int64_t samples, bool images) {
    samples_ += samples;
    unit_ = images ? "images/s" : "samples/s";
  }

  void on_epoch_begin(int64_t epoch) override {
    epoch_ = epoch;
    samples_ = steps_ = 0;
    start_ = drawn_ = Clock::now();
    trained_seconds_ = 0;
  }

  void on_train_batch_end(int64_t, const Logs& logs) override {
    ++steps_;
    trained_seconds_ = seconds_since(start_);
    if (!live_ || seconds_since(drawn_) < kRedrawSeconds) return;
    drawn_ = Clock::now();
    draw(line(logs));
  }

  void on_epoch_end(int64_t, Logs& logs) override {
    const std::string text = fmt::format("{} {:>6}  {}{}", title(), duration(seconds_since(start_)),
                                         speed(), numbers_of(logs));
    if (live_) {
      draw(text);
      fmt::print("\n");
    } else {
      fmt::print("{}\n", text);
    }
    std::fflush(stdout);
  }

 private:
  static double seconds_since(Clock::time_point then) {
    return std::chrono::duration<double>(Clock::now() - then).count();
  }

  std::string title() const { return fmt::format("Epoch {}/{}", epoch_ + 1, info().epochs); }

  std::string speed() const {
    if (trained_seconds_ <= 0) return {};
    return thousands(static_cast<int64_t>(static_cast<double>(samples_) / trained_seconds_)) + " " +
           unit_;
  }

  std::string line(const Logs& logs) const {
    const int64_t total = info().steps;
    if (total == kUnknown) {
      return fmt::format("{} {} steps  {}{}", title(), steps_, speed(), numbers_of(logs));
    }
    const double share = static_cast<double>(steps_) / static_cast<double>(total);
    const double left = trained_seconds_ / share - trained_seconds_;
    return fmt::format("{} {} {}/{}  {}  ETA {}{}", title(), bar_of(share), steps_, total, speed(),
                       duration(left), numbers_of(logs));
  }

  // Over the line that is there.
  static void draw(const std::string& text) {
    fmt::print("\r{}\x1b[K", text);
    std::fflush(stdout);
  }

  const bool live_;
  int64_t epoch_ = 0, samples_ = 0, steps_ = 0;
  const char* unit_ = "samples/s";
  Clock::time_point start_, drawn_;
  double trained_seconds_ = 0;
};

}  // namespace

ProgressBar::ProgressBar(ProgressBarOptions options)
    : Callback(std::make_shared<ProgressBarImpl>(options)) {}

void count_samples(const Callback& bar, int64_t samples, bool images) {
  static_cast<ProgressBarImpl&>(bar.impl()).count(samples, images);
}

}  // namespace millstream::keras::callbacks
