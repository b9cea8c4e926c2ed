#include "millstream/ops/einsum.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <map>
#include <optional>

#include "millstream/ops/array.h"
#include "millstream/ops/dtype_check.h"
#include "millstream/ops/elementwise.h"
#include "millstream/ops/matmul.h"
#include "millstream/ops/reduce.h"
#include "millstream/ops/views.h"

namespace millstream {
namespace {

// An axis is named by its letter; those of an ellipsis by kEllipsis + their distance to its end.
using Labels = std::vector<int>;
constexpr int kEllipsis = 256;

bool holds(const Labels& labels, int label) {
  return std::find(labels.begin(), labels.end(), label) != labels.end();
}

// --- the equation --------------------------------------------------------------------------------

struct Equation {
  std::vector<std::string> inputs;  // letters, and '.' for an ellipsis
  std::optional<std::string> output;
};

bool has_ellipsis(const std::string& letters) { return letters.find('.') != letters.npos; }

std::string subscripts(std::string_view text, std::string_view equation) {
  std::string letters;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text.substr(i, 3) == "..." && !has_ellipsis(letters)) {
      letters += '.';
      i += 2;
    } else if (std::isalpha(static_cast<unsigned char>(text[i])) != 0) {
      letters += text[i];
    } else {
      throw InvalidArgument(fmt::format("Subscripts have incorrect format: {}", equation));
    }
  }
  return letters;
}

Equation parse(std::string equation) {
  std::erase(equation, ' ');
  Equation parsed;
  std::string_view inputs = equation;
  if (const size_t arrow = inputs.find("->"); arrow != inputs.npos) {
    parsed.output = subscripts(inputs.substr(arrow + 2), equation);
    inputs = inputs.substr(0, arrow);
  }
  for (;;) {
    const size_t comma = inputs.find(',');
    parsed.inputs.push_back(subscripts(inputs.substr(0, comma), equation));
    if (comma == inputs.npos) break;
    inputs.remove_prefix(comma + 1);
  }
  return parsed;
}

// The axes of one operand.
Labels labels_of(const std::string& letters, int rank, size_t operand) {
  const bool ellipsis = has_ellipsis(letters);
  const int named = static_cast<int>(letters.size()) - (ellipsis ? 1 : 0);
  if (rank < named || (!ellipsis && rank != named)) {
    throw InvalidArgument(fmt::format("Expected input {} to have rank {}{} but got: {}", operand,
                                      ellipsis ? "at least " : "", named, rank));
  }
  Labels labels;
  for (const char letter : letters) {
    if (letter != '.') labels.push_back(letter);
    for (int i = rank - named; letter == '.' && i > 0; --i) labels.push_back(kEllipsis + i);
  }
  return labels;
}

Labels output_labels(const Equation& equation, const std::vector<Labels>& inputs) {
  std::map<int, int> uses;
  int broadcast_axes = 0;
  for (const Labels& labels : inputs) {
    for (const int label : labels) {
      ++uses[label];
      broadcast_axes = std::max(broadcast_axes, label - kEllipsis);
    }
  }
  Labels ellipsis, labels;
  for (int i = broadcast_axes; i > 0; --i) ellipsis.push_back(kEllipsis + i);
  if (!equation.output) {
    labels = ellipsis;
    for (const auto& [label, count] : uses) {
      if (count == 1 && label < kEllipsis) labels.push_back(label);
    }
    return labels;
  }
  for (const char letter : *equation.output) {
    if (letter == '.') {
      labels.insert(labels.end(), ellipsis.begin(), ellipsis.end());
    } else if (!uses.contains(letter)) {
      throw InvalidArgument(fmt::format(
          "Output subscripts contain the label {} not present in the input subscripts", letter));
    } else if (holds(labels, letter)) {
      throw InvalidArgument(
          fmt::format("Output subscripts contain the label {} more than once", letter));
    } else {
      labels.push_back(letter);
    }
  }
  if (!ellipsis.empty() && !has_ellipsis(*equation.output)) {
    throw InvalidArgument(
        fmt::format("Output contains {} broadcasting dimension(s) but no ellipsis (...) was found "
                    "in the output subscripts",
                    ellipsis.size()));
  }
  return labels;
}

