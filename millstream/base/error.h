#pragma once
// Errors: what failed, on which op, device and shapes, and what to try. The fields come first and
// the text is made from them; one class per name in `tf.errors`, and Python raises the same names.
//
//   throw InvalidArgument({.message = "strides must be positive", .hint = "use strides >= 1"});
//   try { ... } catch (const millstream::InvalidArgument& e) { e.op(); e.hint(); }
#include <concepts>
#include <cstdint>
#include <exception>
#include <string>
#include <string_view>
#include <vector>

namespace millstream {

// The numbers are those of TensorFlow's and absl's status codes.
enum class Code : uint8_t {
  cancelled = 1,
  unknown = 2,
  invalid_argument = 3,
  deadline_exceeded = 4,
  not_found = 5,
  already_exists = 6,
  permission_denied = 7,
  resource_exhausted = 8,
  failed_precondition = 9,
  aborted = 10,
  out_of_range = 11,
  unimplemented = 12,
  internal = 13,
  unavailable = 14,
  data_loss = 15,
  unauthenticated = 16,
};

// "InvalidArgument", "OutOfRange", ...
std::string_view code_name(Code code);

class Error : public std::exception {
 public:
  struct Fields {
    std::string message;                   // one sentence, no trailing period needed
    std::string op = {};                   // "MatMul"
    std::string device = {};               // "/device:CPU:0"
    std::vector<std::string> inputs = {};  // "float32[2, 3]", one per input
    std::string hint = {};                 // what to do
    std::string within = {};               // "layer 'dense' (Dense)", from the inside out
  };

  Error(Code code, Fields fields);

  Code code() const { return code_; }
  const std::string& message() const { return fields_.message; }
  const std::string& op() const { return fields_.op; }
  const std::string& device() const { return fields_.device; }
  const std::vector<std::string>& inputs() const { return fields_.inputs; }
  const std::string& hint() const { return fields_.hint; }
  const std::string& within() const { return fields_.within; }
  const char* what() const noexcept override { return text_.c_str(); }

  // Fills the fields that are still empty; the innermost op that failed keeps its name.
  void annotate(const Fields& context);
  // Names one more enclosing part of the program.
  void add_scope(const std::string& scope);

 private:
  void compose();

  Code code_;
  Fields fields_;
  std::string text_;
};

template <Code kCode>
class ErrorOf : public Error {
 public:
  explicit ErrorOf(Fields fields) : Error(kCode, std::move(fields)) {}
  template <std::convertible_to<std::string> S>
  explicit ErrorOf(S&& message) : Error(kCode, Fields{.message = std::forward<S>(message)}) {}
};

using Cancelled = ErrorOf<Code::cancelled>;
using Unknown = ErrorOf<Code::unknown>;
using InvalidArgument = ErrorOf<Code::invalid_argument>;
using DeadlineExceeded = ErrorOf<Code::deadline_exceeded>;
using NotFound = ErrorOf<Code::not_found>;
using AlreadyExists = ErrorOf<Code::already_exists>;
using PermissionDenied = ErrorOf<Code::permission_denied>;
using ResourceExhausted = ErrorOf<Code::resource_exhausted>;
using FailedPrecondition = ErrorOf<Code::failed_precondition>;
using Aborted = ErrorOf<Code::aborted>;
using OutOfRange = ErrorOf<Code::out_of_range>;
using Unimplemented = ErrorOf<Code::unimplemented>;
using Internal = ErrorOf<Code::internal>;
using Unavailable = ErrorOf<Code::unavailable>;
using DataLoss = ErrorOf<Code::data_loss>;
using Unauthenticated = ErrorOf<Code::unauthenticated>;

}  // namespace millstream
