#define CL_TARGET_OPENCL_VERSION 120
#include <CL/cl.h>

#include <stdexcept>

#include "expr/text_memory.h"

namespace millstream {
namespace {

void check(cl_int status, const char* what) {
  if (status != CL_SUCCESS) throw std::runtime_error(what + (": " + std::to_string(status)));
}

// The first device of the first platform. PoCL, which is the processor, is on any machine.
struct OpenCl {
  cl_device_id device;
  cl_context context;
  cl_command_queue queue;

  OpenCl() {
    cl_platform_id platform;
    check(clGetPlatformIDs(1, &platform, nullptr), "no platform of OpenCL; pocl-opencl-icd is one");
    check(clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, 1, &device, nullptr), "clGetDeviceIDs");
    cl_int status;
    context = clCreateContext(nullptr, 1, &device, nullptr, nullptr, &status);
    check(status, "clCreateContext");
    queue = clCreateCommandQueue(context, device, 0, &status);
    check(status, "clCreateCommandQueue");
  }

  static const OpenCl& get() {
    static const OpenCl* const opencl = new OpenCl();
    return *opencl;
  }

  cl_kernel kernel(const std::string& text, const char* name, std::string options) const {
    cl_device_fp_config single;
    clGetDeviceInfo(device, CL_DEVICE_SINGLE_FP_CONFIG, sizeof(single), &single, nullptr);
    if ((single & CL_FP_CORRECTLY_ROUNDED_DIVIDE_SQRT) != 0) {
      options += " -cl-fp32-correctly-rounded-divide-sqrt";
    }
    const char* source = text.c_str();
    cl_int status;
    const cl_program program = clCreateProgramWithSource(context, 1, &source, nullptr, &status);
    check(status, "clCreateProgramWithSource");
    if (clBuildProgram(program, 1, &device, options.c_str(), nullptr, nullptr) != CL_SUCCESS) {
      std::string log(1 << 16, '\0');
      clGetProgramBuildInfo(program, device, CL_PROGRAM_BUILD_LOG, log.size(), log.data(), nullptr);
      throw std::runtime_error("clBuildProgram: " + log);
    }
    const cl_kernel kernel = clCreateKernel(program, name, &status);
    check(status, "clCreateKernel");
    clReleaseProgram(program);
    return kernel;
  }

  cl_mem buffer(const void* data, size_t bytes) const {
    cl_int status;
    const cl_mem memory =
        clCreateBuffer(context, CL_MEM_COPY_HOST_PTR, bytes, const_cast<void*>(data), &status);
    check(status, "clCreateBuffer");
    return memory;
  }

  void run(cl_kernel kernel, size_t threads) const {
    check(clEnqueueNDRangeKernel(queue, kernel, 1, nullptr, &threads, nullptr, 0, nullptr, nullptr),
          "clEnqueueNDRangeKernel");
    check(clFinish(queue), "clFinish");
    clReleaseKernel(kernel);
  }

  void read(cl_mem memory, void* data, size_t bytes) const {
    check(clEnqueueReadBuffer(queue, memory, CL_TRUE, 0, bytes, data, 0, nullptr, nullptr),
          "clEnqueueReadBuffer");
    clReleaseMemObject(memory);
  }
};

}  // namespace

void run_on_opencl(std::vector<TextCase>& cases, size_t elements, bool narrow) {
  const OpenCl& opencl = OpenCl::get();
  std::vector<MapText> maps;
  for (const TextCase& c : cases) maps.push_back(c.map);
  TextMemory memory(cases, elements);
  std::string text = program_text(Dialect::opencl, maps);
  if (narrow) text = "#undef cl_khr_fp64\n" + text;
  text += "#define PLACE(p) (GLOBAL void*)(p)\nKERNEL all_of_them(GLOBAL char* memory) {\n" +
          memory.calls(Dialect::opencl, cases) + "}\n";
  const cl_kernel kernel = opencl.kernel(text, "all_of_them", "-cl-opt-disable");
  const cl_mem buffer = opencl.buffer(memory.data(), memory.size());
  check(clSetKernelArg(kernel, 0, sizeof(cl_mem), &buffer), "clSetKernelArg");
  opencl.run(kernel, 1);
  opencl.read(buffer, memory.data(), memory.size());
  memory.read_outputs(cases);
}

void run_kernel_on_opencl(TextCase& c, size_t elements, size_t threads) {
  const OpenCl& opencl = OpenCl::get();
  const std::string text = program_text(Dialect::opencl, std::span(&c.map, 1));
  const cl_kernel kernel = opencl.kernel(text, c.map.name.c_str(), "");
  cl_uint position = 0;
  const auto pass = [&](const auto& argument) {
    check(clSetKernelArg(kernel, position++, sizeof(argument), &argument), "clSetKernelArg");
  };
  std::vector<cl_mem> inputs, outputs;
  for (size_t i = 0; i < c.inputs.size(); ++i) {
    inputs.push_back(opencl.buffer(c.inputs[i].data(), c.inputs[i].size()));
    pass(inputs.back());
    pass(cl_long{0});
    pass(cl_long{c.inputs[i].size() == size_of(c.map.inputs[i]) ? 0 : 1});
    check(clSetKernelArg(kernel, position++, size_of(c.map.compute), "\0\0\0\0\0\0\0"),
          "clSetKernelArg");
  }
  c.outputs.clear();
  for (const DType dtype : c.map.outputs) {
    c.outputs.emplace_back(elements * size_of(dtype));
    outputs.push_back(opencl.buffer(c.outputs.back().data(), c.outputs.back().size()));
    pass(outputs.back());
    pass(cl_long{0});
  }
  pass(static_cast<cl_long>(elements));
  opencl.run(kernel, threads);
  for (const cl_mem input : inputs) clReleaseMemObject(input);
  for (size_t i = 0; i < outputs.size(); ++i) {
    opencl.read(outputs[i], c.outputs[i].data(), c.outputs[i].size());
  }
}

}  // namespace millstream
