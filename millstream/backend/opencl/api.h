#pragma once
// What we call of OpenCL 1.2, declared by us and opened at run time: building needs no OpenCL.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace millstream::opencl {

using Status = int32_t;
using Bits = uint64_t;
using Platform = struct PlatformObject*;
using DeviceId = struct DeviceObject*;
using ContextId = struct ContextObject*;
using Queue = struct QueueObject*;
using Memory = struct MemoryObject*;
using Program = struct ProgramObject*;
using Kernel = struct KernelObject*;
using Event = struct EventObject*;

// The numbers are those of cl.h.
inline constexpr Status kSuccess = 0, kDeviceNotFound = -1, kBuildProgramFailure = -11;
inline constexpr Bits kCpuType = 2, kGpuType = 4, kAcceleratorType = 8;
inline constexpr uint32_t kBlocking = 1, kNonBlocking = 0;
inline constexpr Bits kReadWrite = 1;
inline constexpr uint32_t kDeviceType = 0x1000, kDeviceSingleFloats = 0x101B,
                          kDeviceMemory = 0x101F, kDeviceName = 0x102B, kDeviceVendor = 0x102C,
                          kDriverVersion = 0x102D, kDeviceVersion = 0x102F;
inline constexpr Bits kExactDivision = 1 << 7;
inline constexpr uint32_t kBuildLog = 0x1183, kKernelName = 0x1190, kEventStatus = 0x11D3;

struct Api {
  Status (*get_platforms)(uint32_t, Platform*, uint32_t*);
  Status (*get_devices)(Platform, Bits, uint32_t, DeviceId*, uint32_t*);
  Status (*device_info)(DeviceId, uint32_t, size_t, void*, size_t*);
  ContextId (*create_context)(const intptr_t*, uint32_t, const DeviceId*,
                              void (*)(const char*, const void*, size_t, void*), void*, Status*);
  Status (*release_context)(ContextId);
  Queue (*create_queue)(ContextId, DeviceId, Bits, Status*);
  Status (*release_queue)(Queue);
  Memory (*create_buffer)(ContextId, Bits, size_t, void*, Status*);
  Status (*release_memory)(Memory);
  Program (*create_program)(ContextId, uint32_t, const char**, const size_t*, Status*);
  Status (*release_program)(Program);
  Status (*build_program)(Program, uint32_t, const DeviceId*, const char*, void (*)(Program, void*),
                          void*);
  Status (*build_info)(Program, DeviceId, uint32_t, size_t, void*, size_t*);
  Status (*create_kernels)(Program, uint32_t, Kernel*, uint32_t*);
  Status (*kernel_info)(Kernel, uint32_t, size_t, void*, size_t*);
  Status (*release_kernel)(Kernel);
  Status (*set_argument)(Kernel, uint32_t, size_t, const void*);
  Status (*run)(Queue, Kernel, uint32_t, const size_t*, const size_t*, const size_t*, uint32_t,
                const Event*, Event*);
  Status (*read)(Queue, Memory, uint32_t, size_t, size_t, void*, uint32_t, const Event*, Event*);
  Status (*write)(Queue, Memory, uint32_t, size_t, size_t, const void*, uint32_t, const Event*,
                  Event*);
  Status (*event_info)(Event, uint32_t, size_t, void*, size_t*);
  Status (*release_event)(Event);
  Status (*flush)(Queue);
  Status (*finish)(Queue);

  // nullptr where the library cannot be opened; `reason` says why.
  static const Api* open(std::string& reason);
};

// "CL_OUT_OF_RESOURCES (-5)"
std::string status_text(Status status);

}  // namespace millstream::opencl
