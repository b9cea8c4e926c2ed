#include "millstream/data/idx.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "data/idx_files.h"
#include "millstream/base/error.h"

namespace millstream::data {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class Idx : public testing::TestWithParam<bool> {
 protected:
  // The file's content through read_idx, plain or compressed as the parameter says.
  Tensor read(const std::string& content) {
    file_.write(GetParam() ? compressed(content) : content);
    return read_idx(file_.path());
  }

  std::string complaint(const std::string& content) {
    try {
      read(content);
    } catch (const DataLoss& error) {
      return error.what();
    }
    return "no DataLoss";
  }

  ScratchFile file_{"idx"};
};

INSTANTIATE_TEST_SUITE_P(PlainAndGzip, Idx, testing::Bool());

TEST_P(Idx, ReadsBytes) {
  const Tensor values = read(idx(0x08, {2, 3}, {1, 2, 3, 4, 5, 255}));
  EXPECT_EQ(values.dtype(), DType::uint8);
  EXPECT_EQ(values.shape(), Shape({2, 3}));
  EXPECT_THAT(values.to_vector<int>(), ElementsAre(1, 2, 3, 4, 5, 255));
}

TEST_P(Idx, ReadsEveryElementTypeFromBigEndian) {
  EXPECT_THAT(read(idx(0x09, {2}, {0xff, 0x7f})).to_vector<int>(), ElementsAre(-1, 127));
  EXPECT_THAT(read(idx(0x0b, {2}, {0x01, 0x02, 0xff, 0xfe})).to_vector<int>(),
              ElementsAre(258, -2));
  EXPECT_THAT(read(idx(0x0c, {1}, {0, 1, 0, 2})).to_vector<int>(), ElementsAre(65538));
  EXPECT_THAT(read(idx(0x0d, {1}, {0x3f, 0xc0, 0, 0})).to_vector<float>(), ElementsAre(1.5f));
  EXPECT_THAT(read(idx(0x0e, {1}, {0xc0, 0x04, 0, 0, 0, 0, 0, 0})).to_vector<double>(),
              ElementsAre(-2.5));
}

TEST_P(Idx, ReadsEmptyAndScalarShapes) {
  EXPECT_EQ(read(idx(0x08, {0, 28, 28}, {})).shape(), Shape({0, 28, 28}));
  EXPECT_EQ(read(idx(0x08, {}, {7})).item<int>(), 7);
}

TEST_P(Idx, RefusesWhatIsNoIdxFile) {
  EXPECT_THAT(complaint("\x89PNG and so on"), HasSubstr("not an IDX file"));
  EXPECT_THAT(complaint(idx(0x07, {1}, {1})), HasSubstr("not an IDX file"));
  EXPECT_THAT(complaint(idx(0x08, std::vector<uint32_t>(9, 1), {1})), HasSubstr("not an IDX file"));
  EXPECT_THAT(complaint(""), HasSubstr("magic number should have 4 bytes and has 0"));
}

TEST_P(Idx, RefusesTruncationAnywhere) {
  const std::string whole = idx(0x08, {2, 3}, {1, 2, 3, 4, 5, 6});
  for (size_t size = 0; size < whole.size(); ++size) {
    EXPECT_NE(complaint(whole.substr(0, size)), "no DataLoss") << size;
  }
}

TEST_P(Idx, RefusesTrailingBytes) {
  EXPECT_THAT(complaint(idx(0x08, {2}, {1, 2, 3})), HasSubstr("more bytes than its header says"));
}

TEST_P(Idx, RefusesAHeaderThatAsksForTooMuch) {
  EXPECT_THAT(complaint(idx(0x08, {0xffffffff, 28, 28}, {1, 2, 3})),
              HasSubstr("cannot hold the shape [4294967295, 28, 28] of uint8"));
  EXPECT_THAT(complaint(idx(0x0e, std::vector<uint32_t>(8, 0xffffffff), {})),
              HasSubstr("cannot hold the shape"));
  EXPECT_THAT(complaint(idx(0x08, {0, 0xffffffff, 0xffffffff, 0xffffffff}, {})),
              HasSubstr("cannot hold the shape"));
}

TEST(IdxGzip, RefusesDamage) {
  ScratchFile file("idx_damage");
  std::string content = compressed(idx(0x08, {4}, {1, 2, 3, 4}));
  content[content.size() - 6] ^= 1;  // of the checksum
  file.write(content);
  EXPECT_THROW(read_idx(file.path()), DataLoss);
  file.write(content.substr(0, content.size() - 8));  // without it
  EXPECT_THROW(read_idx(file.path()), DataLoss);
}

TEST(IdxPath, MustBeAFile) {
  EXPECT_THROW(read_idx("/nonexistent/images.gz"), NotFound);
  EXPECT_THROW(read_idx(std::filesystem::temp_directory_path()), NotFound);
}

}  // namespace
}  // namespace millstream::data
