// Mutated IDX files: each is read or refused with DataLoss, whatever stands in it. The seed is
// fixed and the time bounded, so a failure can be repeated and the run never holds up the rest.
#include <gtest/gtest.h>

#include <chrono>
#include <random>

#include "data/idx_files.h"
#include "millstream/base/error.h"
#include "millstream/data/idx.h"

namespace millstream::data {
namespace {

constexpr auto kTime = std::chrono::seconds(2);  // of each of the two tests
constexpr int kMostRounds = 40'000;

using Random = std::mt19937_64;

int64_t below(Random& random, int64_t n) {
  return std::uniform_int_distribution<int64_t>(0, n - 1)(random);
}

std::string valid_file(Random& random) {
  static constexpr uint8_t kCodes[] = {0x08, 0x09, 0x0b, 0x0c, 0x0d, 0x0e};
  static constexpr int kBytes[] = {1, 1, 2, 4, 4, 8};
  const int64_t type = below(random, std::size(kCodes));
  std::vector<uint32_t> sides;
  size_t bytes = kBytes[type];
  for (int64_t rank = below(random, 4); rank > 0; --rank) {
    sides.push_back(static_cast<uint32_t>(below(random, 6)));
    bytes *= sides.back();
  }
  std::vector<uint8_t> values(bytes);
  for (uint8_t& value : values) value = static_cast<uint8_t>(random());
  return idx(kCodes[type], sides, values);
}

void mutate(std::string& content, Random& random) {
  if (content.empty()) return;
  const auto at = static_cast<size_t>(below(random, std::ssize(content)));
  switch (below(random, 5)) {
    case 0: content[at] = static_cast<char>(random()); break;
    case 1: content[at] ^= static_cast<char>(1 << below(random, 8)); break;
    case 2: content.resize(at); break;
    case 3: content.insert(at, 1 + below(random, 4), static_cast<char>(random())); break;
    case 4: content.replace(at, 4, "\xff\xff\xff\xff"); break;
  }
}

struct Tally {
  int read = 0;
  int refused = 0;
};

Tally fuzz(bool gzip, uint64_t seed) {
  Random random(seed);
  const ScratchFile file(gzip ? "idx_fuzz_gzip" : "idx_fuzz_plain");
  Tally tally;
  const auto end = std::chrono::steady_clock::now() + kTime;
  for (int round = 0; round < kMostRounds && std::chrono::steady_clock::now() < end; ++round) {
    std::string content = valid_file(random);
    if (gzip) content = compressed(content);
    for (int64_t n = below(random, 4); n > 0; --n) mutate(content, random);
    file.write(content);
    SCOPED_TRACE(testing::Message() << "round " << round << " of seed " << seed);
    try {
      const Tensor values = read_idx(file.path());
      ++tally.read;
      if (!gzip) {
        EXPECT_EQ(values.bytes() + 4 + 4 * static_cast<size_t>(values.rank()), content.size());
      }
    } catch (const DataLoss&) {
      ++tally.refused;
    }
    if (testing::Test::HasFailure()) break;
  }
  return tally;
}

TEST(FuzzIdx, PlainFilesAreReadOrRefused) {
  const Tally tally = fuzz(false, 20240607);
  EXPECT_GT(tally.read, 0);
  EXPECT_GT(tally.refused, 0);
}

TEST(FuzzIdx, GzipFilesAreReadOrRefused) {
  const Tally tally = fuzz(true, 20240608);
  EXPECT_GT(tally.read, 0);
  EXPECT_GT(tally.refused, 0);
}

}  // namespace
}  // namespace millstream::data
