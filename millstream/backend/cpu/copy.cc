#include "millstream/backend/cpu/copy.h"

#include <cstdlib>
#include <cstring>

#include "millstream/backend/cpu/convert.h"
#include "millstream/backend/cpu/transpose.h"
#include "millstream/base/parallel.h"
#include "millstream/ops/array.h"

namespace millstream::cpu {
namespace {

constexpr int64_t kGrain = 1 << 16;  // elements

// The axes of a copy in the order in which the target lies in memory, neighbours joined where both
// sides allow it.
struct Nest {
  Dims sizes, from, to;

  Nest(const Dims& shape, const Dims& from_strides, const Dims& to_strides) {
    Dims order;
    for (int i = 0; i < shape.size(); ++i) {
      if (shape[i] == 1) continue;
      int at = order.size();
      while (at > 0 &&
             std::abs(to_strides[static_cast<int>(order[at - 1])]) < std::abs(to_strides[i])) {
        --at;
      }
      order.insert(at, i);
    }
    for (const int64_t axis : order) {
      const int i = static_cast<int>(axis);
      add(shape[i], from_strides[i], to_strides[i]);
    }
    if (sizes.empty()) add(1, 1, 1);
  }

  void add(int64_t size, int64_t from_stride, int64_t to_stride) {
    const int last = sizes.size() - 1;
    if (last >= 0 && from[last] == size * from_stride && to[last] == size * to_stride) {
      sizes[last] *= size;
      from[last] = from_stride;
      to[last] = to_stride;
    } else {
      sizes.push_back(size);
      from.push_back(from_stride);
      to.push_back(to_stride);
    }
  }

  int rank() const { return sizes.size(); }
  int64_t elements() const { return Shape(sizes).elements(); }

  // The axis before the last along which the source lies without gaps, or -1.
  int gapless_axis() const {
    for (int i = 0; i < rank() - 1; ++i) {
      if (from[i] == 1) return i;
    }
    return -1;
  }

  void move_to(int axis, int position) {
    const auto move = [&](Dims& dims) {
      const int64_t value = dims[axis];
      dims.erase(axis);
      dims.insert(position, value);
    };
    move(sizes);
    move(from);
    move(to);
  }
};

// Walks over the leading axes of a nest.
class Walk {
 public:
  Walk(const Nest& nest, int axes, int64_t start) : nest_(nest), at_(axes, 0) {
    for (int i = axes - 1; i >= 0; --i) {
      at_[i] = start % nest.sizes[i];
      start /= nest.sizes[i];
      from += at_[i] * nest.from[i];
      to += at_[i] * nest.to[i];
    }
  }

  int64_t at(int axis) const { return at_[axis]; }

  // Goes on by so many places of the last axis, at most to its end.
  void advance(int64_t places = 1) {
    for (int i = at_.size() - 1; i >= 0; --i, places = 1) {
      from += nest_.from[i] * places;
      to += nest_.to[i] * places;
      at_[i] += places;
      if (at_[i] < nest_.sizes[i]) return;
      from -= nest_.from[i] * at_[i];
      to -= nest_.to[i] * at_[i];
      at_[i] = 0;
    }
  }

  int64_t from = 0, to = 0;

