#pragma once
// IDX files for tests.
#include <cstdint>
#include <string>
#include <vector>

namespace millstream::data {

// The bytes of an IDX file: element code, sides, and the values as they stand in the file.
std::string idx(uint8_t code, const std::vector<uint32_t>& sides,
                const std::vector<uint8_t>& values);

// The same bytes as gzip packs them.
std::string compressed(const std::string& content);

// A file of the test's own that goes away with it.
class ScratchFile {
 public:
  explicit ScratchFile(const std::string& name);
  ~ScratchFile();
  ScratchFile(const ScratchFile&) = delete;
  ScratchFile& operator=(const ScratchFile&) = delete;

  void write(const std::string& content) const;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace millstream::data