// The size of each label over all operands.
std::map<int, int64_t> label_sizes(const std::vector<Labels>& inputs,
                                   std::span<const Shape> shapes) {
  std::map<int, int64_t> sizes;
  for (size_t i = 0; i < inputs.size(); ++i) {
    for (size_t axis = 0; axis < inputs[i].size(); ++axis) {
      const int label = inputs[i][axis];
      const int64_t size = shapes[i][static_cast<int>(axis)];
      const auto [entry, made] = sizes.emplace(label, size);
      int64_t& known = entry->second;
      if (made || size == known) continue;
      // An unknown size beside 1 may turn out as anything where the axis broadcasts.
      const int64_t neutral = label > kEllipsis ? 1 : kUnknown;
      if (known == neutral) {
        known = size;
      } else if (size != neutral && size != kUnknown && known != kUnknown) {
        throw InvalidArgument(
            fmt::format("Expected dimension {} at axis {} of the input shaped {} but got dimension "
                        "{}",
                        known, axis, shapes[i].to_string(), size));
      } else if (known == kUnknown && size != neutral) {
        known = size;
      }
    }
  }
  return sizes;
}

struct Plan {
  std::vector<Labels> inputs;
  Labels output;
  std::map<int, int64_t> sizes;
};

Plan plan(const std::string& text, std::span<const Shape> shapes) {
  const Equation equation = parse(text);
  if (equation.inputs.size() != shapes.size()) {
    throw InvalidArgument(fmt::format("Got {} inputs for equation \"{}\", expecting {}",
                                      shapes.size(), text, equation.inputs.size()));
  }
  Plan made;
  for (size_t i = 0; i < shapes.size(); ++i) {
    made.inputs.push_back(labels_of(equation.inputs[i], shapes[i].rank(), i));
  }
  made.output = output_labels(equation, made.inputs);
  made.sizes = label_sizes(made.inputs, shapes);
  return made;
}

// --- contraction ---------------------------------------------------------------------------------

// A tensor whose axes have names, each once.
struct Named {
  Tensor x;
  Labels labels;

  int64_t size(int label) const {
    return x.dim(static_cast<int>(std::find(labels.begin(), labels.end(), label) - labels.begin()));
  }
};

Named summed(Named a, const Labels& keep) {
  Ints axes;
  Labels left;
  for (size_t i = 0; i < a.labels.size(); ++i) {
    if (holds(keep, a.labels[i])) {
      left.push_back(a.labels[i]);
    } else {
      axes.push_back(static_cast<int64_t>(i));
    }
  }
  if (axes.empty()) return a;
  return {reduce_sum(a.x, {.axis = axes}), left};
}

Tensor ordered(const Named& a, const Labels& order) {
  if (a.labels == order) return a.x;
  Ints permutation;
  for (const int label : order) {
    permutation.push_back(std::find(a.labels.begin(), a.labels.end(), label) - a.labels.begin());
  }
  return transpose(a.x, permutation);
}

Labels joined(const Labels& a, const Labels& b, const Labels& c = {}) {
  Labels all = a;
  all.insert(all.end(), b.begin(), b.end());
  all.insert(all.end(), c.begin(), c.end());
  return all;
}

// x with axes [batch, rows, columns] as a batch of matrices.
Tensor as_matrices(const Tensor& x, size_t batch, size_t rows, size_t columns) {
  if (rows == 1 && columns == 1) return x;
  Dims sizes(std::span<const int64_t>(x.shape().dims()).first(batch));
  const auto product = [&](size_t first, size_t count) {
    int64_t size = 1;
    for (size_t i = first; i < first + count; ++i) size *= x.dim(static_cast<int>(i));
    return size;
  };
  sizes.push_back(product(batch, rows));
  sizes.push_back(product(batch + rows, columns));
  return reshape(x, Shape(sizes));
}

// The product of a and b, summed over what both have and `keep` lacks.
Named contract(Named a, Named b, const Labels& keep) {
  a = summed(a, joined(keep, b.labels));
  b = summed(b, joined(keep, a.labels));
  Labels batch, inner, rows, columns;
  for (const int label : a.labels) {
    const bool shared = holds(b.labels, label);
    (!shared ? rows : holds(keep, label) ? batch : inner).push_back(label);
  }
  for (const int label : b.labels) {
    if (!holds(a.labels, label)) columns.push_back(label);
  }
  const Tensor left =
      as_matrices(ordered(a, joined(batch, rows, inner)), batch.size(), rows.size(), inner.size());
  const Tensor right = as_matrices(ordered(b, joined(batch, inner, columns)), batch.size(),
                                   inner.size(), columns.size());
  Dims sizes;
  for (const int label : joined(batch, rows)) sizes.push_back(a.size(label));
  for (const int label : columns) sizes.push_back(b.size(label));
  const Tensor product = matmul(left, right);
  return {product.shape() == Shape(sizes) ? product : reshape(product, Shape(sizes)),
          joined(batch, rows, columns)};
}

