#include "millstream/backend/cuda/kernel_cache.h"

#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>

#include "millstream/base/settings.h"

namespace millstream::cuda {
namespace {

namespace fs = std::filesystem;

// Fowler, Noll and Vo's hash, FNV-1a.
uint64_t hash_of(const std::string& text) {
  uint64_t hash = 0xcbf29ce484222325;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return hash;
}

std::optional<std::string> read(const fs::path& path, const std::string& origin) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::nullopt;
  std::ostringstream content;
  content << file.rdbuf();
  std::string text = std::move(content).str();
  if (!text.starts_with(origin) || text.size() == origin.size()) return std::nullopt;
  return text.substr(origin.size());
}

// Another process may write the same entry: each writes a file of its own and renames it.
void write(const fs::path& path, const std::string& origin, const std::string& image) {
  std::error_code error;
  fs::create_directories(path.parent_path(), error);
  const fs::path draft = fmt::format("{}.{}", path.string(), getpid());
  std::ofstream file(draft, std::ios::binary);
  file << origin << image;
  file.close();
  if (file) {
    fs::rename(draft, path, error);
  } else {
    fs::remove(draft, error);
  }
}

}  // namespace

std::string cached_image(const std::string& origin, const std::function<std::string()>& make) {
  const std::string& folder = Settings::get().cache;
  if (folder.empty()) return make();
  const fs::path path = fs::path(folder) / "kernels" / fmt::format("{:016x}", hash_of(origin));
  if (std::optional<std::string> image = read(path, origin)) return *std::move(image);
  const std::string image = make();
  write(path, origin, image);
  return image;
}

}  // namespace millstream::cuda
