#include "millstream/backend/cuda/nvrtc.h"

#include <dlfcn.h>
#include <fmt/format.h>

#include <algorithm>

#include "millstream/backend/cuda/libraries.h"
#include "millstream/base/error.h"

namespace millstream::cuda {
namespace {

constexpr int kMajors[] = {13, 12};

}  // namespace

const Nvrtc* Nvrtc::open(std::string& reason) {
  struct Opened {
    Nvrtc nvrtc;
    std::string reason;
  };
  static const Opened* const opened = [] {
    auto* result = new Opened;
    result->reason = result->nvrtc.load();
    return result;
  }();
  reason = opened->reason;
  return reason.empty() ? &opened->nvrtc : nullptr;
}

// Returns why it cannot be used, or nothing.
std::string Nvrtc::load() {
  const Library library = open_library("libnvrtc.so", kMajors, "cuda_nvrtc");
  if (library.handle == nullptr) {
    return fmt::format("CUDA's compiler is missing ({}): pip install nvidia-cuda-nvrtc-cu12",
                       library.reason);
  }
  path_ = library.path;
  std::string missing;
  const auto get = [&](auto& function, const char* name) {
    void* const symbol = dlsym(library.handle, name);
    if (symbol == nullptr) missing = name;
    function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(symbol);
  };
  get(version_, "nvrtcVersion");
  get(count_, "nvrtcGetNumSupportedArchs");
  get(architectures_, "nvrtcGetSupportedArchs");
  get(create_, "nvrtcCreateProgram");
  get(destroy_, "nvrtcDestroyProgram");
  get(compile_, "nvrtcCompileProgram");
  get(log_size_, "nvrtcGetProgramLogSize");
  get(log_, "nvrtcGetProgramLog");
  get(cubin_size_, "nvrtcGetCUBINSize");
  get(cubin_, "nvrtcGetCUBIN");
  get(ptx_size_, "nvrtcGetPTXSize");
  get(ptx_, "nvrtcGetPTX");
  get(error_text_, "nvrtcGetErrorString");
  if (!missing.empty()) return fmt::format("{} has no {}", path_, missing);
  int count = 0;
  version_(&major_, &minor_);
  count_(&count);
  known_.resize(static_cast<size_t>(count));
  architectures_(known_.data());
  std::sort(known_.begin(), known_.end());
  return known_.empty() ? path_ + " knows no chip" : "";
}

std::string Nvrtc::version() const { return fmt::format("{}.{}", major_, minor_); }

std::string Nvrtc::architecture(Capability capability) const {
  const int wanted = 10 * capability.first + capability.second;
  if (std::binary_search(known_.begin(), known_.end(), wanted)) return fmt::format("sm_{}", wanted);
  const auto above = std::upper_bound(known_.begin(), known_.end(), wanted);
  if (above == known_.begin()) {
    throw Unimplemented(
        {.message = fmt::format("CUDA {} does not compile for compute capability {}.{}", version(),
                                capability.first, capability.second),
         .hint = "install an older CUDA: pip install nvidia-cuda-nvrtc-cu12"});
  }
  return fmt::format("compute_{}", *(above - 1));
}

std::string Nvrtc::compile(const std::string& text, Capability capability) const {
  Program program;
  check(create_(&program, text.c_str(), "kernels.cu", 0, nullptr, nullptr), "nvrtcCreateProgram");
  const struct Owner {
    const Nvrtc& nvrtc;
    Program program;
    ~Owner() { nvrtc.destroy_(&program); }
  } owner{*this, program};
  const std::string chip = architecture(capability);
  const std::string target = "--gpu-architecture=" + chip;
  const char* const options[] = {target.c_str(), "--std=c++17", "--extra-device-vectorization"};
  if (compile_(program, static_cast<int>(std::size(options)), options) != 0) {
    throw Internal(fmt::format("CUDA {} does not compile a kernel for {}\n{}", version(), chip,
                               log_of(program)));
  }
  const bool native = chip.starts_with("sm_");
  size_t size = 0;
  check((native ? cubin_size_ : ptx_size_)(program, &size), "the size of a compiled kernel");
  std::string image(size, '\0');
  check((native ? cubin_ : ptx_)(program, image.data()), "a compiled kernel");
  return image;
}

std::string Nvrtc::log_of(Program program) const {
  size_t size = 0;
  log_size_(program, &size);
  std::string log(size, '\0');
  log_(program, log.data());
  return log;
}

void Nvrtc::check(Status status, const char* what) const {
  if (status != 0) throw Internal(fmt::format("{}: {}", what, error_text_(status)));
}

}  // namespace millstream::cuda
