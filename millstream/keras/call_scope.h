#pragma once
#include "millstream/keras/layer.h"

namespace millstream::keras {

// The layers that are being called on this thread, the innermost first.
class CallScope {
 public:
  CallScope(LayerImpl& layer, bool training)
      : layer_(layer), training_(training), outer_(current()) {
    current() = this;
  }
  ~CallScope() { current() = outer_; }
  CallScope(const CallScope&) = delete;
  CallScope& operator=(const CallScope&) = delete;

  static const CallScope* innermost() { return current(); }
  LayerImpl& layer() const { return layer_; }
  bool training() const { return training_; }

 private:
  static const CallScope*& current() {
    static thread_local const CallScope* innermost = nullptr;
    return innermost;
  }

  LayerImpl& layer_;
  bool training_;
  const CallScope* outer_;
};

}  // namespace millstream::keras
