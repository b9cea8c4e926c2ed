#include "millstream/backend/cpu/fold_driver.h"

#include <cstring>
#include <memory>

#include "millstream/base/parallel.h"

namespace millstream::cpu {
namespace {

constexpr int64_t kGrain = 1 << 16;  // elements that are worth a thread
constexpr int64_t kWide = 128;       // of narrower rows several make one
constexpr int kMostPlanes = 2;

// Memory for a state that is as wide as a tile.
struct TileState {
  alignas(64) std::byte bytes[kMostPlanes * kFoldTile * sizeof(double)];
};

class Driver {
 public:
  Driver(const FoldKernel& kernel, const FoldPlan& plan, const KernelContext& context)
      : kernel_(kernel),
        plan_(plan),
        context_(context),
        x_(static_cast<const std::byte*>(context.inputs[0].data())) {
    // Rows that must be converted are converted in the first-level cache.
    if (kernel.load != nullptr) {
      tile_ = 256;
      row_block_ = 8;
    }
  }

  void run() {
    if (plan_.pieces > 1) {
      const int64_t numbers = plan_.outputs * plan_.pieces * kernel_.planes * block_width();
      partial_.reset(new std::byte[static_cast<size_t>(numbers) * kernel_.carry]);
    }
    if (plan_.inner_folded) {
      fold_all_runs();
    } else {
      fold_all_rows();
    }
    if (plan_.pieces > 1) combine_all_pieces();
  }

 private:
  int64_t block_width() const { return plan_.inner_folded ? 1 : plan_.width; }
  const std::byte* advance(const std::byte* x, int64_t elements) const {
    return x + elements * static_cast<int64_t>(kernel_.stored);
  }
  // The state from output `column` on.
  FoldState from(const FoldState& s, int64_t column) const {
    return {static_cast<std::byte*>(s.at) + column * static_cast<int64_t>(kernel_.carry), s.ld,
            s.n};
  }
  // The state of a piece of a block of outputs.
  FoldState partial(int64_t output, int64_t piece, int64_t column) const {
    const int64_t width = block_width();
    const int64_t number = (output * plan_.pieces + piece) * kernel_.planes * width;
    return from({partial_.get(), width, plan_.count(piece)}, number + column);
  }
  void merge(FoldState& a, const FoldState& b, int64_t width) const {
    kernel_.merge(a, b, width);
    a.n += b.n;
  }
  void finish(const FoldState& s, int64_t width, int64_t at) const {
    kernel_.finish(s, width, context_, at);
  }

  // --- innermost axis folded ---

  void fold_all_runs() {
    const int64_t size = plan_.parts > 1 ? FoldPlan::kRun : plan_.piece_rows * plan_.width;
    parallel_for(plan_.outputs * plan_.pieces, kGrain / std::min(size, plan_.count()),
                 [&](int64_t begin, int64_t end) {
                   for (int64_t i = begin; i < end; ++i) {
                     fold_piece_of_runs(i / plan_.pieces, i % plan_.pieces);
                   }
                 });
  }

  void fold_piece_of_runs(int64_t output, int64_t piece) {
    const std::byte* x = advance(x_, plan_.kept.offset(output));
    double local[kMostPlanes];
    FoldState s = plan_.pieces == 1 ? FoldState{local, 1} : partial(output, piece, 0);
    if (plan_.parts > 1) {
      const int64_t first = piece % plan_.parts * FoldPlan::kRun;
      fold_run(advance(x, plan_.folded.offset(piece / plan_.parts) + first), plan_.count(piece), s);
    } else {
      const int64_t row = piece * plan_.piece_rows;
      fold_runs(x, row, std::min(row + plan_.piece_rows, plan_.rows), s);
    }
    if (plan_.pieces == 1) finish(s, 1, output);
  }

  void fold_runs(const std::byte* x, int64_t begin, int64_t end, FoldState& s) {
    if (end - begin == 1) return fold_run(advance(x, plan_.folded.offset(begin)), plan_.width, s);
    const int64_t middle = begin + (end - begin) / 2;
    fold_runs(x, begin, middle, s);
    double local[kMostPlanes];
    FoldState right{local, 1};
    fold_runs(x, middle, end, right);
    merge(s, right, 1);
  }

  void fold_run(const std::byte* x, int64_t n, FoldState& s) {
    if (n <= kFoldRun) {
      alignas(64) std::byte loaded[kFoldRun * sizeof(double)];
      if (kernel_.load != nullptr) kernel_.load(x, n, loaded);
      kernel_.run(kernel_.load != nullptr ? loaded : x, n, s);
      s.n = n;
      return;
    }
    const int64_t half = (n / 2 + kFoldRun - 1) / kFoldRun * kFoldRun;
    fold_run(x, half, s);
    double local[kMostPlanes];
    FoldState right{local, 1};
    fold_run(advance(x, half), n - half, right);
    merge(s, right, 1);
  }

  // --- innermost axis kept ---

  void fold_all_rows() {
    const int64_t tiles = (plan_.width + tile_ - 1) / tile_;
    const int64_t size = std::min(plan_.piece_rows, plan_.rows) * std::min(plan_.width, tile_);
    parallel_for(plan_.outputs * plan_.pieces * tiles, kGrain / size,
                 [&](int64_t begin, int64_t end) {
                   for (int64_t i = begin; i < end; ++i) {
                     const int64_t piece = i / tiles;
                     fold_tile(piece / plan_.pieces, piece % plan_.pieces, i % tiles * tile_);
                   }
                 });
  }

