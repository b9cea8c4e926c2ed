#include "benchmarks/figures.h"

#include <fmt/format.h>
#include <millstream/millstream.h>

#include <array>

namespace millstream::bench {
namespace {

using Timed = std::function<void()>;

Tensor normal(const Shape& shape) { return random::normal(shape); }

void add_small_calls(std::vector<Figure>& all) {
  const auto add = [&](const char* task, const char* unit, std::function<Timed()> prepare) {
    all.push_back({.task = task, .group = "micro", .unit = unit, .prepare = std::move(prepare)});
  };
  add("t02.add_scalar", "ns", [] { return [x = constant(1.5f, float32)] { x + x; }; });
  add("t02.add_4", "ns", [] { return [x = constant({1.f, 2.f, 3.f, 4.f})] { x + x; }; });
  add("t02.matmul_2x2", "ns", [] {
    return [x = constant({{1.f, 2.f}, {3.f, 4.f}})] { matmul(x, x); };
  });
  add("t02.relu_4", "ns", [] { return [x = constant({1.f, 2.f, 3.f, 4.f})] { relu(x); }; });
  add("t03.tape_10_ops", "us", [] {
    return [x = Variable(constant({.1f, .2f, .3f, .4f}))] {
      GradientTape tape;
      Tensor y = x;
      for (int i = 0; i < 4; ++i) y = tanh(y * x);
      y = reduce_sum(y + x);
      tape.gradient(y, x);
    };
  });
}

void add_products(std::vector<Figure>& all) {
  const auto add = [&](const std::string& name, int64_t n, DType dtype) {
    all.push_back({.task = "t05." + name,
                   .group = "matmul",
                   .unit = "GFLOP/s",
                   .bound = Bound::arithmetic,
                   .work = 2.0 * static_cast<double>(n * n * n),
                   .once = n > 4000,
                   .prepare = [=] {
                     return [x = cast(normal({n, n}), dtype), y = cast(normal({n, n}), dtype)] {
                       matmul(x, y);
                     };
                   }});
  };
  for (const int64_t n : {256, 1000, 2048, 4096}) add(fmt::format("matmul_{}", n), n, float32);
  add("matmul_bf16_2048", 2048, bfloat16);
}

void add_passes_over_memory(std::vector<Figure>& all) {
  constexpr int64_t kMany = 1 << 24;
  const auto add = [&](const char* task, Bound bound, int64_t bytes,
                       std::function<Timed()> prepare) {
    all.push_back({.task = task,
                   .group = "elem",
                   .unit = "GB/s",
                   .bound = bound,
                   .work = static_cast<double>(bytes),
                   .prepare = std::move(prepare)});
  };
  add("t06.chain_16M.eager", Bound::copying, 8 * kMany,
      [] { return [x = normal({kMany})] { tanh(x) * 0.5f + x* x - exp(-x); }; });
  add("t06.sum_16M.eager", Bound::reading, 4 * kMany,
      [] { return [x = normal({kMany})] { reduce_sum(x); }; });
  add("t06.add_16M.eager", Bound::copying, 8 * kMany,
      [] { return [x = normal({kMany})] { x + x; }; });
  add("t06.softmax_4096x1000.eager", Bound::copying, 8 * 4096 * 1000, [] {
    return [x = normal({4096, 1000})] { softmax(x); };
  });
  add("t06.layernorm_4096x1024.eager", Bound::copying, 8 * 4096 * 1024, [] {
    return [x = normal({4096, 1024}), gamma = ones({1024}), beta = zeros({1024})] {
      layer_normalization(x, gamma, beta, {-1}, 1e-5);
    };
  });
}

struct Convolution {
  const char* name;
  int64_t images, size, channels, filters;
};
constexpr std::array kConvolutions = {Convolution{"a_64x28x28x32_3x3_64", 64, 28, 32, 64},
                                      Convolution{"b_32x56x56x64_3x3_64", 32, 56, 64, 64}};

void add_convolutions(std::vector<Figure>& all) {
  for (const Convolution& c : kConvolutions) {
    const Shape images{c.images, c.size, c.size, c.channels}, filters{3, 3, c.channels, c.filters};
    const double work = 2.0 * 9 * static_cast<double>(images.elements() * c.filters);
    Figure figure{.task = fmt::format("t07.conv_{}.fwd.eager", c.name),
                  .group = "conv",
                  .unit = "GFLOP/s",
                  .bound = Bound::arithmetic,
                  .work = work};
    figure.prepare = [=] {
      return [x = normal(images), w = normal(filters)] { conv2d(x, w, {1}, "SAME"); };
    };
    all.push_back(figure);
    figure.task = fmt::format("t07.conv_{}.fwdbwd.eager", c.name);
    figure.work = 3 * work;
    figure.prepare = [=] {
      return [all = std::array{Variable(normal(images)), Variable(normal(filters))}] {
        GradientTape tape;
        const Tensor y = conv2d(all[0], all[1], {1}, "SAME");
        tape.gradient(y, all);
      };
    };
    all.push_back(figure);
  }
}

// An encoder block of eight heads of 32, with a network of 1024 units.
struct EncoderBlock {
  static constexpr int64_t kWidth = 256, kHeads = 8, kHead = 32, kHidden = 1024;

