#include "millstream/keras/weights_file.h"

#include <zlib.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <unordered_map>

#include "millstream/keras/model.h"

namespace millstream::keras {
namespace {

constexpr char kMagic[] = "MSWEIGHT";
constexpr size_t kMagicSize = 8;
constexpr uint32_t kVersion = 1;

// "sequential/conv2d/kernel" of every weight.
void name_weights(const Layer& layer, const std::string& prefix,
                  std::unordered_map<uint64_t, std::string>& names) {
  const std::string path = prefix + layer.name() + "/";
  for (const Variable& weight : layer.impl().own_weights()) {
    names.emplace(weight.id(), path + weight.name());
  }
  for (const Layer& sublayer : layer.impl().sublayers()) name_weights(sublayer, path, names);
}

class Writer {
 public:
  template <class T>
  void number(T value) {
    bytes(&value, sizeof value);
  }
  template <class Length>
  void text(std::string_view text) {
    number(static_cast<Length>(text.size()));
    bytes(text.data(), text.size());
  }
  void bytes(const void* data, size_t size) {
    buffer_.append(static_cast<const char*>(data), size);
  }
  uint32_t checksum() const {
    return static_cast<uint32_t>(
        crc32_z(0, reinterpret_cast<const Bytef*>(buffer_.data()), buffer_.size()));
  }
  const std::string& buffer() const { return buffer_; }

 private:
  std::string buffer_;
};

class Reader {
 public:
  Reader(std::string data, std::string path) : data_(std::move(data)), path_(std::move(path)) {}

  [[noreturn]] void fail(const std::string& what) const {
    throw DataLoss(fmt::format("'{}' is no file of weights: {}", path_, what));
  }
  const char* bytes(size_t size) {
    if (size > data_.size() - at_) fail("it is truncated");
    at_ += size;
    return data_.data() + at_ - size;
  }
  template <class T>
  T number() {
    T value;
    std::memcpy(&value, bytes(sizeof value), sizeof value);
    return value;
  }
  template <class Length>
  std::string text() {
    const auto size = static_cast<size_t>(number<Length>());
    return std::string(bytes(size), size);
  }
  // Checks the checksum at the end, and takes it off.
  void verify() {
    if (data_.size() < kMagicSize + 3 * sizeof(uint32_t) ||
        std::memcmp(data_.data(), kMagic, kMagicSize) != 0) {
      fail("it does not begin with " + std::string(kMagic));
    }
    uint32_t stored = 0;
    std::memcpy(&stored, data_.data() + data_.size() - sizeof stored, sizeof stored);
    data_.resize(data_.size() - sizeof stored);
    const auto found = static_cast<uint32_t>(
        crc32_z(0, reinterpret_cast<const Bytef*>(data_.data()), data_.size()));
    if (stored != found) fail("it is damaged or truncated (checksum)");
    at_ = kMagicSize;
  }

 private:
  std::string data_, path_;
  size_t at_ = 0;
};

std::string read_file(const std::string& path) {
  if (!std::filesystem::is_regular_file(path)) throw NotFound("no file '" + path + "'");
  std::ifstream file(path, std::ios::binary);
  if (!file) throw PermissionDenied("cannot open '" + path + "'");
  return {std::istreambuf_iterator<char>(file), {}};
}

void write_file(const std::string& path, const Writer& writer) {
  const std::string temporary = path + ".partial";
  const uint32_t checksum = writer.checksum();
  std::ofstream file(temporary, std::ios::binary | std::ios::trunc);
  file.write(writer.buffer().data(), static_cast<std::streamsize>(writer.buffer().size()));
  file.write(reinterpret_cast<const char*>(&checksum), sizeof checksum);
  file.close();
  std::error_code error;
  if (file) std::filesystem::rename(temporary, path, error);
  if (file && !error) return;
  std::filesystem::remove(temporary, error);
  throw PermissionDenied(
      {.message = "cannot write '" + path + "'",
       .hint = "check that the folder is there, may be written to and has room"});
}

struct Entry {
  std::string name;
  Tensor value;
};

Entry read_entry(Reader& reader) {
  const std::string name = reader.text<uint32_t>();
  const DType dtype = dtype_named(reader.text<uint8_t>());
  Dims dims;
  const int rank = reader.number<uint8_t>();
  for (int i = 0; i < rank; ++i) dims.push_back(reader.number<int64_t>());
  const Shape shape(dims);
  const auto bytes = reader.number<uint64_t>();
  if (!shape.known() || static_cast<uint64_t>(shape.elements()) * size_of(dtype) != bytes) {
    reader.fail(fmt::format("'{}' has {} bytes and the shape {}", name, bytes, shape.to_string()));
  }
  return {name, Tensor::from_host(dtype, shape, reader.bytes(bytes), current_device())};
}

std::vector<Entry> read_entries(const std::string& path) {
  Reader reader(read_file(path), path);
  reader.verify();
  if (const auto version = reader.number<uint32_t>(); version != kVersion) {
    reader.fail(fmt::format("its version is {}, and this program reads {}", version, kVersion));
  }
  std::vector<Entry> entries;
  const auto count = reader.number<uint32_t>();
  for (uint32_t i = 0; i < count; ++i) entries.push_back(read_entry(reader));
  return entries;
}

}  // namespace

void save_weights(const Layer& layer, const std::string& path) {
  std::unordered_map<uint64_t, std::string> names;
  name_weights(layer, "", names);
  const Variables weights = layer.weights();
  if (!layer.built()) {
    throw FailedPrecondition({.message = "layer '" + layer.name() + "' has no weights to save yet",
                              .hint = "call it on data, or build() it"});
  }
  Writer writer;
  writer.bytes(kMagic, kMagicSize);
  writer.number(kVersion);
  writer.number(static_cast<uint32_t>(weights.size()));
  for (const Variable& weight : weights) {
    const Tensor value = contiguous(weight.value().host());
    writer.text<uint32_t>(names.at(weight.id()));
    writer.text<uint8_t>(name_of(value.dtype()));
    writer.number(static_cast<uint8_t>(value.rank()));
    for (const int64_t size : value.shape().dims()) writer.number(size);
    writer.number(static_cast<uint64_t>(value.bytes()));
    writer.bytes(value.data(), value.bytes());
  }
  write_file(path, writer);
}

void load_weights(const Layer& layer, const std::string& path) {
  Tensors values;
  for (const Entry& entry : read_entries(path)) values.push_back(entry.value);
  try {
    layer.set_weights(values);
  } catch (Error& error) {
    error.add_scope("the file '" + path + "'");
    throw;
  }
}

void Model::save_weights(const std::string& path) const { keras::save_weights(*this, path); }
void Model::load_weights(const std::string& path) const { keras::load_weights(*this, path); }

}  // namespace millstream::keras
