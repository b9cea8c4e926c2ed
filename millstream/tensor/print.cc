// Tensors as TensorFlow prints them, their values as NumPy 2 does.
#include <fmt/format.h>

#include "millstream/tensor/number_text.h"
#include "millstream/tensor/tensor.h"

namespace millstream {
namespace {

constexpr int64_t kThreshold = 1000;  // elements from which on only the edges are shown
constexpr int64_t kEdge = 3;          // places at either end of an axis
constexpr size_t kLineWidth = 75;

std::string python_tuple(const Shape& shape) {
  std::string text = "(";
  for (int i = 0; i < shape.rank(); ++i) {
    text += std::to_string(shape[i]);
    if (i + 1 < shape.rank() || shape.rank() == 1) text += ",";
    if (i + 1 < shape.rank()) text += " ";
  }
  return text + ")";
}

// The elements that are shown, each a word.
class Words {
 public:
  explicit Words(const Tensor& x)
      : x_(x), summary_(x.elements() > kThreshold), words_(make_words()) {}

  bool cut(int axis) const { return summary_ && x_.dim(axis) > 2 * kEdge; }
  int64_t places(int axis) const { return cut(axis) ? 2 * kEdge : x_.dim(axis); }
  const std::string& next() { return words_[at_++]; }

 private:
  // Calls f(offset) for every element that is shown.
  template <class F>
  void each(int axis, int64_t offset, F&& f) const {
    if (axis == x_.rank()) return f(offset);
    for (int64_t i = 0; i < places(axis); ++i) {
      const int64_t place = cut(axis) && i >= kEdge ? x_.dim(axis) - 2 * kEdge + i : i;
      each(axis + 1, offset + place * x_.strides()[axis], f);
    }
  }

  template <class T, class Printed = T>
  std::vector<std::string> words_of() const {
    const T* data = x_.data<T>();
    std::vector<Printed> values;
    each(0, 0, [&](int64_t offset) { values.push_back(static_cast<Printed>(data[offset])); });
    if (x_.rank() == 0) return {scalar_text(values[0])};
    return array_words(values);
  }

  std::vector<std::string> make_words() const {
    return dispatch(x_.dtype(), [&]<class T>(std::type_identity<T>) {
      if constexpr (std::is_same_v<T, bool>) {
        std::vector<std::string> words;
        each(0, 0, [&](int64_t offset) {
          words.push_back(x_.data<bool>()[offset] ? x_.rank() == 0 ? "True" : " True" : "False");
        });
        return words;
      } else if constexpr (std::is_integral_v<T>) {
        return words_of<T, std::conditional_t<std::is_signed_v<T>, int64_t, uint64_t>>();
      } else {
        return words_of<T>();
      }
    });
  }

  const Tensor& x_;
  bool summary_;
  std::vector<std::string> words_;
  size_t at_ = 0;
};

// Words within brackets, broken into lines.
class Layout {
 public:
  Layout(const Tensor& x, std::string_view separator, size_t width)
      : rank_(x.rank()), words_(x), separator_(separator), width_(width) {}

  std::string write(size_t indent) { return write(0, indent, width_); }

 private:
  // The separator without its trailing space.
  std::string_view mark() const { return separator_.substr(0, separator_.size() - 1); }

  std::string write(int axis, size_t indent, size_t width) {
    if (axis == rank_) return words_.next();
    std::string text =
        axis == rank_ - 1 ? write_row(axis, indent, width) : write_blocks(axis, indent, width);
    return "[" + text.substr(indent) + "]";
  }

  std::string write_row(int axis, size_t indent, size_t width) {
    const size_t room = width - std::max<size_t>(mark().size(), 1);
    std::string text, line(indent, ' ');
    const auto add = [&](std::string_view word) {
      if (line.size() + word.size() > room && line.size() > indent) {
        text += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
        line.assign(indent, ' ');
      }
      line += word;
    };
    const int64_t places = words_.places(axis);
    for (int64_t i = 0; i < places; ++i) {
      if (words_.cut(axis) && i == kEdge) {
        add("...");
        line += separator_;
      }
      add(words_.next());
      if (i + 1 < places) line += separator_;
    }
    return text + line;
  }

  std::string write_blocks(int axis, size_t indent, size_t width) {
    const std::string lead(indent, ' ');
    const std::string gap =
        std::string(mark()) + std::string(static_cast<size_t>(rank_ - axis - 1), '\n');
    std::string text;
    const int64_t places = words_.places(axis);
    for (int64_t i = 0; i < places; ++i) {
      if (words_.cut(axis) && i == kEdge) text += lead + "..." + gap;
      text += lead + write(axis + 1, indent + 1, width - 1);
      if (i + 1 < places) text += gap;
    }
    return text;
  }

  int rank_;
  Words words_;
  std::string_view separator_;
  size_t width_;
};

std::string array_str(const Tensor& x) {
  if (x.elements() == 0) return "[]";
  return Layout(x, " ", kLineWidth).write(1);
}

// As Python writes the number, which is a double for every floating dtype.
std::string scalar_repr(const Tensor& x) {
  return is_floating(x.dtype()) ? scalar_text(x.item<double>()) : array_str(x);
}

// "array([1., 2.], dtype=float32)"
std::string array_repr(const Tensor& x) {
  if (x.rank() == 0) return scalar_repr(x);
  constexpr std::string_view head = "array(";
  std::string text(head);
  text += x.elements() == 0 ? "[]" : Layout(x, ", ", kLineWidth - 1).write(head.size() + 1);
  std::string extras;
  const bool empty = x.elements() == 0;
  if ((empty && x.shape() != Shape{0}) || x.elements() > kThreshold) {
    extras = "shape=" + python_tuple(x.shape());
  }
  const bool implied = x.dtype() == boolean || x.dtype() == int64 || x.dtype() == float64;
  if (!implied || empty) {
    extras += fmt::format("{}dtype={}", extras.empty() ? "" : ", ", name_of(x.dtype()));
  }
  if (extras.empty()) return text + ")";
  text += ",";
  const size_t line = text.size() - (text.rfind('\n') + 1);
  const bool fits = line + extras.size() + 2 <= kLineWidth;
  return text + (fits ? " " : "\n" + std::string(head.size(), ' ')) + extras + ")";
}

std::string below_if_long(const std::string& text) {
  return text.find('\n') == text.npos ? text : "\n" + text;
}

}  // namespace

std::string Tensor::to_string() const {
  if (!defined()) return "tf.Tensor(undefined)";
  const Tensor x = device().backend() == Backend::cpu ? *this : host();
  return fmt::format("tf.Tensor({}, shape={}, dtype={})", below_if_long(array_str(x)),
                     python_tuple(shape()), name_of(dtype()));
}

std::string Tensor::repr() const {
  if (!defined()) return "<tf.Tensor: undefined>";
  const Tensor x = device().backend() == Backend::cpu ? *this : host();
  return fmt::format("<tf.Tensor: shape={}, dtype={}, numpy={}>", python_tuple(shape()),
                     name_of(dtype()), below_if_long(array_repr(x)));
}

}  // namespace millstream
