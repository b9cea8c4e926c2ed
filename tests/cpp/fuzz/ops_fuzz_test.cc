// Random calls of every op that users reach: whatever the shapes, dtypes and arguments, a call
// gives what its inference promised, or raises one of the errors that are a user's to mend; and
// what has a value has gradients of the inputs' shapes, of first and second order. The seed is
// fixed and the time bounded.
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <random>

#include "millstream/autodiff/tape.h"
#include "millstream/base/error.h"
#include "millstream/ops/array.h"
#include "millstream/ops/op.h"

namespace millstream {
namespace {

constexpr auto kTime = std::chrono::milliseconds(40);  // for each op
constexpr int kMostCalls = 2000;
constexpr size_t kMemory = size_t{256} << 20;

struct RandomCall {
  Tensors inputs;
  std::vector<Attr> attrs;

  std::string describe(const Op& op) const {
    std::vector<std::string> parts;
    for (const Tensor& input : inputs) {
      parts.push_back(to_string(Spec{input.dtype(), input.shape()}) +
                      (input.contiguous() ? "" : " strided"));
    }
    for (const Attr& attr : attrs) parts.push_back(std::visit(Text{}, attr));
    return fmt::format("{}({})", op.name(), fmt::join(parts, ", "));
  }

 private:
  struct Text {
    std::string operator()(std::monostate) const { return "None"; }
    std::string operator()(DType dtype) const { return std::string(name_of(dtype)); }
    std::string operator()(const std::string& text) const { return "'" + text + "'"; }
    template <class T>
    std::string operator()(const T& value) const {
      return fmt::format("{}", value);
    }
  };
};

class Generator {
 public:
  explicit Generator(uint64_t seed) : random_(seed) {}

  RandomCall call(const std::vector<Parameter>& parameters) {
    dtype_ = likely(50) ? float32 : likely(25) ? boolean : any_dtype();
    shape_ = any_shape();
    RandomCall result;
    for (const Parameter& parameter : parameters) {
      if (parameter.kind == Parameter::Kind::tensor) {
        result.inputs.push_back(tensor());
      } else if (parameter.kind == Parameter::Kind::tensors) {
        for (int64_t n = below(4); n >= 0; --n) result.inputs.push_back(tensor());
      } else {
        result.attrs.push_back(attr(parameter));
      }
    }
    return result;
  }

  bool likely(int percent) { return below(100) < percent; }
  int64_t below(int64_t n) { return std::uniform_int_distribution<int64_t>(0, n - 1)(random_); }

 private:
  DType any_dtype() { return static_cast<DType>(below(kDTypes)); }

  Dims any_shape() {
    Dims dims;
    for (int64_t rank = likely(30) ? 4 : below(5); rank > 0; --rank) {
      dims.push_back(likely(4) ? 0 : 1 + below(likely(5) ? 70 : 5));
    }
    return dims;
  }

  // The shape of this call, or a relative of it, or one of its own.
  Dims related_shape() {
    Dims dims = shape_;
    if (likely(50)) return dims;
    if (likely(30)) return any_shape();
    if (!dims.empty() && likely(50)) dims[static_cast<int>(below(dims.size()))] = 1;
    if (!dims.empty() && likely(30)) dims.erase(static_cast<int>(below(dims.size())));
    if (dims.size() >= 2 && likely(50)) std::swap(dims[0], dims[dims.size() - 1]);
    return dims;
  }

  Tensor tensor() {
    const Shape shape(related_shape());
    const DType dtype = likely(85) ? dtype_ : likely(50) ? int32 : any_dtype();
    std::vector<float> values(static_cast<size_t>(shape.elements()));
    const bool small = likely(50);
    for (float& value : values) {
      value = small ? static_cast<float>(below(4)) : static_cast<float>(below(2000) - 1000) / 100;
      if (likely(1)) value = special();
    }
    const Tensor made = cast(constant(values, shape), dtype);
    return likely(15) ? transposed(made) : made;
  }

  float special() {
    static constexpr float kSpecial[] = {INFINITY, -INFINITY, NAN, 0.0f, -0.0f, 1e30f, -1e-30f};
    return kSpecial[below(std::size(kSpecial))];
  }

