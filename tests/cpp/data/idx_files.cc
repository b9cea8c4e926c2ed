#include "data/idx_files.h"

#include <gtest/gtest.h>
#include <unistd.h>
#include <zlib.h>

#include <filesystem>
#include <fstream>

namespace millstream::data {

std::string idx(uint8_t code, const std::vector<uint32_t>& sides,
                const std::vector<uint8_t>& values) {
  std::string content = {0, 0, static_cast<char>(code), static_cast<char>(sides.size())};
  for (const uint32_t side : sides) {
    for (const int shift : {24, 16, 8, 0}) content += static_cast<char>(side >> shift & 255);
  }
  content.append(values.begin(), values.end());
  return content;
}

std::string compressed(const std::string& content) {
  constexpr int kGzip = 16;
  z_stream stream = {};
  EXPECT_EQ(deflateInit2(&stream, 6, Z_DEFLATED, MAX_WBITS + kGzip, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string packed(deflateBound(&stream, content.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(content.data()));
  stream.avail_in = static_cast<uInt>(content.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

ScratchFile::ScratchFile(const std::string& name)
    : path_(testing::TempDir() + name + "." + std::to_string(getpid())) {}

ScratchFile::~ScratchFile() { std::filesystem::remove(path_); }

void ScratchFile::write(const std::string& content) const {
  std::ofstream(path_, std::ios::binary | std::ios::trunc) << content;
}

}  // namespace millstream::data
