// Ops whose few numbers come of the host's own: seeds, the state of generators, the length of a
// range. The host makes the result, and the device gets a copy.
#include "millstream/backend/gpu/device.h"
#include "millstream/ops/random.h"
#include "millstream/ops/sequence.h"

namespace millstream::gpu {
namespace {

void run(const KernelContext& c) {
  Device& host = host_device();
  Tensors inputs, outputs(c.outputs.size());
  for (const Tensor& x : c.inputs) inputs.push_back(x.host());
  for (size_t i = 0; i < outputs.size() && !c.op.makes_outputs; ++i) {
    outputs[i] = Tensor::empty(c.outputs[i].dtype(), c.outputs[i].shape(), host);
  }
  c.op.kernels[static_cast<size_t>(Backend::cpu)]->run({c.op, inputs, c.attrs, outputs, host});
  for (size_t i = 0; i < outputs.size(); ++i) c.outputs[i] = copy_to(outputs[i], c.device);
}

const RegisterGpuKernel key(op::random_key, {.name = "host", .run = run});
const RegisterGpuKernel state(op::random_state, {.name = "host", .run = run});
const RegisterGpuKernel sequence(op::sequence, {.name = "host", .run = run});

}  // namespace
}  // namespace millstream::gpu
