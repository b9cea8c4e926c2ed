#include "millstream/device/device_spec.h"

#include <gtest/gtest.h>

#include "millstream/base/error.h"

namespace millstream {
namespace {

TEST(DeviceSpec, ReadsEverySpelling) {
  const struct {
    const char* text;
    const char* expected;
  } rows[] = {
      {"", ""},
      {"/", ""},
      {"CPU", "/device:CPU:*"},
      {"/cpu:0", "/device:CPU:0"},
      {"GpU:*", "/device:GPU:*"},
      {"/device:gpu:1", "/device:GPU:1"},
      {"device:GPU:1", "/device:GPU:1"},
      {"/device:XYZ:2", "/device:XYZ:2"},
      {"/device:Cpu:0", "/device:Cpu:0"},
      {"/device:CPU:*", "/device:CPU:*"},
      {"tpu:3", "/device:TPU:3"},
      {"/task:3/job:worker", "/job:worker/task:3"},
      {"/job:localhost/replica:0/task:0/device:CPU:0",
       "/job:localhost/replica:0/task:0/device:CPU:0"},
      {"CPU:-1", "/device:CPU:-1"},
  };
  for (const auto& [text, expected] : rows) {
    EXPECT_EQ(DeviceSpec::parse(text).to_string(), expected) << text;
  }
}

TEST(DeviceSpec, SaysWhatItCannotRead) {
  const struct {
    const char* text;
    const char* message;
  } rows[] = {
      {"/XPU:0", "Unknown attribute 'XPU' is encountered while parsing the device spec: '/XPU:0'."},
      {"CPU:1:2",
       "Unknown attribute 'CPU' is encountered while parsing the device spec: 'CPU:1:2'."},
      {"/device:CPU",
       "Unknown attribute 'device' is encountered while parsing the device spec: '/device:CPU'."},
      {"/CPU:0/GPU:0",
       "Multiple device types are not allowed while parsing the device spec: /CPU:0/GPU:0."},
      {"GPU:x", "invalid literal for int() with base 10: 'x'"},
      {"GPU:", "invalid literal for int() with base 10: ''"},
      {"task:1.5", "invalid literal for int() with base 10: '1.5'"},
      {"GPU:99999999999999999999", "invalid literal for int() with base 10: '9999"},
  };
  for (const auto& [text, message] : rows) {
    try {
      DeviceSpec::parse(text);
      FAIL() << text;
    } catch (const InvalidArgument& error) {
      EXPECT_EQ(error.message().find(message), 0u) << error.message();
    }
  }
}

TEST(DeviceSpec, TheInnerFieldWins) {
  const struct {
    const char* outer;
    const char* inner;
    const char* expected;
  } rows[] = {
      {"/job:foo", "/device:gpu:1", "/job:foo/device:GPU:1"},
      {"/job:foo/GPU:1", "/job:bar", "/job:bar/device:GPU:1"},
      {"/CPU:1", "/GPU", "/device:GPU:1"},
      {"/GPU:1", "/GPU:0", "/device:GPU:0"},
      {"/GPU:1", "", "/device:GPU:1"},
  };
  for (const auto& [outer, inner, expected] : rows) {
    EXPECT_EQ(DeviceSpec::parse(outer).merged(DeviceSpec::parse(inner)).to_string(), expected);
  }
}

}  // namespace
}  // namespace millstream
