#include "millstream/ops/matmul.h"

#include "millstream/backend/cpu/bias.h"
#include "millstream/backend/cpu/copy.h"
#include "millstream/backend/cpu/gemm.h"
#include "millstream/backend/cpu/onednn.h"
#include "millstream/base/parallel.h"

namespace millstream::cpu {
namespace {

// Where the elements of a batch of matrices lie; steps in elements.
struct Matrices {
  const std::byte* data;
  int64_t row, column;
  Dims batch;  // step along each axis of the batch, 0 where one matrix serves all
};

// c = a b for every element of the batch; c lies in row-major order.
struct Product {
  int64_t m, n, k;
  Dims batch;
  Matrices a, b;
};

// --- from tensors to a Product -------------------------------------------------------------------

// oneDNN wants one of the two steps to be 1 and the other to pass the end of a row.
bool is_plain(int64_t rows, int64_t columns, int64_t row, int64_t column) {
  return (columns == 1 || column == 1) && (rows == 1 || row >= columns);
}

bool is_plain(const Tensor& x) {
  const int r = x.rank() - 2;
  for (int i = 0; i < r; ++i) {
    if (x.strides()[i] < 0) return false;
  }
  const int64_t rows = x.dim(r), columns = x.dim(r + 1);
  const int64_t row = x.strides()[r], column = x.strides()[r + 1];
  return is_plain(rows, columns, row, column) || is_plain(columns, rows, column, row);
}

// x in the dtype that is computed in, with matrices that `is_plain` holds of.
Tensor readable(const Tensor& x, DType dtype) {
  if (x.dtype() == dtype && (x.contiguous() || is_plain(x))) return x;
  const Tensor copy = Tensor::empty(dtype, x.shape(), x.device());
  copy_elements(x, dtype, copy.node()->data);
  return copy;
}

// The steps of a plain matrix, with those along axes of size 1 set to what oneDNN likes to see.
void settle(Matrices& x, int64_t rows, int64_t columns) {
  if (is_plain(rows, columns, x.row, x.column)) {
    x.column = 1;
    if (rows == 1) x.row = columns;
  } else {
    x.row = 1;
    if (columns == 1) x.column = rows;
  }
}

Matrices matrices(const Tensor& x, bool transposed, const Dims& batch) {
  const int r = x.rank() - 2;
  Matrices result{.data = x.data<std::byte>(),
                  .row = x.strides()[transposed ? r + 1 : r],
                  .column = x.strides()[transposed ? r : r + 1],
                  .batch = Dims(batch.size(), 0)};
  const int added = batch.size() - r;
  for (int i = 0; i < r; ++i) {
    if (x.dim(i) != 1) result.batch[i + added] = x.strides()[i];
  }
  return result;
}

// Joins the axes of the batch that one step runs along, and the batch with the rows of a where b
// is the same for all.
void join_batch(Product& p) {
  for (int i = p.batch.size() - 1; i >= 0; --i) {
    const auto joins = [&](const Matrices& x) {
      return x.batch[i] == x.batch[i + 1] * p.batch[i + 1];
    };
    const bool single = p.batch[i] == 1;
    const bool joined = !single && i + 1 < p.batch.size() && joins(p.a) && joins(p.b);
    if (!single && !joined) continue;
    if (joined) p.batch[i + 1] *= p.batch[i];
    p.batch.erase(i), p.a.batch.erase(i), p.b.batch.erase(i);
  }
  if (p.batch.size() != 1 || p.b.batch[0] != 0) return;
  if (p.m == 1) p.a.row = p.a.batch[0];
  if (p.a.batch[0] != p.m * p.a.row || !is_plain(p.m * p.batch[0], p.k, p.a.row, p.a.column))
    return;
  p.m *= p.batch[0];
  p.batch = p.a.batch = p.b.batch = Dims();
}

Product product_of(const Tensor& a, const Tensor& b, bool transpose_a, bool transpose_b,
                   const Shape& out) {
  const int rank = out.rank();
  Product p{
      .m = out[rank - 2],
      .n = out[rank - 1],
      .k = a.dim(a.rank() - (transpose_a ? 2 : 1)),
      .batch = Dims(std::span<const int64_t>(out.dims()).first(static_cast<size_t>(rank - 2)))};
  p.a = matrices(a, transpose_a, p.batch);
  p.b = matrices(b, transpose_b, p.batch);
  join_batch(p);
  settle(p.a, p.m, p.k);
  settle(p.b, p.k, p.n);
  return p;
}

// --- running it ----------------------------------------------------------------------------------

struct Epilogue {
  const void* bias = nullptr;  // one per column
  bool relu = false;
};

// Calls f(a, b, c): offsets in elements of each matrix of the batch.
template <class F>
void for_each_matrix(const Product& p, int64_t begin, int64_t end, const F& f) {
  for (int64_t i = begin; i < end; ++i) {
    int64_t a = 0, b = 0, rest = i;
    for (int axis = p.batch.size() - 1; axis >= 0; --axis) {
      const int64_t at = rest % p.batch[axis];
      rest /= p.batch[axis];
      a += at * p.a.batch[axis], b += at * p.b.batch[axis];
    }
    f(a, b, i * p.m * p.n);
  }
}

template <class T>
Gemm<T> gemm_of(const Product& p, int64_t a, int64_t b, T* c) {
  return {.m = p.m,
          .n = p.n,
          .k = p.k,
          .a = reinterpret_cast<const T*>(p.a.data) + a,
          .a_row = p.a.row,
          .a_col = p.a.column,
          .b = reinterpret_cast<const T*>(p.b.data) + b,
          .b_row = p.b.row,
          .b_col = p.b.column,
          .c = c,
          .c_row = p.n};
}

void run_small(const Product& p, const Epilogue& epilogue, float* out) {
  const int64_t count = Shape(p.batch).elements();
  constexpr int64_t kGrain = 1 << 17;  // multiplications, about ten microseconds
  parallel_for(count, kGrain / (p.m * p.n * p.k) + 1, [&](int64_t begin, int64_t end) {
    for_each_matrix(p, begin, end, [&](int64_t a, int64_t b, int64_t c) {
      gemm_small(gemm_of(p, a, b, out + c));
    });
  });
  add_bias(float32, out, count * p.m, p.n, epilogue.bias, epilogue.relu);
}

// One of the slices that a product is cut into along its longer side.
template <class T>
Gemm<T> slice_of(Gemm<T> g, int64_t index, int64_t slices) {
  constexpr int64_t kTile = 16;  // slices begin where tiles do
  const bool by_rows = g.m >= g.n;
  const int64_t side = by_rows ? g.m : g.n;
  const auto bound = [&](int64_t i) {
    return i == slices ? side : side * i / slices / kTile * kTile;
  };
  const int64_t first = bound(index);
  (by_rows ? g.m : g.n) = bound(index + 1) - first;
  g.c += first * (by_rows ? g.c_row : 1);
  (by_rows ? g.a : g.b) += first * (by_rows ? g.a_row : g.b_col);
  return g;
}

// The batch, and each product in slices, over the threads.
template <class T>
void run_own(const Product& p, T* out, Device& device) {
  const int64_t count = Shape(p.batch).elements(), side = std::max(p.m, p.n);
  const int64_t threads = thread_count();
  constexpr int64_t kPieces = 4;  // for each thread: more would pack b too often
  const int64_t wanted = threads > 1 ? kPieces * threads : 1;
  const int64_t slices = std::clamp<int64_t>(wanted / count, 1, std::max<int64_t>(1, side / 24));
  constexpr double kGrain = 1 << 16;  // multiplications, about ten microseconds
  const int64_t items = count * slices;
  const double work = static_cast<double>(count) * static_cast<double>(p.m) *
                      static_cast<double>(p.n) * static_cast<double>(p.k);
  const int64_t tasks = std::min({items, wanted, static_cast<int64_t>(work / kGrain) + 1});
  const int64_t scratch = gemm_scratch(gemm_of<T>(p, 0, 0, out));
  const BufferRef memory =
      device.pool().allocate(static_cast<size_t>(threads * scratch) * sizeof(T));
  parallel_tasks(tasks, [&](int64_t thread, int64_t task) {
    T* const own = static_cast<T*>(memory->data()) + scratch * thread;
    for (int64_t i = items * task / tasks; i < items * (task + 1) / tasks; ++i) {
      for_each_matrix(p, i / slices, i / slices + 1, [&](int64_t a, int64_t b, int64_t c) {
        gemm(slice_of(gemm_of(p, a, b, out + c), i % slices, slices), own);
      });
    }
  });
}

dnnl::memory::desc description(const Matrices& x, const Product& p, int64_t rows, int64_t columns,
                               dnnl::memory::data_type type) {
  dnnl::memory::dims sizes, steps;
  for (int i = 0; i < p.batch.size(); ++i) {
    sizes.push_back(x.batch[i] == 0 ? 1 : p.batch[i]);
    steps.push_back(x.batch[i] == 0 ? rows * columns : x.batch[i]);
  }
  sizes.insert(sizes.end(), {rows, columns});
  steps.insert(steps.end(), {x.row, x.column});
  return {sizes, type, steps};
}

Program make_program(const Product& p, const Epilogue& epilogue, dnnl::memory::data_type type) {
  dnnl::primitive_attr attr = onednn_attr();
  if (epilogue.relu) {
    dnnl::post_ops after;
    after.append_eltwise(dnnl::algorithm::eltwise_relu, 0, 0);
    attr.set_post_ops(after);
  }
  Dims steps = p.batch;
  for (int64_t i = p.batch.size() - 1, step = p.m * p.n; i >= 0; --i) {
    steps[static_cast<int>(i)] = step;
    step *= p.batch[static_cast<int>(i)];
  }
  const auto a = description(p.a, p, p.m, p.k, type), b = description(p.b, p, p.k, p.n, type);
  const auto c = description({nullptr, p.n, 1, steps}, p, p.m, p.n, type);
  dnnl::memory::desc bias;
  if (epilogue.bias != nullptr) {
    dnnl::memory::dims sizes(p.batch.size() + 1, 1), ones(p.batch.size() + 2, 1);
    sizes.push_back(p.n);
    bias = {sizes, type, ones};
  }
  const dnnl::matmul::primitive_desc made(onednn_engine(), a, b, bias, c, attr);
  std::vector<Argument> arguments = {
      {DNNL_ARG_SRC, a, a}, {DNNL_ARG_WEIGHTS, b, b}, {DNNL_ARG_DST, c, c, true}};
  if (epilogue.bias != nullptr) arguments.push_back({DNNL_ARG_BIAS, bias, bias});
  return Program(dnnl::matmul(made), made.scratchpad_desc(), std::move(arguments));
}

void run_onednn(const Product& p, const Epilogue& epilogue, DType dtype, void* out,
                Device& device) {
  Key key{'m',           static_cast<int64_t>(dtype),
          epilogue.relu, epilogue.bias != nullptr,
          p.m,           p.n,
          p.k,           p.a.row,
          p.a.column,    p.b.row,
          p.b.column};
  key.add(p.batch), key.add(p.a.batch), key.add(p.b.batch);
  const Program& product =
      program(key, [&] { return make_program(p, epilogue, onednn_type(dtype)); });
  if (epilogue.bias != nullptr) {
    product.run({p.a.data, p.b.data, out, epilogue.bias}, device);
  } else {
    product.run({p.a.data, p.b.data, out}, device);
  }
}

// A product with a vector, c = a b, as the row c^T = b^T a^T; else the product itself.
Product as_rows(const Product& p) {
  if (p.n != 1 || p.m == 1) return p;
  Product turned{.m = 1, .n = p.m, .k = p.k, .batch = p.batch, .a = p.b, .b = p.a};
  std::swap(turned.a.row, turned.a.column);
  std::swap(turned.b.row, turned.b.column);
  return turned;
}

bool reads_rows(const Product& p) { return p.b.column == 1 && is_thin(p.m, p.n, p.k); }

// Whether packing both operands pays: from there on our tiles are faster than oneDNN's, which read
// the operands where they lie.
bool is_large(const Product& p) {
  constexpr int64_t kRows = 16, kColumns = 48;
  constexpr double kMultiplications = 1 << 26;
  return p.m >= kRows && p.n >= kColumns &&
         static_cast<double>(p.m) * static_cast<double>(p.n) * static_cast<double>(p.k) >=
             kMultiplications;
}

void run_product(const Product& p, const Epilogue& epilogue, DType dtype, void* out,
                 Device& device) {
  if (dtype == float32 && is_small(p.m, p.n, p.k)) {
    run_small(p, epilogue, static_cast<float*>(out));
  } else if (dtype == float32 && (reads_rows(as_rows(p)) || is_large(p))) {
    run_own(as_rows(p), static_cast<float*>(out), device);
    add_bias(dtype, out, Shape(p.batch).elements() * p.m, p.n, epilogue.bias, epilogue.relu);
  } else if (onednn_type(dtype) != dnnl::memory::data_type::undef) {
    run_onednn(p, epilogue, dtype, out, device);
  } else if (dtype == float64) {
    run_own(p, static_cast<double*>(out), device);
    add_bias(dtype, out, Shape(p.batch).elements() * p.m, p.n, epilogue.bias, epilogue.relu);
  } else if (size_of(dtype) == 1) {
    run_own(p, static_cast<int8_t*>(out), device);  // the low bits of a product know no sign
  } else if (size_of(dtype) == 2) {
    run_own(p, static_cast<int16_t*>(out), device);
  } else if (size_of(dtype) == 4) {
    run_own(p, static_cast<int32_t*>(out), device);
  } else {
    run_own(p, static_cast<int64_t*>(out), device);
  }
}

// out = a b (+ bias) with each operand in any dtype, computed in one that is fast here. `shape` is
// that of out, as a batch of matrices.
void multiply(const Tensor& a, const Tensor& b, bool transpose_a, bool transpose_b,
              const Tensor& bias, bool relu, const Tensor& out, const Shape& shape) {
  if (out.elements() == 0) return;
  const DType given = out.dtype();
  const bool empty_sums = a.elements() == 0;
  const bool native = has_instructions_for(given) && !empty_sums;
  const DType dtype = is_half(given) && !native ? float32 : given;
  const Tensor left = readable(a, dtype), right = readable(b, dtype);
  const Tensor result = dtype == given ? out : Tensor::empty(dtype, out.shape(), out.device());
  const Tensor addend = bias.defined() ? readable(bias, dtype) : bias;
  const Epilogue epilogue{.bias = bias.defined() ? addend.data() : nullptr, .relu = relu};
  void* to = result.node()->data;
  if (empty_sums) {
    std::memset(to, 0, result.bytes());
    const int64_t columns = shape[-1];
    add_bias(dtype, to, out.elements() / columns, columns, epilogue.bias, relu);
  } else {
    run_product(product_of(left, right, transpose_a, transpose_b, shape), epilogue, dtype, to,
                out.device());
  }
  if (dtype != given) copy_elements(result, given, out.node()->data);
}

void run_matmul(const KernelContext& c) {
  multiply(c.inputs[0], c.inputs[1], c.attrs.flag(0) || c.attrs.flag(2),
           c.attrs.flag(1) || c.attrs.flag(3), Tensor(), false, c.outputs[0], c.outputs[0].shape());
}

// A tensor of rank 1 as one row.
Tensor with_rows(const Tensor& x) {
  if (x.rank() >= 2) return x;
  return x.view(Shape{1, x.dim(0)}, Dims{x.dim(0) * x.strides()[0], x.strides()[0]});
}

void run_dense(const KernelContext& c) {
  const Shape& out = c.outputs[0].shape();
  const Tensor bias = c.inputs[2].contiguous() ? c.inputs[2] : c.inputs[2].host();
  multiply(with_rows(c.inputs[0]), c.inputs[1], false, false, bias, c.attrs.flag(0), c.outputs[0],
           out.rank() == 1 ? Shape{1, out[0]} : out);
}

const RegisterKernel matmul(op::matmul, Backend::cpu, {.name = "onednn", .run = run_matmul});
const RegisterKernel dense(op::dense, Backend::cpu, {.name = "onednn", .run = run_dense});

}  // namespace
}  // namespace millstream::cpu
