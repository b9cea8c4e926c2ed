// millstream._core: what the Python package is made of. `millstream/__init__.py` shapes it.
#include "python/src/binding.h"

NB_MODULE(_core, m) {
  namespace python = millstream::python;
  // Dtypes, ops and classes live as long as the process.
  nanobind::set_leak_warnings(false);
  m.attr("__version__") = MILLSTREAM_VERSION;
  python::bind_errors(m);
  python::bind_dtypes(m);
  python::bind_tensor(m);
  python::bind_variable(m);
  python::bind_conversion(m);
  python::bind_dlpack(m);
  python::bind_op_functions(m);
  python::bind_tape(m);
  python::bind_devices(m);
  python::bind_config(m);
}
