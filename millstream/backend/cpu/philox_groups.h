#pragma once
// The groups of a Philox stream, many at a time: the rounds run side by side in SIMD registers.
#include <cstdint>

#include "millstream/ops/philox.h"

namespace millstream::cpu {

class PhiloxGroups {
 public:
  // From group `first` on.
  PhiloxGroups(const Philox& base, uint64_t first) : next_(base) { next_.skip(first); }

  // The four words of the next group, which stay until kLanes more are asked for.
  const uint32_t* next() {
    if (at_ == kLanes) refill();
    return words_[at_++];
  }

 private:
  static constexpr int kLanes = 32;

  void refill() {
    uint32_t c[4][kLanes];
    Philox lane = next_;
    for (int i = 0; i < kLanes; ++i, lane.skip(1)) {
      for (int w = 0; w < 4; ++w) c[w][i] = lane.counter()[w];
    }
    Philox::Key key = next_.key();
    for (int round = 0; round < Philox::kRounds; ++round) {
      for (int i = 0; i < kLanes; ++i) {
        const uint64_t a = uint64_t{Philox::kMultiply[0]} * c[0][i];
        const uint64_t b = uint64_t{Philox::kMultiply[1]} * c[2][i];
        c[0][i] = static_cast<uint32_t>(b >> 32) ^ c[1][i] ^ key[0];
        c[1][i] = static_cast<uint32_t>(b);
        c[2][i] = static_cast<uint32_t>(a >> 32) ^ c[3][i] ^ key[1];
        c[3][i] = static_cast<uint32_t>(a);
      }
      key = {key[0] + Philox::kRaise[0], key[1] + Philox::kRaise[1]};
    }
    for (int i = 0; i < kLanes; ++i) {
      for (int w = 0; w < 4; ++w) words_[i][w] = c[w][i];
    }
    next_ = lane;
    at_ = 0;
  }

  Philox next_;
  uint32_t words_[kLanes][4];
  int at_ = kLanes;
};

}  // namespace millstream::cpu
