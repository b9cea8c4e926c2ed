#pragma once
// What a pool throws when it has no memory left: the figures, for those who can say what would fit.
#include <cstddef>
#include <optional>

#include "millstream/base/error.h"

namespace millstream {

class OutOfMemory : public ResourceExhausted {
 public:
  struct Figures {
    size_t requested = 0;
    size_t current = 0;           // bytes that tensors hold
    size_t reserved = 0;          // bytes taken from the system
    size_t largest_free = 0;      // the largest block that could be had
    std::optional<size_t> limit;  // bytes; none: not known
  };
  OutOfMemory(const Figures& figures, Fields fields)
      : ResourceExhausted(std::move(fields)), figures_(figures) {}
  const Figures& figures() const { return figures_; }

  // How many samples would have fitted, if `batch` of them need all that was held and asked for but
  // the `before` bytes that were held anyway; none if that cannot be said, or not one would fit.
  std::optional<int64_t> fitting(int64_t batch, size_t before) const;
  // The same with a better hint.
  OutOfMemory hinting(std::string hint) const;

 private:
  Figures figures_;
};

}  // namespace millstream
