#include "millstream/ops/diagonal.h"

#include <algorithm>
#include <cstring>

#include "millstream/backend/cpu/copy.h"
#include "millstream/base/parallel.h"

namespace millstream::cpu {
namespace {

constexpr int64_t kGrain = 1 << 16;  // elements

// A stack of matrices.
struct Matrices {
  int64_t count = 1, rows, columns;
  explicit Matrices(const Shape& shape) : rows(shape[-2]), columns(shape[-1]) {
    for (int i = 0; i < shape.rank() - 2; ++i) count *= shape[i];
  }
  int64_t elements() const { return rows * columns; }
};

// Calls f(matrix index) in parallel.
template <class F>
void for_each_matrix(const Matrices& m, const F& f) {
  parallel_for(m.count, std::max<int64_t>(1, kGrain / std::max<int64_t>(m.elements(), 1)),
               [&](int64_t begin, int64_t end) {
                 for (int64_t i = begin; i < end; ++i) f(i);
               });
}

// Calls f(place in the band, place in the matrix) for all elements of the diagonals.
template <class F>
void for_each_place(const Band& band, const Matrices& m, const F& f) {
  const int64_t length = band.length(m.rows, m.columns);
  for (int64_t k = band.high, row = 0; k >= band.low; --k, ++row) {
    const int64_t first = std::max<int64_t>(-k, 0) * m.columns + std::max<int64_t>(k, 0);
    const int64_t at = row * length + band.padding(k, m.rows, m.columns);
    for (int64_t i = 0; i < diagonal_length(k, m.rows, m.columns); ++i) {
      f(at + i, first + i * (m.columns + 1));
    }
  }
}

void run_diag_part(const KernelContext& c) {
  const Matrices m(c.inputs[0].shape());
  const Band band(c.attrs.ints(0), c.attrs.text(1));
  const int64_t part = band.diagonals() * band.length(m.rows, m.columns);
  if (c.outputs[0].elements() == 0) return;
  dispatch_bytes(size_of(c.inputs[0].dtype()), [&]<class T>(T) {
    const T padding = *c.in<T>(1);
    for_each_matrix(m, [&](int64_t i) {
      const T* from = c.in<T>(0) + i * m.elements();
      T* to = c.out<T>() + i * part;
      if (band.diagonals() > 1) std::fill(to, to + part, padding);
      for_each_place(band, m, [&](int64_t in_band, int64_t place) { to[in_band] = from[place]; });
    });
  });
}

// Writes diagonals over what is in the result.
template <class T>
void put_diagonals(const Band& band, const Matrices& m, const T* diagonals, T* to) {
  const int64_t part = band.diagonals() * band.length(m.rows, m.columns);
  for_each_matrix(m, [&](int64_t i) {
    const T* from = diagonals + i * part;
    T* matrix = to + i * m.elements();
    for_each_place(band, m, [&](int64_t in_band, int64_t place) { matrix[place] = from[in_band]; });
  });
}

void run_diag(const KernelContext& c) {
  const Matrices m(c.outputs[0].shape());
  const Band band(c.attrs.ints(0), c.attrs.text(3));
  dispatch_bytes(size_of(c.inputs[0].dtype()), [&]<class T>(T) {
    std::fill_n(c.out<T>(), c.outputs[0].elements(), *c.in<T>(1));
    put_diagonals(band, m, c.in<T>(0), c.out<T>());
  });
}

void run_set_diag(const KernelContext& c) {
  const Matrices m(c.outputs[0].shape());
  const Band band(c.attrs.ints(0), c.attrs.text(1));
  std::memcpy(c.out<std::byte>(), c.inputs[0].data(), c.inputs[0].bytes());
  dispatch_bytes(size_of(c.inputs[0].dtype()),
                 [&]<class T>(T) { put_diagonals(band, m, c.in<T>(1), c.out<T>()); });
}

void run_eye(const KernelContext& c) {
  const Matrices m(c.outputs[0].shape());
  std::memset(c.out<std::byte>(), 0, c.outputs[0].bytes());
  dispatch(c.outputs[0].dtype(), [&]<class T>(std::type_identity<T>) {
    T one{};
    if constexpr (std::is_same_v<T, float16_t> || std::is_same_v<T, bfloat16_t>) {
      one = T(1.0f);
    } else {
      one = T(1);
    }
    for_each_matrix(m, [&](int64_t i) {
      T* to = c.out<T>() + i * m.elements();
      for (int64_t k = 0; k < std::min(m.rows, m.columns); ++k) to[k * (m.columns + 1)] = one;
    });
  });
}

void run_band_part(const KernelContext& c) {
  const Matrices m(c.outputs[0].shape());
  const int64_t lower = c.attrs.integer(0), upper = c.attrs.integer(1);
  std::memset(c.out<std::byte>(), 0, c.outputs[0].bytes());
  dispatch_bytes(size_of(c.inputs[0].dtype()), [&]<class T>(T) {
    for_each_matrix(m, [&](int64_t i) {
      const T* from = c.in<T>(0) + i * m.elements();
      T* to = c.out<T>() + i * m.elements();
      for (int64_t row = 0; row < m.rows; ++row, from += m.columns, to += m.columns) {
        const int64_t begin = lower < 0 || lower > row ? 0 : row - lower;
        const bool all = upper < 0 || upper >= m.columns - row;
        const int64_t end = all ? m.columns : row + upper + 1;
        if (begin < end && begin < m.columns) std::copy(from + begin, from + end, to + begin);
      }
    });
  });
}

constexpr auto kCpu = Backend::cpu;
const RegisterKernel diag(op::diag, kCpu, {.name = "loop", .run = run_diag});
const RegisterKernel diag_part(op::diag_part, kCpu, {.name = "loop", .run = run_diag_part});
const RegisterKernel set_diag(op::set_diag, kCpu, {.name = "loop", .run = run_set_diag});
const RegisterKernel eye(op::eye, kCpu, {.name = "loop", .run = run_eye});
const RegisterKernel band_part(op::band_part, kCpu, {.name = "loop", .run = run_band_part});

}  // namespace
}  // namespace millstream::cpu