  static Tensor transposed(const Tensor& x) {
    Dims sizes, strides;
    for (int i = x.rank() - 1; i >= 0; --i) {
      sizes.push_back(x.dim(i));
      strides.push_back(x.strides()[i]);
    }
    return x.view(Shape(sizes), strides);
  }

  int64_t any_integer() {
    static constexpr int64_t kExtremes[] = {INT64_MIN, INT64_MAX, INT32_MIN, INT32_MAX,
                                            int64_t{1} << 40};
    return likely(5) ? kExtremes[below(std::size(kExtremes))] : below(8) - 3;
  }

  double any_number() {
    static constexpr double kNumbers[] = {0, 1, -1, 0.5, 1e-3, 2, INFINITY, NAN, 1e300};
    return kNumbers[below(std::size(kNumbers))];
  }

  // Words that mean something somewhere; those of the parameter's own name more often.
  std::string text(const std::string& parameter) {
    static const std::map<std::string, std::vector<std::string>> kWords = {
        {"padding", {"SAME", "VALID"}},
        {"data_format", {"NHWC", "NCHW"}},
        {"direction", {"ASCENDING", "DESCENDING"}},
        {"mode", {"CONSTANT", "REFLECT", "SYMMETRIC"}},
        {"equation",
         {"ij,jk->ik", "ij->ji", "ij,ij->", "...i,i...->...", "ii->i", "i->", "a,b->ab"}},
        {"side", {"left", "right"}}};
    const auto own = kWords.find(parameter);
    if (own != kWords.end() && likely(80)) return any_of(own->second);
    return any_of(any_of(std::vector(kWords.begin(), kWords.end())).second) +
           (likely(20) ? "x" : "");
  }

  template <class T>
  T any_of(const std::vector<T>& values) {
    return values[static_cast<size_t>(below(std::ssize(values)))];
  }

  Attr attr(const Parameter& parameter) {
    if (parameter.has_default && likely(50)) return parameter.value;
    if (parameter.optional && likely(30)) return {};
    switch (parameter.kind) {
      case Parameter::Kind::boolean: return likely(50);
      case Parameter::Kind::integer: return any_integer();
      case Parameter::Kind::number: return any_number();
      case Parameter::Kind::text: return text(parameter.name);
      case Parameter::Kind::dtype: return likely(50) ? dtype_ : any_dtype();
      case Parameter::Kind::ints: return likely(30) ? window() : integers();
      case Parameter::Kind::integer_or_ints:
        return likely(50) ? Attr(any_integer()) : Attr(integers());
      case Parameter::Kind::text_or_ints:
        return likely(70) ? Attr(text(parameter.name)) : Attr(integers());
      case Parameter::Kind::floats: return Floats(static_cast<size_t>(below(4)), any_number());
      default: return {};
    }
  }

  // Sizes as strides and windows have them: one, two, or four for images with channels last.
  Ints window() {
    const int64_t a = 1 + below(3), b = 1 + below(3);
    return any_of(std::vector<Ints>{{a}, {a, b}, {1, a, b, 1}, {1, 1, a, b}});
  }

  Ints integers() {
    Ints values(static_cast<size_t>(likely(60) ? shape_.size() : below(6)));
    const bool permutation = likely(30), positive = likely(50);
    for (size_t i = 0; i < values.size(); ++i) {
      values[i] = permutation ? static_cast<int64_t>(i) : positive ? below(5) : any_integer();
    }
    if (permutation) std::shuffle(values.begin(), values.end(), random_);
    return values;
  }

