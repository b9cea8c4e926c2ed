// libcublasLt.so.12 over host memory: products as cuBLASLt defines them, by columns, in simple
// loops. With the fake driver it shows that we ask the library for the right product.
#include <cstdint>
#include <cstring>
#include <map>

namespace {

enum Type { kFloat = 0, kDouble = 1, kHalf = 2, kBfloat16 = 14 };

struct Operation {
  int compute, scale;
  int32_t transpose_a = 0, transpose_b = 0;
  uint32_t epilogue = 1;
  const void* bias = nullptr;
};

struct Layout {
  int type;
  uint64_t rows, columns;
  int64_t step;
  int32_t count = 1;
  int64_t batch_step = 0;
};

double read(const void* data, int type, int64_t i) {
  switch (type) {
    case kDouble: return static_cast<const double*>(data)[i];
    case kHalf: return static_cast<double>(static_cast<const _Float16*>(data)[i]);
    case kBfloat16: {
      const uint32_t bits = uint32_t{static_cast<const uint16_t*>(data)[i]} << 16;
      float value;
      std::memcpy(&value, &bits, sizeof value);
      return value;
    }
    default: return static_cast<const float*>(data)[i];
  }
}

void write(void* data, int type, int64_t i, double value) {
  switch (type) {
    case kDouble: static_cast<double*>(data)[i] = value; break;
    case kHalf: static_cast<_Float16*>(data)[i] = static_cast<_Float16>(value); break;
    case kBfloat16: {
      const auto narrow = static_cast<float>(value);
      uint32_t bits;
      std::memcpy(&bits, &narrow, sizeof bits);
      bits += 0x7fff + (bits >> 16 & 1);
      static_cast<uint16_t*>(data)[i] = static_cast<uint16_t>(bits >> 16);
      break;
    }
    default: static_cast<float*>(data)[i] = static_cast<float>(value);
  }
}

double at(const void* data, const Layout& x, bool transposed, int batch, int64_t row,
          int64_t column) {
  const int64_t i = transposed ? column : row, j = transposed ? row : column;
  return read(data, x.type, batch * x.batch_step + i + j * x.step);
}

template <class Map>
int set(const Map& fields, int attribute, const void* value, size_t size) {
  const auto found = fields.find(attribute);
  if (found == fields.end() || found->second.second != size) return 7;
  std::memcpy(found->second.first, value, size);
  return 0;
}
using Fields = std::map<int, std::pair<void*, size_t>>;

}  // namespace

extern "C" {

int cublasLtCreate(void** handle) {
  *handle = new int(1);
  return 0;
}
int cublasLtMatmulDescCreate(Operation** operation, int compute, int scale) {
  *operation = new Operation{compute, scale};
  return 0;
}
int cublasLtMatmulDescSetAttribute(Operation* o, int attribute, const void* value, size_t size) {
  return set(Fields{{3, {&o->transpose_a, 4}},
                    {4, {&o->transpose_b, 4}},
                    {7, {&o->epilogue, 4}},
                    {8, {&o->bias, 8}}},
             attribute, value, size);
}
int cublasLtMatrixLayoutCreate(Layout** layout, int type, uint64_t rows, uint64_t columns,
                               int64_t step) {
  if (step < static_cast<int64_t>(rows)) return 7;
  *layout = new Layout{type, rows, columns, step};
  return 0;
}
int cublasLtMatrixLayoutSetAttribute(Layout* x, int attribute, const void* value, size_t size) {
  return set(Fields{{5, {&x->count, 4}}, {6, {&x->batch_step, 8}}}, attribute, value, size);
}
int cublasLtMatmulPreferenceCreate(void** preference) {
  *preference = nullptr;
  return 0;
}
int cublasLtMatmulPreferenceSetAttribute(void*, int, const void*, size_t) { return 0; }
int cublasLtMatmulPreferenceDestroy(void*) { return 0; }
int cublasLtMatmulAlgoGetHeuristic(void*, Operation*, Layout*, Layout*, Layout*, Layout*, void*,
                                   int, void*, int* count) {
  *count = 1;
  return 0;
}

int cublasLtMatmul(void*, Operation* o, const void* alpha, const void* a, Layout* a_layout,
                   const void* b, Layout* b_layout, const void* beta, const void*, Layout*, void* d,
                   Layout* d_layout, const void*, void*, size_t, void*) {
  const uint64_t depth = o->transpose_a ? a_layout->rows : a_layout->columns;
  const uint64_t left = o->transpose_a ? a_layout->columns : a_layout->rows;
  const uint64_t inner = o->transpose_b ? b_layout->columns : b_layout->rows;
  const uint64_t right = o->transpose_b ? b_layout->rows : b_layout->columns;
  if (inner != depth || left != d_layout->rows || right != d_layout->columns) return 7;
  if (read(alpha, o->scale, 0) != 1 || read(beta, o->scale, 0) != 0) return 15;
  for (int batch = 0; batch < d_layout->count; ++batch) {
    for (int64_t j = 0; j < static_cast<int64_t>(d_layout->columns); ++j) {
      for (int64_t i = 0; i < static_cast<int64_t>(d_layout->rows); ++i) {
        double sum = (o->epilogue & 4) != 0 ? read(o->bias, d_layout->type, i) : 0;
        for (int64_t p = 0; p < static_cast<int64_t>(depth); ++p) {
          sum += at(a, *a_layout, o->transpose_a, batch, i, p) *
                 at(b, *b_layout, o->transpose_b, batch, p, j);
        }
        if ((o->epilogue & 2) != 0 && sum < 0) sum = 0;
        write(d, d_layout->type, batch * d_layout->batch_step + i + j * d_layout->step, sum);
      }
    }
  }
  return 0;
}

}  // extern "C"
