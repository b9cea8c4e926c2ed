#include "millstream/keras/datasets/datasets.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <filesystem>
#include <string>
#include <vector>

#include "millstream/base/error.h"
#include "millstream/base/settings.h"
#include "millstream/data/idx.h"

namespace millstream::keras::datasets {
namespace {

constexpr const char* kSystemFolder = "/usr/share/datasets";

struct Source {
  std::string name;  // "fashion_mnist"
  std::string folder;
  std::string hint;  // how to get the files
};

std::vector<std::string> folders_of(const Source& source) {
  std::vector<std::string> folders;
  if (const std::string& own = Settings::get().datasets; !own.empty()) {
    folders = {own + "/" + source.folder, own};
  }
  folders.push_back(fmt::format("{}/{}", kSystemFolder, source.folder));
  return folders;
}

std::string find(const Source& source, const std::string& file) {
  const std::vector<std::string> folders = folders_of(source);
  for (const std::string& folder : folders) {
    for (const char* ending : {".gz", ""}) {
      const std::string path = folder + "/" + file + ending;
      if (std::filesystem::exists(path)) return path;
    }
  }
  throw NotFound(
      {.message = fmt::format("the data set {} is not on this machine: no {} or {}.gz in {}",
                              source.name, file, file, fmt::join(folders, ", ")),
       .op = source.name + ".load_data",
       .hint = source.hint});
}

Split load(const Source& source, const std::string& prefix) {
  const std::string images_path = find(source, prefix + "-images-idx3-ubyte");
  const std::string labels_path = find(source, prefix + "-labels-idx1-ubyte");
  Split split{data::read_idx(images_path), data::read_idx(labels_path)};
  const auto& [images, labels] = split;
  if (images.dtype() != DType::uint8 || labels.dtype() != DType::uint8 || images.rank() != 3 ||
      labels.rank() != 1 || images.dim(0) != labels.dim(0)) {
    throw DataLoss(
        {.message = fmt::format("'{}' is {}{} and '{}' is {}{}", images_path,
                                name_of(images.dtype()), images.shape().to_string(), labels_path,
                                name_of(labels.dtype()), labels.shape().to_string()),
         .op = source.name + ".load_data",
         .hint = "images must be uint8[n, height, width] and labels uint8[n]"});
  }
  return split;
}

Splits load(const Source& source) { return {load(source, "train"), load(source, "t10k")}; }

}  // namespace

Splits fashion_mnist::load_data() {
  return load({.name = "fashion_mnist",
               .folder = "fashion-mnist",
               .hint = "apt-get install dataset-fashion-mnist, or name the folder that holds the "
                       "files in MILLSTREAM_DATASETS"});
}

Splits mnist::load_data() {
  return load({.name = "mnist",
               .folder = "mnist",
               .hint = "put MNIST's four IDX files into a folder named mnist and name the folder "
                       "above it in MILLSTREAM_DATASETS"});
}

}  // namespace millstream::keras::datasets
