#include "millstream/keras/model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "expect.h"
#include "millstream/keras/layers/layers.h"
#include "millstream/ops/matmul.h"
#include "millstream/ops/operators.h"

namespace millstream::keras {
namespace {

using testing::HasSubstr;
using namespace layers;

TEST(Sequential, IsBuiltByItsInputOrByTheFirstCall) {
  const Sequential with_input{
      {Input({.shape = {4}}), Dense{{.units = 3, .activation = "relu"}}, Dense{{.units = 2}}}};
  EXPECT_EQ(with_input.count_params(), 4 * 3 + 3 + 3 * 2 + 2);
  EXPECT_EQ(with_input.layers().size(), 2u);
  const Sequential open{{Dense{{.units = 3}}, Dense{{.units = 2}}}};
  EXPECT_TRUE(open.weights().empty());
  EXPECT_EQ(open(ones({5, 4})).shape(), Shape({5, 2}));
  EXPECT_EQ(open.weights().size(), 4u);
  EXPECT_EQ(open(ones({1, 4})).shape(), Shape({1, 2}));
}

TEST(Sequential, StartsFromTheWeightsOfKerasWithASeed) {
  set_random_seed(42);
  const Sequential model{{Input({.shape = {2}}), Dense{{.units = 3}}, Dense{{.units = 2}}}};
  const Tensors weights = model.get_weights();
  expect_equals(weights[0], {0.7847531, 0.3563013, -0.3095492, 0.9858778, -0.9244218, 0.3337433},
                1e-6);
  expect_equals(weights[2], {1.049778, -0.03939688, 0.5829914, 0.5321075, 0.6923198, -0.8354329},
                1e-6);
}

TEST(Sequential, GrowsAndShrinks) {
  const Sequential model;
  EXPECT_THROW(model.pop(), InvalidArgument);
  model.add(Input({.shape = {3}}));
  model.add(Dense{{.units = 2}});
  model.add(Dense{{.units = 5, .name = "last"}});
  EXPECT_EQ(model(ones({1, 3})).shape(), Shape({1, 5}));
  model.pop();
  EXPECT_EQ(model(ones({1, 3})).shape(), Shape({1, 2}));
  EXPECT_THROW(model.get_layer("last"), InvalidArgument);
  EXPECT_THROW(model.add(Input({.shape = {3}})), InvalidArgument);
}

TEST(Sequential, FitsDataToItsInput) {
  const Sequential model{{Input({.shape = {2, 2, 1}, .name = "image"}), Flatten{}}};
  const Tensor bytes = cast(constant({{{0, 1}, {2, 3}}}), uint8);  // a channel of 1 is missing
  const Tensor y = model(bytes);
  EXPECT_EQ(y.dtype(), float32);
  expect_equals(y, {0, 1, 2, 3});
  try {
    model(ones({1, 3, 2, 1}));
    FAIL();
  } catch (const InvalidArgument& error) {
    EXPECT_THAT(error.what(), HasSubstr("input 'image' takes float32[?,2,2,1]"));
    EXPECT_THAT(error.what(), HasSubstr("float32[1,3,2,1]"));
  }
}

TEST(Sequential, ComesBackFromItsConfiguration) {
  const Sequential model{{Input({.shape = {6, 6, 1}}), Conv2D{{.filters = 2, .kernel_size = 3}},
                          MaxPooling2D{}, Flatten{}, Dropout{{.rate = 0.5}}, Dense{{.units = 3}}}};
  const Config config = serialize(model);
  const Layer read = deserialize_layer(Config::from_json(config.to_json()));
  EXPECT_EQ(serialize(read).to_json(), config.to_json());
  read.set_weights(model.get_weights());
  const Tensor x = input_pattern({2, 6, 6, 1});
  EXPECT_EQ(read(x).to_vector<float>(), model(x).to_vector<float>());
}

TEST(Sequential, Nests) {
  const Sequential inner{{Dense{{.units = 3}}, Dense{{.units = 2}}}};
  const Sequential outer{{Input({.shape = {4}}), inner, Dense{{.units = 1}}}};
  EXPECT_EQ(outer.weights().size(), 6u);
  inner.set_trainable(false);
  EXPECT_EQ(outer.trainable_variables().size(), 2u);
  EXPECT_EQ(outer.non_trainable_variables().size(), 4u);
}

TEST(Functional, ConnectsLayersAsTheyWereCalled) {
  const KerasTensor a = Input({.shape = {3}, .name = "a"}), b = Input({.shape = {3}, .name = "b"});
  const Dense shared{{.units = 2, .name = "shared"}};
  const KerasTensor sum = shared(a) + shared(b);
  const KerasTensor joined = Concatenate{}({sum, a});
  const Model model({a, b}, {joined, sum});
  EXPECT_EQ(joined.shape(), Shape({kUnknown, 5}));
  EXPECT_EQ(model.weights().size(), 2u);
  const Tensor x = input_pattern({2, 3}), y = input_pattern({2, 3}, 1);
  const Tensors outputs = model.call_all(Tensors{x, y});
  ASSERT_EQ(outputs.size(), 2u);
  expect_equals(outputs[1], (shared(x) + shared(y)).to_vector<double>(), 1e-6);
  EXPECT_EQ(outputs[0].shape(), Shape({2, 5}));
  EXPECT_THROW(model(x), InvalidArgument);
}

TEST(Functional, MayBeALayerOfAnotherModel) {
  const KerasTensor x = Input({.shape = {3}});
  const Model encoder(x, Dense{{.units = 2}}(x), "encoder");
  const KerasTensor z = Input({.shape = {3}});
  const Model model(z, Dense{{.units = 1}}(encoder(z)));
  EXPECT_EQ(model.get_layer("encoder"), encoder);
  EXPECT_EQ(model.weights().size(), 4u);
  EXPECT_EQ(model(ones({5, 3})).shape(), Shape({5, 1}));
}

TEST(Functional, MayStartInTheMiddleOfAnotherModel) {
  const KerasTensor x = Input({.shape = {3}});
  const KerasTensor hidden = Dense{{.units = 2}}(x);
  const KerasTensor y = Dense{{.units = 1}}(hidden);
  const Model head(hidden, y);
  EXPECT_EQ(head.weights().size(), 2u);
  EXPECT_EQ(head(ones({4, 2})).shape(), Shape({4, 1}));
}

TEST(Functional, SaysWhichInputIsMissing) {
  const KerasTensor a = Input({.shape = {3}, .name = "here"}),
                    b = Input({.shape = {3}, .name = "missing"});
  try {
    const Model model(a, a + b);
    FAIL();
  } catch (const InvalidArgument& error) {
    EXPECT_THAT(error.what(), HasSubstr("'missing'"));
  }
}

// A layer and a model of one's own.
class LinearImpl : public LayerImpl {
 public:
  explicit LinearImpl(int64_t units) : units_(units) {}
  void build(const Shape& input) override {
    kernel_ = add_weight({.name = "kernel", .shape = {input[-1], units_}});
  }
  Tensor call(const Tensor& x, const CallContext& context) override {
    seen_training = context.training;
    return matmul(x, kernel_);
  }
  bool seen_training = false;

