#pragma once
// What we call of the CUDA driver, declared by us and opened at run time: building needs no CUDA.
#include <cstddef>
#include <cstdint>
#include <string>

namespace millstream::cuda {

using Status = int;        // CUresult
using DeviceId = int;      // CUdevice
using Address = uint64_t;  // CUdeviceptr
using ContextId = struct ContextObject*;
using Stream = struct StreamObject*;
using Module = struct ModuleObject*;
using Kernel = struct KernelObject*;

struct Uuid {
  unsigned char bytes[16];
};

// The numbers are those of cuda.h.
inline constexpr Status kSuccess = 0, kOutOfMemory = 2, kDeinitialized = 4;
inline constexpr unsigned kNonBlocking = 1;
inline constexpr int kCapabilityMajor = 75, kCapabilityMinor = 76;

struct Driver {
  Status (*init)(unsigned flags);
  Status (*version)(int* version);  // 12040 is 12.4
  Status (*error_name)(Status, const char** name);
  Status (*error_text)(Status, const char** text);

  Status (*device_count)(int* count);
  Status (*device)(DeviceId* device, int ordinal);
  Status (*device_name)(char* name, int size, DeviceId);
  Status (*device_uuid)(Uuid* uuid, DeviceId);
  Status (*device_pci)(char* id, int size, DeviceId);
  Status (*device_memory)(size_t* bytes, DeviceId);
  Status (*device_attribute)(int* value, int attribute, DeviceId);

  Status (*retain_context)(ContextId* context, DeviceId);
  Status (*set_context)(ContextId context);
  Status (*create_stream)(Stream* stream, unsigned flags);
  Status (*synchronize)(Stream stream);

  Status (*allocate)(Address* address, size_t bytes);
  Status (*free)(Address address);
  Status (*free_memory)(size_t* free, size_t* total);
  Status (*copy_in)(Address to, const void* from, size_t bytes, Stream);
  Status (*copy_out)(void* to, Address from, size_t bytes, Stream);

  Status (*load)(Module* module, const void* image);
  Status (*find)(Kernel* kernel, Module, const char* name);
  Status (*launch)(Kernel, unsigned grid_x, unsigned grid_y, unsigned grid_z, unsigned block_x,
                   unsigned block_y, unsigned block_z, unsigned shared_bytes, Stream,
                   void** arguments, void** extra);

  // nullptr where the library cannot be opened or is too old; `reason` says why.
  static const Driver* open(std::string& reason);

  // "CUDA_ERROR_NO_DEVICE (100): no CUDA-capable device is detected"
  std::string text(Status status) const;
};

}  // namespace millstream::cuda