  Variable query = matrix({kWidth, kHeads, kHead}), key = matrix({kWidth, kHeads, kHead}),
           value = matrix({kWidth, kHeads, kHead}), out = matrix({kHeads, kHead, kWidth}),
           up = matrix({kWidth, kHidden}), down = matrix({kHidden, kWidth});
  Variable query_bias{zeros({kHeads, kHead})}, key_bias{zeros({kHeads, kHead})},
      value_bias{zeros({kHeads, kHead})}, out_bias{zeros({kWidth})}, up_bias{zeros({kHidden})},
      down_bias{zeros({kWidth})};
  Variable gamma_1{ones({kWidth})}, beta_1{zeros({kWidth})}, gamma_2{ones({kWidth})},
      beta_2{zeros({kWidth})};

  static Variable matrix(const Shape& shape) {
    return Variable(random::normal(shape, {.stddev = 0.05}));
  }

  Variables weights() const {
    return {query,      key,      value,   out,       up,      down,   query_bias, key_bias,
            value_bias, out_bias, up_bias, down_bias, gamma_1, beta_1, gamma_2,    beta_2};
  }

  Tensor attention(const Tensor& x) const {
    const auto project = [&](const Variable& w, const Variable& b) {
      return einsum("btc,chd->bthd", {x, w}) + b;
    };
    const Tensor q = project(query, query_bias), k = project(key, key_bias);
    const Tensor scores = softmax(einsum("bthd,bshd->bhts", {q, k}) * (1 / std::sqrt(32.0)));
    const Tensor mixed = einsum("bhts,bshd->bthd", {scores, project(value, value_bias)});
    return einsum("bthd,hdc->btc", {mixed, out}) + out_bias;
  }

  Tensor operator()(const Tensor& x) const {
    const Tensor h = layer_normalization(x + attention(x), gamma_1, beta_1);
    const Tensor y = matmul(relu(matmul(h, up) + up_bias), down) + down_bias;
    return layer_normalization(h + y, gamma_2, beta_2);
  }
};

void add_encoder_block(std::vector<Figure>& all) {
  all.push_back(
      {.task = "t12.xfmr_block_fwdbwd.eager", .group = "xfmr", .unit = "ms", .prepare = [] {
         return [block = EncoderBlock(), x = normal({8, 128, 256})] {
           GradientTape tape;
           const Tensor loss = reduce_mean(square(block(x)));
           tape.gradient(loss, block.weights());
         };
       }});
}

}  // namespace

std::vector<Figure> figures() {
  std::vector<Figure> all;
  add_small_calls(all);
  add_products(all);
  add_passes_over_memory(all);
  add_convolutions(all);
  add_encoder_block(all);
  return all;
}

}  // namespace millstream::bench
