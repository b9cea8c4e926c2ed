#include "millstream/keras/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "millstream/keras/fields.h"
#include "millstream/keras/naming.h"
#include "millstream/keras/random.h"

namespace millstream::keras {
namespace {

using testing::HasSubstr;

struct SampleOptions {
  int64_t units = 3;
  double rate = 0.5;
  bool use_bias = true;
  std::string padding = "valid";
  std::optional<int64_t> seed = {};
  std::vector<int64_t> shape = {2, -1};
  DType dtype = float32;
};

TEST(Config, WritesJsonAsPythonDoes) {
  const Config config =
      Config::Dict{{"name", "dense"},     {"units", 10}, {"rate", 0.5},
                   {"bias", true},        {"seed", {}},  {"size", Config::List{3, 3}},
                   {"quote", "a \"b\"\n"}};
  EXPECT_EQ(config.to_json(),
            R"({"name": "dense", "units": 10, "rate": 0.5, "bias": true, "seed": null, )"
            R"("size": [3, 3], "quote": "a \"b\"\n"})");
  EXPECT_EQ(Config::from_json(config.to_json()), config);
}

TEST(Config, SaysWhatIsWrong) {
  const Config config = Config::Dict{{"units", "ten"}};
  EXPECT_THROW(config["units"].integer(), InvalidArgument);
  EXPECT_THROW(config["rate"], InvalidArgument);
  EXPECT_THROW(config.list(), InvalidArgument);
  EXPECT_THROW(Config::from_json("{\"a\": "), DataLoss);
  EXPECT_EQ(Config(2.0).integer(), 2);
  EXPECT_THROW(Config(2.5).integer(), InvalidArgument);
  EXPECT_EQ(Config(2).number(), 2.0);
}

TEST(Fields, AreNamedAsTheyAreDeclared) {
  std::vector<std::string> names;
  const SampleOptions options;
  for_each_field(options, [&](std::string_view name, const auto&) { names.emplace_back(name); });
  EXPECT_EQ(names, (std::vector<std::string>{"units", "rate", "use_bias", "padding", "seed",
                                             "shape", "dtype"}));
}

TEST(Fields, MakeAConfigurationAndReadIt) {
  const SampleOptions options{.units = 7, .padding = "same", .seed = 11, .dtype = bfloat16};
  const Config config = config_of(options);
  EXPECT_EQ(config["dtype"]["config"]["name"].text(), "bfloat16");
  const auto read = options_from<SampleOptions>(Config::from_json(config.to_json()));
  EXPECT_EQ(read.units, 7);
  EXPECT_EQ(read.padding, "same");
  EXPECT_EQ(read.seed, 11);
  EXPECT_EQ(read.shape, (std::vector<int64_t>{2, -1}));
  EXPECT_EQ(read.dtype, bfloat16);
  EXPECT_EQ(config_of(read), config);
}

TEST(Fields, RefuseWhatTheyDoNotKnowUnlessItAsksForNothing) {
  EXPECT_EQ(options_from<SampleOptions>(Config::Dict{{"lora_rank", {}}, {"quantize", false}}).units,
            3);
  try {
    options_from<SampleOptions>(Config::Dict{{"unit", 3}});
    FAIL();
  } catch (const InvalidArgument& error) {
    EXPECT_THAT(error.what(), HasSubstr("'unit'"));
    EXPECT_THAT(error.what(), HasSubstr("units, rate"));
  }
}

TEST(Naming, FollowsKeras) {
  EXPECT_EQ(to_snake_case("MaxPooling2D"), "max_pooling2d");
  EXPECT_EQ(to_snake_case("Conv2DTranspose"), "conv2d_transpose");
  EXPECT_EQ(to_snake_case("ReLU"), "re_lu");
  EXPECT_EQ(to_snake_case("DepthwiseConv2D"), "depthwise_conv2d");
  EXPECT_EQ(to_snake_case("AUC"), "auc");
  clear_session();
  EXPECT_EQ(auto_name("dense"), "dense");
  EXPECT_EQ(auto_name("dense"), "dense_1");
  EXPECT_EQ(auto_name("dense"), "dense_2");
  clear_session();
  EXPECT_EQ(auto_name("dense"), "dense");
}

TEST(Random, DrawsTheSeedsOfPython) {
  set_random_seed(42);  // random.seed(42); random.randint(1, 10**9)
  for (const int64_t seed : {686579304, 119540832, 26855093, 796233791, 295310486}) {
    EXPECT_EQ(make_default_seed(), seed);
  }
}

}  // namespace
}  // namespace millstream::keras
