#include "millstream/ops/reduce.h"

#include <gtest/gtest.h>

#include "millstream/ops/array.h"

namespace millstream {
namespace {

Tensor counting(const Shape& shape) {
  std::vector<float> values(static_cast<size_t>(shape.elements()));
  for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i);
  return constant(values, shape);
}

TEST(Reduce, SumsOverAnyAxes) {
  const Tensor x = counting(Shape{2, 3, 2});
  EXPECT_EQ(reduce_sum(x).item<float>(), 66);
  EXPECT_EQ(reduce_sum(x, {.axis = Ints{-1}}).to_vector<float>(),
            (std::vector<float>{1, 5, 9, 13, 17, 21}));
  EXPECT_EQ(reduce_sum(x, {.axis = Ints{0, 2}, .keepdims = true}).shape(), (Shape{1, 3, 1}));
  EXPECT_EQ(reduce_sum(x, {.axis = Ints{1}}).to_vector<float>(),
            (std::vector<float>{6, 9, 24, 27}));
  EXPECT_EQ(reduce_sum(x, {.axis = Ints{}}).to_vector<float>(), x.to_vector<float>());
  EXPECT_THROW(reduce_sum(x, {.axis = Ints{3}}), InvalidArgument);
  EXPECT_THROW(reduce_sum(x, {.axis = Ints{0, -3}}), InvalidArgument);
  EXPECT_THROW(reduce_sum(constant({true})), InvalidArgument);
}

TEST(Reduce, SpreadIsTheAdjointOfSum) {
  const Tensor x = counting(Shape{2, 1, 3});
  const Tensor y = spread(x, Shape{2, 4, 3}, {1});
  EXPECT_EQ(reduce_sum(y, {.axis = Ints{1}}).to_vector<float>(),
            (std::vector<float>{0, 4, 8, 12, 16, 20}));
  EXPECT_EQ(spread(counting(Shape{2}), Shape{2, 2}, {1}).to_vector<float>(),
            (std::vector<float>{0, 0, 1, 1}));
  EXPECT_THROW(spread(x, Shape{2, 4, 4}, {1}), InvalidArgument);
}

TEST(Reduce, SumToShapeUndoesBroadcasting) {
  const Tensor x = counting(Shape{2, 3, 2});
  EXPECT_EQ(sum_to_shape(x, x.shape()).id(), x.id());
  EXPECT_EQ(sum_to_shape(x, Shape{2}).to_vector<float>(), (std::vector<float>{30, 36}));
  EXPECT_EQ(sum_to_shape(x, Shape{3, 1}).to_vector<float>(), (std::vector<float>{14, 22, 30}));
  EXPECT_EQ(sum_to_shape(x, Shape{}).item<float>(), 66);
  EXPECT_EQ(sum_to_shape(x, Shape{1, 1, 2}).shape(), (Shape{1, 1, 2}));
  EXPECT_THROW(sum_to_shape(x, Shape{4}), InvalidArgument);
}

}  // namespace
}  // namespace millstream
