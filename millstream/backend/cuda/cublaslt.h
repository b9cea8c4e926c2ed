#pragma once
// What we call of cuBLASLt, declared by us and opened at run time.
#include <cstddef>
#include <cstdint>
#include <string>

#include "millstream/backend/cuda/driver.h"

namespace millstream::cuda {

struct CublasLt {
  using Status = int;  // cublasStatus_t
  using Handle = struct HandleObject*;
  using Operation = struct OperationObject*;    // cublasLtMatmulDesc_t
  using Layout = struct LayoutObject*;          // cublasLtMatrixLayout_t, by columns
  using Preference = struct PreferenceObject*;  // cublasLtMatmulPreference_t

  struct Algorithm {
    uint64_t data[8];
  };
  struct Heuristic {  // cublasLtMatmulHeuristicResult_t
    Algorithm algorithm;
    size_t workspace;
    Status state;
    float waves;
    int reserved[4];
  };

  // The numbers are those of cublasLt.h and library_types.h.
  enum Type { kFloat = 0, kDouble = 1, kHalf = 2, kBfloat16 = 14 };
  enum Compute { kInFloat = 68, kInDouble = 70, kInTensorFloat32 = 77 };
  enum OperationAttribute { kTransposeA = 3, kTransposeB = 4, kEpilogue = 7, kBiasPointer = 8 };
  enum LayoutAttribute { kBatchCount = 5, kBatchStep = 6 };
  enum PreferenceAttribute { kMostWorkspace = 1 };
  enum Epilogue : uint32_t { kPlain = 1, kBias = 4, kReluBias = 6 };

  Status (*create)(Handle*);
  Status (*create_operation)(Operation*, int compute, int scale_type);
  Status (*set_operation)(Operation, int attribute, const void* value, size_t size);
  Status (*create_layout)(Layout*, int type, uint64_t rows, uint64_t columns, int64_t column_step);
  Status (*set_layout)(Layout, int attribute, const void* value, size_t size);
  Status (*create_preference)(Preference*);
  Status (*set_preference)(Preference, int attribute, const void* value, size_t size);
  Status (*destroy_preference)(Preference);
  Status (*find_algorithm)(Handle, Operation, Layout a, Layout b, Layout c, Layout d, Preference,
                           int wanted, Heuristic* found, int* count);
  Status (*multiply)(Handle, Operation, const void* alpha, const void* a, Layout, const void* b,
                     Layout, const void* beta, const void* c, Layout, void* d, Layout,
                     const Algorithm*, void* workspace, size_t workspace_bytes, Stream);

  // nullptr where no library is found that works; `reason` says why and how to get one.
  static const CublasLt* open(std::string& reason);
};

}  // namespace millstream::cuda
