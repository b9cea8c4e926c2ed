#include "millstream/device/live_blocks.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <mutex>

namespace millstream {
namespace {

std::atomic<const PlaceTeller*> teller{nullptr};

struct Known {
  std::mutex mutex;
  std::map<std::pair<const Pool*, const void*>, live_blocks::Block> blocks;
};

Known& known() {
  static auto* const blocks = new Known();  // tensors with static storage are freed late
  return *blocks;
}

}  // namespace

void set_place_teller(const PlaceTeller& wanted) { teller = new PlaceTeller(wanted); }

namespace live_blocks {

void add(const Pool& pool, const void* data, size_t bytes) {
  Block block{.bytes = bytes};
  if (const PlaceTeller* const binding = teller) block.place = binding->now();
  const std::lock_guard lock(known().mutex);
  known().blocks.insert_or_assign({&pool, data}, block);
}

void remove(const Pool& pool, const void* data) {
  const std::lock_guard lock(known().mutex);
  known().blocks.erase({&pool, data});
}

void label(const Pool& pool, const void* data, std::string_view op) {
  const std::lock_guard lock(known().mutex);
  const auto found = known().blocks.find({&pool, data});
  if (found != known().blocks.end() && found->second.op.empty()) found->second.op = op;
}

std::vector<Block> largest(const Pool& pool, size_t count) {
  std::vector<Block> blocks;
  {
    const std::lock_guard lock(known().mutex);
    for (const auto& [key, block] : known().blocks) {
      if (key.first == &pool) blocks.push_back(block);
    }
  }
  std::ranges::sort(blocks, std::greater(), &Block::bytes);
  if (blocks.size() > count) blocks.resize(count);
  return blocks;
}

std::string to_string(const Block& block) {
  std::string text = fmt::format("{} bytes", block.bytes);
  if (!block.op.empty()) text += fmt::format(" by {}", block.op);
  const PlaceTeller* const binding = teller;
  if (binding != nullptr && block.place.code != nullptr) {
    if (const std::string place = binding->describe(block.place); !place.empty()) {
      text += " at " + place;
    }
  }
  return text;
}

}  // namespace live_blocks
}  // namespace millstream
