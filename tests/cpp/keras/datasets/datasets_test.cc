#include "millstream/keras/datasets/datasets.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <numeric>

#include "data/idx_files.h"
#include "millstream/base/error.h"

namespace millstream::keras::datasets {
namespace {

TEST(FashionMnist, HasItsImagesAndLabels) {
  const auto [train, test] = fashion_mnist::load_data();
  EXPECT_EQ(train.images.shape(), Shape({60000, 28, 28}));
  EXPECT_EQ(train.labels.shape(), Shape({60000}));
  EXPECT_EQ(test.images.shape(), Shape({10000, 28, 28}));
  EXPECT_EQ(test.labels.shape(), Shape({10000}));
  EXPECT_EQ(train.images.dtype(), DType::uint8);
  EXPECT_EQ(train.labels.dtype(), DType::uint8);

  const auto* labels = train.labels.data<uint8_t>();
  EXPECT_THAT(std::vector<int>(labels, labels + 5), testing::ElementsAre(9, 0, 0, 3, 0));
  std::array<int, 10> counts = {};
  for (int i = 0; i < 60000; ++i) ++counts.at(labels[i]);
  EXPECT_THAT(counts, testing::Each(6000));
  const auto* pixels = train.images.data<uint8_t>();
  const auto sum = std::accumulate(pixels, pixels + train.images.elements(), int64_t{0});
  EXPECT_NEAR(static_cast<double>(sum) / (60000.0 * 784) / 255, 0.2860, 1e-4);
}

class OwnFolder : public testing::Test {
 protected:
  void SetUp() override {
    GTEST_FLAG_SET(death_test_style, "threadsafe");  // settings are read once per process
    folder_ = testing::TempDir() + "own_datasets_" +
              testing::UnitTest::GetInstance()->current_test_info()->name() + "/mnist";
    std::filesystem::create_directories(folder_);
    write("train-images-idx3-ubyte", data::idx(0x08, {2, 1, 2}, {1, 2, 3, 4}));
    write("train-labels-idx1-ubyte.gz", data::compressed(data::idx(0x08, {2}, {5, 6})));
    write("t10k-images-idx3-ubyte", data::idx(0x08, {1, 1, 2}, {7, 8}));
    write("t10k-labels-idx1-ubyte", data::idx(0x08, {1}, {9}));
  }
  void TearDown() override {
    unsetenv("MILLSTREAM_DATASETS");
    std::filesystem::remove_all(folder_ + "/..");
  }

  static void expect(const std::string& folder, const std::string& said) {
    setenv("MILLSTREAM_DATASETS", folder.c_str(), 1);
    EXPECT_EXIT(load(), testing::ExitedWithCode(0), said);
  }

  void write(const std::string& name, const std::string& content) const {
    std::ofstream(folder_ + "/" + name, std::ios::binary) << content;
  }

  // Says what it loaded, in a process of its own, which starts with the environment of this one.
  [[noreturn]] static void load() {
    try {
      const auto [train, test] = mnist::load_data();
      std::cerr << train.images.shape().to_string() << train.labels.to_vector<int>()[1]
                << test.labels.item<int>();
    } catch (const Error& error) {
      std::cerr << code_name(error.code()) << ": " << error.what();
    }
    std::exit(0);
  }

  std::string folder_;
};

TEST_F(OwnFolder, IsSearchedFirst) {
  expect(folder_ + "/..", "\\[2,1,2\\]69");
  expect(folder_, "\\[2,1,2\\]69");
}

TEST_F(OwnFolder, MissingFilesAreNamedWithTheRemedy) {
  std::filesystem::remove(folder_ + "/t10k-labels-idx1-ubyte");
  expect(folder_,
         "NotFound: .*no t10k-labels-idx1-ubyte or .*/usr/share/datasets/mnist.*Try: .*"
         "MILLSTREAM_DATASETS");
}

TEST_F(OwnFolder, ImagesAndLabelsMustFitTogether) {
  write("t10k-labels-idx1-ubyte", data::idx(0x08, {2}, {9, 9}));
  expect(folder_, "DataLoss: .*uint8\\[1,1,2\\].*uint8\\[2\\]");
}

}  // namespace
}  // namespace millstream::keras::datasets
