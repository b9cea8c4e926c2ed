// GPU text computes what the CPU's kernels compute.
#include "millstream/expr/text.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <deque>
#include <limits>
#include <random>

#include "expr/text_runner.h"
#include "millstream/backend/cpu/map.h"
#include "millstream/ops/map.h"
#include "millstream/ops/map_info.h"
#include "millstream/ops/map_text.h"

namespace millstream {
namespace {

constexpr size_t kElements = 1024;

// --- operands ------------------------------------------------------------------------------------

class Operands {
 public:
  explicit Operands(bool edges) : edges_(edges) {}

  Bytes operator()(DType dtype) {
    if (is_floating(dtype)) {
      std::vector<double> values(kElements);
      for (double& value : values) value = edges_ ? real(dtype) : uniform(0.1, 4);
      return written_as(dtype, values);
    }
    return dispatch(dtype, [&]<class T>(std::type_identity<T>) {
      std::vector<int64_t> values(kElements);
      if constexpr (std::is_integral_v<T>) {
        for (int64_t& value : values) value = static_cast<int64_t>(integer<T>());
      }
      return written_as(dtype, values);
    });
  }

 private:
  double uniform(double low, double high) {
    return std::uniform_real_distribution<double>(low, high)(engine_);
  }

  double real(DType dtype) {
    constexpr double inf = std::numeric_limits<double>::infinity();
    const double most = dtype == float64 ? 1e308 : 3e38;
    const double edges[] = {0, -0.0, 1,   -1,   0.5, -0.5,     2,       -2,   3,    8,
                            6, 15.5, inf, -inf, NAN, -4.5e-41, 1.2e-38, most, -100, 1e10};
    switch (engine_() % 4) {
      case 0: return edges[engine_() % std::size(edges)];
      case 1: return uniform(-4, 4);
      case 2: return uniform(0, 1);
      default: return std::copysign(std::exp(uniform(-9, 6)), uniform(-1, 3));
    }
  }

  template <class T>
  T integer() {
    using Limits = std::numeric_limits<T>;
    const T edges[] = {T(0), T(1), T(-1), T(2), Limits::min(), Limits::max(), T(7), T(-100)};
    if (engine_() % 2 == 0) return edges[engine_() % std::size(edges)];
    return static_cast<T>(engine_() >> (engine_() % 64));
  }

