#include "millstream/ops/sort.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <unordered_map>

#include "millstream/backend/cpu/indices.h"
#include "millstream/backend/cpu/order.h"
#include "millstream/base/parallel.h"

namespace millstream::cpu {
namespace {

constexpr int64_t kGrain = 1 << 12;      // elements: sorting takes a while
constexpr int64_t kRadixFrom = 1 << 11;  // elements, from which on digits are faster

// An element's order and place. Sorted by key, then place.
template <class K>
struct Item {
  K key;
  int32_t place;
};

template <class K>
bool before(const Item<K>& a, const Item<K>& b) {
  return a.key != b.key ? a.key < b.key : a.place < b.place;
}

// By digits of 8 bits, the lowest first: keeps the order of equal keys.
template <class K>
void radix_sort(std::vector<Item<K>>& items, std::vector<Item<K>>& spare) {
  spare.resize(items.size());
  for (size_t shift = 0; shift < 8 * sizeof(K); shift += 8) {
    size_t counts[257] = {};
    for (const auto& item : items) ++counts[(item.key >> shift & 0xff) + 1];
    if (std::find(std::begin(counts), std::end(counts), items.size()) != std::end(counts)) continue;
    std::partial_sum(std::begin(counts), std::end(counts), std::begin(counts));
    for (const auto& item : items) spare[counts[item.key >> shift & 0xff]++] = item;
    items.swap(spare);
  }
}

template <class K>
void sort_items(std::vector<Item<K>>& items, int64_t k, std::vector<Item<K>>& spare) {
  const auto n = static_cast<int64_t>(items.size());
  if (k * 8 < n) {
    std::nth_element(items.begin(), items.begin() + k, items.end(), before<K>);
    std::sort(items.begin(), items.begin() + k, before<K>);
  } else if (n >= kRadixFrom) {
    radix_sort(items, spare);
  } else {
    std::sort(items.begin(), items.end(), before<K>);
  }
}

template <class T>
void order_rows(const KernelContext& c, int64_t n, int64_t k, bool descending) {
  using K = Key<T>;
  const T* from = c.in<T>(0);
  T* values = c.out<T>(0);
  const auto order = [&](int64_t row, std::vector<Item<K>>& items, std::vector<Item<K>>& spare) {
    items.resize(static_cast<size_t>(n));
    const K flip = descending ? static_cast<K>(~K{0}) : K{0};
    for (int64_t i = 0; i < n; ++i) {
      const K key = static_cast<K>(order_key(from[row * n + i]) ^ flip);
      items[static_cast<size_t>(i)] = {key, static_cast<int32_t>(i)};
    }
    sort_items(items, k, spare);
  };
  with_indices(c.outputs[1], [&]<class I>(const I*) {
    I* indices = c.out<I>(1);
    const int64_t rows = c.inputs[0].elements() / n;
    parallel_for(rows, std::max<int64_t>(1, kGrain / n), [&](int64_t begin, int64_t end) {
      std::vector<Item<K>> items, spare;
      for (int64_t row = begin; row < end; ++row) {
        order(row, items, spare);
        for (int64_t i = 0; i < k; ++i) {
          const int32_t place = items[static_cast<size_t>(i)].place;
          values[row * k + i] = from[row * n + place];
          indices[row * k + i] = static_cast<I>(place);
        }
      }
    });
  });
}

void run_ordered(const KernelContext& c) {
  const int64_t n = c.inputs[0].shape()[-1], k = c.outputs[0].shape()[-1];
  if (c.outputs[0].elements() == 0) return;
  if (n > INT32_MAX) throw Unimplemented("sorting more than 2^31 elements along one axis");
  dispatch(c.inputs[0].dtype(),
           [&]<class T>(std::type_identity<T>) { order_rows<T>(c, n, k, c.attrs.flag(1)); });
}

void run_in_top_k(const KernelContext& c) {
  const int64_t rows = c.inputs[1].dim(0), n = c.inputs[1].dim(1), k = c.attrs.integer(0);
  bool* to = c.out<bool>();
  dispatch(c.inputs[1].dtype(), [&]<class T>(std::type_identity<T>) {
    const T* predictions = c.in<T>(1);
    with_indices(c.inputs[0], [&](const auto* targets) {
      for (int64_t row = 0; row < rows; ++row) {
        const T* values = predictions + row * n;
        const bool inside = targets[row] >= 0 && targets[row] < n;
        bool defined = inside && std::isfinite(static_cast<double>(values[targets[row]]));
        int64_t larger = 0;
        for (int64_t i = 0; defined && i < n; ++i) {
          defined = std::isfinite(static_cast<double>(values[i]));
          larger += values[i] > values[targets[row]];
        }
        to[row] = defined && larger < k;
      }
    });
  });
}

void run_searchsorted(const KernelContext& c) {
  if (c.outputs[0].elements() == 0) return;
  const int64_t n = c.inputs[0].shape()[-1], m = c.inputs[1].shape()[-1];
  const bool left = c.attrs.text(0) == "left";
  dispatch(c.inputs[0].dtype(), [&]<class T>(std::type_identity<T>) {
    const T *sequence = c.in<T>(0), *values = c.in<T>(1);
    const auto less = [](T a, T b) { return order_key(a) < order_key(b); };
    with_indices(c.outputs[0], [&]<class I>(const I*) {
      I* to = c.out<I>();
      parallel_for(c.outputs[0].elements(), kGrain, [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) {
          const T* row = sequence + i / m * n;
          const T* found = left ? std::lower_bound(row, row + n, values[i], less)
                                : std::upper_bound(row, row + n, values[i], less);
          to[i] = static_cast<I>(found - row);
        }
      });
    });
  });
}

void run_unique(const KernelContext& c) {
  const int64_t n = c.inputs[0].elements();
  dispatch(c.inputs[0].dtype(), [&]<class T>(std::type_identity<T>) {
    const T* from = c.in<T>(0);
    std::unordered_map<Key<T>, int64_t> seen;
    std::vector<T> first;
    std::vector<int64_t> which(static_cast<size_t>(n)), counts;
    for (int64_t i = 0; i < n; ++i) {
      const auto [at, fresh] =
          seen.try_emplace(order_key(from[i]), static_cast<int64_t>(counts.size()));
      if (fresh) {
        first.push_back(from[i]);
        counts.push_back(0);
      }
      ++counts[static_cast<size_t>(at->second)];
      which[static_cast<size_t>(i)] = at->second;
    }
    const auto found = static_cast<int64_t>(counts.size());
    const DType index = c.attrs.dtype(0);
    c.outputs[0] = Tensor::empty(c.inputs[0].dtype(), Shape{found}, c.device);
    c.outputs[1] = Tensor::empty(index, Shape{n}, c.device);
    c.outputs[2] = Tensor::empty(index, Shape{found}, c.device);
    std::copy(first.begin(), first.end(), c.out<T>(0));
    with_indices(c.outputs[1], [&]<class I>(const I*) {
      std::copy(which.begin(), which.end(), c.out<I>(1));
      std::copy(counts.begin(), counts.end(), c.out<I>(2));
    });
  });
}

constexpr auto kCpu = Backend::cpu;
const RegisterKernel ordered(op::ordered, kCpu, {.name = "sort", .run = run_ordered});
const RegisterKernel in_top_k(op::in_top_k, kCpu, {.name = "count", .run = run_in_top_k});
const RegisterKernel searchsorted(op::searchsorted, kCpu,
                                  {.name = "bisect", .run = run_searchsorted});
const RegisterKernel unique(op::unique_with_counts, kCpu, {.name = "hash", .run = run_unique});

}  // namespace
}  // namespace millstream::cpu
