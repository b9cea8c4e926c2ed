#pragma once
// None and std::optional, and Python's own exceptions for ours.
#include <stdexcept>

#include "python/src/binding.h"

namespace millstream::python {

template <class T>
nb::object optional(const std::optional<T>& value) {
  return value ? nb::cast(*value) : nb::none();
}

template <class T>
std::optional<T> optional_of(nb::handle value) {
  return value.is_none() ? std::nullopt : std::optional(nb::cast<T>(value));
}

// f(), raising ValueError and RuntimeError where TensorFlow does so.
template <class F>
auto with_builtin_errors(F&& f) {
  try {
    return f();
  } catch (const InvalidArgument& error) {
    throw nb::value_error(error.what());
  } catch (const FailedPrecondition& error) {
    throw std::runtime_error(error.what());
  }
}

}  // namespace millstream::python
