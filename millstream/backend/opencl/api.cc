#include "millstream/backend/opencl/api.h"

#include <dlfcn.h>
#include <fmt/format.h>

#include <iterator>

namespace millstream::opencl {
namespace {

constexpr const char* kLibrary = "libOpenCL.so.1";

struct Loaded {
  Api api;
  std::string reason;
};

template <class F>
void load(void* library, F*& function, const char* name, std::string& reason) {
  function = reinterpret_cast<F*>(dlsym(library, name));
  if (function == nullptr && reason.empty()) {
    reason = fmt::format("{} has no {}: OpenCL 1.2 is needed", kLibrary, name);
  }
}

Loaded load_all() {
  Loaded loaded;
  Api& a = loaded.api;
  void* const library = dlopen(kLibrary, RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    loaded.reason = fmt::format("{} cannot be opened: {}", kLibrary, dlerror());
    return loaded;
  }
  const auto get = [&](auto*& function, const char* name) {
    load(library, function, name, loaded.reason);
  };
  get(a.get_platforms, "clGetPlatformIDs");
  get(a.get_devices, "clGetDeviceIDs");
  get(a.device_info, "clGetDeviceInfo");
  get(a.create_context, "clCreateContext");
  get(a.release_context, "clReleaseContext");
  get(a.create_queue, "clCreateCommandQueue");
  get(a.release_queue, "clReleaseCommandQueue");
  get(a.create_buffer, "clCreateBuffer");
  get(a.release_memory, "clReleaseMemObject");
  get(a.create_program, "clCreateProgramWithSource");
  get(a.release_program, "clReleaseProgram");
  get(a.build_program, "clBuildProgram");
  get(a.build_info, "clGetProgramBuildInfo");
  get(a.create_kernels, "clCreateKernelsInProgram");
  get(a.kernel_info, "clGetKernelInfo");
  get(a.release_kernel, "clReleaseKernel");
  get(a.set_argument, "clSetKernelArg");
  get(a.run, "clEnqueueNDRangeKernel");
  get(a.read, "clEnqueueReadBuffer");
  get(a.write, "clEnqueueWriteBuffer");
  get(a.event_info, "clGetEventInfo");
  get(a.release_event, "clReleaseEvent");
  get(a.flush, "clFlush");
  get(a.finish, "clFinish");
  return loaded;
}

constexpr const char* kNames[] = {"CL_SUCCESS",
                                  "CL_DEVICE_NOT_FOUND",
                                  "CL_DEVICE_NOT_AVAILABLE",
                                  "CL_COMPILER_NOT_AVAILABLE",
                                  "CL_MEM_OBJECT_ALLOCATION_FAILURE",
                                  "CL_OUT_OF_RESOURCES",
                                  "CL_OUT_OF_HOST_MEMORY"};

}  // namespace

const Api* Api::open(std::string& reason) {
  static const auto* const loaded = new Loaded(load_all());
  reason = loaded->reason;
  return reason.empty() ? &loaded->api : nullptr;
}

std::string status_text(Status status) {
  const auto index = static_cast<size_t>(-static_cast<int64_t>(status));
  const char* name = index < std::size(kNames) ? kNames[index] : "error";
  return fmt::format("{} ({})", name, status);
}

}  // namespace millstream::opencl
