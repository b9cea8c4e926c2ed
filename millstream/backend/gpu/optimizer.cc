// The steps of optimizers, one pass over each parameter. Learning rate and step may lie on the
// device: nobody waits for them.
#include "millstream/ops/optimizer.h"

#include "millstream/backend/gpu/program.h"
#include "millstream/ops/map.h"

namespace millstream::gpu {
namespace {

constexpr std::string_view kText = R"(
#define SGD 0
#define ADAM 1
#define RMSPROP 2
#define ADAGRAD 3

typedef struct {
  T_NUMBER decay, momentum, beta_1, beta_2, epsilon;
} NUMBERS;

KERNEL update(int rule, int slots, int flag, NUMBERS k, ARRAY(const R, rate_array),
            ARRAY(const S, step_array), ARRAY(const T, w), ARRAY(const T, g), ARRAY(T, new_w),
            ARRAY(const T, s0), ARRAY(T, new_s0), ARRAY(const T, s1), ARRAY(T, new_s1),
            ARRAY(const T, s2), ARRAY(T, new_s2), LONG n) {
  USE(const R, rate_array);
  USE(const S, step_array);
  USE(const T, w);
  USE(const T, g);
  USE(T, new_w);
  USE(const T, s0);
  USE(T, new_s0);
  USE(const T, s1);
  USE(T, new_s1);
  USE(const T, s2);
  USE(T, new_s2);
  WIDE given = R_LOAD(rate_array, 0);
  const T_NUMBER keep = (T_NUMBER)(1 - given * k.decay);
  if (rule == ADAM) {
    const WIDE count = S_LOAD(step_array, 0);
    given *= sqrt(1 - pow((WIDE)k.beta_2, count)) / (1 - pow((WIDE)k.beta_1, count));
  }
  const T_NUMBER rate = (T_NUMBER)given;
  for (LONG i = FIRST_ELEMENT; i < n; i += ELEMENT_STEP) {
    const T_NUMBER x = T_LOAD(g, i);
    T_NUMBER value = T_LOAD(w, i) * keep, a = 0, b = 0, c = 0;
    if (slots > 0) a = T_LOAD(s0, i);
    if (slots > 1) b = T_LOAD(s1, i);
    if (slots > 2) c = T_LOAD(s2, i);
    if (rule == SGD) {
      const T_NUMBER move = x * rate;
      a = a * k.momentum - move;
      value += slots == 0 ? -move : flag ? a * k.momentum - move : a;
    } else if (rule == ADAM) {
      a += (x - a) * (1 - k.beta_1);
      b += (x * x - b) * (1 - k.beta_2);
      if (slots == 3 && b > c) c = b;
      value -= a * rate / (sqrt(slots == 3 ? c : b) + k.epsilon);
    } else if (rule == RMSPROP) {
      a = a * k.beta_1 + x * x * (1 - k.beta_1);
      T_NUMBER variance = a;
      if (flag) {
        const T_NUMBER mean = (slots == 3 ? c : b) * k.beta_1 + x * (1 - k.beta_1);
        variance -= mean * mean;
        if (slots == 3) {
          c = mean;
        } else {
          b = mean;
        }
      }
      T_NUMBER move = x * rate / sqrt(variance + k.epsilon);
      if (k.momentum > 0) {
        b = b * k.momentum + move;
        move = b;
      }
      value -= move;
    } else {
      a += x * x;
      value -= x * rate / sqrt(a + k.epsilon);
    }
    T_STORE(new_w, i, value);
    if (slots > 0) T_STORE(new_s0, i, a);
    if (slots > 1) T_STORE(new_s1, i, b);
    if (slots > 2) T_STORE(new_s2, i, c);
  }
}
)";

constexpr Family kSteps = {"optimizer", kText};

enum class Rule : int32_t { sgd, adam, rmsprop, adagrad };

struct Numbers {
  double decay = 0, momentum = 0, beta_1 = 0, beta_2 = 0, epsilon = 0;
  bool flag = false;  // Nesterov, centered
};

void add_numbers(Arguments& arguments, const Numbers& k, DType compute) {
  const double numbers[] = {k.decay, k.momentum, k.beta_1, k.beta_2, k.epsilon};
  if (compute == float64) return arguments.append(numbers, sizeof numbers);
  float narrow[5];
  std::copy(std::begin(numbers), std::end(numbers), narrow);
  arguments.append(narrow, sizeof narrow);
}

void run_groups(const KernelContext& c, Rule rule, const Numbers& numbers) {
  const auto slots = static_cast<size_t>(optimizer_slots(c.op, c.attrs));
  const Tensor &rate = c.inputs[0], &step = c.inputs[1];
  GpuDevice& device = device_of(c);
  for (size_t in = 2, out = 0; in < c.inputs.size(); in += 2 + slots, out += 1 + slots) {
    const Tensor& w = c.inputs[in];
    if (w.elements() == 0) continue;
    Arguments arguments(static_cast<int32_t>(rule), static_cast<int32_t>(slots),
                        int32_t{numbers.flag});
    add_numbers(arguments, numbers, compute_dtype(w.dtype()));
    for (const Tensor& x : {rate, step, w, c.inputs[in + 1], c.outputs[out]}) {
      arguments.add(Array(x));
    }
    for (size_t i = 0; i < 3; ++i) {
      arguments.add(i < slots ? Array(c.inputs[in + 2 + i]) : Array(nullptr));
      arguments.add(i < slots ? Array(c.outputs[out + 1 + i]) : Array(nullptr));
    }
    arguments.add(w.elements());
    device.launch(kernel_of(device, kSteps, "update",
                            {{"T", w.dtype()}, {"R", rate.dtype()}, {"S", step.dtype()}}),
                  grid_of(w.elements()), arguments);
  }
}

void run_sgd(const KernelContext& c) {
  run_groups(c, Rule::sgd,
             {.decay = c.attrs.number(2), .momentum = c.attrs.number(0), .flag = c.attrs.flag(1)});
}

void run_adam(const KernelContext& c) {
  run_groups(c, Rule::adam,
             {.decay = c.attrs.number(4),
              .beta_1 = c.attrs.number(0),
              .beta_2 = c.attrs.number(1),
              .epsilon = c.attrs.number(2)});
}

void run_rmsprop(const KernelContext& c) {
  run_groups(c, Rule::rmsprop,
             {.decay = c.attrs.number(4),
              .momentum = c.attrs.number(1),
              .beta_1 = c.attrs.number(0),
              .epsilon = c.attrs.number(2),
              .flag = c.attrs.flag(3)});
}

void run_adagrad(const KernelContext& c) {
  run_groups(c, Rule::adagrad, {.decay = c.attrs.number(1), .epsilon = c.attrs.number(0)});
}

const RegisterGpuKernel sgd(op::sgd_update, {.name = "one pass", .run = run_sgd});
const RegisterGpuKernel adam(op::adam_update, {.name = "one pass", .run = run_adam});
const RegisterGpuKernel rmsprop(op::rmsprop_update, {.name = "one pass", .run = run_rmsprop});
const RegisterGpuKernel adagrad(op::adagrad_update, {.name = "one pass", .run = run_adagrad});

}  // namespace
}  // namespace millstream::gpu
