#pragma once
// The one array that holds all inputs and outputs of a run.
#include <cstring>

#include "expr/text_runner.h"

namespace millstream {

class TextMemory {
 public:
  TextMemory(const std::vector<TextCase>& cases, size_t elements) : elements_(elements) {
    for (const TextCase& c : cases) {
      for (const auto& input : c.inputs) {
        const size_t at = reserve(input.size());
        std::memcpy(bytes_.data() + at, input.data(), input.size());
      }
      for (const DType dtype : c.map.outputs) reserve(elements * size_of(dtype));
    }
  }

  std::byte* data() { return bytes_.data(); }
  size_t size() const { return bytes_.size(); }

  // A call of each kernel with its places in `memory`.
  std::string calls(Dialect dialect, const std::vector<TextCase>& cases) const {
    const char* array = dialect == Dialect::opencl ? ", 0" : "";
    std::string text;
    size_t place = 0;
    for (const TextCase& c : cases) {
      text += "  " + c.map.name + "(";
      for (const auto& input : c.inputs) {
        const bool scalar = input.size() < elements_ * size_of(c.map.inputs[&input - &c.inputs[0]]);
        text += pointer(place++) + array + (scalar ? ", 0, 0, " : ", 1, 0, ");
      }
      for (size_t i = 0; i < c.map.outputs.size(); ++i) text += pointer(place++) + array + ", ";
      text += std::to_string(elements_) + ");\n";
    }
    return text;
  }

  void read_outputs(std::vector<TextCase>& cases) const {
    size_t place = 0;
    for (TextCase& c : cases) {
      place += c.inputs.size();
      c.outputs.clear();
      for (const DType dtype : c.map.outputs) {
        const auto from = bytes_.begin() + static_cast<ptrdiff_t>(places_[place++]);
        c.outputs.emplace_back(from, from + static_cast<ptrdiff_t>(elements_ * size_of(dtype)));
      }
    }
  }

 private:
  size_t reserve(size_t bytes) {
    places_.push_back(bytes_.size());
    bytes_.resize((bytes_.size() + bytes + 63) / 64 * 64);
    return places_.back();
  }
  std::string pointer(size_t place) const {
    return "PLACE(memory + " + std::to_string(places_[place]) + ")";
  }

  size_t elements_;
  std::vector<std::byte> bytes_;
  std::vector<size_t> places_;
};

}  // namespace millstream
