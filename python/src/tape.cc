// tf.GradientTape's part in C++; _tape.py adds nested structures.
#include <fmt/format.h>

#include <memory>

#include "millstream/autodiff/tape.h"
#include "millstream/ops/array.h"
#include "python/src/binding.h"

namespace millstream::python {
namespace {

// A GradientTape that begins when its scope is entered, on that thread.
class Tape {
 public:
  explicit Tape(TapeOptions options) : options_(options) {}

  bool recording() const { return tape_ != nullptr && tape_->active(); }
  void start() {
    if (recording()) {
      throw_value_error(
          "Tape is still recording, This can happen if you try to re-enter an "
          "already-active tape.");
    }
    if (tape_ == nullptr) {
      tape_ = std::make_unique<GradientTape>(options_);
    } else {
      tape_->resume();
    }
  }
  void stop() {
    if (!recording()) throw_value_error("Tape is not recording.");
    tape_->stop();
  }
  void reset() {
    if (!recording()) throw_value_error("Tape is not recording.");
    tape_->reset();
  }
  // For watch(), which TensorFlow allows before the scope too.
  GradientTape& get() {
    if (tape_ == nullptr) {
      tape_ = std::make_unique<GradientTape>(options_);
      tape_->stop();
    }
    return *tape_;
  }
  bool persistent() const { return options_.persistent; }

