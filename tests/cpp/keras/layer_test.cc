#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "expect.h"
#include "layer_cases.h"
#include "millstream/autodiff/tape.h"
#include "millstream/ops/elementwise.h"
#include "millstream/ops/operators.h"
#include "millstream/ops/reduce.h"
#include "millstream/ops/views.h"

namespace millstream::keras {
namespace {

using testing::HasSubstr;

Tensors inputs_of(const LayerCase& c, DType dtype) {
  Tensors inputs;
  for (size_t i = 0; i < c.inputs.size(); ++i) {
    inputs.push_back(input_pattern(c.inputs[i], static_cast<double>(i), dtype));
  }
  return inputs;
}

// The layer with the weights of the table.
Layer layer_of(const LayerCase& c, DType dtype) {
  const Layer layer = c.make(dtype);
  layer(inputs_of(c, dtype));
  Tensors weights;
  for (const Variable& weight : layer.weights()) {
    const double offset = weight.name() == "moving_variance" ? 0.75 : 0;
    weights.push_back(
        weight_pattern(weight.shape(), static_cast<double>(weights.size()), offset, dtype));
  }
  layer.set_weights(weights);
  return layer;
}

class LayerTable : public testing::TestWithParam<LayerCase> {};

TEST_P(LayerTable, ComputesWhatKerasDoes) {
  const LayerCase& c = GetParam();
  const Tensor y = layer_of(c, float32)(inputs_of(c, float32), {.training = c.training});
  EXPECT_EQ(y.shape(), c.output);
  EXPECT_EQ(y.dtype(), float32);
  expect_begins(y, c.first, 1e-5);
  EXPECT_NEAR(sum_of(y), c.sum, 2e-4);
}

TEST_P(LayerTable, ComputesInOtherFloatingDTypes) {
  const LayerCase& c = GetParam();
  for (const DType dtype : {float64, bfloat16}) {
    const Tensor y = layer_of(c, dtype)(inputs_of(c, dtype), {.training = c.training});
    EXPECT_EQ(y.dtype(), dtype);
    expect_begins(y, c.first, dtype == float64 ? 1e-5 : 6e-2);
  }
}

TEST_P(LayerTable, KnowsItsOutputShapeInAdvance) {
  const LayerCase& c = GetParam();
  for (const bool know_batch : {true, false}) {
    std::vector<KerasTensor> inputs;
    for (const Shape& shape : c.inputs) {
      inputs.push_back(Input({.shape = Shape(std::span<const int64_t>(shape.dims()).subspan(1)),
                              .batch_size = know_batch ? shape[0] : kUnknown}));
    }
    Dims expected = c.output.dims();
    if (!know_batch) expected[0] = kUnknown;
    const KerasTensor y = c.make(float32)(inputs);
    EXPECT_EQ(y.shape(), Shape(expected));
    EXPECT_EQ(y.dtype(), float32);
  }
}

TEST_P(LayerTable, InfersWhatItComputesByProbing) {
  const LayerCase& c = GetParam();
  const Layer layer = layer_of(c, float32);
  Specs specs;
  for (const Shape& shape : c.inputs) {
    Dims dims = shape.dims();
    dims[0] = kUnknown;
    specs.push_back({float32, Shape(dims)});
  }
  EXPECT_EQ(layer.impl().probe_output_specs(specs)[0].shape,
            layer.impl().compute_output_specs(specs)[0].shape);
}

TEST_P(LayerTable, ComesBackFromItsConfiguration) {
  const LayerCase& c = GetParam();
  const Layer layer = layer_of(c, float32);
  const Config config = serialize(layer);
  const Layer read = deserialize_layer(Config::from_json(config.to_json()));
  EXPECT_EQ(serialize(read).to_json(), config.to_json());
  EXPECT_EQ(read.name(), layer.name());
  read(inputs_of(c, float32));
  read.set_weights(layer.get_weights());
  const CallOptions options{.training = c.training};
  EXPECT_EQ(read(inputs_of(c, float32), options).to_vector<float>(),
            layer_of(c, float32)(inputs_of(c, float32), options).to_vector<float>());
}

// Of a weighted sum of the outputs with respect to inputs and trainable weights.
TEST_P(LayerTable, HasTheGradientOfItsDifferences) {
  const LayerCase& c = GetParam();
  const Layer layer = layer_of(c, float64);
  const Tensors inputs = inputs_of(c, float64);
  const auto loss = [&](const Tensors& x) {
    const Tensor y = layer(x, {.training = c.training});
    return reduce_sum(y * weight_pattern(y.shape(), 0.3, 0, float64));
  };
  GradientTape tape;
  for (const Tensor& input : inputs) tape.watch(input);
  const Tensor value = loss(inputs);
  std::vector<Source> sources(inputs.begin(), inputs.end());
  const Variables weights = layer.trainable_variables();
  for (const Variable& weight : weights) sources.emplace_back(weight);
  const Tensors gradients = tape.gradient(std::span(&value, 1), sources);

  const auto check = [](const Tensor& gradient, const Tensor& at, auto&& loss_at) {
    ASSERT_TRUE(gradient.defined());
    const std::vector<double> values = at.to_vector<double>(),
                              slopes = gradient.to_vector<double>();
    for (size_t i = 0; i < values.size(); i += 1 + values.size() / 7) {
      const auto shifted = [&](double step) {
        std::vector<double> moved = values;
        moved[i] += step;
        return loss_at(Tensor::from_host(float64, at.shape(), moved.data(), at.device()));
      };
      EXPECT_NEAR(slopes[i], (shifted(1e-5) - shifted(-1e-5)) / 2e-5, 1e-5) << "element " << i;
    }
  };
  for (size_t k = 0; k < inputs.size(); ++k) {
    SCOPED_TRACE("input " + std::to_string(k));
    check(gradients[k], inputs[k], [&](const Tensor& x) {
      Tensors moved = inputs;
      moved[k] = x;
      return loss(moved).item<double>();
    });
  }
  for (size_t k = 0; k < weights.size(); ++k) {
    SCOPED_TRACE("weight " + weights[k].name());
    Variable weight = weights[k];
    const Tensor own = weight.value();
    check(gradients[inputs.size() + k], own, [&](const Tensor& w) {
      weight.assign(w);
      const double moved = loss(inputs).item<double>();
      weight.assign(own);
      return moved;
    });
  }
}

INSTANTIATE_TEST_SUITE_P(, LayerTable, testing::ValuesIn(layer_cases()),
                         [](const auto& param) { return param.param.name; });

// --- what the table does not show ----------------------------------------------------------------

TEST(Layers, EmbeddingLooksRowsUp) {
  const layers::Embedding embedding({.input_dim = 5, .output_dim = 3});
  const Tensor numbers = constant({{0, 4}, {2, 2}});
  embedding(numbers);
  embedding.set_weights({weight_pattern({5, 3}, 0)});
  const Tensor y = embedding(numbers);
  EXPECT_EQ(y.shape(), Shape({2, 2, 3}));
  expect_begins(y, {0, 0.32210883, 0.49272487, 0.42729944, 0.15954918, -0.18323956}, 1e-5);
  EXPECT_NEAR(sum_of(y), -1.2668524, 1e-4);
  EXPECT_THROW(embedding(constant({7})).host(), InvalidArgument);
  const layers::Embedding read(options_from<layers::EmbeddingOptions>(embedding.get_config()));
  EXPECT_EQ(read.get_config(), embedding.get_config());
  GradientTape tape;
  const Tensor loss = reduce_sum(embedding(numbers));
  expect_equals(tape.gradient(loss, embedding.weights()[0]),
                {1, 1, 1, 0, 0, 0, 2, 2, 2, 0, 0, 0, 1, 1, 1});
}

TEST(Layers, DropoutDropsWhatKerasDropsWithTheSameSeed) {
  const layers::Dropout dropout({.rate = 0.5, .seed = 3});
  const Tensor x = ones({2, 4});
  expect_equals(dropout(x, {.training = true}), {0, 2, 2, 2, 0, 0, 0, 0});
  expect_equals(dropout(x, {.training = true}), {0, 2, 0, 2, 2, 0, 2, 0});
  expect_equals(dropout(x), {1, 1, 1, 1, 1, 1, 1, 1});
  expect_equals(layers::Dropout({.rate = 1})(x, {.training = true}), {0, 0, 0, 0, 0, 0, 0, 0});
  const Tensor rows = layers::Dropout({.rate = 0.5, .noise_shape = std::vector<int64_t>{-1, 1}})(
      ones({64, 2}), {.training = true});
  const std::vector<float> values = rows.to_vector<float>();
  for (size_t i = 0; i < values.size(); i += 2) EXPECT_EQ(values[i], values[i + 1]);
}

TEST(Layers, BatchNormalizationMovesItsAverages) {
  const layers::BatchNormalization layer;
  const Tensor x = input_pattern({4, 2});
  layer(x);
  layer.set_weights({weight_pattern({2}, 0), weight_pattern({2}, 1), weight_pattern({2}, 2),
                     weight_pattern({2}, 3, 0.75)});
  layer(x, {.training = true});
  expect_equals(layer.weights()[2], {0.45500344, 0.21441013}, 1e-6);
  expect_equals(layer.weights()[3], {0.81461245, 0.48331219}, 1e-6);
  layer.set_trainable(false);
  layer(x, {.training = true});  // frozen: runs in inference mode
  expect_equals(layer.weights()[2], {0.45500344, 0.21441013}, 1e-6);
  EXPECT_TRUE(layer.trainable_variables().empty());
  EXPECT_EQ(layer.non_trainable_variables().size(), 4u);
}

TEST(Layers, TakeImagesAsBytes) {
  const Tensor bytes = cast(constant({{0, 128}, {255, 64}}), uint8);
  expect_equals(layers::Rescaling({.scale = 1. / 255})(bytes), {0, 0.501961, 1, 0.250980});
  EXPECT_EQ(layers::Dense({.units = 2})(bytes).dtype(), float32);
  EXPECT_EQ(layers::Flatten()(bytes).dtype(), uint8);
}

TEST(Layers, TakeChannelsFirst) {
  const layers::Conv2D last({.filters = 2, .kernel_size = 3, .padding = "same"}),
      first({.filters = 2, .kernel_size = 3, .padding = "same", .data_format = "channels_first"});
  const Tensor x = input_pattern({1, 4, 4, 2});
  const auto to_first = [](const Tensor& t) { return transpose(t, Ints{0, 3, 1, 2}); };
  last(x);
  first(to_first(x));
  first.set_weights(last.get_weights());
  expect_equals(first(to_first(x)), contiguous(to_first(last(x))).to_vector<double>(), 1e-5);
  EXPECT_EQ(first(Input({.shape = {2, 8, 9}})).shape(), Shape({kUnknown, 2, 8, 9}));
  EXPECT_EQ(layers::Flatten({.data_format = "channels_first"})(to_first(x)).to_vector<float>(),
            layers::Flatten()(x).to_vector<float>());
}

TEST(Layers, ShareTheirWeightsAmongCopies) {
  const layers::Dense dense({.units = 2});
  const Layer copy = dense;
  copy(ones({1, 3}));
  EXPECT_TRUE(dense.built());
  EXPECT_EQ(dense.weights()[0], copy.weights()[0]);
}

TEST(Layers, CountAndReplaceWeights) {
  const layers::Dense dense({.units = 2, .name = "head"});
  EXPECT_THROW(dense.count_params(), FailedPrecondition);
  dense.build({kUnknown, 3});
  EXPECT_EQ(dense.count_params(), 8);
  EXPECT_EQ(dense.name(), "head");
  EXPECT_THROW(dense.set_weights({zeros({3, 2})}), InvalidArgument);
  EXPECT_THROW(dense.set_weights({zeros({3, 2}), zeros({3})}), InvalidArgument);
}

TEST(Layers, AddTheirPenalties) {
  const layers::Dense dense({.units = 1,
                             .kernel_initializer = "ones",
                             .kernel_regularizer = regularizers::L2({.l2 = 0.5}),
                             .activity_regularizer = "l1"});
  dense(ones({2, 3}));
  const Tensors losses = dense.losses();  // 0.01 * (3 + 3) / 2 samples, and 0.5 * 3
  ASSERT_EQ(losses.size(), 2u);
  EXPECT_NEAR(losses[0].item<double>(), 0.03, 1e-6);
  EXPECT_NEAR(losses[1].item<double>(), 1.5, 1e-6);
  dense(ones({2, 3}));
  EXPECT_EQ(dense.losses().size(), 2u);
}

struct BadCall {
  const char* what;
  std::function<void()> call;
  std::vector<const char*> says;
};

TEST(Layers, SayWhatDoesNotFit) {
  const layers::Dense dense({.units = 2, .name = "head"});
  dense(ones({1, 3}));
  const std::vector<BadCall> cases = {
      {"other features",
       [&] {
         dense(ones({4, 5}));
       },
       {"layer 'head' (Dense)", "[4,5]", "built for float32[?,3]"}},
      {"no features", [] { layers::Dense({.units = 2})(ones({4})); }, {"Dense", "[4]"}},
      {"unknown features",
       [] { layers::Dense({.units = 2})(Input({.shape = {kUnknown}})); },
       {"Dense"}},
      {"no units", [] { layers::Dense({}); }, {"units must be positive"}},
      {"rank",
       [] {
         layers::Conv2D({.filters = 1, .kernel_size = 3})(ones({2, 8, 8}));
       },
       {"Conv2D", "[2,8,8]", "4 dimensions"}},
      {"small image",
       [] {
         layers::Conv2D({.filters = 1, .kernel_size = 3})(Input({.shape = {2, 2, 1}}));
       },
       {"Conv2D", "does not fit an image of 2"}},
      {"padding",
       [] { layers::Conv2D({.filters = 1, .kernel_size = 3, .padding = "SAME"}); },
       {"'SAME'", "valid, same"}},
      {"format", [] { layers::Flatten({.data_format = "NHWC"}); }, {"channels_last"}},
      {"groups",
       [] {
         layers::Conv2D({.filters = 4, .kernel_size = 1, .groups = 2})(ones({1, 2, 2, 3}));
       },
       {"3 channels", "2 groups"}},
      {"reshape",
       [] {
         layers::Reshape({.target_shape = {4, 2}})(ones({2, 6}));
       },
       {"Reshape", "6 elements"}},
      {"dropout", [] { layers::Dropout({.rate = 1.5}); }, {"rate must be in [0, 1]"}},
      {"concatenate",
       [] {
         layers::Concatenate{}({Input({.shape = {2, 3}}), Input({.shape = {3, 3}})});
       },
       {"Concatenate", "dimension 1"}},
      {"one tensor", [] { layers::Add{}(Tensors{ones({2})}); }, {"at least two"}},
      {"two tensors",
       [&] {
         dense(Tensors{ones({2}), ones({2})});
       },
       {"one input, not 2"}}};
  for (const BadCall& c : cases) {
    SCOPED_TRACE(c.what);
    try {
      c.call();
      ADD_FAILURE() << "no exception";
    } catch (const InvalidArgument& error) {
      for (const char* text : c.says) EXPECT_THAT(error.what(), HasSubstr(text));
    }
  }
}

}  // namespace
}  // namespace millstream::keras
