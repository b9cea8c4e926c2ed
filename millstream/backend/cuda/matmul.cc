// Products of matrices by cuBLASLt, which sees every matrix by columns: it is asked for the
// transposed product, c^T = b^T a^T.
#include "millstream/ops/matmul.h"

#include <fmt/format.h>

#include <map>
#include <memory>
#include <mutex>

#include "millstream/backend/cuda/cublaslt.h"
#include "millstream/backend/cuda/device.h"
#include "millstream/backend/gpu/product.h"
#include "millstream/device/switches.h"

namespace millstream::cuda {
namespace {

using gpu::Product;
using Api = CublasLt;

constexpr size_t kWorkspace = 32 << 20;  // bytes, as its manual asks for on the newest chips

// A matrix as the library reads it: one by columns, `step` apart, perhaps to be transposed.
struct Stored {
  int64_t rows, columns, step, batch_step;
  bool transposed;
  auto operator<=>(const Stored&) const = default;
};

// What a prepared product depends on.
struct Key {
  DType dtype;
  bool tensor_float, bias, relu;
  int64_t count;
  Stored left, right, result;
  auto operator<=>(const Key&) const = default;
};

struct Prepared {
  Api::Operation operation;
  Api::Layout left, right, result;
  Api::Algorithm algorithm;
};

void check(Api::Status status, const char* what) {
  if (status != 0) throw Internal(fmt::format("{} failed with cuBLAS status {}", what, status));
}

int type_of(DType dtype) {
  switch (dtype) {
    case float64: return Api::kDouble;
    case float16: return Api::kHalf;
    case bfloat16: return Api::kBfloat16;
    default: return Api::kFloat;
  }
}

// Whether the library can read a matrix of `lines` lines, `step` apart, of `elements` neighbours.
bool is_plain(int64_t lines, int64_t step, int64_t elements, int64_t element_step) {
  return (elements == 1 || element_step == 1) && (lines == 1 || step >= elements);
}

// The operand's transpose, of `columns` by `rows` of the operand.
Stored stored(const Product::Operand& x, int64_t rows, int64_t columns) {
  if (is_plain(rows, x.row, columns, x.column)) {
    return {columns, rows, rows == 1 ? columns : x.row, x.batch.by[0], false};
  }
  return {rows, columns, columns == 1 ? rows : x.column, x.batch.by[0], true};
}

bool is_readable(const Product::Operand& x, int64_t rows, int64_t columns) {
  return is_plain(rows, x.row, columns, x.column) || is_plain(columns, x.column, rows, x.row);
}

const char* refuse(const KernelContext& c) {
  static std::string reason;
  static const Api* const api = Api::open(reason);
  if (api == nullptr) return reason.c_str();
  const DType dtype = c.inputs[0].dtype();
  if (!is_floating(dtype)) return "cuBLASLt takes floating-point numbers";
  if (c.outputs[0].dtype() != dtype) return "the result has another dtype";
  if (c.outputs[0].elements() == 0 || c.inputs[0].elements() == 0) return "a matrix is empty";
  const Product p = gpu::product_of(c);
  if (p.batch.rank > 1) return "the batch has no single step";
  if (!is_readable(p.a, p.m, p.k) || !is_readable(p.b, p.k, p.n)) return "rows with gaps";
  if (p.bias.defined() && (dtype == float64 || !p.bias.contiguous())) return "of the bias";
  return nullptr;
}

// The library on one device: its handle, memory to work in, and products that were prepared.
class Blas {
 public:
  static Blas& of(CudaDevice& device) {
    static std::mutex mutex;
    static auto& all = *new std::map<CudaDevice*, std::unique_ptr<Blas>>();
    std::lock_guard lock(mutex);
    std::unique_ptr<Blas>& found = all[&device];
    if (found == nullptr) found.reset(new Blas(device));
    return *found;
  }

  void multiply(const Product& p) {
    std::lock_guard lock(mutex_);
    device_.enter();
    const Prepared& q = prepared(key_of(p));
    if (p.bias.defined()) {
      const void* const bias = p.bias.data();
      check(api_.set_operation(q.operation, Api::kBiasPointer, &bias, sizeof bias), "the bias");
    }
    const double one[2] = {1, 0};
    const float one_float[2] = {1, 0};
    const bool wide = p.out.dtype() == float64;
    const void* const alpha = wide ? static_cast<const void*>(&one[0]) : &one_float[0];
    const void* const beta = wide ? static_cast<const void*>(&one[1]) : &one_float[1];
    void* const out = p.out.node()->data;
    check(api_.multiply(handle_, q.operation, alpha, p.b.x.data(), q.left, p.a.x.data(), q.right,
                        beta, out, q.result, out, q.result, &q.algorithm, workspace_->data(),
                        kWorkspace, device_.stream()),
          "cublasLtMatmul");
  }

