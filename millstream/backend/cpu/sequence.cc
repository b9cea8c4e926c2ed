#include "millstream/ops/sequence.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "millstream/backend/cpu/convert.h"
#include "millstream/backend/cpu/copy.h"
#include "millstream/backend/cpu/indices.h"
#include "millstream/base/parallel.h"

namespace millstream::cpu {
namespace {

constexpr int64_t kGrain = 1 << 16;  // elements

template <class T>
constexpr bool kHalf = std::is_same_v<T, float16_t> || std::is_same_v<T, bfloat16_t>;

// How many steps lead from start to before limit.
template <class W>
int64_t count_steps(W start, W limit, W delta) {
  if (delta == 0) throw InvalidArgument(fmt::format("Requires delta != 0: {}", delta));
  if (delta > 0 ? start > limit : start < limit) {
    throw InvalidArgument(fmt::format("Requires start {} limit when delta {} 0: {}/{}",
                                      delta > 0 ? "<=" : ">=", delta > 0 ? ">" : "<", start,
                                      limit));
  }
  if constexpr (std::is_floating_point_v<W>) {
    const double steps = std::ceil(std::abs((double(limit) - double(start)) / double(delta)));
    if (!(steps < 1e15)) {
      throw InvalidArgument(
          fmt::format("range from {} to {} by {} has no end", start, limit, delta));
    }
    return static_cast<int64_t>(steps);
  } else {
    const auto magnitude = [](W from, W to) {
      return static_cast<uint64_t>(to) - static_cast<uint64_t>(from);
    };
    const uint64_t distance = delta > 0 ? magnitude(start, limit) : magnitude(limit, start);
    const uint64_t step = delta > 0 ? uint64_t(delta) : uint64_t{0} - uint64_t(delta);
    return static_cast<int64_t>(distance / step + (distance % step != 0));
  }
}

void run_sequence(const KernelContext& c) {
  dispatch(c.inputs[0].dtype(), [&]<class T>(std::type_identity<T>) {
    using W =
        std::conditional_t<kHalf<T>, float, std::conditional_t<std::is_same_v<T, bool>, int, T>>;
    const W start = static_cast<W>(*c.in<T>(0)), delta = static_cast<W>(*c.in<T>(2));
    const int64_t count = count_steps<W>(start, static_cast<W>(*c.in<T>(1)), delta);
    c.outputs[0] = Tensor::empty(c.inputs[0].dtype(), Shape{count}, c.device);
    T* to = c.out<T>();
    parallel_for(count, kGrain, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        to[i] = convert<T>(static_cast<W>(start + static_cast<W>(i) * delta));
      }
    });
  });
}

void run_one_hot(const KernelContext& c) {
  const Tensor &indices = c.inputs[0], &to = c.outputs[0];
  if (to.elements() == 0) return;
  const int axis = normalize_axis(c.attrs.integer(1), to.rank());
  const int64_t depth = to.dim(axis);
  int64_t inner = 1;
  for (int i = axis + 1; i < to.rank(); ++i) inner *= to.dim(i);
  const Tensor wide = Tensor::empty(int64, indices.shape(), c.device);
  copy_elements(indices, int64, wide.node()->data);
  const auto* index = wide.data<int64_t>();
  dispatch_bytes(size_of(to.dtype()), [&]<class T>(T) {
    const T on = *c.in<T>(1), off = *c.in<T>(2);
    T* out = c.out<T>();
    const int64_t outer = indices.elements() / inner, block = depth * inner;
    parallel_for(outer, std::max<int64_t>(1, kGrain / block), [&](int64_t begin, int64_t end) {
      std::fill(out + begin * block, out + end * block, off);
      for (int64_t i = begin * inner; i < end * inner; ++i) {
        if (index[i] < 0 || index[i] >= depth) continue;
        out[i / inner * block + index[i] * inner + i % inner] = on;
      }
    });
  });
}

void run_invert_permutation(const KernelContext& c) {
  const int64_t count = c.inputs[0].elements();
  dispatch(c.inputs[0].dtype(), [&]<class T>(std::type_identity<T>) {
    if constexpr (std::is_integral_v<T> && std::is_signed_v<T>) {
      const T* from = c.in<T>(0);
      T* to = c.out<T>();
      std::fill(to, to + count, static_cast<T>(-1));
      for (int64_t i = 0; i < count; ++i) {
        if (from[i] < 0 || from[i] >= count) {
          throw InvalidArgument(fmt::format("{} is not between 0 and {}", from[i], count));
        }
        if (to[from[i]] != -1) {
          throw InvalidArgument(fmt::format("{} is duplicated in the input", from[i]));
        }
        to[from[i]] = static_cast<T>(i);
      }
    }
  });
}

template <class Count>
void write_counts(const KernelContext& c, const Count& count) {
  dispatch(c.outputs[0].dtype(), [&]<class T>(std::type_identity<T>) {
    if constexpr (std::is_integral_v<T>) {
      for (int64_t i = 0; i < c.outputs[0].elements(); ++i) {
        c.out<T>()[i] = static_cast<T>(count(static_cast<int>(i)));
      }
    }
  });
}

void run_shape(const KernelContext& c) {
  write_counts(c, [&](int axis) { return c.inputs[0].dim(axis); });
}
void run_size(const KernelContext& c) {
  write_counts(c, [&](int) { return c.inputs[0].elements(); });
}
void run_rank(const KernelContext& c) {
  write_counts(c, [&](int) { return c.inputs[0].rank(); });
}

constexpr auto kCpu = Backend::cpu;
const RegisterKernel sequence(op::sequence, kCpu, {.name = "count", .run = run_sequence});
const RegisterKernel one_hot(op::one_hot_of, kCpu, {.name = "scatter", .run = run_one_hot});
const RegisterKernel invert_permutation(op::invert_permutation, kCpu,
                                        {.name = "scatter", .run = run_invert_permutation});
const RegisterKernel shape(op::shape, kCpu, {.name = "sizes", .run = run_shape});
const RegisterKernel size(op::size, kCpu, {.name = "sizes", .run = run_size});
const RegisterKernel rank(op::rank, kCpu, {.name = "sizes", .run = run_rank});

}  // namespace
}  // namespace millstream::cpu