 private:
  const Nest& nest_;
  Dims at_;
};

// The last two axes of a copy; steps in elements.
struct Block {
  int64_t rows, columns;
  int64_t from_row, from_column;
  int64_t to_row, to_column;
};

// Runs of fewer elements are copied one by one: a call of memcpy costs more.
constexpr int64_t kShortRun = 12;

template <class T>
void copy_block(const Block& block, const T* source, T* target) {
  const int64_t from_step = block.from_column, to_step = block.to_column;
  const bool gapless = from_step == 1 && to_step == 1 && block.columns >= kShortRun;
  for (int64_t row = 0; row < block.rows; ++row) {
    const T* from = source + row * block.from_row;
    T* to = target + row * block.to_row;
    if (gapless) {
      std::memcpy(to, from, static_cast<size_t>(block.columns) * sizeof(T));
    } else {
      for (int64_t i = 0; i < block.columns; ++i) to[i * to_step] = from[i * from_step];
    }
  }
}

// Calls f(from, to, rows) for the places of all axes but the last: `rows` of them lie one step of
// the last but one apart. Of a nest of one axis, f(from, to, columns) for parts of it.
template <class F>
void for_each_block(const Nest& nest, const F& f) {
  const int columns = nest.rank() - 1, rows = nest.rank() - 2;
  if (rows < 0) {
    parallel_for(nest.sizes[0], kGrain, [&](int64_t begin, int64_t end) {
      f(begin * nest.from[0], begin * nest.to[0], end - begin);
    });
    return;
  }
  const int64_t length = nest.sizes[columns];
  parallel_for(nest.elements() / length, std::max<int64_t>(1, kGrain / length),
               [&](int64_t begin, int64_t end) {
                 Walk walk(nest, columns, begin);
                 for (int64_t run = begin; run < end;) {
                   const int64_t count = std::min(end - run, nest.sizes[rows] - walk.at(rows));
                   f(walk.from, walk.to, count);
                   walk.advance(count);
                   run += count;
                 }
               });
}

template <class T>
void copy_blocks(const Nest& nest, const T* from, T* to) {
  const int columns = nest.rank() - 1, rows = nest.rank() - 2;
  for_each_block(nest, [&](int64_t source, int64_t target, int64_t count) {
    const Block block =
        rows < 0 ? Block{1, count, 0, nest.from[0], 0, nest.to[0]}
                 : Block{count,         nest.sizes[columns], nest.from[rows], nest.from[columns],
                         nest.to[rows], nest.to[columns]};
    copy_block(block, from + source, to + target);
  });
}

// To a row-major target of another dtype.
void convert_blocks(const Nest& nest, DType from_dtype, const std::byte* from, DType to_dtype,
                    std::byte* to) {
  const ConvertFn convert = converter(from_dtype, to_dtype);
  const auto from_bytes = static_cast<int64_t>(size_of(from_dtype));
  const auto to_bytes = static_cast<int64_t>(size_of(to_dtype));
  const int columns = nest.rank() - 1, rows = nest.rank() - 2;
  for_each_block(nest, [&](int64_t source, int64_t target, int64_t count) {
    const int64_t step = nest.from[columns];
    if (rows < 0) return convert(from + source * from_bytes, step, to + target * to_bytes, count);
    for (int64_t row = 0; row < count; ++row) {
      convert(from + (source + row * nest.from[rows]) * from_bytes, step,
              to + (target + row * nest.to[rows]) * to_bytes, nest.sizes[columns]);
    }
  });
}

// Planes in which the source has no gaps along the rows and the target none along the columns.
template <class T>
void copy_transposed(const Nest& nest, const T* from, T* to) {
  const int rows = nest.rank() - 2, columns = nest.rank() - 1;
  const Plane whole{nest.sizes[rows], nest.sizes[columns], nest.from[columns], nest.to[rows]};
  const int64_t strips = (whole.rows + kStrip - 1) / kStrip;
  const int64_t planes = nest.elements() / (whole.rows * whole.columns);
  parallel_for(planes * strips, std::max<int64_t>(1, kGrain / (kStrip * whole.columns)),
               [&](int64_t begin, int64_t end) {
                 Walk walk(nest, rows, begin / strips);
                 for (int64_t i = begin; i < end; ++i) {
                   const int64_t row = i % strips * kStrip;
                   Plane strip = whole;
                   strip.rows = std::min(kStrip, whole.rows - row);
                   transpose(strip, from + walk.from + row, to + walk.to + row * strip.to_row);
                   if (i % strips == strips - 1) walk.advance();
                 }
               });
}

void run_copy(const KernelContext& c) {
  copy_elements(c.inputs[0], c.outputs[0].dtype(), c.out<std::byte>());
}

void run_fill(const KernelContext& c) {
  dispatch(c.inputs[0].dtype(), [&]<class T>(std::type_identity<T>) {
    const T value = *c.in<T>(0);
    T* to = c.out<T>();
    parallel_for(c.outputs[0].elements(), kGrain,
                 [&](int64_t begin, int64_t end) { std::fill(to + begin, to + end, value); });
  });
}

const RegisterKernel identity(op::identity, Backend::cpu, {.name = "copy", .run = run_copy});
const RegisterKernel cast(op::cast, Backend::cpu, {.name = "convert", .run = run_copy});
const RegisterKernel fill(op::fill, Backend::cpu, {.name = "fill", .run = run_fill});

}  // namespace

void copy_strided(const Dims& sizes, size_t bytes, const void* from, const Dims& from_strides,
                  void* to, const Dims& to_strides) {
  if (Shape(sizes).elements() == 0) return;
  Nest nest(sizes, from_strides, to_strides);
  const int columns = nest.rank() - 1, rows = nest.gapless_axis();
  const bool transposed = rows >= 0 && nest.to[columns] == 1 && nest.from[columns] > 1;
  if (transposed) nest.move_to(rows, columns - 1);
  dispatch_bytes(bytes, [&]<class T>(T) {
    const T* source = static_cast<const T*>(from);
    T* target = static_cast<T*>(to);
    transposed ? copy_transposed(nest, source, target) : copy_blocks(nest, source, target);
  });
}

void copy_elements(const Tensor& from, DType dtype, void* to) {
  const Dims& sizes = from.shape().dims();
  const Dims strides = contiguous_strides(from.shape());
  if (from.dtype() == dtype) {
    copy_strided(sizes, size_of(dtype), from.data(), from.strides(), to, strides);
  } else if (from.elements() > 0) {
    convert_blocks(Nest(sizes, from.strides(), strides), from.dtype(), from.data<std::byte>(),
                   dtype, static_cast<std::byte*>(to));
  }
}

Tensor in_dtype(const Tensor& x, DType dtype) {
  if (!x.defined() || x.dtype() == dtype) return x;
  const Tensor copy = Tensor::empty(dtype, x.shape(), x.device());
  copy_elements(x, dtype, copy.node()->data);
  return copy;
}

}  // namespace millstream::cpu
