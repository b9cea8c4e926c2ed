#pragma once
// What the layers of this folder share: their options are their configuration.
#include "millstream/keras/layer.h"

namespace millstream::keras::layers {

// One number for both dimensions of an image, or two: 3 or {3, 5}.
struct Pair {
  int64_t height = 1;
  int64_t width = 1;

  Pair() = default;
  Pair(int both) : height(both), width(both) {}
  Pair(int64_t height, int64_t width) : height(height), width(width) {}

  Config to_config() const { return Config::List{height, width}; }
  static Pair from_config(const Config& config) {
    if (!config.is_list()) return {config.integer(), config.integer()};
    if (config.list().size() != 2) throw InvalidArgument("not two sizes: " + config.to_json());
    return {config.list()[0].integer(), config.list()[1].integer()};
  }
  friend bool operator==(const Pair&, const Pair&) = default;
};

template <class Options>
class Configured : public LayerImpl {
 public:
  Configured(const char* class_name, Options options)
      : LayerImpl(basics_of(class_name, options)),
        options_(std::move(options)),
        class_name_(class_name) {}

  std::string class_name() const override { return class_name_; }

  Config get_config() const override {
    Config config = LayerImpl::get_config();
    for_each_field(options_, [&](std::string_view field, const auto& value) {
      if (config.find(field) == nullptr) config.set(field, encode(value));
    });
    return config;
  }

 protected:
  const Options options_;

 private:
  static Basics basics_of(const char* class_name, const Options& options) {
    Basics basics{.name = options.name, .trainable = options.trainable, .dtype = options.dtype};
    if (basics.name.empty()) basics.name = auto_name(to_snake_case(class_name));
    if constexpr (requires { options.activity_regularizer; }) {
      basics.activity_regularizer = options.activity_regularizer;
    }
    return basics;
  }

  const char* class_name_;
};

// InvalidArgument unless the shape has this rank, as far as it is known.
void check_rank(const Shape& input, int rank, const char* layout);
// The last dimension; InvalidArgument if it is not known.
int64_t known_channels(const Shape& input);
// "NHWC" for "channels_last", "NCHW" for "channels_first", InvalidArgument for anything else.
std::string layout_of(const std::string& data_format);
void check_choice(const char* field, const std::string& value,
                  std::initializer_list<std::string_view> choices);
void check_positive(const char* field, int64_t value);

template <class T, class Options>
using Listed = Register<Layer, T, Options>;

}  // namespace millstream::keras::layers
