// pad, tile and roll: along each axis a place of the result takes a place of the input, or a
// constant. Places that run on are copied as one.
#include <algorithm>
#include <cstring>
#include <numeric>

#include "millstream/backend/cpu/copy.h"
#include "millstream/base/parallel.h"
#include "millstream/ops/join.h"

namespace millstream::cpu {
namespace {

constexpr int64_t kGrain = 1 << 16;  // elements
constexpr int64_t kConstant = -1;

// For each place of the result the place of the input.
using AxisMap = std::vector<int64_t>;

bool is_identity(const AxisMap& map, int64_t size) {
  if (static_cast<int64_t>(map.size()) != size) return false;
  for (int64_t i = 0; i < size; ++i) {
    if (map[static_cast<size_t>(i)] != i) return false;
  }
  return true;
}

// Places of the result that go through the input with one step: 1, 0 or -1.
struct Segment {
  int64_t begin, end;
  int64_t from;  // kConstant: no place of the input
  int64_t step;
};

std::vector<Segment> segments_of(const AxisMap& map) {
  std::vector<Segment> segments;
  for (int64_t i = 0; i < static_cast<int64_t>(map.size()); ++i) {
    const int64_t from = map[static_cast<size_t>(i)];
    if (!segments.empty()) {
      Segment& last = segments.back();
      const int64_t length = last.end - last.begin;
      const int64_t step = from - map[static_cast<size_t>(i - 1)];
      const bool both_constant = from == kConstant && last.from == kConstant;
      const bool neither = from != kConstant && last.from != kConstant;
      if (both_constant || (neither && (length == 1 ? std::abs(step) <= 1 : step == last.step))) {
        if (neither) last.step = step;
        ++last.end;
        continue;
      }
    }
    segments.push_back({i, i + 1, from, 1});
  }
  return segments;
}

template <class T>
class Remap {
 public:
  Remap(const Dims& sizes, const std::vector<AxisMap>& maps, const T* from, T value, T* to)
      : maps_(maps), from_(from), value_(value), to_(to) {
    axis_ = static_cast<int>(maps.size()) - 1;
    while (axis_ > 0 && is_identity(maps[static_cast<size_t>(axis_)], sizes[axis_])) {
      inner_ *= sizes[axis_--];
    }
    segments_ = segments_of(maps[static_cast<size_t>(axis_)]);
    strides_ = Dims(axis_, 0);
    int64_t stride = inner_ * sizes[axis_];
    for (int i = axis_ - 1; i >= 0; --i) {
      strides_[i] = stride;
      stride *= sizes[i];
    }
  }

  void run() const {
    const auto row = static_cast<int64_t>(maps_[static_cast<size_t>(axis_)].size());
    int64_t rows = 1;
    for (int i = 0; i < axis_; ++i) rows *= places(i);
    parallel_for(rows * row, std::max<int64_t>(1, kGrain / inner_),
                 [&](int64_t begin, int64_t end) {
                   while (begin < end) {
                     const int64_t first = begin % row;
                     const int64_t count = std::min(row - first, end - begin);
                     fill_row(begin / row, first, first + count, to_ + begin * inner_);
                     begin += count;
                   }
                 });
  }

 private:
  int64_t places(int axis) const {
    return static_cast<int64_t>(maps_[static_cast<size_t>(axis)].size());
  }

  // Where row r of the result comes from; kConstant if from nowhere.
  int64_t source_of_row(int64_t r) const {
    int64_t offset = 0;
    for (int i = axis_ - 1; i >= 0; --i) {
      const int64_t from = maps_[static_cast<size_t>(i)][static_cast<size_t>(r % places(i))];
      if (from == kConstant) return kConstant;
      offset += from * strides_[i];
      r /= places(i);
    }
    return offset;
  }

  // Places [begin, end) of row r, written from `to` on.
  void fill_row(int64_t r, int64_t begin, int64_t end, T* to) const {
    const int64_t source = source_of_row(r);
    if (source == kConstant) {
      std::fill(to, to + (end - begin) * inner_, value_);
      return;
    }
    auto segment = std::upper_bound(segments_.begin(), segments_.end(), begin,
                                    [](int64_t place, const Segment& s) { return place < s.end; });
    while (begin < end) {
      const int64_t count = std::min(segment->end, end) - begin;
      fill_segment(*segment, begin - segment->begin, count, from_ + source, to);
      to += count * inner_;
      begin += count;
      ++segment;
    }
  }

