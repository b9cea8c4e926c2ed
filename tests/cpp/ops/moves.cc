#include "ops/moves.h"

#include <gmock/gmock.h>

#include <numeric>

#include "millstream/autodiff/tape.h"
#include "millstream/ops/array.h"
#include "millstream/ops/operators.h"
#include "millstream/ops/reduce.h"

namespace millstream {

Tensor counting(const Shape& shape) {
  std::vector<float> values(static_cast<size_t>(shape.elements()));
  std::iota(values.begin(), values.end(), 0.f);
  return constant(values, shape);
}

void Move::check_values() const {
  const Tensor y = f(counting(from));
  EXPECT_EQ(y.shape(), to);
  EXPECT_EQ(y.to_vector<float>(), values);
}

void Move::check_gradients() const {
  const Tensor x = counting(from);
  const Tensor weights = counting(to) + 1;
  GradientTape outer;
  outer.watch(x);
  Tensor dx;
  {
    GradientTape inner;
    inner.watch(x);
    const Tensor y = f(x);
    dx = inner.gradient(reduce_sum(y * y * weights), x);
  }
  std::vector<float> first(static_cast<size_t>(x.elements())), second(first);
  for (size_t i = 0; i < values.size(); ++i) {
    if (values[i] < 0) continue;
    const float weight = static_cast<float>(i + 1);
    first[static_cast<size_t>(values[i])] += 2 * weight * values[i];
    second[static_cast<size_t>(values[i])] += 2 * weight;
  }
  EXPECT_EQ(dx.to_vector<float>(), first);
  EXPECT_EQ(outer.gradient(dx, x).to_vector<float>(), second);
}

void PrintTo(const Move& move, std::ostream* out) { *out << move.name; }

void Refusal::check(const Tensor& x) const {
  try {
    f(x);
    ADD_FAILURE() << "nothing thrown: " << message;
  } catch (const InvalidArgument& error) {
    EXPECT_THAT(error.message(), testing::HasSubstr(message));
  } catch (const std::exception& error) {
    ADD_FAILURE() << "no InvalidArgument: " << error.what();
  }
}

}  // namespace millstream
