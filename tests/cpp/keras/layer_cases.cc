#include "layer_cases.h"

namespace millstream::keras {
namespace {

using namespace layers;

// A row: the layer is made of its options, in the dtype that a test asks for.
template <class L, class Options>
LayerCase row(std::string name, Options options, std::vector<Shape> inputs, Shape output,
              std::vector<double> first, double sum) {
  const bool training = name.find("Training") != name.npos;
  return {std::move(name),
          [options](DType dtype) -> Layer {
            Options typed = options;
            typed.dtype = dtype;
            return L(typed);
          },
          std::move(inputs),
          output,
          std::move(first),
          sum,
          training};
}

std::vector<LayerCase> dense_and_convolutions() {
  using DW = DepthwiseConv2DOptions;
  using CT = Conv2DTransposeOptions;
  return {
      row<Dense>("Dense", DenseOptions{.units = 3}, {{2, 4}}, {2, 3},
                 {0.478618, 0.776723, 0.709523, 0.546034, 0.570168, 0.326144}, 3.40721),
      row<Dense>("DenseRelu", DenseOptions{.units = 3, .activation = "relu", .use_bias = false},
                 {{2, 4}}, {2, 3}, {0.0578823, 0.28089, 0.371791, 0.125298, 0.0743358, 0},
                 0.910197),
      row<Dense>("DenseOfSequences", DenseOptions{.units = 2, .activation = "tanh"}, {{2, 3, 4}},
                 {2, 3, 2}, {0.640371, 0.652799, 0.563222, 0.731025, 0.235298, 0.482948}, 5.16119),
      row<Conv2D>("Conv2D", Conv2DOptions{.filters = 2, .kernel_size = 3}, {{1, 5, 5, 2}},
                  {1, 3, 3, 2}, {0.225066, 0.732421, 0.541371, 0.858908, 0.815534, 0.858562},
                  9.26042),
      row<Conv2D>("Conv2DSameStridedRelu",
                  Conv2DOptions{.filters = 3,
                                .kernel_size = {3, 2},
                                .strides = 2,
                                .padding = "same",
                                .activation = "relu"},
                  {{2, 5, 6, 2}}, {2, 3, 3, 3},
                  {0.973496, 0.780161, 0.219904, 0.189748, 0.138146, 0.0215712}, 18.9206),
      row<Conv2D>("Conv2DDilated",
                  Conv2DOptions{.filters = 2, .kernel_size = 2, .dilation_rate = 2}, {{1, 5, 5, 1}},
                  {1, 3, 3, 2}, {1.05238, 1.78831, 0.877974, 1.60164, 0.662726, 1.31619}, 3.78426),
      row<Conv2D>(
          "Conv2DGroups",
          Conv2DOptions{
              .filters = 4, .kernel_size = 3, .padding = "same", .groups = 2, .use_bias = false},
          {{1, 4, 4, 4}}, {1, 4, 4, 4},
          {-0.146466, -0.315772, -0.331363, -0.333169, -0.00949672, -0.0799999}, -0.263894),
      row<DepthwiseConv2D>("DepthwiseConv2D", DW{.kernel_size = 3, .depth_multiplier = 2},
                           {{1, 5, 5, 2}}, {1, 3, 3, 4},
                           {-0.0052287, 0.319121, 0.568027, 0.434089, 0.228335, 0.555953}, 12.4871),
      row<DepthwiseConv2D>(
          "DepthwiseConv2DSame",
          DW{.kernel_size = 3, .strides = 2, .padding = "same", .activation = "relu"},
          {{1, 5, 5, 2}}, {1, 3, 3, 2}, {0.996668, 1.4697, 0, 0, 0.673581, 0.429385}, 8.90866),
      row<Conv2DTranspose>("Conv2DTranspose", CT{.filters = 2, .kernel_size = 3, .strides = 2},
                           {{1, 3, 3, 2}}, {1, 7, 7, 2},
                           {0.728458, 1.40088, 0.420672, -0.409242, 0.31336, 1.9713}, 44.9279),
      row<Conv2DTranspose>("Conv2DTransposeSame",
                           CT{.filters = 3, .kernel_size = 3, .strides = 2, .padding = "same"},
                           {{1, 3, 4, 2}}, {1, 6, 8, 3},
                           {0.728458, 1.40088, 0.337668, -0.484339, 0.188231, 1.13824}, 59.7868),
      row<Conv2DTranspose>(
          "Conv2DTransposeOutputPadding",
          CT{.filters = 2, .kernel_size = 3, .strides = 2, .padding = "same", .output_padding = 1},
          {{1, 3, 3, 2}}, {1, 6, 6, 2}, {0.728458, 1.40088, 0.420672, -0.409242, 0.31336, 1.9713},
          31.4644)};
}

std::vector<LayerCase> pooling_and_shapes() {
  return {row<MaxPooling2D>("MaxPooling2D", Pooling2DOptions{}, {{1, 5, 4, 2}}, {1, 2, 2, 2},
                            {1, 0.955337, 0.362358, 0.0707372, 0.634693, 0.834713}, 5.81787),
          row<MaxPooling2D>("MaxPooling2DSame",
                            Pooling2DOptions{.pool_size = 3, .strides = 2, .padding = "same"},
                            {{1, 5, 5, 1}}, {1, 3, 3, 1},
                            {1, 0.955337, 0.62161, 0.087499, 0.634693, 0.834713}, 6.96828),
          row<AveragePooling2D>(
              "AveragePooling2D", Pooling2DOptions{}, {{1, 4, 5, 2}}, {1, 2, 2, 2},
              {-0.0153538, -0.0341164, -0.0669015, -0.0667318, 0.00364617, -0.0164582}, -0.32454),
          row<AveragePooling2D>("AveragePooling2DSame",
                                Pooling2DOptions{.pool_size = 3, .strides = 2, .padding = "same"},
                                {{1, 5, 5, 1}}, {1, 3, 3, 1},
                                {0.449718, 0.155473, -0.164375, -0.376206, -0.331049, -0.231376},
                                1.32907),
          row<GlobalAveragePooling2D>("GlobalAveragePooling2D", GlobalPooling2DOptions{},
                                      {{2, 3, 3, 2}}, {2, 2},
                                      {-0.118491, -0.145274, 0.00867, -0.0391347}, -0.294229),
          row<GlobalAveragePooling2D>(
              "GlobalAveragePooling2DKeepdims", GlobalPooling2DOptions{.keepdims = true},
              {{2, 3, 3, 2}}, {2, 1, 1, 2}, {-0.118491, -0.145274, 0.00867, -0.0391347}, -0.294229),
          row<GlobalMaxPooling2D>("GlobalMaxPooling2D", GlobalPooling2DOptions{}, {{2, 3, 3, 2}},
                                  {2, 2}, {1, 0.955337, 0.96017, 0.999859}, 3.91537),
          row<Flatten>("Flatten", FlattenOptions{}, {{2, 2, 3}}, {2, 6},
                       {1, 0.955337, 0.825336, 0.62161, 0.362358, 0.0707372}, -0.515609),
          row<Reshape>("Reshape", ReshapeOptions{.target_shape = {3, -1}}, {{2, 2, 6}}, {2, 3, 4},
                       {1, 0.955337, 0.825336, 0.62161, 0.362358, 0.0707372}, 2.82151)};
}

std::vector<LayerCase> normalizations_and_activations() {
  using BN = BatchNormalizationOptions;
  using LN = LayerNormalizationOptions;
  return {
      row<Dropout>("Dropout", DropoutOptions{.rate = 0.5}, {{2, 3}}, {2, 3},
                   {1, 0.955337, 0.825336, 0.62161, 0.362358, 0.0707372}, 3.83538),
      row<BatchNormalization>("BatchNormalization", BN{}, {{3, 2}}, {3, 2},
                              {0.420735, 0.838478, 0.420735, 0.684294, 0.420735, 0.429787},
                              3.21477),
      row<BatchNormalization>("BatchNormalizationTraining", BN{}, {{4, 2}}, {4, 2},
                              {0.420735, 0.883789, 0.420735, 0.69044, 0.420735, 0.371286}, 3.66627),
      row<BatchNormalization>(
          "BatchNormalizationAxis1", BN{.axis = 1, .epsilon = 1e-5, .scale = false}, {{2, 3, 2}},
          {2, 3, 2}, {0.52777, 0.487077, 0.65776, 0.450233, 0.523944, 0.154252}, -3.04836),
      row<LayerNormalization>("LayerNormalization", LN{}, {{2, 4}}, {2, 4},
                              {0.420735, 0.720352, 0.255007, -0.636681, 0.420735, 0.639682},
                              1.37786),
      row<LayerNormalization>("LayerNormalizationAxes", LN{.axis = {1, 2}, .center = false},
                              {{2, 2, 3}}, {2, 2, 3},
                              {0, 0.304505, 0.274235, -0.0227425, -0.138687, 0.298189}, 0.677678),
      row<layers::Activation>("Activation", ActivationOptions{.activation = "softplus"}, {{2, 3}},
                              {2, 3}, {1.31326, 1.28081, 1.18865, 1.05149, 0.89065, 0.729141},
                              6.454),
      row<ReLU>("ReLU", ReLUOptions{.max_value = 0.5, .negative_slope = 0.1, .threshold = 0.2},
                {{2, 4}}, {2, 4}, {0.5, 0.5, 0.5, 0.5, 0.362358, -0.0129263}, 2.23623),
      row<Softmax>("Softmax", SoftmaxOptions{}, {{2, 3}}, {2, 3},
                   {0.357646, 0.342024, 0.30033, 0.425881, 0.328622, 0.245497}, 2),
      row<Rescaling>("Rescaling", RescalingOptions{.scale = 2, .offset = -1}, {{2, 3}}, {2, 3},
                     {1, 0.910673, 0.650671, 0.24322, -0.275284, -0.858526}, 1.67075)};
}

std::vector<LayerCase> merges() {
  const std::vector<Shape> two = {{2, 3}, {2, 3}}, three = {{2, 3}, {2, 3}, {2, 3}};
  return {
      row<Add>("Add", MergeOptions{}, three, {2, 3},
               {1.12416, 0.556559, -0.0607527, -0.672638, -1.22444, -1.66686}, -1.94398),
      row<Subtract>("Subtract", MergeOptions{}, two, {2, 3},
                    {0.459698, 0.687838, 0.854535, 0.9449, 0.950859, 0.871881}, 4.76971),
      row<Multiply>("Multiply", MergeOptions{}, two, {2, 3},
                    {0.540302, 0.255551, -0.0240994, -0.20096, -0.213248, -0.0566707}, 0.300876),
      row<Average>("Average", MergeOptions{}, three, {2, 3},
                   {0.374718, 0.18552, -0.0202509, -0.224213, -0.408146, -0.555621}, -0.647992),
      row<Maximum>("Maximum", MergeOptions{}, two, {2, 3},
                   {1, 0.955337, 0.825336, 0.62161, 0.362358, 0.0707372}, 3.83538),
      row<Minimum>("Minimum", MergeOptions{}, two, {2, 3},
                   {0.540302, 0.267499, -0.0291995, -0.32329, -0.588501, -0.801144}, -0.934333),
      row<Concatenate>("Concatenate", ConcatenateOptions{}, {{2, 2}, {2, 3}}, {2, 5},
                       {1, 0.955337, 0.540302, 0.267499, -0.0291995, 0.825336}, 2.46795),
      row<Concatenate>("ConcatenateAxis1", ConcatenateOptions{.axis = 1}, {{1, 2, 2}, {1, 1, 2}},
                       {1, 3, 2}, {1, 0.955337, 0.825336, 0.62161, 0.540302, 0.267499}, 4.21008)};
}

}  // namespace

const std::vector<LayerCase>& layer_cases() {
  static const std::vector<LayerCase> cases = [] {
    std::vector<LayerCase> all = dense_and_convolutions();
    for (const auto& more : {pooling_and_shapes(), normalizations_and_activations(), merges()}) {
      all.insert(all.end(), more.begin(), more.end());
    }
    return all;
  }();
  return cases;
}

}  // namespace millstream::keras
