#pragma once
// Intrusive reference counting: an object counts its own owners, and a handle is one pointer.
#include <atomic>
#include <cstdint>
#include <utility>

namespace millstream {

// Base of a counted object. `T` provides `static void destroy(T*)`.
template <class T>
class Counted {
 public:
  void retain() const { owners_.fetch_add(1, std::memory_order_relaxed); }
  void release() const {
    // The only owner needs no exchange: there is no handle that another thread could copy.
    if (unique() || owners_.fetch_sub(1, std::memory_order_acq_rel) == 1) {
      T::destroy(static_cast<T*>(const_cast<Counted*>(this)));
    }
  }
  bool unique() const { return owners_.load(std::memory_order_acquire) == 1; }

 private:
  mutable std::atomic<uint32_t> owners_{1};
};

// Owning handle of a Counted object.
template <class T>
class Ref {
 public:
  Ref() = default;
  // Takes over the one ownership that a newly made object starts with.
  static Ref adopt(T* object) {
    Ref ref;
    ref.object_ = object;
    return ref;
  }
  Ref(const Ref& other) : object_(other.object_) {
    if (object_ != nullptr) object_->retain();
  }
  Ref(Ref&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
  Ref& operator=(Ref other) noexcept {
    std::swap(object_, other.object_);
    return *this;
  }
  ~Ref() {
    if (object_ != nullptr) object_->release();
  }

  T* get() const { return object_; }
  T* operator->() const { return object_; }
  T& operator*() const { return *object_; }
  explicit operator bool() const { return object_ != nullptr; }

 private:
  T* object_ = nullptr;
};

}  // namespace millstream
