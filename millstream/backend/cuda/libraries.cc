#include "millstream/backend/cuda/libraries.h"

#include <dlfcn.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>

#include "millstream/base/settings.h"

namespace millstream::cuda {
namespace {

namespace fs = std::filesystem;

// Where this library of ours lies.
fs::path own_folder() {
  Dl_info info;
  if (dladdr(reinterpret_cast<void*>(&own_folder), &info) == 0) return {};
  std::error_code error;
  return fs::canonical(info.dli_fname, error).parent_path();
}

// Folders in `parent` whose names begin so, the last by name first.
std::vector<fs::path> folders_like(const fs::path& parent, std::string_view beginning) {
  std::vector<fs::path> found;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(parent, error)) {
    if (entry.path().filename().string().starts_with(beginning)) found.push_back(entry.path());
  }
  std::sort(found.rbegin(), found.rend());
  return found;
}

// The site-packages of Python environments: the one that we are installed in, that of a checkout
// that we are built in, and the one that is active.
std::vector<fs::path> site_packages() {
  std::vector<fs::path> found, environments;
  for (fs::path up = own_folder(); up.has_relative_path(); up = up.parent_path()) {
    found.push_back(up);
    environments.push_back(up / ".venv");
  }
  environments.push_back(Settings::get().virtual_env);
  for (const fs::path& environment : environments) {
    for (const fs::path& python : folders_like(environment / "lib", "python3")) {
      found.push_back(python / "site-packages");
    }
  }
  return found;
}

}  // namespace

std::vector<std::string> library_folders(std::string_view package) {
  std::vector<fs::path> candidates;
  for (const fs::path& packages : site_packages()) {
    candidates.push_back(packages / "nvidia" / package / "lib");
    candidates.push_back(packages / "nvidia" / "cu13" / "lib");
  }
  candidates.push_back(fs::path(Settings::get().cuda_home) / "lib64");
  candidates.push_back("/usr/local/cuda/lib64");
  for (const fs::path& toolkit : folders_like("/usr/local", "cuda-")) {
    candidates.push_back(toolkit / "lib64");
  }
  candidates.insert(candidates.end(), {"/usr/lib/x86_64-linux-gnu", "/usr/lib64", "/usr/lib"});
  std::vector<std::string> folders;
  std::error_code error;
  for (const fs::path& folder : candidates) {
    const std::string name = folder.string();
    const bool known = std::find(folders.begin(), folders.end(), name) != folders.end();
    if (!known && folder.is_absolute() && fs::is_directory(folder, error)) folders.push_back(name);
  }
  return folders;
}

Library open_library(std::string_view name, std::span<const int> majors, std::string_view package) {
  Library library;
  const std::vector<std::string> folders = library_folders(package);
  for (const std::string& folder : folders) {
    for (const int major : majors) {
      const std::string path = fmt::format("{}/{}.{}", folder, name, major);
      std::error_code error;
      if (!fs::exists(path, error)) continue;
      library.handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
      library.path = path;
      if (library.handle != nullptr) return library;
      library.reason += fmt::format("{}{}", library.reason.empty() ? "" : "; ", dlerror());
    }
  }
  if (library.reason.empty()) {
    library.reason = fmt::format("{} is in none of {}", name, fmt::join(folders, ", "));
  }
  return library;
}

}  // namespace millstream::cuda
