// How Python calls an op: with the GIL released where the work is worth it.
#include <fmt/format.h>

#include "python/src/binding.h"

namespace millstream::python {
namespace {

// Work below this many bytes is done before another thread could have been woken.
constexpr size_t kLargeBytes = 64 << 10;

bool is_large(std::span<const Tensor> inputs, const Attrs& attrs) {
  size_t bytes = 0;
  for (const Tensor& input : inputs) bytes += input.defined() ? input.bytes() : 0;
  for (size_t i = 0; i < attrs.size() && bytes < kLargeBytes; ++i) {
    if (const auto* sizes = std::get_if<Ints>(&attrs[i])) {
      double product = 4;
      for (const int64_t size : *sizes) product *= static_cast<double>(size);
      if (product > kLargeBytes) return true;  // the sizes of an output, perhaps
    }
  }
  return bytes >= kLargeBytes;
}

}  // namespace

Tensor invoke(const Op& op, std::span<const Tensor> inputs, const Attrs& attrs) {
  if (!is_large(inputs, attrs)) return call(op, inputs, attrs);
  const nb::gil_scoped_release release;
  return call(op, inputs, attrs);
}

Tensors invoke_all(const Op& op, std::span<const Tensor> inputs, const Attrs& attrs) {
  if (!is_large(inputs, attrs)) return call_all(op, inputs, attrs);
  const nb::gil_scoped_release release;
  return call_all(op, inputs, attrs);
}

const Op& op_named(const char* name) {
  const Op* op = find_op(name);
  if (op == nullptr) throw Unimplemented(fmt::format("this build has no op '{}'", name));
  return *op;
}

}  // namespace millstream::python
