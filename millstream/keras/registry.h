#pragma once
// What layers, losses, metrics, optimizers, initializers and regularizers have in common: a cheap
// handle over a shared object, a class name, and a registry that makes them from their names.
//
//   class LinearImpl : public keras::LayerImpl { ... };        // the object
//   using Linear = keras::Handle<LinearImpl>;                  // the handle: Linear linear(32);
#include <fmt/format.h>

#include <cctype>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <typeinfo>
#include <utility>
#include <vector>

#include "millstream/base/error.h"
#include "millstream/keras/fields.h"
#include "millstream/keras/naming.h"

namespace millstream::keras {

// The part of a handle that points. Copies are the same object.
template <class Impl>
class Shared {
 public:
  Shared() = default;  // refers to nothing: defined() is false
  explicit Shared(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}

  bool defined() const { return impl_ != nullptr; }
  const std::shared_ptr<Impl>& pointer() const { return impl_; }
  Impl& impl() const {
    if (impl_ == nullptr) {
      throw FailedPrecondition("an empty handle is used: it refers to no " +
                               class_name_of(typeid(Impl).name()));
    }
    return *impl_;
  }

  friend bool operator==(const Shared& a, const Shared& b) { return a.impl_ == b.impl_; }

 protected:
  std::shared_ptr<Impl> impl_;
};

// The handle of a class of one's own: constructed as the class is, converts to its base's handle.
template <class Impl>
class Handle : public Impl::HandleType {
 public:
  template <class... Args>
  requires(std::is_constructible_v<Impl, Args...>) explicit Handle(Args&&... args)
      : Impl::HandleType(std::make_shared<Impl>(std::forward<Args>(args)...)) {}

  Impl* operator->() const { return static_cast<Impl*>(this->impl_.get()); }
  Impl& operator*() const { return *operator->(); }
};

// Classes of one kind by name: "GlorotUniform", "glorot_uniform" and its aliases are the same.
template <class Base>
class Registry {
 public:
  using Make = Base (*)(const Config&);

  static void add(std::string_view class_name, Make make) { table()[key(class_name)] = make; }
  static void add_alias(std::string_view alias, std::string_view class_name) {
    table()[key(alias)] = table().at(key(class_name));
  }

  // NotFound names those that there are.
  static Base make(std::string_view class_name, const Config& config = Config::Dict()) {
    const auto found = table().find(key(class_name));
    if (found != table().end()) return found->second(config);
    std::string known;
    for (const auto& [name, unused] : table()) known += (known.empty() ? "" : ", ") + name;
    throw NotFound(
        fmt::format("no {} is called '{}'; there are {}", Base::kKind, class_name, known));
  }

  // From Keras's nested form, or from a bare name.
  static Base from_config(const Config& config) {
    if (config.is_text()) return make(config.text());
    const Config* fields = config.find("config");
    return make(config["class_name"].text(), fields != nullptr ? *fields : Config(Config::Dict()));
  }

 private:
  static std::string key(std::string_view name) {
    std::string plain;
    for (const char c : name) {
      if (c != '_') plain += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    }
    return plain;
  }
  static std::map<std::string, Make>& table() {
    static auto* const entries = new std::map<std::string, Make>();
    return *entries;
  }
};

// Lists class T, which is constructed from Options, under its name and aliases:
//
//   const Register<Initializer, Zeros, NoOptions> zeros("Zeros", {"zero"});
template <class Base, class T, class Options>
struct Register {
  explicit Register(std::string_view class_name, std::vector<std::string_view> aliases = {}) {
    Registry<Base>::add(class_name,
                        [](const Config& c) -> Base { return T(options_from<Options>(c)); });
    for (const std::string_view alias : aliases) Registry<Base>::add_alias(alias, class_name);
  }
};

struct NoOptions {};

}  // namespace millstream::keras