  void fill_segment(const Segment& s, int64_t skip, int64_t count, const T* from, T* to) const {
    if (s.from == kConstant) {
      std::fill(to, to + count * inner_, value_);
      return;
    }
    from += (s.from + skip * s.step) * inner_;
    if (s.step == 1) {
      copy(from, count * inner_, to);
    } else if (s.step == 0 && inner_ == 1) {
      std::fill(to, to + count, *from);
    } else {
      for (int64_t i = 0; i < count; ++i) copy(from + i * s.step * inner_, inner_, to + i * inner_);
    }
  }

  static void copy(const T* from, int64_t n, T* to) {
    if (n >= 12) {
      std::memcpy(to, from, static_cast<size_t>(n) * sizeof(T));
    } else {
      for (int64_t i = 0; i < n; ++i) to[i] = from[i];
    }
  }

  const std::vector<AxisMap>& maps_;
  std::vector<Segment> segments_;
  Dims strides_;  // of the input's axes before axis_
  int axis_;      // the last that is not copied as it is
  int64_t inner_ = 1;
  const T* from_;
  T value_;
  T* to_;
};

void remap(const KernelContext& c, const std::vector<AxisMap>& maps, const void* value) {
  const Tensor &from = c.inputs[0], &to = c.outputs[0];
  if (to.elements() == 0) return;
  if (to.rank() == 0) {
    std::memcpy(to.node()->data, from.data(), from.bytes());
    return;
  }
  dispatch_bytes(size_of(from.dtype()), [&]<class T>(T constant) {
    if (value != nullptr) std::memcpy(&constant, value, sizeof constant);
    Remap<T>(from.shape().dims(), maps, c.in<T>(0), constant, c.out<T>()).run();
  });
}

int64_t mirrored(PadMode mode, int64_t place, int64_t size) {
  if (place >= 0 && place < size) return place;
  if (mode == PadMode::constant) return kConstant;
  const int64_t edge = mode == PadMode::symmetric ? 1 : 0;
  return place < 0 ? -place - edge : 2 * size - 2 + edge - place;
}

void run_pad(const KernelContext& c) {
  const PadMode mode = pad_mode(c.attrs.text(1));
  std::vector<AxisMap> maps;
  for (int axis = 0; axis < c.outputs[0].rank(); ++axis) {
    AxisMap map(static_cast<size_t>(c.outputs[0].dim(axis)));
    int64_t place = -c.attrs.ints(0)[static_cast<size_t>(2 * axis)];
    for (int64_t& from : map) from = mirrored(mode, place++, c.inputs[0].dim(axis));
    maps.push_back(std::move(map));
  }
  remap(c, maps, c.inputs[1].data());
}

void run_tile(const KernelContext& c) {
  if (c.outputs[0].elements() == 0) return;
  std::vector<AxisMap> maps;
  for (int axis = 0; axis < c.outputs[0].rank(); ++axis) {
    AxisMap map(static_cast<size_t>(c.outputs[0].dim(axis)));
    const int64_t size = c.inputs[0].dim(axis);
    for (size_t i = 0; i < map.size(); ++i) map[i] = static_cast<int64_t>(i) % size;
    maps.push_back(std::move(map));
  }
  remap(c, maps, nullptr);
}

void run_roll(const KernelContext& c) {
  const Tensor& from = c.inputs[0];
  if (from.elements() == 0) return;
  Dims shifts(from.rank(), 0);
  const Ints &shift = c.attrs.ints(0), &axes = c.attrs.ints(1);
  for (size_t i = 0; i < shift.size(); ++i) {
    const int axis = normalize_axis(axes[i], from.rank());
    const int64_t size = from.dim(axis);
    shifts[axis] = (shifts[axis] + shift[i] % size + size) % size;
  }
  std::vector<AxisMap> maps;
  for (int axis = 0; axis < from.rank(); ++axis) {
    AxisMap map(static_cast<size_t>(from.dim(axis)));
    std::iota(map.begin(), map.end(), 0);
    std::rotate(map.begin(), map.end() - shifts[axis], map.end());
    maps.push_back(std::move(map));
  }
  remap(c, maps, nullptr);
}

const RegisterKernel pad(op::pad, Backend::cpu, {.name = "remap", .run = run_pad});
const RegisterKernel tile(op::tile, Backend::cpu, {.name = "remap", .run = run_tile});
const RegisterKernel roll(op::roll, Backend::cpu, {.name = "remap", .run = run_roll});

}  // namespace
}  // namespace millstream::cpu