  void fold_tile(int64_t output, int64_t piece, int64_t column) {
    const int64_t width = std::min(tile_, plan_.width - column);
    const int64_t row = piece * plan_.piece_rows;
    TileState local;
    FoldState s = plan_.pieces == 1 ? FoldState{&local, kFoldTile} : partial(output, piece, column);
    fold_rows_of_axes(advance(x_, plan_.kept.offset(output) + column), row,
                      std::min(row + plan_.piece_rows, plan_.rows), width, s);
    if (plan_.pieces == 1) finish(s, width, output * plan_.width + column);
  }

  // Rows of the innermost folded axis have one stride; a piece may span several of its runs.
  void fold_rows_of_axes(const std::byte* x, int64_t begin, int64_t end, int64_t width,
                         FoldState& s) {
    const Walk& folded = plan_.folded;
    const int64_t run = folded.sizes.empty() ? 1 : folded.sizes.back();
    const int64_t stride = folded.sizes.empty() ? 0 : folded.strides.back();
    if (begin / run == (end - 1) / run) {
      x = advance(x, folded.offset(begin));
      if (stride == width && width * 2 <= kWide && end - begin > 2) {
        return fold_narrow_rows(x, end - begin, width, s);
      }
      return fold_rows(x, stride, end - begin, width, s);
    }
    int64_t middle = (begin + (end - begin) / 2) / run * run;
    if (middle <= begin) middle = (begin / run + 1) * run;
    fold_rows_of_axes(x, begin, middle, width, s);
    TileState local;
    FoldState right{&local, kFoldTile};
    fold_rows_of_axes(x, middle, end, width, right);
    merge(s, right, width);
  }

  void fold_rows(const std::byte* x, int64_t stride, int64_t n, int64_t width, FoldState& s) {
    if (n <= row_block_) return fold_row_block(x, stride, n, width, s);
    const int64_t half = (n / 2 + row_block_ - 1) / row_block_ * row_block_;
    fold_rows(x, stride, half, width, s);
    TileState local;
    FoldState right{&local, kFoldTile};
    fold_rows(advance(x, half * stride), stride, n - half, width, right);
    merge(s, right, width);
  }

  void fold_row_block(const std::byte* x, int64_t stride, int64_t n, int64_t width, FoldState& s) {
    s.n = n;
    if (kernel_.load == nullptr) return kernel_.rows(x, stride, n, width, s);
    TileState loaded;
    for (int64_t r = 0; r < n; ++r) {
      kernel_.load(advance(x, r * stride), width,
                   loaded.bytes + r * width * static_cast<int64_t>(kernel_.element));
    }
    kernel_.rows(loaded.bytes, width, n, width, s);
  }

  // Takes `group` adjacent rows as one wide row, then folds its parts into each other.
  void fold_narrow_rows(const std::byte* x, int64_t n, int64_t width, FoldState& s) {
    int64_t group = 2;
    while (group * width * 2 <= kWide && group * 2 <= n) group *= 2;
    TileState local;
    FoldState wide{&local, kWide};
    fold_rows(x, group * width, n / group, group * width, wide);
    for (int64_t half = group / 2; half > 0; half /= 2) {
      merge(wide, from(wide, half * width), half * width);
    }
    if (const int64_t rest = n % group; rest > 0) {
      FoldState last = from(wide, width);
      fold_rows(advance(x, (n - rest) * width), width, rest, width, last);
      merge(wide, last, width);
    }
    for (int k = 0; k < kernel_.planes; ++k) {
      std::memcpy(from(s, k * s.ld).at, from(wide, k * wide.ld).at,
                  static_cast<size_t>(width) * kernel_.carry);
    }
    s.n = wide.n;
  }

  // --- both ---

  void combine_all_pieces() {
    const int64_t columns = block_width(), tiles = (columns + tile_ - 1) / tile_;
    const int64_t size = plan_.pieces * std::min(columns, tile_);
    parallel_for(plan_.outputs * tiles, kGrain / size, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        const int64_t output = i / tiles, column = i % tiles * tile_;
        const int64_t width = std::min(tile_, columns - column);
        finish(combine_pieces(output, 0, plan_.pieces, column, width), width,
               output * columns + column);
      }
    });
  }

  FoldState combine_pieces(int64_t output, int64_t begin, int64_t end, int64_t column,
                           int64_t width) const {
    if (end - begin == 1) return partial(output, begin, column);
    const int64_t middle = begin + (end - begin) / 2;
    FoldState left = combine_pieces(output, begin, middle, column, width);
    merge(left, combine_pieces(output, middle, end, column, width), width);
    return left;
  }

  const FoldKernel& kernel_;
  const FoldPlan& plan_;
  const KernelContext& context_;
  const std::byte* x_;
  int64_t tile_ = kFoldTile, row_block_ = kFoldRows;
  std::unique_ptr<std::byte[]> partial_;
};

}  // namespace

void run_fold(const FoldKernel& kernel, const KernelContext& c, const void* start) {
  const Tensor& x = c.inputs[0];
  if (x.elements() == 0) {
    for (int64_t i = 0; i < c.outputs[0].elements(); ++i) {
      kernel.finish({const_cast<void*>(start), 1}, 1, c, i);
    }
    return;
  }
  const FoldPlan plan(x.shape(), AxisSet::parse(c.attrs[0], x.rank()));
  Driver(kernel, plan, c).run();
}

}  // namespace millstream::cpu
