#pragma once
// The place of a Python program that an op runs for.
#include "millstream/device/live_blocks.h"
#include "python/src/binding.h"

namespace millstream::python {

// Remembers the line that runs now, for as long as the thread computes without the GIL. It is made
// before the GIL is released and outlives that.
class PlaceKept {
 public:
  PlaceKept();
  ~PlaceKept();
  PlaceKept(const PlaceKept&) = delete;
  PlaceKept& operator=(const PlaceKept&) = delete;
};

void bind_places();

}  // namespace millstream::python
