#include "millstream/ops/random_state.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <random>
#include <tuple>
#include <vector>

#include "millstream/base/error.h"
#include "millstream/device/switches.h"
#include "millstream/ops/random.h"

namespace millstream::random {
namespace {

constexpr int64_t kMostSeed = INT32_MAX;
constexpr int64_t kDefaultGlobalSeed = 87654321;

// Python's way to seed a Mersenne twister with an integer.
class PythonSeed {
 public:
  using result_type = uint32_t;

  explicit PythonSeed(int64_t seed) {
    const uint64_t size = seed < 0 ? -static_cast<uint64_t>(seed) : static_cast<uint64_t>(seed);
    key_.push_back(Philox::word(size, 0));
    if (Philox::word(size, 1) != 0) key_.push_back(Philox::word(size, 1));
  }

  template <class Iterator>
  void generate(Iterator begin, Iterator end) const {
    const auto n = static_cast<size_t>(end - begin);
    begin[0] = 19650218;
    for (size_t i = 1; i < n; ++i) {
      begin[i] = static_cast<uint32_t>(1812433253u * mixed(begin[i - 1]) + i);
    }
    size_t i = 1;
    const auto next = [&] {
      if (++i < n) return;
      begin[0] = begin[n - 1];
      i = 1;
    };
    for (size_t k = 0; k < std::max(n, key_.size()); ++k, next()) {
      const size_t j = k % key_.size();
      begin[i] = static_cast<uint32_t>((begin[i] ^ mixed(begin[i - 1]) * 1664525u) + key_[j] + j);
    }
    for (size_t k = 1; k < n; ++k, next()) {
      begin[i] = static_cast<uint32_t>((begin[i] ^ mixed(begin[i - 1]) * 1566083941u) - i);
    }
    begin[0] = 0x80000000u;
  }

 private:
  static uint32_t mixed(uint32_t word) { return word ^ word >> 30; }

  std::vector<uint32_t> key_;
};

struct State {
  std::mutex mutex;
  std::optional<int64_t> global_seed;
  std::mt19937 op_seeds;  // for ops without a seed of their own
  // Groups that are read of each stream.
  std::map<std::tuple<std::string, int64_t, int64_t>, uint64_t> read;
  std::random_device entropy;
};

State& state() {
  static auto* const the_state = new State;
  return *the_state;
}

int64_t below(int64_t seed, int64_t limit) { return (seed % limit + limit) % limit; }

// Python's randint(0, kMostSeed).
int64_t draw_op_seed(std::mt19937& words) {
  while (true) {
    const int64_t word = words();
    if (word <= kMostSeed) return word;
  }
}

}  // namespace

void set_seed(int64_t seed) {
  State& s = state();
  const std::lock_guard lock(s.mutex);
  PythonSeed words(seed);
  s.global_seed = seed;
  s.op_seeds = std::mt19937(words);
  s.read.clear();
}

std::optional<Seeds> next_seeds(std::optional<int64_t> op_seed) {
  State& s = state();
  const std::lock_guard lock(s.mutex);
  if (!s.global_seed && !op_seed) {
    if (switches.op_determinism) {
      throw FailedPrecondition(
          {.message = "Random ops require a seed to be set when determinism is enabled",
           .hint = "set a seed before running the op, e.g. by calling tf.random.set_seed(1)"});
    }
    return std::nullopt;
  }
  const bool once = !op_seed;
  if (once) op_seed = draw_op_seed(s.op_seeds);
  Seeds seeds{below(s.global_seed.value_or(kDefaultGlobalSeed), kMostSeed),
              below(*op_seed, kMostSeed), once};
  if (seeds.first == 0 && seeds.second == 0) seeds.second = kMostSeed;
  return seeds;
}

Philox take(const std::string& family, const std::optional<Seeds>& seeds, uint64_t groups) {
  State& s = state();
  const std::lock_guard lock(s.mutex);
  if (seeds && seeds->once) {
    return Philox(static_cast<uint64_t>(seeds->first), static_cast<uint64_t>(seeds->second));
  }
  if (!seeds) {
    const auto number = [&] { return uint64_t{s.entropy()} << 32 | s.entropy(); };
    const uint64_t first = number();
    return Philox(first, number());
  }
  uint64_t& read = s.read[{family, seeds->first, seeds->second}];
  Philox generator(static_cast<uint64_t>(seeds->first), static_cast<uint64_t>(seeds->second));
  generator.skip(read);
  read += groups;
  return generator;
}

Philox stateless(int64_t first, int64_t second) {
  const auto a = static_cast<uint64_t>(first), b = static_cast<uint64_t>(second);
  const Philox::Counter mix = Philox::scramble(
      {Philox::word(a, 0), Philox::word(a, 1), Philox::word(b, 0), Philox::word(b, 1)},
      {0x3ec8f720, 0x02461e29});
  return Philox({0, 0, mix[2], mix[3]}, {mix[0], mix[1]});
}

}  // namespace millstream::random