 private:
  TapeOptions options_;
  std::unique_ptr<GradientTape> tape_;
};

Source source_of(PyObject* object) {
  if (is_variable(object)) return variable_of(object);
  if (is_tensor(object)) return tensor_of(object);
  throw_type_error(fmt::format("a source of a gradient must be a Tensor or a Variable, not {}",
                               describe(object)));
}

Tensor target_of(PyObject* object) {
  Tensor target = tensor_or_value(object);
  if (target.defined()) return target;
  throw_type_error(
      fmt::format("Argument `target` should be a list or nested structure of Tensors, "
                  "Variables or CompositeTensors to be differentiated, but received "
                  "{}.",
                  describe(object)));
}

template <class F>
auto as_runtime_error(F&& f) {
  try {
    return f();
  } catch (const FailedPrecondition& error) {
    throw std::runtime_error(error.message());
  }
}

// What flows into a target: None stands for ones.
Tensor given_gradient(const Tensor& target, PyObject* value) {
  if (value == Py_None) return {};
  const Tensor given = to_tensor(value, {.dtype = target.dtype()});
  if (!(given.shape() == target.shape()) || given.dtype() != target.dtype()) {
    throw InvalidArgument(
        {.message = fmt::format("an output gradient of {} for a target of {}",
                                to_string(Spec{given.dtype(), given.shape()}),
                                to_string(Spec{target.dtype(), target.shape()}))});
  }
  return given;
}

nb::list gradient(Tape& tape, const nb::list& targets, const nb::list& sources,
                  const nb::list& output_gradients, bool zero) {
  Tensors target_tensors;
  std::vector<Source> source_list;
  GradientOptions options{.unconnected_gradients =
                              zero ? UnconnectedGradients::zero : UnconnectedGradients::none};
  if (output_gradients.size() != 0 && output_gradients.size() != targets.size()) {
    throw_value_error(
        fmt::format("{} output_gradients for {} targets", output_gradients.size(), targets.size()));
  }
  for (size_t i = 0; i < targets.size(); ++i) {
    const Tensor target = target_of(nb::handle(targets[i]).ptr());
    if (!is_floating(target.dtype())) continue;  // nothing flows from integers
    target_tensors.push_back(target);
    if (output_gradients.size() == 0) continue;
    const nb::object given = output_gradients[i];
    options.output_gradients.push_back(given_gradient(target, given.ptr()));
  }
  for (const nb::handle source : sources) source_list.push_back(source_of(source.ptr()));
  const Tensors gradients = as_runtime_error([&] {
    const nb::gil_scoped_release release;
    return tape.get().gradient(target_tensors, source_list, options);
  });
  nb::list results;
  for (const Tensor& result : gradients) results.append(nb::steal(wrap(result)));
  return results;
}

nb::list jacobian(Tape& tape, nb::handle target, const nb::list& sources, bool zero, bool batch) {
  const Tensor of = target_of(target.ptr());
  const auto unconnected = zero ? UnconnectedGradients::zero : UnconnectedGradients::none;
  std::vector<Source> source_list;
  for (const nb::handle source : sources) source_list.push_back(source_of(source.ptr()));
  const Tensors jacobians = as_runtime_error([&] {
    const nb::gil_scoped_release release;
    if (batch) return Tensors{tape.get().batch_jacobian(of, source_list[0], unconnected)};
    return tape.get().jacobian(of, source_list, unconnected);
  });
  nb::list results;
  for (const Tensor& result : jacobians) results.append(nb::steal(wrap(result)));
  return results;
}

void watch(Tape& tape, nb::handle object) {
  if (is_variable(object.ptr())) {
    tape.get().watch(variable_of(object.ptr()));
  } else if (is_tensor(object.ptr())) {
    tape.get().watch(tensor_of(object.ptr()));
  } else {
    throw_value_error(
        fmt::format("Passed in object {} of type '{}', not tf.Tensor or tf.Variable or "
                    "ExtensionType.",
                    describe(object.ptr()), type_name(object.ptr())));
  }
}

nb::object tuple_of(std::span<const Tensor> tensors) {
  const nb::object tuple = nb::steal(PyTuple_New(static_cast<Py_ssize_t>(tensors.size())));
  for (size_t i = 0; i < tensors.size(); ++i) {
    PyTuple_SET_ITEM(tuple.ptr(), static_cast<Py_ssize_t>(i), wrap(tensors[i]));
  }
  return tuple;
}

Tensors tensors_of(const nb::handle list) {
  Tensors tensors;
  for (const nb::handle item : list) {
    tensors.push_back(item.is_none() ? Tensor() : to_tensor(item.ptr()));
  }
  return tensors;
}

// Of a function (inputs) -> (outputs, gradient), where gradient maps a tuple of output gradients to
// a list of input gradients. It may run on a tape's thread without the GIL.
nb::object call_custom_gradient(const nb::object& f, const nb::list& inputs) {
  const Tensors tensors = tensors_of(inputs);
  const auto traced = [&](std::span<const Tensor>) -> WithGradient {
    const nb::tuple result = nb::cast<nb::tuple>(f(inputs));
    PyObject* function = nb::object(result[1]).release().ptr();
    const std::shared_ptr<PyObject> held(function, [](PyObject* object) {
      if (!Py_IsInitialized()) return;
      const nb::gil_scoped_acquire acquire;
      Py_DECREF(object);
    });
    return {tensors_of(result[0]), [held](std::span<const Tensor> grads) {
              const nb::gil_scoped_acquire acquire;
              return tensors_of(nb::handle(held.get())(tuple_of(grads)));
            }};
  };
  return tuple_of(custom_gradient(traced, tensors));
}

}  // namespace

void bind_tape(nb::module_& m) {
  nb::class_<Tape>(m, "Tape", nb::dynamic_attr(), nb::is_weak_referenceable())
      .def("__init__",
           [](Tape* self, bool persistent, bool watch_accessed_variables) {
             new (self) Tape({persistent, watch_accessed_variables});
           })
      .def_prop_ro("recording", &Tape::recording)
      .def_prop_ro("persistent", &Tape::persistent)
      .def("start", &Tape::start)
      .def("stop", &Tape::stop)
      .def("reset", &Tape::reset, "Forgets all that was recorded.")
      .def("watch_one", &watch, nb::arg("tensor").none())
      .def("watched_ids",
           [](Tape& tape) {
             nb::list ids;
             for (const Variable& variable : tape.get().watched_variables()) {
               ids.append(variable.id());
             }
             return ids;
           })
      .def("flat_gradient", &gradient)
      .def("flat_jacobian", &jacobian);
  m.def("call_custom_gradient", &call_custom_gradient);
}

}  // namespace millstream::python
