// Reductions, generated from the same declarations as the CPU's (ops/fold.h).
//
// One group of threads folds one output where its elements are neighbours, one thread where the
// neighbours belong to other outputs. Where there are few outputs, their elements are folded in
// pieces, and the pieces in a second round.
#include "millstream/ops/fold.h"

#include <fmt/format.h>

#include <limits>

#include "millstream/backend/gpu/copy.h"
#include "millstream/expr/functions_text.h"
#include "millstream/ops/axes.h"
#include "millstream/ops/map.h"
#include "millstream/ops/reduce.h"

namespace millstream::gpu {
namespace {

constexpr Family kFold = {"fold", R"(
#define GROUP_SIZE 64
#define BLOCK 64 /* elements that are added up before they join the rest: precision */

FUNCTION LONG place(NEST nest, STRIDES steps, LONG i) {
  LONG at = 0;
  for (int d = (int)nest.rank - 1; d > 0; --d) {
    const LONG quotient = i / nest.size[d];
    at += (i - quotient * nest.size[d]) * steps.by[d];
    i = quotient;
  }
  return at + i * steps.by[0];
}
)"};

// The kernels of one fold: T is what is folded, O the output, C the type that is carried, OF(name)
// a name of this fold's own.
constexpr std::string_view kKernelsText = R"(
FUNCTION C OF(fold_range)(GLOBAL const T* x, NEST folded, STRIDES steps, LONG begin, LONG end,
                          LONG step) {
  C total = START;
  for (LONG i = begin; i < end;) {
    const LONG stop = i + BLOCK * step < end ? i + BLOCK * step : end;
    C block = START;
    for (; i < stop; i += step) {
      const C_LIFTED element = T_LOAD(x, place(folded, steps, i));
      block = OF(combine)(block, LIFT(element));
    }
    total = OF(combine)(total, block);
  }
  return total;
}

KERNEL OF(by_threads)(ARRAY(const T, x), ARRAY(O, out), NEST kept, STRIDES kept_steps, NEST folded,
                      STRIDES folded_steps, LONG outputs, LONG count, LONG pieces, LONG all) {
  USE(const T, x);
  USE(O, out);
  for (LONG i = FIRST_ELEMENT; i < outputs * pieces; i += ELEMENT_STEP) {
    const LONG piece = i / outputs, output = i - piece * outputs;
    const C total = OF(fold_range)(x + place(kept, kept_steps, output), folded, folded_steps,
                                   count * piece / pieces, count * (piece + 1) / pieces, 1);
    O_STORE(out, i, FINISH(total, all));
  }
}

KERNEL OF(by_groups)(ARRAY(const T, x), ARRAY(O, out), NEST kept, STRIDES kept_steps, NEST folded,
                     STRIDES folded_steps, LONG outputs, LONG count, LONG pieces, LONG all) {
  USE(const T, x);
  USE(O, out);
  SHARED(C, totals, GROUP_SIZE);
  const LONG i = GROUP(0);
  const LONG piece = i / outputs, output = i - piece * outputs;
  totals[THREAD] = OF(fold_range)(x + place(kept, kept_steps, output), folded, folded_steps,
                                  count * piece / pieces + THREAD, count * (piece + 1) / pieces,
                                  GROUP_SIZE);
  BARRIER;
  for (int width = GROUP_SIZE / 2; width > 0; width /= 2) {
    if (THREAD < width) totals[THREAD] = OF(combine)(totals[THREAD], totals[THREAD + width]);
    BARRIER;
  }
  if (THREAD == 0) O_STORE(out, i, FINISH(totals[0], all));
}
)";

constexpr int64_t kGroup = 64;
constexpr int64_t kThreadsWanted = 1 << 14;  // that keep a device busy
constexpr int64_t kLeastPiece = 256;         // elements

// A fold as expressions.
struct FoldText {
  const char* name;
  Start start;
  Carry carry;
  Expr lift, combine, finish;
};

template <const auto& kDeclared>
FoldText text_of(const char* name) {
  const Expr x = Expr::input(0), y = Expr::input(1);
  return {name,
          kDeclared.start,
          kDeclared.carry,
          Expr(kDeclared.lift(x)),
          Expr(kDeclared.combine(x, y)),
          Expr(kDeclared.finish(x, y))};
}

const std::vector<FoldText>& folds() {
  static const auto* const all = new std::vector<FoldText>{
      text_of<fold::sum>("sum"),
      text_of<fold::mean>("mean"),
      text_of<fold::prod>("prod"),
      text_of<fold::max>("max"),
      text_of<fold::min>("min"),
      text_of<fold::any>("any"),
      text_of<fold::all>("all"),
      text_of<fold::count_nonzero>("count_nonzero"),
      text_of<fold::euclidean_norm>("euclidean_norm"),
  };
  return *all;
}

// The type that elements fold in.
DType carried(DType dtype, Carry carry) {
  if (carry == Carry::count) return int64;
  if (is_floating(dtype)) return dtype == float64 ? float64 : float32;
  return is_unsigned(dtype) || dtype == boolean ? uint64 : int64;
}

template <class T>
std::string limit_text(bool highest) {
  using Limits = std::numeric_limits<T>;
  if constexpr (std::is_integral_v<T>) {
    if (highest) return fmt::format("{}{}", Limits::max(), std::is_signed_v<T> ? "L" : "UL");
    return fmt::format("(-{}L - 1)", static_cast<uint64_t>(-(Limits::lowest() + 1)));
  } else {
    return highest ? "INFINITY" : "-INFINITY";
  }
}

std::string start_text(DType dtype, Start start) {
  if (start == Start::zero) return "0";
  if (start == Start::one) return "1";
  const bool highest = start == Start::highest;
  if (dtype == boolean) return highest ? "1" : "0";
  if (!highest && is_unsigned(dtype)) return "0";
  return dispatch(dtype, [&]<class T>(std::type_identity<T>) { return limit_text<T>(highest); });
}

// A function of one or two numbers of type `compute`.
std::string function_text(std::string_view name, DType compute, int arity, Expr body) {
  const std::string_view type = compute_name(compute);
  std::vector<std::string> results;
  const std::string text = body_text(compute, std::span(&body, 1), results, "  ");
  const std::string second = arity == 2 ? fmt::format(", {} x1", type) : "";
  return fmt::format("FUNCTION C OF({})({} x0{}) {{\n{}  return {};\n}}\n", name, type, second,
                     text, results[0]);
}

// A fold is done at once, or in two rounds: the first gives what is carried, the second takes it.
struct Round {
  const char* name;
  bool lifts, finishes;
};
constexpr Round kOnce = {"once", true, true}, kFirst = {"first", true, false},
                kSecond = {"second", false, true};

std::string round_text(const FoldText& fold, const Round& round, DType dtype, DType result) {
  const DType carry = carried(dtype, fold.carry);
  const DType lifted = round.lifts ? compute_dtype(dtype) : carry;
  std::string text = type_text({"T", round.lifts ? dtype : carry}) +
                     type_text({"O", round.finishes ? result : carry});
  for (const char* name : {"OF(name)", "C", "C_LIFTED", "START", "LIFT(x)", "FINISH(x, n)"}) {
    const std::string_view all = name;
    text += fmt::format("#undef {}\n", all.substr(0, all.find('(')));
  }
  const char* least = is_floating(carry) ? "(n)" : "((n) > 0 ? (n) : 1)";
  text += fmt::format(
      "#define OF(name) name##_{}_{}\n#define C {}\n#define C_LIFTED {}\n"
      "#define START (({}){})\n#define LIFT(x) {}\n#define FINISH(x, n) {}\n",
      fold.name, round.name, compute_name(carry), compute_name(lifted), compute_name(carry),
      start_text(dtype, fold.start), round.lifts ? "OF(lift)(x)" : "(x)",
      round.finishes ? fmt::format("OF(finish)(x, (C){})", least) : "(x)");
  text += function_text("combine", carry, 2, fold.combine);
  const DType lift_in = fold.carry == Carry::count ? lifted : carry;
  if (round.lifts) text += function_text("lift", lift_in, 1, fold.lift);
  if (round.finishes) text += function_text("finish", carry, 2, fold.finish);
  return text += kKernelsText;
}

DType result_dtype(const FoldText& fold, DType dtype) {
  return fold.carry == Carry::count ? int64 : dtype;
}

// Whether a fold takes elements of this dtype.
bool takes(const FoldText& fold, DType dtype) {
  const std::string_view name = fold.name;
  if (name == "any" || name == "all") return dtype == boolean;
  if (name == "euclidean_norm") return is_floating(dtype);
  return dtype != boolean || name == "count_nonzero";
}

Function fold_kernel(GpuDevice& device, const FoldText& fold, DType dtype, const Round& round,
                     bool groups) {
  const bool together = device.compiles_lazily();
  const std::string program =
      fmt::format("fold {} of {}", together ? "all" : fold.name, name_of(dtype));
  const std::string name =
      fmt::format("{}_{}_{}", groups ? "by_groups" : "by_threads", fold.name, round.name);
  return device.function(program, name, [&] {
    std::string text = family_text(device.dialect(), kFold, {});
    for (const FoldText& each : folds()) {
      if (!takes(each, dtype) || (!together && each.name != fold.name)) continue;
      for (const Round& part : {kOnce, kFirst, kSecond}) {
        text += round_text(each, part, dtype, result_dtype(each, dtype));
      }
    }
    return text;
  });
}

// The axes of a row-major tensor that are kept, and those that are folded.
struct Plan {
  Plan(const Shape& shape, AxisSet axes) {
    const Dims strides = contiguous_strides(shape);
    Dims kept_sizes, kept_strides, folded_sizes, folded_strides;
    for (int d = 0; d < shape.rank(); ++d) {
      (axes.has(d) ? folded_sizes : kept_sizes).push_back(shape[d]);
      (axes.has(d) ? folded_strides : kept_strides).push_back(strides[d]);
      if (shape[d] > 1) inner_folded = axes.has(d);
    }
    kept.emplace(kept_sizes, std::span(&kept_strides, 1));
    folded.emplace(folded_sizes, std::span(&folded_strides, 1));
  }

