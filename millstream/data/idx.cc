#include "millstream/data/idx.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <filesystem>
#include <memory>
#include <optional>

#include "millstream/base/error.h"
#include "millstream/device/context.h"

namespace millstream::data {
namespace {

constexpr int64_t kMostInflation = 1032;            // bytes that one byte of deflate can become
constexpr int64_t kMostOfEmpty = int64_t{1} << 48;  // other sides of a shape with a side of zero

struct Close {
  void operator()(gzFile_s* file) const { gzclose(file); }
};

// Reads through zlib, which passes plain files on as they are.
class Reader {
 public:
  explicit Reader(const std::string& path) : path_(path) {
    if (!std::filesystem::is_regular_file(path)) {
      throw NotFound({.message = fmt::format("no file '{}'", path), .op = "read_idx"});
    }
    file_.reset(gzopen(path.c_str(), "rb"));
    if (!file_) throw PermissionDenied({.message = "cannot open " + path, .op = "read_idx"});
    gzbuffer(file_.get(), 1 << 18);
    file_bytes_ = static_cast<int64_t>(std::filesystem::file_size(path));
  }

  [[noreturn]] void fail(const std::string& what) const {
    throw DataLoss({.message = fmt::format("'{}' {}", path_, what),
                    .op = "read_idx",
                    .hint = "fetch the file again"});
  }

  void read(void* to, int64_t bytes, const char* part) {
    for (int64_t done = 0; done < bytes;) {
      const auto wanted = static_cast<unsigned>(std::min<int64_t>(bytes - done, 1 << 24));
      const int got = gzread(file_.get(), static_cast<char*>(to) + done, wanted);
      if (got < 0) fail(fmt::format("is damaged in its {}: {}", part, problem()));
      if (got == 0) {
        fail(
            fmt::format("is truncated: its {} should have {} bytes and has {}", part, bytes, done));
      }
      done += got;
    }
  }

  void expect_end() {
    char next = 0;
    const int got = gzread(file_.get(), &next, 1);
    if (got > 0) fail("holds more bytes than its header says");
    int code = Z_OK;
    const char* text = gzerror(file_.get(), &code);
    if (code != Z_OK) fail(fmt::format("is damaged at its end: {}", text));
  }

  // No more values than this can follow a header of so many bytes.
  int64_t most_bytes(int64_t header) const {
    return gzdirect(file_.get()) ? file_bytes_ - header : file_bytes_ * kMostInflation;
  }

 private:
  std::string problem() const {
    int code = Z_OK;
    return gzerror(file_.get(), &code);
  }

  std::string path_;
  std::unique_ptr<gzFile_s, Close> file_;
  int64_t file_bytes_ = 0;
};

std::optional<DType> dtype_of_code(uint8_t code) {
  switch (code) {
    case 0x08: return DType::uint8;
    case 0x09: return DType::int8;
    case 0x0b: return DType::int16;
    case 0x0c: return DType::int32;
    case 0x0d: return DType::float32;
    case 0x0e: return DType::float64;
    default: return std::nullopt;
  }
}

struct Header {
  DType dtype;
  Dims sides;
  int64_t bytes;  // of the values
};

// Bytes of the values of that shape; DataLoss when the file cannot hold them.
int64_t believable_bytes(const Reader& reader, DType dtype, const Dims& sides) {
  const bool empty = std::count(sides.begin(), sides.end(), 0) > 0;
  const int64_t most = empty ? kMostOfEmpty : reader.most_bytes(4 + 4 * sides.size());
  int64_t bytes = static_cast<int64_t>(size_of(dtype));
  for (const int64_t side : sides) {
    if (side == 0) continue;
    if (bytes > most / side) {
      reader.fail(fmt::format("cannot hold the shape [{}] of {} that its header names",
                              fmt::join(sides, ", "), name_of(dtype)));
    }
    bytes *= side;
  }
  return empty ? 0 : bytes;
}

Header read_header(Reader& reader) {
  std::array<uint8_t, 4> magic;
  reader.read(magic.data(), magic.size(), "magic number");
  const std::optional<DType> dtype = dtype_of_code(magic[2]);
  if (magic[0] != 0 || magic[1] != 0 || !dtype || magic[3] > kMaxRank) {
    reader.fail(fmt::format("is not an IDX file: it begins with {:02x}", fmt::join(magic, " ")));
  }
  Dims sides;
  for (int i = 0; i < magic[3]; ++i) {
    std::array<uint8_t, 4> side;
    reader.read(side.data(), side.size(), "shape");
    sides.push_back(int64_t{side[0]} << 24 | side[1] << 16 | side[2] << 8 | side[3]);
  }
  return {*dtype, sides, believable_bytes(reader, *dtype, sides)};
}

void from_big_endian(std::byte* values, int64_t bytes, size_t element) {
  if (element == 1 || std::endian::native == std::endian::big) return;
  for (int64_t i = 0; i < bytes; i += static_cast<int64_t>(element)) {
    std::reverse(values + i, values + i + static_cast<int64_t>(element));
  }
}

}  // namespace

Tensor read_idx(const std::string& path) {
  Reader reader(path);
  const Header header = read_header(reader);
  Tensor values = Tensor::empty(header.dtype, Shape(header.sides), Context::get().host());
  auto* data = static_cast<std::byte*>(values.node()->data);
  reader.read(data, header.bytes, "values");
  reader.expect_end();
  from_big_endian(data, header.bytes, size_of(header.dtype));
  return values;
}

}  // namespace millstream::data
