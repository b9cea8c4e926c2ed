#pragma once
// Numbers as NumPy writes them in arrays: the shortest digits that give the value back, at most 8
// after the point, and one format for all of an array.
#include <string>
#include <vector>

#include "millstream/tensor/dtype.h"

namespace millstream {

// The elements of an array, aligned with each other. `T` stores them.
template <class T>
std::vector<std::string> array_words(const std::vector<T>& values);

// A single number outside of any array: 0.1, 1e+20.
template <class T>
std::string scalar_text(T value);

}  // namespace millstream