// --- einsum --------------------------------------------------------------------------------------

// The elements whose indices along `first` and `second` are equal; the second axis goes.
Tensor diagonal(const Tensor& x, size_t first, size_t second) {
  const int64_t size = x.dim(static_cast<int>(first));
  std::vector<bool> mask(static_cast<size_t>(size * size));
  for (int64_t i = 0; i < size; ++i) mask[static_cast<size_t>(i * size + i)] = true;
  Dims sizes(x.rank(), 1);
  sizes[static_cast<int>(first)] = sizes[static_cast<int>(second)] = size;
  const Tensor chosen = where(constant(mask, Shape(sizes)), x, Tensor::scalar(0, x.dtype()));
  return reduce_sum(chosen, {.axis = Ints{static_cast<int64_t>(second)}});
}

// An operand with every label once, and without the axes that only broadcast.
Named normalized(const Tensor& x, const Labels& labels, const std::map<int, int64_t>& sizes) {
  Named a{x, labels};
  for (size_t i = 0; i < a.labels.size(); ++i) {
    for (size_t k = a.labels.size(); k-- > i + 1;) {
      if (a.labels[i] != a.labels[k]) continue;
      a.x = diagonal(a.x, i, k);
      a.labels.erase(a.labels.begin() + static_cast<int64_t>(k));
    }
  }
  for (size_t i = a.labels.size(); i-- > 0;) {
    if (a.x.dim(static_cast<int>(i)) == sizes.at(a.labels[i])) continue;
    a.x = squeeze(a.x, {static_cast<int64_t>(i)});
    a.labels.erase(a.labels.begin() + static_cast<int64_t>(i));
  }
  return a;
}

// Attribute: equation.
Tensors compose_einsum(std::span<const Tensor> in, const Attrs& attrs) {
  std::vector<Shape> shapes;
  for (const Tensor& x : in) {
    shapes.push_back(x.shape());
    if (x.dtype() != in[0].dtype())
      refuse_dtype(op::einsum, shapes.size() - 1, x.dtype(), in[0].dtype());
  }
  const Plan p = plan(attrs.text(0), shapes);
  Named result = normalized(in[0], p.inputs[0], p.sizes);
  for (size_t i = 1; i < in.size(); ++i) {
    Labels keep = p.output;
    for (size_t later = i + 1; later < in.size(); ++later) keep = joined(keep, p.inputs[later]);
    result = contract(result, normalized(in[i], p.inputs[i], p.sizes), keep);
  }
  return {ordered(summed(result, p.output), p.output)};
}

Specs infer_einsum(const InferContext& c) {
  require_equal_dtypes(c);
  require_numbers(c);
  std::vector<Shape> shapes;
  for (const Spec& input : c.inputs) {
    if (!input.shape.has_rank()) return {{c.inputs[0].dtype, Shape::unknown()}};
    shapes.push_back(input.shape);
  }
  const Plan p = plan(c.attrs.text(0), shapes);
  Dims sizes;
  for (const int label : p.output) sizes.push_back(p.sizes.at(label));
  return {{c.inputs[0].dtype, Shape(sizes)}};
}

// --- tensordot -----------------------------------------------------------------------------------

// Attribute 0 holds one number n (the last n axes of a, the first n of b), or the axes of a and
// then those of b.
struct Contracted {
  Ints a, b;
};

Contracted contracted(const Ints& axes, int rank_a, int rank_b) {
  Contracted result;
  if (axes.size() == 1) {
    if (axes[0] < 0) {
      throw InvalidArgument(fmt::format("`axes` must be at least 0. Received: {}", axes[0]));
    }
    if (axes[0] > std::min(rank_a, rank_b)) {
      throw InvalidArgument(
          fmt::format("`axes` must not be larger than the number of dimensions. Received {}, vs "
                      "tensor dimensions {}",
                      axes[0], std::min(rank_a, rank_b)));
    }
    for (int64_t i = 0; i < axes[0]; ++i) {
      result.a.push_back(rank_a - axes[0] + i);
      result.b.push_back(i);
    }
    return result;
  }
  const size_t half = axes.size() / 2;
  if (axes.size() % 2 != 0) {
    throw InvalidArgument(fmt::format("Different number of contraction axes `a` and `b`, {} != {}",
                                      axes.size() - half, half));
  }
  for (size_t i = 0; i < half; ++i) {
    result.a.push_back(normalize_axis(axes[i], rank_a));
    result.b.push_back(normalize_axis(axes[half + i], rank_b));
  }
  for (Ints list : {result.a, result.b}) {
    std::sort(list.begin(), list.end());
    if (std::adjacent_find(list.begin(), list.end()) != list.end()) {
      throw InvalidArgument("an axis is contracted twice");
    }
  }
  return result;
}

