// Where ops run. On a machine without a GPU the first tests say so; the rest need one.
#include "millstream/ops/placement.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "millstream/device/context.h"
#include "millstream/device/switches.h"
#include "millstream/ops/array.h"
#include "millstream/ops/elementwise.h"
#include "millstream/ops/gather.h"
#include "millstream/ops/operators.h"
#include "millstream/ops/sequence.h"
#include "millstream/ops/sort.h"

namespace millstream {
namespace {

using testing::HasSubstr;

TEST(Placement, ExplainsItself) {
  const bool gpu = (Context::get(), Context::gpu() != nullptr);
  EXPECT_THAT(explain_placement(), HasSubstr(gpu ? "/device:GPU:0, the first GPU" : "no GPU"));
  const device on("/CPU:0");
  EXPECT_THAT(explain_placement(), HasSubstr("the program asks for it"));
}

class OnGpu : public testing::Test {
 protected:
  void SetUp() override {
    Context::get();
    if (Context::gpu() == nullptr) GTEST_SKIP() << "there is no GPU";
    reset_fallbacks();
  }
  void TearDown() override { switches.soft_placement = true; }
};

TEST_F(OnGpu, OpsRunOnTheFirstUnlessAScopeSaysOtherwise) {
  const Tensor x = constant({1.f, 2.f});
  EXPECT_EQ(&x.device(), Context::gpu());
  EXPECT_EQ(&(x * 2.f).device(), Context::gpu());
  const device on("/CPU:0");
  EXPECT_EQ(&(x * 2.f).device(), &host_device());
}

TEST_F(OnGpu, OpsFollowTheirInputToAnotherGpu) {
  if (Context::get().devices().back().get() == Context::gpu()) GTEST_SKIP() << "there is one GPU";
  Tensor x;
  {
    const device on("/GPU:1");
    x = constant({1.f, 2.f});
  }
  const Tensor y = x + 1.f;
  EXPECT_EQ(y.device().index(), 1);
  EXPECT_EQ(y.to_vector<float>(), (std::vector<float>{2, 3}));
  const Tensor both = constant({1.f, 1.f}) + x;  // the first input decides
  EXPECT_EQ(both.device().index(), 0);
  EXPECT_EQ(both.to_vector<float>(), (std::vector<float>{2, 3}));
}

TEST_F(OnGpu, ShapesStayOnTheHost) {
  const Tensor sizes = shape(zeros({2, 3}));
  EXPECT_EQ(&sizes.device(), &host_device());
  EXPECT_EQ(&(sizes * 2).device(), &host_device());
  EXPECT_TRUE(fallbacks().empty());
}

TEST_F(OnGpu, WhatHasNoKernelRunsOnTheCpuAndIsCounted) {
  const Tensor x = constant({3.f, 1.f, 3.f});
  for (int i = 0; i < 2; ++i) {
    const Tensors result = call_all(op::unique, {x}, {int32});
    EXPECT_EQ(&result[0].device(), Context::gpu());
    EXPECT_EQ(result[0].to_vector<float>(), (std::vector<float>{3, 1}));
  }
  const std::vector<Fallback> found = fallbacks();
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].op, &op::unique_with_counts);
  EXPECT_EQ(found[0].dtype, float32);
  EXPECT_EQ(found[0].calls, 2);
  EXPECT_EQ(found[0].bytes, 2 * (12 + 8 + 12 + 8));
  EXPECT_THAT(explain_placement(), HasSubstr("unique_with_counts of float32 ran 2 times"));
}

TEST_F(OnGpu, WithoutSoftPlacementThatIsAnError) {
  switches.soft_placement = false;
  const Tensor x = constant({3.f, 1.f, 3.f});
  try {
    call_all(op::unique, {x}, {int32});
    FAIL() << "it ran";
  } catch (const InvalidArgument& error) {
    EXPECT_THAT(error.what(), HasSubstr("Could not satisfy device specification"));
    EXPECT_THAT(error.what(), HasSubstr("enable_soft_placement=0"));
  }
}

TEST_F(OnGpu, ABadIndexIsAnErrorOfItsOpAtTheNextWait) {
  const Tensor bad = gather(constant({1.f, 2.f}), constant({5}));
  const Tensor later = bad + 1.f;
  try {
    later.host();
    FAIL() << "nobody complained";
  } catch (const InvalidArgument& error) {
    EXPECT_EQ(error.op(), "gather");
    EXPECT_THAT(error.message(), HasSubstr("not in [0, 2)"));
  }
  EXPECT_EQ(gather(constant({1.f, 2.f}), constant({1})).item<float>(), 2);
}

}  // namespace
}  // namespace millstream