  bool inner_folded = true;
  std::optional<Loops> kept, folded;
};

struct Work {
  const FoldText& fold;
  DType dtype;
  int64_t all;  // elements that fold into one
};

void run_round(GpuDevice& device, const Work& work, const Round& round, const Plan& plan,
               const void* x, const void* out, int64_t pieces) {
  const bool groups = plan.inner_folded && plan.folded->elements >= kGroup;
  const int64_t results = plan.kept->elements * pieces;
  device.launch(fold_kernel(device, work.fold, work.dtype, round, groups),
                groups ? Grid{.x = results} : grid_of(results), Array(x), Array(out),
                plan.kept->nest, plan.kept->strides[0], plan.folded->nest, plan.folded->strides[0],
                plan.kept->elements, plan.folded->elements, pieces, work.all);
}

int64_t pieces_of(const Plan& plan) {
  const int64_t threads = plan.kept->elements * (plan.inner_folded ? kGroup : 1);
  const int64_t least = kLeastPiece * (plan.inner_folded ? kGroup : 1);
  const int64_t most = plan.folded->elements / least;
  return std::clamp<int64_t>(std::min(most, kThreadsWanted / std::max<int64_t>(threads, 1)), 1,
                             1024);
}

void run_fold(const KernelContext& c, const FoldText& fold) {
  const Tensor &x = c.inputs[0], &out = c.outputs[0];
  if (out.elements() == 0) return;
  const Plan plan(x.shape(), AxisSet::parse(c.attrs[0], x.rank()));
  const int64_t pieces = pieces_of(plan);
  const Work work{fold, x.dtype(), plan.folded->elements};
  GpuDevice& device = device_of(c);
  if (pieces == 1) return run_round(device, work, kOnce, plan, x.data(), out.data(), 1);
  const Shape shape{pieces, plan.kept->elements};
  const Tensor partial = Tensor::empty(carried(x.dtype(), fold.carry), shape, device);
  AxisSet first;
  first.add(0);
  run_round(device, work, kFirst, plan, x.data(), partial.data(), pieces);
  run_round(device, work, kSecond, Plan(shape, first), partial.data(), out.data(), 1);
}

// `which` is the place in folds().
template <size_t which>
struct RegisterFold : RegisterGpuKernel {
  explicit RegisterFold(Op& op)
      : RegisterGpuKernel(op, {.name = "fold", .run = run, .refuse = refuse}) {}
  static void run(const KernelContext& c) { run_fold(c, folds()[which]); }
  static const char* refuse(const KernelContext& c) {
    return takes(folds()[which], c.inputs[0].dtype()) ? nullptr : "integers have no square root";
  }
};
const RegisterFold<0> sum(op::reduce_sum);
const RegisterFold<1> mean(op::reduce_mean);
const RegisterFold<2> prod(op::reduce_prod);
const RegisterFold<3> max(op::reduce_max);
const RegisterFold<4> min(op::reduce_min);
const RegisterFold<5> any(op::reduce_any);
const RegisterFold<6> all(op::reduce_all);
const RegisterFold<7> nonzeros(op::nonzeros);
const RegisterFold<8> euclidean_norm(op::reduce_euclidean_norm);

}  // namespace
}  // namespace millstream::gpu