 private:
  explicit Blas(CudaDevice& device) : api_(opened()), device_(device) {
    device_.enter();
    check(api_.create(&handle_), "cublasLtCreate");
    workspace_ = device_.pool().allocate(kWorkspace);
  }

  static const Api& opened() {
    std::string reason;
    return *Api::open(reason);
  }

  static Key key_of(const Product& p) {
    return {.dtype = p.out.dtype(),
            .tensor_float = switches.tensor_float_32,
            .bias = p.bias.defined(),
            .relu = p.relu,
            .count = p.count,
            .left = stored(p.b, p.k, p.n),
            .right = stored(p.a, p.m, p.k),
            .result = {p.n, p.m, p.n, p.m * p.n, false}};
  }

  const Prepared& prepared(const Key& key) {
    const auto found = prepared_.find(key);
    return found != prepared_.end() ? found->second
                                    : prepared_.emplace(key, prepare(key)).first->second;
  }

  Api::Layout layout(const Key& key, const Stored& x) const {
    Api::Layout layout;
    check(api_.create_layout(&layout, type_of(key.dtype), static_cast<uint64_t>(x.rows),
                             static_cast<uint64_t>(x.columns), x.step),
          "cublasLtMatrixLayoutCreate");
    if (key.count == 1) return layout;
    const auto count = static_cast<int32_t>(key.count);
    check(api_.set_layout(layout, Api::kBatchCount, &count, sizeof count), "the batch");
    check(api_.set_layout(layout, Api::kBatchStep, &x.batch_step, sizeof x.batch_step),
          "the batch");
    return layout;
  }

  Prepared prepare(const Key& key) const {
    const bool wide = key.dtype == float64;
    const int compute = wide                                       ? Api::kInDouble
                        : key.dtype == float32 && key.tensor_float ? Api::kInTensorFloat32
                                                                   : Api::kInFloat;
    Prepared q;
    check(api_.create_operation(&q.operation, compute, wide ? Api::kDouble : Api::kFloat),
          "cublasLtMatmulDescCreate");
    const auto set = [&](int attribute, auto value) {
      check(api_.set_operation(q.operation, attribute, &value, sizeof value), "an attribute");
    };
    set(Api::kTransposeA, int32_t{key.left.transposed});
    set(Api::kTransposeB, int32_t{key.right.transposed});
    set(Api::kEpilogue, static_cast<uint32_t>(!key.bias  ? Api::kPlain
                                              : key.relu ? Api::kReluBias
                                                         : Api::kBias));
    q.left = layout(key, key.left);
    q.right = layout(key, key.right);
    q.result = layout(key, key.result);
    q.algorithm = algorithm_for(q);
    return q;
  }

  Api::Algorithm algorithm_for(const Prepared& q) const {
    Api::Preference preference;
    check(api_.create_preference(&preference), "cublasLtMatmulPreferenceCreate");
    check(api_.set_preference(preference, Api::kMostWorkspace, &kWorkspace, sizeof kWorkspace),
          "the workspace");
    Api::Heuristic best;
    int count = 0;
    const Api::Status status = api_.find_algorithm(handle_, q.operation, q.left, q.right, q.result,
                                                   q.result, preference, 1, &best, &count);
    api_.destroy_preference(preference);
    check(status, "cublasLtMatmulAlgoGetHeuristic");
    if (count == 0) throw Internal("cuBLASLt knows no way to multiply these matrices");
    return best.algorithm;
  }

  const Api& api_;
  CudaDevice& device_;
  std::mutex mutex_;
  Api::Handle handle_ = nullptr;
  BufferRef workspace_;
  std::map<Key, Prepared> prepared_;
};

void run(const KernelContext& c) {
  Blas::of(static_cast<CudaDevice&>(c.device)).multiply(gpu::product_of(c));
}

const millstream::Kernel kKernel = {.name = "cublaslt", .run = run, .refuse = refuse};
const RegisterKernel matmul(op::matmul, Backend::cuda, kKernel);
const RegisterKernel dense(op::dense, Backend::cuda, kKernel);

}  // namespace
}  // namespace millstream::cuda