  std::mt19937_64 random_;
  DType dtype_ = float32;
  Dims shape_;
};

void expect_promised(const Op& op, const RandomCall& call, const Tensors& outputs,
                     Generator& random) {
  if (op.infer == nullptr) return;
  Specs specs;
  for (const Tensor& input : call.inputs) specs.push_back({input.dtype(), input.shape()});
  const Attrs attrs(call.attrs);
  const auto expect = [&](const Specs& promised) {
    ASSERT_EQ(promised.size(), outputs.size());
    for (size_t i = 0; i < outputs.size(); ++i) {
      EXPECT_EQ(promised[i].dtype, outputs[i].dtype()) << "output " << i;
      EXPECT_TRUE(compatible(promised[i].shape, outputs[i].shape()))
          << "output " << i << ": " << promised[i].shape.to_string() << " was promised, "
          << outputs[i].shape().to_string() << " came";
    }
  };
  expect(infer(op, specs, attrs));
  // The same with less known before.
  for (Spec& spec : specs) {
    Dims dims = spec.shape.dims();
    for (int64_t& side : dims) {
      if (random.likely(40)) side = kUnknown;
    }
    spec.shape = random.likely(15) ? Shape::unknown() : Shape(dims);
  }
  try {
    expect(infer(op, specs, attrs));
  } catch (const FailedPrecondition&) {  // not even the number of outputs is known
    EXPECT_EQ(op.outputs, "tensors");
  } catch (const std::exception& error) {
    ADD_FAILURE() << "inference from partly known shapes: " << error.what();
  }
}

bool differentiable(const Tensor& x) { return x.defined() && is_floating(x.dtype()); }

Tensors only_differentiable(const Tensors& tensors) {
  Tensors some;
  std::copy_if(tensors.begin(), tensors.end(), std::back_inserter(some), differentiable);
  return some;
}

void expect_gradients(const Op& op, const RandomCall& call) {
  const Tensors inputs = only_differentiable(call.inputs);
  const std::vector<Source> sources(inputs.begin(), inputs.end());
  const auto expect = [&](const Tensors& gradients) {
    ASSERT_EQ(gradients.size(), inputs.size());
    for (size_t i = 0; i < inputs.size(); ++i) {
      if (!gradients[i].defined()) continue;
      EXPECT_EQ(gradients[i].shape(), inputs[i].shape());
      EXPECT_EQ(gradients[i].dtype(), inputs[i].dtype());
    }
  };
  try {
    GradientTape outer, inner;
    for (const Tensor& input : inputs) {
      outer.watch(input);
      inner.watch(input);
    }
    const Tensors outputs = only_differentiable(call_all(op, call.inputs, Attrs(call.attrs)));
    inner.stop();
    const Tensors first = inner.gradient(outputs, sources);
    outer.stop();
    expect(first);
    expect(outer.gradient(only_differentiable(first), sources));
  } catch (const Unimplemented&) {
  } catch (const ResourceExhausted&) {
  } catch (const std::exception& error) {
    ADD_FAILURE() << "gradient: " << error.what();
  }
}

std::vector<const Op*> public_ops() {
  std::vector<const Op*> ops = all_ops();
  std::erase_if(ops, [](const Op* op) { return op->names.starts_with("internal."); });
  return ops;
}

class FuzzOps : public testing::TestWithParam<const Op*> {
 protected:
  void SetUp() override { current_device().pool().set_limit(kMemory); }
  void TearDown() override { current_device().pool().set_limit(limit_); }

 private:
  std::optional<size_t> limit_ = current_device().pool().limit();
};

TEST_P(FuzzOps, GiveWhatTheyPromiseOrAnErrorToMend) {
  const Op& op = *GetParam();
  const std::vector<Parameter> parameters = parse_parameters(op.parameters);
  const auto end = std::chrono::steady_clock::now() + kTime;
  Generator random(std::hash<std::string_view>{}(op.names));
  for (int i = 0; i < kMostCalls && std::chrono::steady_clock::now() < end; ++i) {
    const RandomCall call = random.call(parameters);
    SCOPED_TRACE(call.describe(op));
    try {
      expect_promised(op, call, call_all(op, call.inputs, Attrs(call.attrs)), random);
      expect_gradients(op, call);
    } catch (const Error& error) {
      const bool ours = error.code() == Code::internal || error.code() == Code::unknown;
      if (ours) ADD_FAILURE() << code_name(error.code()) << ": " << error.what();
    } catch (const std::exception& error) {
      ADD_FAILURE() << "no millstream::Error but " << error.what();
    }
    if (HasFailure()) return;
  }
}

std::string test_name(const testing::TestParamInfo<const Op*>& info) {
  std::string name(info.param->names.substr(0, info.param->names.find(' ')));
  std::replace_if(
      name.begin(), name.end(), [](char c) { return std::isalnum(c) == 0; }, '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Registry, FuzzOps, testing::ValuesIn(public_ops()), test_name);

}  // namespace
}  // namespace millstream
