#pragma once
// Diagonals of matrices, the last two axes of a tensor. Diagonal k holds the elements [i, i + k]:
// 0 is the main one, those above are positive. A band of diagonals {k0, k1} is a matrix itself, one
// row per diagonal, the highest first; shorter diagonals are padded and aligned.
//
//   eye(3);  diag(v);  diag_part(m, {.k = {1}});  band_part(m, 0, -1);  // upper triangle
//
// Errors: InvalidArgument for a diagonal outside of the matrix, or sizes that do not fit.
#include <optional>

#include "millstream/ops/op.h"

namespace millstream {

namespace op {
extern Op eye, diag, diag_part, set_diag, band_part, trace;
}

struct DiagOptions {
  Ints k = {0};           // one diagonal, or the lowest and the highest of a band
  int64_t num_rows = -1;  // of the matrix; by default as many as the diagonals need
  int64_t num_cols = -1;
  Tensor padding_value = 0;
  std::string align = "RIGHT_LEFT";  // of those above and below the main one; or LEFT_RIGHT, ...
};
// Matrices with the given diagonals, and padding_value elsewhere.
Tensor diag(const Tensor& diagonal, const DiagOptions& options = {});
// The diagonals of matrices. num_rows and num_cols are not used.
Tensor diag_part(const Tensor& input, const DiagOptions& options = {});
// Matrices with other diagonals.
Tensor set_diag(const Tensor& input, const Tensor& diagonal, const DiagOptions& options = {});

// Ones on the main diagonal, zeros elsewhere: [batch_shape..., num_rows, num_columns].
struct EyeOptions {
  std::optional<int64_t> num_columns = {};
  Ints batch_shape = {};
  DType dtype = float32;
};
Tensor eye(int64_t num_rows, const EyeOptions& options = {});
// Zero but for num_lower diagonals below the main one and num_upper above; -1 keeps all.
Tensor band_part(const Tensor& input, int64_t num_lower, int64_t num_upper);
// The sum of the main diagonal.
Tensor trace(const Tensor& x);

// A band of diagonals of a matrix, and how it is laid out.
struct Band {
  int64_t low, high;  // diagonals
  bool right_above, right_below;

  Band(const Ints& k, const std::string& align);
  int64_t diagonals() const { return high - low + 1; }
  // Elements of the longest diagonal.
  int64_t length(int64_t rows, int64_t columns) const;
  // Padding before the first element of diagonal k.
  int64_t padding(int64_t k, int64_t rows, int64_t columns) const;
};
// Elements of diagonal k.
int64_t diagonal_length(int64_t k, int64_t rows, int64_t columns);

}  // namespace millstream