 private:
  int64_t units_;
  Variable kernel_;
};
using Linear = Handle<LinearImpl>;

class NetImpl : public ModelImpl {
 public:
  Tensor call(const Tensor& x, const CallContext&) override { return out(relu(hidden(x))); }
  Linear hidden{8};
  Dense out{{.units = 1}};
};
using Net = Handle<NetImpl>;

TEST(OwnLayers, AreFoundWhenTheyAreCalled) {
  const Net net;
  EXPECT_TRUE(net.weights().empty());
  EXPECT_EQ(net(ones({2, 3})).shape(), Shape({2, 1}));
  EXPECT_EQ(net.weights().size(), 3u);
  EXPECT_EQ(net.layers().size(), 2u);
  EXPECT_EQ(net.layers()[0].impl().class_name(), "Linear");
  EXPECT_THAT(net.layers()[0].name(), HasSubstr("linear"));
}

TEST(OwnLayers, InheritTheTrainingFlag) {
  const Net net;
  net(ones({2, 3}), {.training = true});
  EXPECT_TRUE(net->hidden->seen_training);
  net(ones({2, 3}));
  EXPECT_FALSE(net->hidden->seen_training);
}

TEST(OwnLayers, TellTheirOutputShapes) {
  const KerasTensor x = Input({.shape = {3}});
  EXPECT_EQ(Linear(5)(x).shape(), Shape({kUnknown, 5}));
  EXPECT_EQ(Net()(x).shape(), Shape({kUnknown, 1}));
  const Model model(x, Dense{{.units = 2}}(Linear(4)(x)));
  EXPECT_EQ(model(ones({7, 3})).shape(), Shape({7, 2}));
}

TEST(OwnLayers, SayWhereAnErrorHappened) {
  const Net net;
  net(ones({2, 3}));
  try {
    net(ones({2, 4}));
    FAIL();
  } catch (const InvalidArgument& error) {
    EXPECT_THAT(error.what(), HasSubstr("(Linear) called with float32[2,4]"));
    EXPECT_THAT(error.what(), HasSubstr("(Net) called with float32[2,4]"));
  }
}

TEST(OwnLayers, WithoutACallSaySo) {
  class NothingImpl : public LayerImpl {};
  EXPECT_THROW(Handle<NothingImpl>()(ones({1, 1})), Unimplemented);
}

TEST(Summary, IsKerasTable) {
  clear_session();
  const Sequential model{{Input({.shape = {28, 28, 1}}),
                          Conv2D{{.filters = 8, .kernel_size = 3, .name = "c"}},
                          BatchNormalization{}, Flatten{}, Dense{{.units = 3}}}};
  EXPECT_EQ(model.summary_text(), R"(Model: "sequential"
┏━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━┓
┃ Layer (type)                    ┃ Output Shape           ┃       Param # ┃
┡━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━┩
│ c (Conv2D)                      │ (None, 26, 26, 8)      │            80 │
├─────────────────────────────────┼────────────────────────┼───────────────┤
│ batch_normalization             │ (None, 26, 26, 8)      │            32 │
│ (BatchNormalization)            │                        │               │
├─────────────────────────────────┼────────────────────────┼───────────────┤
│ flatten (Flatten)               │ (None, 5408)           │             0 │
├─────────────────────────────────┼────────────────────────┼───────────────┤
│ dense (Dense)                   │ (None, 3)              │        16,227 │
└─────────────────────────────────┴────────────────────────┴───────────────┘
 Total params: 16,339 (63.82 KB)
 Trainable params: 16,323 (63.76 KB)
 Non-trainable params: 16 (64.00 B)
)");
}

TEST(Summary, ShowsBranchesAndWhatIsNotBuilt) {
  const KerasTensor x = Input({.shape = {3}, .name = "x"});
  const Model model(x, Dense{{.units = 3, .name = "side"}}(x) + x);
  EXPECT_THAT(model.summary_text(), HasSubstr("Connected to"));
  EXPECT_THAT(model.summary_text(), HasSubstr("side[0][0], x[0][0]"));
  const Sequential open{{Dense{{.units = 2}}}};
  EXPECT_THAT(open.summary_text(), HasSubstr("0 (unbuilt)"));
}

}  // namespace
}  // namespace millstream::keras
