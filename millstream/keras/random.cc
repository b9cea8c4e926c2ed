#include "millstream/keras/random.h"

#include <array>
#include <mutex>
#include <random>

#include "millstream/ops/array.h"
#include "millstream/ops/operators.h"

namespace millstream::keras {
namespace {

// Python's random.Random: MT19937, seeded by an array of words.
class PythonRandom {
 public:
  explicit PythonRandom(uint32_t seed) {
    seed_words(19650218);
    // init_by_array with one word.
    size_t i = 1;
    for (size_t k = 0; k < kWords; ++k) {
      words_[i] = (words_[i] ^ (mixed(i) * 1664525u)) + seed;
      if (++i == kWords) wrap(i);
    }
    for (size_t k = 0; k + 1 < kWords; ++k) {
      words_[i] = (words_[i] ^ (mixed(i) * 1566083941u)) - static_cast<uint32_t>(i);
      if (++i == kWords) wrap(i);
    }
    words_[0] = 0x80000000u;
  }

  // random.randint(1, n): rejects draws beyond n, as randbelow does.
  int64_t up_to(uint32_t n) {
    int bits = 0;
    while (n >> bits != 0) ++bits;
    uint32_t value = 0;
    do {
      value = next() >> (32 - bits);
    } while (value >= n);
    return int64_t{value} + 1;
  }

 private:
  static constexpr size_t kWords = 624;

  void seed_words(uint32_t seed) {
    words_[0] = seed;
    for (size_t i = 1; i < kWords; ++i) {
      words_[i] = 1812433253u * (words_[i - 1] ^ (words_[i - 1] >> 30)) + static_cast<uint32_t>(i);
    }
  }
  uint32_t mixed(size_t i) const { return words_[i - 1] ^ (words_[i - 1] >> 30); }
  void wrap(size_t& i) {
    words_[0] = words_[kWords - 1];
    i = 1;
  }

  uint32_t next() {
    if (at_ == kWords) twist();
    uint32_t y = words_[at_++];
    y ^= y >> 11;
    y ^= (y << 7) & 0x9d2c5680u;
    y ^= (y << 15) & 0xefc60000u;
    return y ^ (y >> 18);
  }

  void twist() {
    for (size_t i = 0; i < kWords; ++i) {
      const uint32_t y = (words_[i] & 0x80000000u) | (words_[(i + 1) % kWords] & 0x7fffffffu);
      words_[i] = words_[(i + 397) % kWords] ^ (y >> 1) ^ ((y & 1) != 0 ? 0x9908b0dfu : 0u);
    }
    at_ = 0;
  }

  std::array<uint32_t, kWords> words_;
  size_t at_ = kWords;
};

struct Source {
  std::mutex mutex;
  PythonRandom random{std::random_device()()};
};

Source& source() {
  static auto* const only = new Source();
  return *only;
}

constexpr int64_t kSeedModulus = 0x7ffffffe;  // Keras: floormod(seed, int32.max - 1)

}  // namespace

void set_random_seed(uint32_t seed) {
  const std::lock_guard lock(source().mutex);
  source().random = PythonRandom(seed);
}

int64_t make_default_seed() {
  const std::lock_guard lock(source().mutex);
  return source().random.up_to(1'000'000'000);
}

random::Seed fixed_seed(int64_t seed) {
  return {((seed % kSeedModulus) + kSeedModulus) % kSeedModulus, 0};
}

SeedGenerator::SeedGenerator(std::optional<int64_t> seed)
    : state_(constant(std::vector<int64_t>{seed ? *seed : make_default_seed(), 0}),
             {.name = "seed_generator_state", .trainable = false}) {}

Tensor SeedGenerator::next() {
  const Tensor state = state_;
  state_.assign(state + constant(std::vector<int64_t>{0, 1}));
  return floormod(state, constant(kSeedModulus, int64));
}

}  // namespace millstream::keras
