#include "millstream/keras/weights_file.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "expect.h"
#include "millstream/keras/layers/layers.h"
#include "millstream/keras/model.h"

namespace millstream::keras {
namespace {

using namespace layers;

std::string scratch(const std::string& name) {
  return (std::filesystem::path(testing::TempDir()) / ("weights_file_test_" + name)).string();
}

Sequential small_model(int64_t units = 3) {
  return Sequential{
      {Input({.shape = {4}}), Dense{{.units = units}}, BatchNormalization{}, Dense{{.units = 2}}}};
}

std::string bytes_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void write(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

TEST(WeightsFile, BringsWeightsBack) {
  const std::string path = scratch("plain");
  const Sequential model = small_model(), fresh = small_model();
  save_weights(model, path);
  EXPECT_FALSE(std::filesystem::exists(path + ".partial"));
  load_weights(fresh, path);
  const Tensors a = model.get_weights(), b = fresh.get_weights();
  ASSERT_EQ(a.size(), b.size());
  for (size_t i = 0; i < a.size(); ++i) EXPECT_EQ(a[i].to_vector<float>(), b[i].to_vector<float>());
}

TEST(WeightsFile, LeavesAModelAloneThatItDoesNotFit) {
  const std::string path = scratch("other");
  save_weights(small_model(3), path);
  const Sequential larger = small_model(5);
  const std::vector<float> before = larger.get_weights()[0].to_vector<float>();
  EXPECT_THROW(load_weights(larger, path), InvalidArgument);
  EXPECT_EQ(larger.get_weights()[0].to_vector<float>(), before);
  EXPECT_THROW(load_weights(Sequential{{Input({.shape = {4}}), Dense{{.units = 3}}}}, path),
               InvalidArgument);
}

TEST(WeightsFile, RefusesEveryDamage) {
  const std::string path = scratch("damaged");
  const Sequential model = small_model();
  save_weights(model, path);
  const std::string good = bytes_of(path);
  for (size_t length = 0; length < good.size(); length += 1 + length / 16) {
    write(path, good.substr(0, length));
    EXPECT_THROW(load_weights(model, path), DataLoss) << length;
  }
  for (size_t at = 0; at < good.size(); at += 1 + at / 8) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 0x41);
    write(path, bad);
    EXPECT_THROW(load_weights(model, path), DataLoss) << at;
  }
  write(path, good + "x");
  EXPECT_THROW(load_weights(model, path), DataLoss);
}

TEST(WeightsFile, SaysWhenThereIsNone) {
  const Sequential model = small_model();
  EXPECT_THROW(load_weights(model, scratch("absent")), NotFound);
  EXPECT_THROW(save_weights(model, "/nowhere/weights"), PermissionDenied);
  EXPECT_THROW(save_weights(Dense{{.units = 1}}, scratch("unbuilt")), FailedPrecondition);
}

}  // namespace
}  // namespace millstream::keras
