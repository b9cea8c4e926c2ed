// Convolutions and their two gradients: oneDNN over channels-last images, and plain loops for what
// it has no code for. Filters lie as TensorFlow has them; oneDNN's own layout of them never leaves
// a call (that copy is some microseconds).
#include "millstream/ops/conv.h"

#include <cstring>

#include "millstream/backend/cpu/bias.h"
#include "millstream/backend/cpu/conv_loops.h"
#include "millstream/backend/cpu/copy.h"
#include "millstream/backend/cpu/onednn.h"

namespace millstream::cpu {
namespace {

using dnnl::memory;

enum class Part : uint8_t { forward, image_gradient, filter_gradient };

// The tensors of one convolution, all of `dtype`; which of them is written follows from `part`.
struct Convolution {
  Part part;
  DType dtype;
  ConvShape shape;
  void *image, *filters, *output;
  const void* bias = nullptr;
  bool relu = false;
};

memory::dims spatial_dims(const ConvShape& s, int64_t WindowAxis::*field) {
  memory::dims sizes;
  for (int i = 0; i < s.spatial; ++i) sizes.push_back(s.windows[i].*field);
  return sizes;
}

// [batch, channels, spatial axes], as oneDNN counts them, over channels-last or channels-first
// data.
memory::desc image_desc(const ConvShape& s, bool input, bool channels_first,
                        memory::data_type type) {
  const int64_t channels = input ? s.in : s.out;
  memory::dims sizes = spatial_dims(s, input ? &WindowAxis::input : &WindowAxis::output);
  memory::dims steps(sizes.size());
  int64_t step = channels_first ? 1 : channels;
  for (size_t i = sizes.size(); i-- > 0;) {
    steps[i] = step;
    step *= sizes[i];
  }
  const int64_t channel_step = channels_first ? step : 1;
  const int64_t batch_step = channels_first ? step * channels : step;
  sizes.insert(sizes.begin(), {s.batch, channels});
  steps.insert(steps.begin(), {batch_step, channel_step});
  return {sizes, type, steps};
}

memory::dims filter_dims(const ConvShape& s) {
  memory::dims sizes = spatial_dims(s, &WindowAxis::window);
  sizes.insert(sizes.begin(), {s.out / s.groups, s.in / s.groups});
  if (s.groups > 1) sizes.insert(sizes.begin(), s.groups);
  return sizes;
}

// [spatial axes, in / groups, out] in memory; the groups stand side by side in `out`.
memory::desc filter_desc(const ConvShape& s, memory::data_type type) {
  memory::dims steps(static_cast<size_t>(s.spatial));
  int64_t step = s.in / s.groups * s.out;
  for (int i = s.spatial - 1; i >= 0; --i) {
    steps[static_cast<size_t>(i)] = step;
    step *= s.windows[i].window;
  }
  steps.insert(steps.begin(), {1, s.out});
  if (s.groups > 1) steps.insert(steps.begin(), s.out / s.groups);
  return {filter_dims(s), type, steps};
}

Program make_program(const Convolution& c) {
  const ConvShape& s = c.shape;
  const memory::data_type type = onednn_type(c.dtype);
  const memory::desc image = image_desc(s, true, false, type);
  const memory::desc output = image_desc(s, false, false, type);
  const memory::desc any(filter_dims(s), type, memory::format_tag::any);
  const memory::desc given_image = image_desc(s, true, s.channels_first, type);
  const memory::desc given_output = image_desc(s, false, s.channels_first, type);
  const memory::desc given_filters = filter_desc(s, type);
  const memory::dims strides = spatial_dims(s, &WindowAxis::stride);
  const memory::dims before = spatial_dims(s, &WindowAxis::before);
  const memory::dims after = spatial_dims(s, &WindowAxis::after);
  memory::dims dilations = spatial_dims(s, &WindowAxis::dilation);
  for (auto& dilation : dilations) dilation -= 1;
  const auto direct = dnnl::algorithm::convolution_direct;
  const dnnl::engine& engine = onednn_engine();

  dnnl::primitive_attr attr = onednn_attr();
  if (c.relu) {
    dnnl::post_ops then;
    then.append_eltwise(dnnl::algorithm::eltwise_relu, 0, 0);
    attr.set_post_ops(then);
  }
  const memory::desc bias =
      c.bias == nullptr ? memory::desc() : memory::desc({s.out}, type, memory::format_tag::x);
  const dnnl::convolution_forward::primitive_desc forward(engine, dnnl::prop_kind::forward_training,
                                                          direct, image, any, bias, output, strides,
                                                          dilations, before, after, attr);
  if (c.part == Part::forward) {
    std::vector<Argument> arguments = {{DNNL_ARG_SRC, given_image, image},
                                       {DNNL_ARG_WEIGHTS, given_filters, forward.weights_desc()},
                                       {DNNL_ARG_DST, given_output, output, true}};
    if (c.bias != nullptr) arguments.push_back({DNNL_ARG_BIAS, bias, bias});
    return Program(dnnl::convolution_forward(forward), forward.scratchpad_desc(),
                   std::move(arguments));
  }
  if (c.part == Part::image_gradient) {
    const dnnl::convolution_backward_data::primitive_desc made(engine, direct, image, any, output,
                                                               strides, dilations, before, after,
                                                               forward, onednn_attr());
    return Program(dnnl::convolution_backward_data(made), made.scratchpad_desc(),
                   {{DNNL_ARG_DIFF_DST, given_output, output},
                    {DNNL_ARG_WEIGHTS, given_filters, made.weights_desc()},
                    {DNNL_ARG_DIFF_SRC, given_image, image, true}});
  }
  const dnnl::convolution_backward_weights::primitive_desc made(engine, direct, image, any, output,
                                                                strides, dilations, before, after,
                                                                forward, onednn_attr());
  return Program(dnnl::convolution_backward_weights(made), made.scratchpad_desc(),
                 {{DNNL_ARG_SRC, given_image, image},
                  {DNNL_ARG_DIFF_DST, given_output, output},
                  {DNNL_ARG_DIFF_WEIGHTS, given_filters, made.diff_weights_desc(), true}});
}

void run_onednn(const Convolution& c, Device& device) {
  const ConvShape& s = c.shape;
  Key key{'c',
          static_cast<int64_t>(c.part),
          static_cast<int64_t>(c.dtype),
          c.relu,
          c.bias != nullptr,
          s.channels_first,
          s.spatial,
          s.batch,
          s.groups,
          s.in,
          s.out};
  for (int i = 0; i < s.spatial; ++i) {
    const WindowAxis& w = s.windows[i];
    for (const int64_t number :
         {w.input, w.window, w.output, w.stride, w.dilation, w.before, w.after}) {
      key.add(number);
    }
  }
  const Program& made = program(key, [&] { return make_program(c); });
  switch (c.part) {
    case Part::forward:
      if (c.bias != nullptr) return made.run({c.image, c.filters, c.output, c.bias}, device);
      return made.run({c.image, c.filters, c.output}, device);
    case Part::image_gradient: return made.run({c.output, c.filters, c.image}, device);
    case Part::filter_gradient: return made.run({c.image, c.output, c.filters}, device);
  }
}

void run_loops(const Convolution& c) {
  dispatch(c.dtype, [&]<class T>(std::type_identity<T>) {
    if constexpr (!std::is_same_v<T, bool> && !std::is_same_v<T, float16_t> &&
                  !std::is_same_v<T, bfloat16_t>) {
      auto *image = static_cast<T*>(c.image), *filters = static_cast<T*>(c.filters),
           *output = static_cast<T*>(c.output);
      switch (c.part) {
        case Part::forward:
          convolve_loops(c.shape, image, filters, static_cast<const T*>(c.bias), c.relu, output);
          break;
        case Part::image_gradient: image_gradient_loops(c.shape, output, filters, image); break;
        case Part::filter_gradient: filter_gradient_loops(c.shape, image, output, filters); break;
      }
    }
  });
}

void run_convolution(const Convolution& c, Device& device) {
  if (onednn_type(c.dtype) == memory::data_type::undef) return run_loops(c);
  try {
    run_onednn(c, device);
  } catch (const Unimplemented&) {
    if (c.dtype != float32) throw;
    run_loops(c);
  }
}

// Runs one part; of image, filters and output the one that `part` writes is `result`.
void convolve(Part part, const ConvShape& shape, Tensor image, Tensor filters, Tensor output,
              Tensor bias, bool relu, const Tensor& result) {
  if (result.elements() == 0) return;
  if (shape.batch == 0 || shape.in == 0 || output.elements() == 0 || image.elements() == 0) {
    std::memset(result.node()->data, 0, result.bytes());  // sums of nothing
    if (part != Part::forward || !bias.defined()) return;
  }
  const DType given = result.dtype();
  const DType dtype = is_half(given) && !has_instructions_for(given) ? float32 : given;
  Convolution c{.part = part, .dtype = dtype, .shape = shape};
  image = in_dtype(image, dtype), filters = in_dtype(filters, dtype);
  output = in_dtype(output, dtype), bias = in_dtype(bias, dtype);
  c.image = image.node()->data, c.filters = filters.node()->data, c.output = output.node()->data;
  c.bias = bias.defined() ? bias.data() : nullptr;
  c.relu = relu;
  const bool nothing = image.elements() == 0;
  nothing ? run_loops(c) : run_convolution(c, result.device());
  if (dtype != given) {
    const Tensor& made = part == Part::forward          ? output
                         : part == Part::image_gradient ? image
                                                        : filters;
    copy_elements(made, given, result.node()->data);
  }
}

void run_forward(const KernelContext& c) {
  const ConvShape shape(c.op, c.inputs[0].shape(), c.inputs[1].shape(), window_attrs(c.attrs, 0));
  const bool with_bias = c.inputs.size() == 3;
  convolve(Part::forward, shape, c.inputs[0], c.inputs[1], c.outputs[0],
           with_bias ? c.inputs[2] : Tensor(), with_bias && c.attrs.flag(4), c.outputs[0]);
}

void run_image_gradient(const KernelContext& c) {
  const ConvShape shape(c.op, c.outputs[0].shape(), c.inputs[1].shape(), window_attrs(c.attrs, 1));
  convolve(Part::image_gradient, shape, c.outputs[0], c.inputs[1], c.inputs[0], Tensor(), false,
           c.outputs[0]);
}

void run_filter_gradient(const KernelContext& c) {
  const ConvShape shape(c.op, c.inputs[0].shape(), c.outputs[0].shape(), window_attrs(c.attrs, 1));
  convolve(Part::filter_gradient, shape, c.inputs[0], c.outputs[0], c.inputs[1], Tensor(), false,
           c.outputs[0]);
}

const RegisterKernel forward(op::convolution, Backend::cpu, {.name = "onednn", .run = run_forward});
const RegisterKernel biased(op::conv_bias, Backend::cpu, {.name = "onednn", .run = run_forward});
const RegisterKernel image_gradient(op::conv_transpose, Backend::cpu,
                                    {.name = "onednn", .run = run_image_gradient});
const RegisterKernel filter_gradient(op::conv_filter_gradient, Backend::cpu,
                                     {.name = "onednn", .run = run_filter_gradient});

}  // namespace
}  // namespace millstream::cpu