  bool edges_;
  std::mt19937_64 engine_{7};
};

// Integers are divided by no zero, and raised to no negative power: the CPU raises errors there.
void make_legal(std::string_view op, DType dtype, Bytes& second) {
  const bool power = op == "pow", quotient = op.find("div") != op.npos || op.find("mod") != op.npos;
  if (!is_integer(dtype) || !(power || quotient)) return;
  std::vector<int64_t> values = read_as<int64_t>(second, dtype);
  for (int64_t& value : values) value = power ? value & 15 : value == 0 ? 3 : value;
  second = written_as(dtype, values);
}

// --- what is right -------------------------------------------------------------------------------

// How far the text may be from the CPU's kernel. Functions of OpenCL have up to 16 units in the
// last place, those of the CPU 4.
struct Tolerance {
  double ulps = 16;     // of the result
  double operand = 0;   // units of the first operand: where x * (1 + f(x)) cancels
  double relative = 0;  // to the result, whatever the dtype
  double absolute = 0;
  bool overflows = false;  // a sum of terms that may be infinite: how it rounds decides on NaN
};

// Those that need more. OpenCL leaves the error of lgamma open, and the incomplete functions have
// exponentials of differences of lgamma for a factor; the logarithm of 1 + a denormal is one.
Tolerance tolerance_of(std::string_view op) {
  const std::pair<std::string_view, Tolerance> table[] = {
      {"GeluErf", {.operand = 8}},
      {"GeluTanh", {.operand = 8}},
      {"digamma", {.absolute = 1e-13}},
      {"polygamma", {.absolute = 1e-13}},
      {"igamma", {.relative = 1e-12, .absolute = 1e-13}},
      {"igammac", {.relative = 1e-12, .absolute = 1e-13}},
      {"betainc", {.relative = 1e-12, .absolute = 1e-13}},
      {"xlog1py", {.absolute = 1e-30}},
      {"weighted_cross_entropy_with_logits", {.operand = 8, .overflows = true}},
  };
  for (const auto& [name, tolerance] : table) {
    if (name == op) return tolerance;
  }
  return {};
}

double largest(DType dtype) {
  return dtype == float64 ? 0x1p1023 : dtype == float16 ? 0x1p15 : 0x1p127;
}

bool agree(double got, double want, double operand, DType dtype, const Tolerance& t) {
  if (std::isnan(want) && std::isnan(got)) return true;
  if (got == want) return true;
  if (t.overflows && !std::isfinite(got) && std::abs(want) > largest(dtype) / 16) return true;
  if (t.overflows && !std::isfinite(got) && std::isnan(want)) return true;
  if (!is_floating(dtype)) return false;
  const double digit = dtype == float64 ? 0x1p-52 : 0x1p-23;
  const double last = dtype == float16 ? 0x1p-10 : dtype == bfloat16 ? 0x1p-7 : 0;
  const double least = dtype == float16 ? 0x1p-24 : dtype == float64 ? 0x1p-1000 : 0x1p-125;
  const double slack = t.operand == 0 ? 0 : digit * t.operand * std::abs(operand);
  if (std::isinf(slack)) return true;
  const double relative = digit * t.ulps + last + t.relative;
  return std::abs(got - want) <= std::abs(want) * relative + slack + t.absolute + least;
}

void expect_equal(const TextCase& c, size_t output, const Bytes& right, const Tolerance& t) {
  const DType dtype = c.map.outputs[output];
  if (is_integer(dtype)) {
    EXPECT_EQ(c.outputs[output], right) << c.map.name;
    return;
  }
  const auto got = read_as<double>(c.outputs[output], dtype), want = read_as<double>(right, dtype);
  std::vector<std::vector<double>> operands;
  for (size_t k = 0; k < c.inputs.size(); ++k) {
    operands.push_back(read_as<double>(c.inputs[k], c.map.inputs[k]));
  }
  for (size_t i = 0; i < want.size(); ++i) {
    if (agree(got[i], want[i], operands[0][i % operands[0].size()], dtype, t)) continue;
    std::string at;
    for (const auto& operand : operands) at += fmt::format(" {}", operand[i % operand.size()]);
    ADD_FAILURE() << c.map.name << " is " << got[i] << ", not " << want[i] << ", at" << at;
    return;
  }
}

Bytes run_on_cpu(const MapInfo& info, const TextCase& c, size_t output) {
  std::vector<cpu::MapInput> inputs;
  for (size_t k = 0; k < c.inputs.size(); ++k) {
    const bool scalar = c.inputs[k].size() == size_of(c.map.inputs[k]);
    inputs.push_back({c.inputs[k].data(), c.map.inputs[k], Dims(1, scalar ? 0 : 1)});
  }
  const DType dtype = c.map.outputs[output];
  Bytes result(kElements * size_of(dtype));
  cpu::run_map(info, Dims(1, kElements), inputs, c.map.compute, dtype, result.data());
  return result;
}

// --- declared ops --------------------------------------------------------------------------------

struct OpCases {
  std::vector<const Op*> ops;
  std::vector<TextCase> cases;

