#pragma once
// How elementwise work is cut into tiles, and how each input reaches the kernel tile by tile.
#include <algorithm>
#include <span>
#include <vector>

#include "millstream/backend/cpu/convert.h"
#include "millstream/backend/cpu/map.h"
#include "millstream/backend/cpu/tile.h"

namespace millstream::cpu {

// Tiles that need no scratch may be long: there is nothing to keep in the cache.
inline constexpr int64_t kLongTile = 1 << 14;

// The result's dimensions with neighbours merged wherever every input allows it, cut into tiles.
struct Layout {
  Dims sizes;
  std::vector<Dims> strides;  // of each input
  int inputs;
  int64_t elements = 1;
  int64_t row;        // elements of the last dimension
  int64_t tile;       // elements of a tile
  int64_t row_tiles;  // tiles of a row; 0 where a tile covers whole rows instead
  int64_t tiles;

  // Of at least one element.
  Layout(const Dims& all_sizes, std::span<const MapInput> operands)
      : strides(operands.size()), inputs(static_cast<int>(operands.size())) {
    for (int d = 0; d < all_sizes.size(); ++d) {
      elements *= all_sizes[d];
      if (all_sizes[d] != 1) append(all_sizes[d], d, operands);
    }
    if (sizes.empty()) append_single();
    row = sizes.back();
    cut(kTile);
  }

  void cut(int64_t longest_tile) {
    const bool long_rows = row >= longest_tile / 4;
    tile = long_rows ? longest_tile : longest_tile / row * row;
    row_tiles = long_rows ? (row + tile - 1) / tile : 0;
    tiles = long_rows ? elements / row * row_tiles : (elements + tile - 1) / tile;
  }

  struct Range {
    int64_t start, length;
  };
  // The elements of a tile.
  Range range(int64_t number) const {
    if (row_tiles == 0) return {number * tile, std::min(tile, elements - number * tile)};
    const int64_t within = number % row_tiles * tile;
    return {number / row_tiles * row + within, std::min(tile, row - within)};
  }

  bool flat(int input) const {  // its elements lie as the result's do
    int64_t expected = 1;
    for (int d = sizes.size() - 1; d >= 0; --d) {
      if (strides[input][d] != expected) return false;
      expected *= sizes[d];
    }
    return true;
  }

  // Whether kernels of type `compute` read all inputs where they lie.
  bool in_place(std::span<const MapInput> operands, DType compute) const {
    for (int k = 0; k < inputs; ++k) {
      if (operands[k].dtype != compute || !flat(k)) return false;
    }
    return true;
  }

  // After how many elements an input starts again: the product of the last dimensions before which
  // all strides are 0. 1 for a scalar.
  int64_t period(int input) const {
    int first = 0;
    while (first < sizes.size() && strides[input][first] == 0) ++first;
    int64_t product = 1;
    for (int d = first; d < sizes.size(); ++d) product *= sizes[d];
    return product;
  }

  // Where a row of an input starts.
  int64_t offset(int input, int64_t row_number) const {
    if (sizes.size() == 2) return row_number * strides[input][0];
    int64_t at = 0;
    for (int d = sizes.size() - 2; d >= 0; --d) {
      at += row_number % sizes[d] * strides[input][d];
      row_number /= sizes[d];
    }
    return at;
  }

 private:
  void append(int64_t size, int d, std::span<const MapInput> operands) {
    const int last = sizes.size() - 1;
    bool mergeable = last >= 0;
    for (int k = 0; k < inputs && mergeable; ++k) {
      mergeable = strides[k][last] == size * operands[k].strides[d];
    }
    if (mergeable) {
      sizes[last] *= size;
      for (int k = 0; k < inputs; ++k) strides[k][last] = operands[k].strides[d];
    } else {
      sizes.push_back(size);
      for (int k = 0; k < inputs; ++k) strides[k].push_back(operands[k].strides[d]);
    }
  }

  void append_single() {
    sizes.push_back(1);
    for (int k = 0; k < inputs; ++k) strides[k].push_back(1);
  }
};

// One input as the kernel sees it, tile after tile.
template <class C>
class Feed {
 public:
  Feed(const MapInput& input, const Layout& layout, int index, C* scratch)
      : layout_(layout),
        index_(index),
        data_(static_cast<const std::byte*>(input.data)),
        item_(static_cast<int64_t>(size_of(input.dtype))),
        convert_(converter(input.dtype, dtype_of<C>())),
        scratch_(scratch),
        native_(input.dtype == dtype_of<C>()),
        flat_(layout.flat(index)),
        period_(layout.period(index)) {}

  // The `n` elements from `start` on. A tile is either within a row or made of whole rows.
  const C* tile(int64_t start, int64_t n) {
    if (flat_) return strip(start, 1, n);
    if (layout_.row_tiles != 0) {
      const int64_t step = layout_.strides[index_].back();
      return strip(layout_.offset(index_, start / layout_.row) + start % layout_.row * step, step,
                   n);
    }
    if (filled_ < n) {
      gather(start / layout_.row, n / layout_.row);
      if (layout_.tile % period_ == 0) filled_ = n;  // the next tiles read the same
    }
    return scratch_;
  }

 private:
  const C* strip(int64_t offset, int64_t step, int64_t n) {
    const std::byte* from = data_ + offset * item_;
    if (step == 1 && native_) return reinterpret_cast<const C*>(from);
    if (step == 0 && from == splat_ && n <= filled_) return scratch_;
    convert_(from, step, scratch_, n);
    if (step == 0) {
      splat_ = from;
      filled_ = n;
    }
    return scratch_;
  }

  void gather(int64_t first_row, int64_t rows) {
    const int64_t row = layout_.row, step = layout_.strides[index_].back();
    for (int64_t r = 0; r < rows; ++r) {
      convert_(data_ + layout_.offset(index_, first_row + r) * item_, step, scratch_ + r * row,
               row);
    }
  }

  const Layout& layout_;
  int index_;
  const std::byte* data_;
  int64_t item_;
  ConvertFn convert_;
  C* scratch_;
  bool native_;
  bool flat_;
  int64_t period_;
  const std::byte* splat_ = nullptr;  // of which element scratch_ holds copies
  int64_t filled_ = 0;                // how many elements of scratch_ stay right
};

}  // namespace millstream::cpu
