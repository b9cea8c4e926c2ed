#pragma once
// Which tensors hold the large blocks of a pool: op and place in the program, for the report of a
// pool that is exhausted. Blocks below kTracked bytes are not counted here and cost nothing.
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace millstream {

class Pool;

// A place in a program that is cheap to keep: what it means, a language binding knows.
struct Place {
  const void* code = nullptr;  // nullptr: not known
  int at = 0;
};

// How a binding tells the place that is running now, and describes one ("train.py:12").
struct PlaceTeller {
  Place (*now)();
  std::string (*describe)(const Place& place);
};
void set_place_teller(const PlaceTeller& teller);

namespace live_blocks {

inline constexpr size_t kTracked = 256 << 10;

struct Block {
  size_t bytes = 0;
  std::string_view op = {};  // "" for tensors that no op made
  Place place = {};
};

void add(const Pool& pool, const void* data, size_t bytes);
void remove(const Pool& pool, const void* data);
// Names the op that made the block, once; nothing happens if it is not tracked.
void label(const Pool& pool, const void* data, std::string_view op);

// The largest of a pool, at most `count` of them.
std::vector<Block> largest(const Pool& pool, size_t count);
// "8388608 bytes by matmul at train.py:12"
std::string to_string(const Block& block);

}  // namespace live_blocks
}  // namespace millstream
