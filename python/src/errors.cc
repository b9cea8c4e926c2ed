// C++ exceptions as Python's. The classes of tf.errors are written in Python (errors.py), which
// hands in the function that makes one from the fields of an Error.
#include <fmt/format.h>

#include "python/src/binding.h"

namespace millstream::python {
namespace {

// errors.py: (code, text, message, op, device, inputs, hint) -> exception
PyObject* make_error = nullptr;

void raise_error(const Error& error) {
  if (make_error == nullptr) {
    PyErr_SetString(PyExc_RuntimeError, error.what());
    return;
  }
  const nb::object exception = nb::handle(make_error)(
      static_cast<int>(error.code()), std::string(error.what()), error.message(), error.op(),
      error.device(), error.inputs(), error.hint());
  PyErr_SetObject(reinterpret_cast<PyObject*>(Py_TYPE(exception.ptr())), exception.ptr());
}

void raise_builtin(const nb::builtin_exception& error) {
  PyObject* type = PyExc_RuntimeError;
  switch (error.type()) {
    case nb::exception_type::value_error: type = PyExc_ValueError; break;
    case nb::exception_type::type_error: type = PyExc_TypeError; break;
    case nb::exception_type::index_error: type = PyExc_IndexError; break;
    case nb::exception_type::buffer_error: type = PyExc_BufferError; break;
    case nb::exception_type::attribute_error: type = PyExc_AttributeError; break;
    case nb::exception_type::stop_iteration: type = PyExc_StopIteration; break;
    default: break;
  }
  PyErr_SetString(type, error.what());
}

size_t edit_distance(const std::string& a, const std::string& b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t changed = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, changed});
    }
  }
  return row[b.size()];
}

}  // namespace

void set_python_error() noexcept {
  try {
    try {
      throw;
    } catch (const Error& error) {
      raise_error(error);
    } catch (nb::python_error& error) {
      error.restore();
    } catch (const nb::builtin_exception& error) {
      raise_builtin(error);
    } catch (const std::bad_alloc&) {
      PyErr_NoMemory();
    } catch (const std::exception& error) {
      PyErr_SetString(PyExc_RuntimeError, error.what());
    }
  } catch (nb::python_error& error) {  // while the exception was made
    error.restore();
  } catch (...) {
    PyErr_SetString(PyExc_SystemError, "an error could not be reported");
  }
}

void throw_type_error(const std::string& message) { throw nb::type_error(message.c_str()); }
void throw_value_error(const std::string& message) { throw nb::value_error(message.c_str()); }

std::string describe(PyObject* value) {
  constexpr size_t limit = 120;
  std::string text;
  try {
    text = nb::cast<std::string>(nb::repr(nb::handle(value)));
  } catch (...) {
    text = "an object that has no repr";
  }
  if (text.size() > limit) {
    size_t end = limit;
    while (end > 0 && (text[end] & 0xC0) == 0x80) --end;  // not within a character
    text = text.substr(0, end) + "...";
  }
  return text;
}

std::string type_name(PyObject* value) {
  return nb::cast<std::string>(nb::str(nb::handle(reinterpret_cast<PyObject*>(Py_TYPE(value)))));
}

std::string nearest(const std::string& word, const std::vector<std::string>& candidates) {
  std::string best;
  size_t least = word.size() / 3 + 1;
  for (const std::string& candidate : candidates) {
    if (const size_t distance = edit_distance(word, candidate); distance < least) {
      least = distance;
      best = candidate;
    }
  }
  return best;
}

void bind_errors(nb::module_& m) {
  nb::register_exception_translator([](const std::exception_ptr& error, void*) {
    try {
      std::rethrow_exception(error);
    } catch (const Error& e) {
      raise_error(e);
    }
  });
  m.def("set_error_factory", [](nb::object f) { make_error = f.release().ptr(); });
  m.def("nearest", &nearest, nb::arg("word"), nb::arg("candidates"));
}

}  // namespace millstream::python
