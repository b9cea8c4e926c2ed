#pragma once
// What the random ops keep between calls: the global seed, and how far each seeded stream is read.
#include <cstdint>
#include <optional>
#include <string>

#include "millstream/ops/philox.h"

namespace millstream::random {

// The seeds of one call: of the process and of the op.
struct Seeds {
  int64_t first, second;
  bool once;  // drawn for this call: no later call goes on with the stream
};

// TensorFlow's rules: with a global seed, an op without one takes the next of a sequence; with
// neither, nothing: the numbers shall differ from run to run.
std::optional<Seeds> next_seeds(std::optional<int64_t> op_seed);

// A generator at the place where the stream of these seeds is, which goes on by `groups`. `family`
// tells streams of different ops apart.
Philox take(const std::string& family, const std::optional<Seeds>& seeds, uint64_t groups);

// The generator of a stateless op's seed.
Philox stateless(int64_t first, int64_t second);

}  // namespace millstream::random
