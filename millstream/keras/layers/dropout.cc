#include "millstream/keras/layers/dropout.h"

#include "millstream/ops/array.h"
#include "millstream/ops/operators.h"
#include "millstream/ops/random.h"

namespace millstream::keras::layers {
namespace {

class DropoutImpl : public Configured<DropoutOptions> {
 public:
  explicit DropoutImpl(DropoutOptions options) : Configured("Dropout", std::move(options)) {
    if (!(options_.rate >= 0 && options_.rate <= 1)) {
      throw InvalidArgument(fmt::format("Dropout: rate must be in [0, 1], not {}", options_.rate));
    }
    if (options_.rate > 0) seeds_.emplace(add_seed_generator(options_.seed));
  }

  Tensor call(const Tensor& x, const CallContext& context) override {
    if (!context.training || options_.rate == 0) return x;
    if (options_.rate == 1) return zeros_like(x);
    const Tensor noise =
        random::stateless_uniform(noise_shape(x.shape()), seeds_->next(), {.dtype = x.dtype()});
    const Tensor kept = cast(noise >= options_.rate, x.dtype());
    return x * (1 / (1 - options_.rate)) * kept;
  }

  Spec compute_output_spec(const Spec& input) override { return input; }

 private:
  Shape noise_shape(const Shape& input) const {
    if (!options_.noise_shape) return input;
    Dims dims(std::span<const int64_t>(*options_.noise_shape));
    if (dims.size() != input.rank()) {
      throw InvalidArgument(fmt::format("noise_shape {} does not fit the input of shape {}",
                                        Shape(dims).to_string(), input.to_string()));
    }
    for (int i = 0; i < dims.size(); ++i) {
      if (dims[i] == kUnknown) dims[i] = input[i];
    }
    return Shape(dims);
  }

  std::optional<SeedGenerator> seeds_;
};

}  // namespace

Dropout::Dropout(DropoutOptions options)
    : Layer(std::make_shared<DropoutImpl>(std::move(options))) {}

static const Listed<Dropout, DropoutOptions> listed("Dropout");

}  // namespace millstream::keras::layers
