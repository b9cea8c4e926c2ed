#pragma once
// Where CUDA's libraries lie: in PyPI's nvidia-* wheels beside Millstream, then on the system. Each
// is opened by its absolute path, so that the one that was checked is the one that is used.
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace millstream::cuda {

struct Library {
  void* handle = nullptr;
  std::string path;
  std::string reason;  // why there is none: what was found and refused, else where was looked
};

// The first file `<name>.<major>` (majors in the order of preference) in a folder of the wheel
// `package` or of the system that can be opened.
Library open_library(std::string_view name, std::span<const int> majors, std::string_view package);

// The folders in which open_library looks, existing ones only.
std::vector<std::string> library_folders(std::string_view package);

}  // namespace millstream::cuda