Specs infer_tensordot(const InferContext& c) {
  require_equal_dtypes(c);
  require_numbers(c);
  const Shape &a = c.inputs[0].shape, &b = c.inputs[1].shape;
  if (!a.has_rank() || !b.has_rank()) return {{c.inputs[0].dtype, Shape::unknown()}};
  const Contracted pairs = contracted(c.attrs.ints(0), a.rank(), b.rank());
  for (size_t i = 0; i < pairs.a.size(); ++i) {
    const int64_t x = a[static_cast<int>(pairs.a[i])], y = b[static_cast<int>(pairs.b[i])];
    if (x != y && x != kUnknown && y != kUnknown) {
      throw InvalidArgument(fmt::format("Matrix size-incompatible: axis {} of {} and axis {} of {}",
                                        pairs.a[i], a.to_string(), pairs.b[i], b.to_string()));
    }
  }
  Dims sizes;
  const auto take = [&](const Shape& shape, const Ints& gone) {
    for (int i = 0; i < shape.rank(); ++i) {
      if (std::find(gone.begin(), gone.end(), i) == gone.end()) sizes.push_back(shape[i]);
    }
  };
  take(a, pairs.a), take(b, pairs.b);
  return {{c.inputs[0].dtype, Shape(sizes)}};
}

Tensors compose_tensordot(std::span<const Tensor> in, const Attrs& attrs) {
  const Specs specs{{in[0].dtype(), in[0].shape()}, {in[1].dtype(), in[1].shape()}};
  infer_tensordot({op::tensordot, specs, attrs});
  const Contracted pairs = contracted(attrs.ints(0), in[0].rank(), in[1].rank());
  Named a{in[0], {}}, b{in[1], {}};
  for (int i = 0; i < in[0].rank(); ++i) a.labels.push_back(i);
  for (int i = 0; i < in[1].rank(); ++i) b.labels.push_back(kMaxRank + i);
  Labels keep = joined(a.labels, b.labels);
  for (size_t i = 0; i < pairs.a.size(); ++i) {
    std::erase(keep, static_cast<int>(pairs.a[i]));
    b.labels[static_cast<size_t>(pairs.b[i])] = static_cast<int>(pairs.a[i]);
  }
  return {contract(a, b, keep).x};
}

}  // namespace

constinit Op op::einsum = {
    .names = "linalg.einsum einsum",
    .parameters = "equation: str, inputs: tensors",
    .doc = "The sum of products that the equation names: \"ij,jk->ik\" multiplies matrices.",
    .infer = infer_einsum,
    .compose = compose_einsum};
constinit Op op::tensordot = {
    .names = "tensordot linalg.tensordot",
    .parameters = "a: tensor, b: tensor, axes: ints",
    .doc =
        "The sum of products over axes of a and b: a number (the last axes of a with the first "
        "of b), or a list for each.",
    .infer = infer_tensordot,
    .compose = compose_tensordot};

static const RegisterOps family({&op::einsum, &op::tensordot});

Tensor einsum(const std::string& equation, const Tensors& inputs) {
  return call(op::einsum, inputs, {equation});
}

Tensor tensordot(const Tensor& a, const Tensor& b, int64_t axes) {
  return call(op::tensordot, {a, b}, {Ints{axes}});
}

Tensor tensordot(const Tensor& a, const Tensor& b, const Ints& a_axes, const Ints& b_axes) {
  if (a_axes.size() != b_axes.size()) {
    throw InvalidArgument(fmt::format("Different number of contraction axes `a` and `b`, {} != {}",
                                      a_axes.size(), b_axes.size()));
  }
  if (a_axes.empty()) return tensordot(a, b, 0);
  Ints axes = a_axes;
  axes.insert(axes.end(), b_axes.begin(), b_axes.end());
  return call(op::tensordot, {a, b}, {axes});
}

}  // namespace millstream
