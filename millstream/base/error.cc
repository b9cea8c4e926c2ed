#include "millstream/base/error.h"

#include <fmt/ranges.h>

#include <array>

namespace millstream {

std::string_view code_name(Code code) {
  static constexpr std::array<std::string_view, 17> names = {
      "Ok",       "Cancelled",      "Unknown",          "InvalidArgument",   "DeadlineExceeded",
      "NotFound", "AlreadyExists",  "PermissionDenied", "ResourceExhausted", "FailedPrecondition",
      "Aborted",  "OutOfRange",     "Unimplemented",    "Internal",          "Unavailable",
      "DataLoss", "Unauthenticated"};
  return names[static_cast<size_t>(code)];
}

Error::Error(Code code, Fields fields) : code_(code), fields_(std::move(fields)) { compose(); }

void Error::annotate(const Fields& context) {
  if (fields_.op.empty()) {
    fields_.op = context.op;
    fields_.inputs = context.inputs;
  }
  if (fields_.device.empty()) fields_.device = context.device;
  if (fields_.hint.empty()) fields_.hint = context.hint;
  compose();
}

void Error::add_scope(const std::string& scope) {
  fields_.within += (fields_.within.empty() ? "" : ", in ") + scope;
  compose();
}

void Error::compose() {
  text_ = fields_.message;
  if (!fields_.op.empty()) {
    text_ += fmt::format(" [Op:{}({})", fields_.op, fmt::join(fields_.inputs, ", "));
    if (!fields_.device.empty()) text_ += " on " + fields_.device;
    text_ += "]";
  } else if (!fields_.device.empty()) {
    text_ += fmt::format(" [{}]", fields_.device);
  }
  if (!fields_.within.empty()) text_ += " in " + fields_.within;
  if (!fields_.hint.empty()) text_ += ". Try: " + fields_.hint;
}

}  // namespace millstream
