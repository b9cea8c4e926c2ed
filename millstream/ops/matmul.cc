#include "millstream/ops/matmul.h"

#include <fmt/format.h>

#include "millstream/ops/array.h"
#include "millstream/ops/dtype_check.h"
#include "millstream/ops/elementwise.h"
#include "millstream/ops/reduce.h"
#include "millstream/ops/views.h"

namespace millstream {
namespace {

// --- matmul --------------------------------------------------------------------------------------

struct Transposed {
  bool a, b;
};

// Positions of the attributes: transpose_a, transpose_b, adjoint_a, adjoint_b, a_is_sparse,
// b_is_sparse, output_type.
constexpr size_t kOutputType = 6;

Transposed transposed(const Attrs& attrs) {
  for (const size_t i : {0, 1}) {
    if (attrs.flag(i) && attrs.flag(i + 2)) {
      const char side = i == 0 ? 'a' : 'b';
      throw InvalidArgument(
          fmt::format("Only one of `transpose_{0}` and `adjoint_{0}` can be True", side));
    }
  }
  return {attrs.flag(0) || attrs.flag(2), attrs.flag(1) || attrs.flag(3)};
}

const Attrs& attrs_of(bool transpose_a, bool transpose_b) {
  static const auto make = [](bool a, bool b) {
    return Attrs{a, b, false, false, false, false, std::monostate()};
  };
  static const Attrs all[2][2] = {{make(false, false), make(false, true)},
                                  {make(true, false), make(true, true)}};
  return all[transpose_a ? 1 : 0][transpose_b ? 1 : 0];
}

Shape batch_of(const Shape& x) {
  return Shape(std::span<const int64_t>(x.dims()).first(static_cast<size_t>(x.rank() - 2)));
}

Shape broadcast_batches(const Shape& a, const Shape& b) {
  try {
    return broadcast(batch_of(a), batch_of(b));
  } catch (const InvalidArgument&) {
    throw InvalidArgument(
        {.message = fmt::format("In[0] and In[1] must have compatible batch dimensions: {} vs. {}",
                                a.to_string(), b.to_string()),
         .hint = "all axes but the last two broadcast"});
  }
}

// dtype in which the result is given.
DType product_dtype(const InferContext& c) {
  require_numbers(c);
  const DType in = c.inputs[0].dtype;
  if (c.attrs.none(kOutputType)) return in;
  const DType out = c.attrs.dtype(kOutputType);
  if (out == boolean || is_floating(in) != is_floating(out)) {
    throw InvalidArgument(
        fmt::format("a product of {} matrices is not given as {}", name_of(in), name_of(out)));
  }
  return out;
}

Specs infer_matmul(const InferContext& c) {
  const Transposed t = transposed(c.attrs);
  require_equal_dtypes(c);
  const DType dtype = product_dtype(c);
  const Shape &a = c.inputs[0].shape, &b = c.inputs[1].shape;
  for (size_t i = 0; i < 2; ++i) {
    if (c.inputs[i].shape.has_rank() && c.inputs[i].shape.rank() < 2) {
      throw InvalidArgument({.message = fmt::format("In[{}] ndims must be >= 2", i),
                             .hint = "matvec takes a vector; expand_dims makes a matrix of one"});
    }
  }
  if (!a.has_rank() || !b.has_rank()) return {{dtype, Shape::unknown()}};
  const int64_t inner_a = a[t.a ? -2 : -1], inner_b = b[t.b ? -1 : -2];
  if (inner_a != inner_b && inner_a != kUnknown && inner_b != kUnknown) {
    throw InvalidArgument({.message = fmt::format("Matrix size-incompatible: In[0]: {}, In[1]: {}",
                                                  a.to_string(), b.to_string()),
                           .hint = fmt::format("the inner sizes are {} and {}", inner_a, inner_b)});
  }
  Dims sizes = broadcast_batches(a, b).dims();
  sizes.push_back(a[t.a ? -1 : -2]);
  sizes.push_back(b[t.b ? -2 : -1]);
  return {{dtype, Shape(sizes)}};
}

bool single_batch(const Shape& x) { return batch_of(x).elements() == 1; }

// x as one matrix: all rows of all batches below each other.
Tensor rows_of(const Tensor& x) {
  if (x.rank() == 2) return x;
  int64_t rows = 1;
  for (int i = 0; i + 1 < x.rank(); ++i) rows *= x.dim(i);
  return reshape(x, Shape{rows, x.dim(x.rank() - 1)});
}

// d b of a b, given g in the shape of the product.
Tensor right_gradient(const Tensor& a, const Tensor& g, Transposed t, const Shape& b) {
  // One matrix that was used by a whole batch: fold the batch into the inner axis.
  const bool fold =
      !t.a && single_batch(b) && a.rank() == g.rank() && batch_of(a.shape()) == batch_of(g.shape());
  const Tensor x = fold ? rows_of(a) : a, y = fold ? rows_of(g) : g;
  const Tensor grad = t.b ? matmul(y, x, {.transpose_a = true, .transpose_b = t.a})
                          : matmul(x, y, {.transpose_a = !t.a});
  return fold ? reshape(grad, b) : sum_to_shape(grad, b);
}

Tensor left_gradient(const Tensor& b, const Tensor& g, Transposed t, const Shape& a) {
  return sum_to_shape(t.a ? matmul(b, g, {.transpose_a = t.b, .transpose_b = true})
                          : matmul(g, b, {.transpose_b = !t.b}),
                      a);
}

Tensors gradient_matmul(const GradientContext& c) {
  const Transposed t = transposed(c.attrs);
  const Tensor& g = c.grads[0];
  const DType dtype = c.input_specs[0].dtype;
  Tensors grads(2);
  if (c.needed[0]) {
    const Tensor b = cast(c.inputs[1], g.dtype());
    grads[0] = cast(left_gradient(b, g, t, c.input_specs[0].shape), dtype);
  }
  if (c.needed[1]) {
    const Tensor a = cast(c.inputs[0], g.dtype());
    grads[1] = cast(right_gradient(a, g, t, c.input_specs[1].shape), dtype);
  }
  return grads;
}

// --- matvec --------------------------------------------------------------------------------------

// Attributes: transpose_a, adjoint_a, a_is_sparse, b_is_sparse.
Attrs matvec_attrs(const Attrs& attrs) {
  return {attrs.flag(0), false, attrs.flag(1), false, false, false, Attr()};
}

Specs infer_matvec(const InferContext& c) {
  Spec column = c.inputs[1];
  if (column.shape.has_rank()) {
    if (column.shape.rank() == 0) throw InvalidArgument("In[1] ndims must be >= 1");
    Dims sizes = column.shape.dims();
    sizes.push_back(1);
    column.shape = Shape(sizes);
  }
  Spec product = infer(op::matmul, Specs{c.inputs[0], column}, matvec_attrs(c.attrs))[0];
  if (product.shape.has_rank()) {
    Dims sizes = product.shape.dims();
    sizes.erase(sizes.size() - 1);
    product.shape = Shape(sizes);
  }
  return {product};
}

Tensors compose_matvec(std::span<const Tensor> in, const Attrs& attrs) {
  if (in[1].rank() == 0) throw InvalidArgument("In[1] ndims must be >= 1");
  const Tensor product = call(op::matmul, {in[0], expand_dims(in[1], -1)}, matvec_attrs(attrs));
  return {squeeze(product, {-1})};
}

// --- fused_dense ---------------------------------------------------------------------------------

Specs infer_dense(const InferContext& c) {
  require_equal_dtypes(c);
  require_floating(c);
  const Shape &x = c.inputs[0].shape, &kernel = c.inputs[1].shape, &bias = c.inputs[2].shape;
  const bool ranks = (!x.has_rank() || x.rank() >= 1) &&
                     (!kernel.has_rank() || kernel.rank() == 2) &&
                     (!bias.has_rank() || bias.rank() == 1);
  const auto fits = [](int64_t m, int64_t n) { return m == n || m == kUnknown || n == kUnknown; };
  if (!ranks || (x.has_rank() && kernel.has_rank() && !fits(x[-1], kernel[0])) ||
      (kernel.has_rank() && bias.has_rank() && !fits(kernel[1], bias[0]))) {
    throw InvalidArgument(
        {.message = fmt::format("Matrix size-incompatible: x: {}, kernel: {}, bias: {}",
                                x.to_string(), kernel.to_string(), bias.to_string()),
         .hint = "they are [.., k], [k, n] and [n]"});
  }
  if (!x.has_rank()) return {{c.inputs[0].dtype, Shape::unknown()}};
  Dims sizes = x.dims();
  sizes[sizes.size() - 1] = kernel.has_rank() ? kernel[1] : bias.has_rank() ? bias[0] : kUnknown;
  return {{c.inputs[0].dtype, Shape(sizes)}};
}

// Of relu(x kernel + bias), or without the relu: attribute 0.
Tensors gradient_dense(const GradientContext& c) {
  Tensor g = c.grads[0], bias;
  if (c.attrs.flag(0)) {
    const ReluBiasGradient both = relu_bias_gradient(g, c.outputs[0]);
    g = both.gradient, bias = both.bias;
  } else if (c.needed[2]) {
    bias = reduce_sum(rows_of(g), {.axis = Ints{0}});
  }
  Tensors grads(3);
  if (c.needed[0])
    grads[0] = matmul(g.rank() == 1 ? expand_dims(g, 0) : g, c.inputs[1], {.transpose_b = true});
  if (c.needed[0] && g.rank() == 1) grads[0] = squeeze(grads[0], {0});
  if (c.needed[1]) grads[1] = matmul(rows_of(c.inputs[0]), rows_of(g), {.transpose_a = true});
  if (c.needed[2]) grads[2] = bias;
  return grads;
}

// Attribute: activation.
Tensors compose_fused_dense(std::span<const Tensor> in, const Attrs& attrs) {
  const std::string activation = attrs.none(0) ? "" : attrs.text(0);
  const bool relu = activation == "relu";
  const Tensor y = call(op::dense, in, {relu});
  return {relu ? y : apply_activation(activation, y)};
}

Specs infer_relu_bias_gradient(const InferContext& c) {
  require_equal_dtypes(c);
  require_floating(c);
  const Shape &g = c.inputs[0].shape, &y = c.inputs[1].shape;
  if (!compatible(g, y) || (g.has_rank() && g.rank() == 0)) {
    throw InvalidArgument(fmt::format("the gradient of an output of shape {} has shape {}",
                                      y.to_string(), g.to_string()));
  }
  const Shape& known = g.known() ? g : y;
  return {{c.inputs[0].dtype, known},
          {c.inputs[0].dtype, known.has_rank() ? Shape{known[-1]} : Shape{kUnknown}}};
}

// Linear in g: what flows to the two outputs flows back where y > 0.
Tensors gradient_relu_bias_gradient(const GradientContext& c) {
  const Tensor zero = Tensor::scalar(0, c.input_specs[0].dtype);
  Tensor total = c.grads[0];
  if (c.grads[1].defined()) {
    total =
        total.defined() ? add(total, c.grads[1]) : broadcast_to(c.grads[1], c.input_specs[0].shape);
  }
  return {where(greater(c.inputs[1], zero), total, zero), Tensor()};
}

}  // namespace

constinit Op op::matmul = {
    .names = "linalg.matmul matmul",
    .parameters =
        "a: tensor, b: tensor, transpose_a: bool = False, transpose_b: bool = False, "
        "adjoint_a: bool = False, adjoint_b: bool = False, a_is_sparse: bool = False, "
        "b_is_sparse: bool = False, output_type: dtype? = None",
    .doc =
        "The product of matrices: [.., m, k] by [.., k, n] gives [.., m, n]. Leading axes are a "
        "batch and broadcast. The *_is_sparse hints change nothing.",
    .infer = infer_matmul,
    .gradient = gradient_matmul,
    .saves = Saves::inputs,
    .strided = true};
constinit Op op::matvec = {
    .names = "linalg.matvec",
    .parameters =
        "a: tensor, b: tensor, transpose_a: bool = False, adjoint_a: bool = False, "
        "a_is_sparse: bool = False, b_is_sparse: bool = False",
    .doc = "The product of matrices and vectors: [.., m, k] by [.., k] gives [.., m].",
    .infer = infer_matvec,
    .compose = compose_matvec};
constinit Op op::fused_dense = {
    .names = "nn.fused_dense",
    .parameters = "x: tensor, kernel: tensor, bias: tensor, activation: str? = None",
    .doc = "activation(x kernel + bias) in one pass over memory. Millstream's own.",
    .infer = infer_dense,
    .compose = compose_fused_dense};
constinit Op op::dense = {.names = "internal.dense",
                          .parameters = "x: tensor, kernel: tensor, bias: tensor, relu: bool",
                          .doc = "x kernel + bias, with negative results set to 0 if `relu`.",
                          .infer = infer_dense,
                          .gradient = gradient_dense,
                          .strided = true};
constinit Op op::relu_bias_gradient = {
    .names = "internal.relu_bias_gradient",
    .parameters = "g: tensor, y: tensor",
    .doc = "g where y > 0, and the sum of that over all axes but the last.",
    .infer = infer_relu_bias_gradient,
    .gradient = gradient_relu_bias_gradient,
    .saves = Saves::inputs};

static const RegisterOps family({&op::matmul, &op::matvec, &op::fused_dense, &op::dense,
                                 &op::relu_bias_gradient});

Tensor matmul(const Tensor& a, const Tensor& b, const MatmulOptions& o) {
  if (!o.adjoint_a && !o.adjoint_b && !o.output_type) {
    return call(op::matmul, {a, b}, attrs_of(o.transpose_a, o.transpose_b));
  }
  return call(op::matmul, {a, b},
              {o.transpose_a, o.transpose_b, o.adjoint_a, o.adjoint_b, false, false,
               o.output_type ? Attr(*o.output_type) : Attr()});
}

Tensor matvec(const Tensor& a, const Tensor& b, const MatvecOptions& o) {
  return call(op::matvec, {a, b}, {o.transpose_a, o.adjoint_a, false, false});
}

Tensor fused_dense(const Tensor& x, const Tensor& kernel, const Tensor& bias,
                   const FusedDenseOptions& o) {
  return call(op::fused_dense, {x, kernel, bias}, {o.activation});
}

ReluBiasGradient relu_bias_gradient(const Tensor& g, const Tensor& y) {
  const Tensors both = call_all(op::relu_bias_gradient, {g, y});
  return {both[0], both[1]};
}

Tensor apply_activation(const std::string& name, const Tensor& x) {
  if (name.empty() || name == "linear") return x;
  const Op* found = find_op("nn." + name);
  if (found == nullptr || found->map == nullptr ||
      parse_parameters(found->parameters).size() != 1) {
    throw InvalidArgument({.message = fmt::format("'{}' is no activation", name),
                           .hint = "name an elementwise op of tf.nn that has one argument"});
  }
  return call(*found, {x});
}

}  // namespace millstream
