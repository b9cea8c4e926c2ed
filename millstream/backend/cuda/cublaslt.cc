#include "millstream/backend/cuda/cublaslt.h"

#include <dlfcn.h>
#include <fmt/format.h>

#include "millstream/backend/cuda/libraries.h"

namespace millstream::cuda {
namespace {

constexpr int kMajors[] = {13, 12};

struct Loaded {
  CublasLt api;
  std::string reason;
};

Loaded load() {
  Loaded loaded;
  const Library library = open_library("libcublasLt.so", kMajors, "cublas");
  if (library.handle == nullptr) {
    loaded.reason =
        fmt::format("cuBLASLt is missing ({}): pip install nvidia-cublas-cu12", library.reason);
    return loaded;
  }
  const auto get = [&](auto*& function, const char* name) {
    void* const symbol = dlsym(library.handle, name);
    if (symbol == nullptr) loaded.reason = fmt::format("{} has no {}", library.path, name);
    function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(symbol);
  };
  CublasLt& api = loaded.api;
  get(api.create, "cublasLtCreate");
  get(api.create_operation, "cublasLtMatmulDescCreate");
  get(api.set_operation, "cublasLtMatmulDescSetAttribute");
  get(api.create_layout, "cublasLtMatrixLayoutCreate");
  get(api.set_layout, "cublasLtMatrixLayoutSetAttribute");
  get(api.create_preference, "cublasLtMatmulPreferenceCreate");
  get(api.set_preference, "cublasLtMatmulPreferenceSetAttribute");
  get(api.destroy_preference, "cublasLtMatmulPreferenceDestroy");
  get(api.find_algorithm, "cublasLtMatmulAlgoGetHeuristic");
  get(api.multiply, "cublasLtMatmul");
  return loaded;
}

}  // namespace

const CublasLt* CublasLt::open(std::string& reason) {
  static const auto* const loaded = new Loaded(load());
  reason = loaded->reason;
  return reason.empty() ? &loaded->api : nullptr;
}

}  // namespace millstream::cuda
