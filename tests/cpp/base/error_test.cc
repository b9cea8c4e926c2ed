#include "millstream/base/error.h"

#include <gtest/gtest.h>

namespace millstream {
namespace {

TEST(Error, ComposesItsTextFromItsFields) {
  const InvalidArgument error({.message = "inner dimensions differ",
                               .op = "MatMul",
                               .device = "/device:CPU:0",
                               .inputs = {"float32[2, 3]", "float32[4, 5]"},
                               .hint = "transpose one side"});
  EXPECT_STREQ(
      error.what(),
      "inner dimensions differ [Op:MatMul(float32[2, 3], float32[4, 5]) on /device:CPU:0]. "
      "Try: transpose one side");
  EXPECT_EQ(code_name(error.code()), "InvalidArgument");
}

TEST(Error, AnnotationKeepsWhatTheInnermostOpSaid) {
  OutOfRange error({.message = "index 7", .op = "Gather", .inputs = {"int32[1]"}});
  error.annotate({.op = "Call", .device = "/device:CPU:0", .inputs = {"float32[]"}});
  EXPECT_EQ(error.op(), "Gather");
  EXPECT_EQ(error.inputs(), std::vector<std::string>{"int32[1]"});
  EXPECT_EQ(error.device(), "/device:CPU:0");
}

}  // namespace
}  // namespace millstream
