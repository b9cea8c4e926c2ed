// How Python calls an op: with the GIL released where the work is worth it.
#include <fmt/format.h>

#include "python/src/place.h"

namespace millstream::python {
namespace {

// Work below this many bytes is done before another thread could have been woken.
constexpr size_t kLargeBytes = 64 << 10;

// Roughly how many bytes the call reads or writes.
size_t work_of(std::span<const Tensor> inputs, const Attrs& attrs) {
  double bytes = 0;
  for (const Tensor& input : inputs) {
    bytes += input.defined() ? static_cast<double>(input.bytes()) : 0;
  }
  for (size_t i = 0; i < attrs.size(); ++i) {
    if (const auto* sizes = std::get_if<Ints>(&attrs[i])) {
      double product = 4;  // the sizes of an output, perhaps
      for (const int64_t size : *sizes) product *= static_cast<double>(size);
      bytes = std::max(bytes, product);
    }
  }
  return static_cast<size_t>(std::min(bytes, 1e18));
}

// f() without the GIL if the work is worth it.
template <class F>
auto run_released(size_t work, F&& f) {
  if (work < kLargeBytes) return f();
  std::optional<PlaceKept> kept;
  if (work >= live_blocks::kTracked) kept.emplace();
  const nb::gil_scoped_release release;
  return f();
}

}  // namespace

Tensor invoke(const Op& op, std::span<const Tensor> inputs, const Attrs& attrs) {
  return run_released(work_of(inputs, attrs), [&] { return call(op, inputs, attrs); });
}

Tensors invoke_all(const Op& op, std::span<const Tensor> inputs, const Attrs& attrs) {
  return run_released(work_of(inputs, attrs), [&] { return call_all(op, inputs, attrs); });
}

const Op& op_named(const char* name) {
  const Op* op = find_op(name);
  if (op == nullptr) throw Unimplemented(fmt::format("this build has no op '{}'", name));
  return *op;
}

}  // namespace millstream::python
