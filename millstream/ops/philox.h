#pragma once
// Philox4x32-10: random numbers as a function of a counter and a key, so that any part of a stream
// can be had without what comes before. The streams are TensorFlow's, for every device.
#include <array>
#include <cstdint>

namespace millstream {

class Philox {
 public:
  using Counter = std::array<uint32_t, 4>;
  using Key = std::array<uint32_t, 2>;

  Philox(const Counter& counter, const Key& key) : counter_(counter), key_(key) {}
  // Of a pair of seeds.
  Philox(uint64_t low, uint64_t high)
      : counter_{0, 0, word(high, 0), word(high, 1)}, key_{word(low, 0), word(low, 1)} {}

  const Counter& counter() const { return counter_; }
  const Key& key() const { return key_; }

  // Leaves out so many groups of four.
  void skip(uint64_t groups) {
    const uint64_t low = (uint64_t{counter_[1]} << 32 | counter_[0]) + groups;
    if (low < groups && ++counter_[2] == 0) ++counter_[3];
    counter_[0] = word(low, 0);
    counter_[1] = word(low, 1);
  }

  // The next group of four.
  Counter operator()() {
    const Counter result = scramble(counter_, key_);
    skip(1);
    return result;
  }

  static constexpr int kRounds = 10;
  static constexpr uint32_t kMultiply[2] = {0xD2511F53, 0xCD9E8D57};
  static constexpr uint32_t kRaise[2] = {0x9E3779B9, 0xBB67AE85};

  static Counter scramble(Counter c, Key k) {
    for (int round = 0; round < kRounds; ++round) {
      const uint64_t a = uint64_t{kMultiply[0]} * c[0];
      const uint64_t b = uint64_t{kMultiply[1]} * c[2];
      c = {word(b, 1) ^ c[1] ^ k[0], word(b, 0), word(a, 1) ^ c[3] ^ k[1], word(a, 0)};
      k = {k[0] + kRaise[0], k[1] + kRaise[1]};
    }
    return c;
  }

  static uint32_t word(uint64_t value, int i) { return static_cast<uint32_t>(value >> 32 * i); }

 private:
  Counter counter_;
  Key key_;
};

// The numbers of a generator one by one.
class PhiloxWords {
 public:
  explicit PhiloxWords(const Philox& generator) : generator_(generator) {}

  uint32_t operator()() {
    if (used_ == group_.size()) {
      group_ = generator_();
      used_ = 0;
    }
    return group_[used_++];
  }

 private:
  Philox generator_;
  Philox::Counter group_;
  size_t used_ = 4;
};

}  // namespace millstream
