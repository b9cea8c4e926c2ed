#pragma once
// NVIDIA's run-time compiler: from CUDA C++ to what a driver loads.
//
//   std::string reason;
//   if (const Nvrtc* nvrtc = Nvrtc::open(reason)) nvrtc->compile(text, {9, 0});
#include <string>
#include <utility>
#include <vector>

namespace millstream::cuda {

using Capability = std::pair<int, int>;  // 9.0 of an H200

class Nvrtc {
 public:
  // nullptr where none is found that works; `reason` says why and how to get one.
  static const Nvrtc* open(std::string& reason);

  // Machine code for chips of this capability; PTX for the newest that the compiler knows where it
  // does not know the chip. Internal, with the compiler's words, for a text that it refuses.
  std::string compile(const std::string& text, Capability capability) const;

  // The "--gpu-architecture" for a chip: "sm_90", "compute_120".
  std::string architecture(Capability capability) const;

  const std::string& path() const { return path_; }
  // "12.9"; part of what a compiled text is known by.
  std::string version() const;

 private:
  using Status = int;  // nvrtcResult
  using Program = struct ProgramObject*;

  Nvrtc() = default;
  std::string load();
  void check(Status status, const char* what) const;
  std::string log_of(Program program) const;

  Status (*version_)(int* major, int* minor);
  Status (*count_)(int* count);
  Status (*architectures_)(int* architectures);
  Status (*create_)(Program*, const char* text, const char* name, int headers, const char* const*,
                    const char* const*);
  Status (*destroy_)(Program*);
  Status (*compile_)(Program, int options, const char* const*);
  Status (*log_size_)(Program, size_t*);
  Status (*log_)(Program, char*);
  Status (*cubin_size_)(Program, size_t*);
  Status (*cubin_)(Program, char*);
  Status (*ptx_size_)(Program, size_t*);
  Status (*ptx_)(Program, char*);
  const char* (*error_text_)(Status);

  std::string path_;
  int major_ = 0, minor_ = 0;
  std::vector<int> known_;  // 75, 80, ...
};

}  // namespace millstream::cuda
