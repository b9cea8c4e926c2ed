#pragma once
// Compiled kernels on disk, in Settings::cache. An entry is known by all that it was made from, and
// holds it: two texts whose names agree are told apart.
#include <functional>
#include <string>

namespace millstream::cuda {

// The image made from `origin`, from disk if it is there; else `make` is called and its result
// kept, where that is possible.
std::string cached_image(const std::string& origin, const std::function<std::string()>& make);

}  // namespace millstream::cuda
