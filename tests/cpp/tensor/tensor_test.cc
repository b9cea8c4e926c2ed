#include "millstream/tensor/tensor.h"

#include <gtest/gtest.h>

#include <cmath>

#include "millstream/ops/array.h"

namespace millstream {
namespace {

TEST(Tensor, LiteralsTakeTensorFlowsDTypes) {
  EXPECT_EQ(Tensor(1.5).dtype(), float32);
  EXPECT_EQ(Tensor(1).dtype(), int32);
  EXPECT_EQ(Tensor(int64_t{1}).dtype(), int64);
  EXPECT_EQ(Tensor(true).dtype(), boolean);
  EXPECT_EQ(constant(0.5, float64).item<double>(), 0.5);
}

TEST(Tensor, KeepsSmallDataInline) {
  const Tensor x = constant({1.f, 2.f, 3.f});
  EXPECT_FALSE(x.node()->buffer);
  const Tensor middle = x.view(Shape{2}, Dims{1}, 1);
  EXPECT_EQ(middle.to_vector<float>(), (std::vector<float>{2, 3}));
}

TEST(Tensor, BorrowedHandlesAreNoOwners) {
  const Tensor x = constant({1.f, 2.f});
  Tensor kept;
  {
    const BorrowedTensors both(x, x);
    EXPECT_TRUE(x.node()->unique());
    kept = std::span<const Tensor>(both)[1];
    EXPECT_FALSE(x.node()->unique());
  }
  EXPECT_EQ(kept.id(), x.id());
  kept = {};
  EXPECT_TRUE(x.node()->unique());
}

TEST(Tensor, StridedViewsReadInRowMajorOrder) {
  const Tensor x =
      constant(std::vector<int32_t>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}, Shape{3, 4});
  const Tensor transposed = x.view(Shape{4, 3}, Dims{1, 4});
  EXPECT_FALSE(transposed.contiguous());
  const std::vector<int> expected{0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11};
  EXPECT_EQ(transposed.to_vector<int>(), expected);
  EXPECT_EQ(contiguous(transposed).to_vector<int>(), expected);
}

TEST(Tensor, HalfTypesRoundToNearestEven) {
  EXPECT_EQ(static_cast<float>(float16_t(65504.f)), 65504.f);
  EXPECT_EQ(static_cast<float>(float16_t(65520.f)), INFINITY);
  EXPECT_EQ(static_cast<float>(float16_t(1.f + 0x1p-11f)), 1.f);
  EXPECT_EQ(static_cast<float>(float16_t(0x1p-24f)), 0x1p-24f);
  EXPECT_EQ(static_cast<float>(bfloat16_t(1.f + 0x1p-8f)), 1.f);
  EXPECT_TRUE(std::isnan(static_cast<float>(bfloat16_t(NAN))));
}

TEST(Tensor, CastConvertsBetweenAllDTypes) {
  for (size_t from = 0; from < kDTypes; ++from) {
    for (size_t to = 0; to < kDTypes; ++to) {
      const Tensor x = Tensor::scalar(1, static_cast<DType>(from));
      EXPECT_EQ(cast(x, static_cast<DType>(to)).item<int>(), 1) << from << " to " << to;
    }
  }
  EXPECT_EQ(cast(constant({-1.7f, 1.7f}), int32).to_vector<int>(), (std::vector<int>{-1, 1}));
}

TEST(Tensor, ItemOfManyElementsIsRefused) {
  EXPECT_THROW(constant({1.f, 2.f}).item<float>(), InvalidArgument);
  EXPECT_THROW(constant(std::vector<float>{1, 2}, Shape{3}), InvalidArgument);
}

TEST(Shape, BroadcastsAsNumPyDoes) {
  EXPECT_EQ(broadcast(Shape{2, 1, 4}, Shape{3, 1}), (Shape{2, 3, 4}));
  EXPECT_EQ(broadcast(Shape{kUnknown, 3}, Shape{3}), (Shape{kUnknown, 3}));
  EXPECT_EQ(broadcast(Shape{0}, Shape{1}), Shape{0});
  EXPECT_THROW(broadcast(Shape{2, 3}, Shape{4}), InvalidArgument);
}

}  // namespace
}  // namespace millstream