  void check() const {
    for (size_t i = 0; i < cases.size(); ++i) {
      expect_equal(cases[i], 0, run_on_cpu(*ops[i]->map, cases[i], 0),
                   tolerance_of(ops[i]->name()));
    }
  }
};

// Every op that takes the dtype, with operands of it.
OpCases cases_of(DType dtype) {
  Operands operands(true);
  OpCases all;
  for (size_t i = 0; i < map_op_count(); ++i) {
    const Op& op = map_op(i);
    std::vector<DType> inputs(op.map->arity, dtype);
    if (op.map->rule == DTypeRule::select) inputs[0] = boolean;
    TextCase c;
    try {
      c.map = map_text(op, inputs);
    } catch (const InvalidArgument&) {
      continue;
    }
    for (const DType input : inputs) c.inputs.push_back(operands(input));
    if (inputs.size() == 2) make_legal(op.name(), dtype, c.inputs[1]);
    all.ops.push_back(&op);
    all.cases.push_back(std::move(c));
  }
  return all;
}

class TextOnOpenCl : public testing::TestWithParam<DType> {};
class TextAsCpp : public testing::TestWithParam<DType> {};

std::string dtype_of_test(const testing::TestParamInfo<DType>& info) {
  return std::string(name_of(info.param));
}
INSTANTIATE_TEST_SUITE_P(DTypes, TextOnOpenCl,
                         testing::Values(boolean, int8, int16, int32, int64, uint8, uint16, uint32,
                                         uint64, float16, bfloat16, float32, float64),
                         dtype_of_test);
// Each type that is computed in, and each way into memory.
INSTANTIATE_TEST_SUITE_P(DTypes, TextAsCpp,
                         testing::Values(int8, int64, uint64, float16, bfloat16, float64),
                         dtype_of_test);

TEST_P(TextOnOpenCl, EveryOp) {
  OpCases all = cases_of(GetParam());
  run_on_opencl(all.cases, kElements);
  all.check();
}

TEST_P(TextAsCpp, EveryOp) {
  OpCases all = cases_of(GetParam());
  run_as_cpp(all.cases, kElements);
  all.check();
}

// Without double precision in the device the special functions have a float's few digits.
TEST(Text, SpecialFunctionsInSinglePrecision) {
  Operands operands(false);
  OpCases all;
  for (const char* name : {"math.erfinv", "math.erfcinv", "math.digamma", "math.bessel_i0e",
                           "math.bessel_i1e", "math.zeta", "math.igamma", "math.igammac"}) {
    const Op& op = *find_op(name);
    const std::vector<DType> inputs(op.map->arity, float32);
    TextCase c = {.map = map_text(op, inputs)};
    for (const DType input : inputs) c.inputs.push_back(operands(input));
    all.ops.push_back(&op);
    all.cases.push_back(std::move(c));
  }
  run_on_opencl(all.cases, kElements, true);
  for (size_t i = 0; i < all.cases.size(); ++i) {
    expect_equal(all.cases[i], 0, run_on_cpu(*all.ops[i]->map, all.cases[i], 0),
                 {.ulps = 64, .absolute = 2e-6});
  }
}

// --- derivatives ---------------------------------------------------------------------------------

// All gradients of an op as outputs of one kernel, and the second derivatives of its expression.
struct Gradients {
  TextCase c;
  std::vector<MapInfo> infos;
};

Gradients gradients_of(const Op& op, DType dtype, Operands& operands) {
  const int arity = op.map->arity;
  Gradients g;
  g.c.map = {.name = fmt::format("gradients_of_{}", op.name()),
             .compute = compute_dtype(dtype),
             .inputs = std::vector<DType>(arity + 2, dtype)};
  for (int i = 0; i < arity + 2; ++i) g.c.inputs.push_back(operands(dtype));
  for (int i = 0; i < arity; ++i) {
    g.c.map.body.push_back(op.map->gradients[i]);
    g.c.map.body.push_back(derivative(derivative(op.map->body, i), i));
  }
  g.c.map.outputs.assign(g.c.map.body.size(), dtype);
  for (const Expr body : g.c.map.body) {
    g.infos.push_back(
        {.names = "gradient", .rule = DTypeRule::derived, .arity = arity + 2, .body = body});
  }
  return g;
}

TEST(Text, GradientsAndSecondDerivatives) {
  for (const DType dtype : {float32, float64}) {
    Operands operands(false);
    // The CPU keeps what it makes of a MapInfo by its address.
    static auto* const kept = new std::deque<Gradients>();
    std::vector<TextCase> cases;
    const size_t first = kept->size();
    for (size_t i = 0; i < map_op_count(); ++i) {
      const Op& op = map_op(i);
      if (op.map->gradients.empty()) continue;
      kept->push_back(gradients_of(op, dtype, operands));
      cases.push_back(kept->back().c);
    }
    run_on_opencl(cases, kElements);
    for (size_t i = 0; i < cases.size(); ++i) {
      const std::vector<MapInfo>& infos = (*kept)[first + i].infos;
      for (size_t k = 0; k < infos.size(); ++k) {
        SCOPED_TRACE(to_string(infos[k].body));
        expect_equal(cases[i], k, run_on_cpu(infos[k], cases[i], k),
                     {.ulps = 64, .absolute = dtype == float64 ? 1e-13 : 1e-5});
      }
    }
  }
}

}  // namespace
}  // namespace millstream
