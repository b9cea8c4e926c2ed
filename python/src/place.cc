// The line of Python that runs now, kept cheaply for reports about memory.
#include <fmt/format.h>

#include <string_view>
#include <unordered_map>

#include "python/src/place.h"

namespace millstream::python {
namespace {

// While this thread computes without the GIL: where it was when it gave it up.
thread_local Place left_at;

std::string_view file_of(PyCodeObject* code) {
  Py_ssize_t size = 0;
  const char* text = PyUnicode_AsUTF8AndSize(code->co_filename, &size);
  if (text == nullptr) {
    PyErr_Clear();
    return "";
  }
  return {text, static_cast<size_t>(size)};
}

// Whether it is the user's, not the package's. Keeps the code, so that a Place stays valid.
bool is_users(PyCodeObject* code) {
  static const std::string package =
      nb::cast<std::string>(nb::module_::import_("millstream._caller").attr("_PACKAGE"));
  static auto* const known = new std::unordered_map<PyCodeObject*, bool>();
  const auto [entry, added] = known->try_emplace(code, false);
  if (added) {
    Py_INCREF(code);
    entry->second = !file_of(code).starts_with(package);
  }
  return entry->second;
}

// With the GIL held.
Place innermost() {
  auto* frame =
      reinterpret_cast<PyFrameObject*>(Py_XNewRef(reinterpret_cast<PyObject*>(PyEval_GetFrame())));
  Place place;
  while (frame != nullptr && place.code == nullptr) {
    const nb::object held = nb::steal(reinterpret_cast<PyObject*>(frame));
    const nb::object code = nb::steal(reinterpret_cast<PyObject*>(PyFrame_GetCode(frame)));
    if (is_users(reinterpret_cast<PyCodeObject*>(code.ptr()))) {
      place = {.code = code.ptr(), .at = PyFrame_GetLineNumber(frame)};
    }
    frame = PyFrame_GetBack(frame);
  }
  Py_XDECREF(frame);
  return place;
}

Place now() { return PyGILState_Check() != 0 ? innermost() : left_at; }

std::string describe(const Place& place) {
  const nb::gil_scoped_acquire gil;
  auto* const code = static_cast<PyCodeObject*>(const_cast<void*>(place.code));
  return fmt::format("{}:{}", file_of(code), place.at);
}

}  // namespace

PlaceKept::PlaceKept() { left_at = innermost(); }
PlaceKept::~PlaceKept() { left_at = Place(); }

void bind_places() { set_place_teller({.now = &now, .describe = &describe}); }

}  // namespace millstream::python
