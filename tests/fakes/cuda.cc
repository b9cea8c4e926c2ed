// libcuda.so.1 for a machine without a GPU: the driver's entry points over host memory. Kernels are
// loaded and launched, but compute nothing. What it pretends, and what fails, is said by
//
//   MILLSTREAM_FAKE_CUDA="devices=2 memory=1073741824 capability=9.0 driver=12040
//   fail=cuInit:1:100"
//
// where fail=<function>:<nth call>:<status> may be repeated; a status of 700 and above stays, as a
// lost context does.
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <sstream>
#include <string>
#include <vector>

namespace {

constexpr int kSticky = 700;

struct Fault {
  std::string function;
  int call, status;
};

struct Machine {
  int devices = 1, driver = 12040, major = 9, minor = 0;
  size_t memory = size_t{1} << 30;
  std::vector<Fault> faults;

  std::mutex mutex;
  std::map<std::string, int> calls;
  std::map<int, std::map<char*, size_t>> blocks;  // by device
  int lost = 0;

  Machine() {
    const char* text = std::getenv("MILLSTREAM_FAKE_CUDA");
    std::istringstream words(text == nullptr ? "" : text);
    for (std::string word; words >> word;) set(word);
  }

  void set(const std::string& word) {
    const size_t equals = word.find('=');
    const std::string key = word.substr(0, equals), value = word.substr(equals + 1);
    char function[64];
    Fault fault;
    if (key == "devices") devices = std::stoi(value);
    if (key == "driver") driver = std::stoi(value);
    if (key == "memory") memory = std::stoull(value);
    if (key == "capability") std::sscanf(value.c_str(), "%d.%d", &major, &minor);
    if (key == "fail" &&
        std::sscanf(value.c_str(), "%63[^:]:%d:%d", function, &fault.call, &fault.status) == 3) {
      fault.function = function;
      faults.push_back(fault);
    }
  }

  // The status of this call of the function.
  int enter(const char* function) {
    const int call = ++calls[function];
    if (lost != 0) return lost;
    for (const Fault& fault : faults) {
      if (fault.function != function || fault.call != call) continue;
      if (fault.status >= kSticky) lost = fault.status;
      return fault.status;
    }
    return 0;
  }

  size_t used(int device) {
    size_t sum = 0;
    for (const auto& [block, bytes] : blocks[device]) sum += bytes;
    return sum;
  }
};

Machine& machine() {
  static Machine* const only = new Machine();
  return *only;
}

// A context, and all that is made in it, is known by the number of its device plus one.
thread_local int current = 0;

void* handle(int number) { return reinterpret_cast<void*>(static_cast<intptr_t>(number)); }

template <class F>
int run(const char* function, F&& f) {
  std::lock_guard lock(machine().mutex);
  const int status = machine().enter(function);
  if (status == 0) f();
  return status;
}

}  // namespace

#define ENTRY(f) run(__func__, [&] { f; })

extern "C" {

int cuInit(unsigned) { return ENTRY(); }
// NVIDIA's compiler asks for what the real driver offers it beside its interface.
int cuGetExportTable(const void** table, const void*) {
  *table = nullptr;
  return 500;
}
int cuDriverGetVersion(int* version) { return ENTRY(*version = machine().driver); }

int cuGetErrorName(int status, const char** name) {
  const std::map<int, const char*> names = {{2, "CUDA_ERROR_OUT_OF_MEMORY"},
                                            {100, "CUDA_ERROR_NO_DEVICE"},
                                            {700, "CUDA_ERROR_ILLEGAL_ADDRESS"},
                                            {719, "CUDA_ERROR_LAUNCH_FAILED"},
                                            {803, "CUDA_ERROR_SYSTEM_DRIVER_MISMATCH"}};
  const auto found = names.find(status);
  *name = found == names.end() ? nullptr : found->second;
  return 0;
}
int cuGetErrorString(int, const char** text) {
  *text = "as the fake driver was told";
  return 0;
}

int cuDeviceGetCount(int* count) { return ENTRY(*count = machine().devices); }
int cuDeviceGet(int* device, int ordinal) { return ENTRY(*device = ordinal); }
int cuDeviceGetName(char* name, int size, int) {
  return ENTRY(std::snprintf(name, static_cast<size_t>(size), "Fake GPU"));
}
int cuDeviceGetUuid_v2(unsigned char* uuid, int device) {
  return ENTRY(std::memset(uuid, device + 1, 16));
}
int cuDeviceGetPCIBusId(char* id, int size, int device) {
  return ENTRY(std::snprintf(id, static_cast<size_t>(size), "0000:%02x:00.0", device + 1));
}
int cuDeviceTotalMem_v2(size_t* bytes, int) { return ENTRY(*bytes = machine().memory); }
int cuDeviceGetAttribute(int* value, int attribute, int) {
  return ENTRY(*value = attribute == 75 ? machine().major : machine().minor);
}

int cuDevicePrimaryCtxRetain(void** context, int device) {
  return ENTRY(*context = handle(device + 1));
}
int cuCtxSetCurrent(void* context) {
  return ENTRY(current = static_cast<int>(reinterpret_cast<intptr_t>(context)));
}
int cuStreamCreate(void** stream, unsigned) { return ENTRY(*stream = handle(current)); }
int cuStreamSynchronize(void*) { return ENTRY(); }

int cuMemAlloc_v2(unsigned long long* address, size_t bytes) {
  bool full = false;
  const int status = run(__func__, [&] {
    full = machine().used(current) + bytes > machine().memory;
    if (full) return;
    char* const block = static_cast<char*>(std::malloc(bytes));
    machine().blocks[current][block] = bytes;
    *address = reinterpret_cast<unsigned long long>(block);
  });
  return full ? 2 : status;
}
int cuMemFree_v2(unsigned long long address) {
  bool known = false;
  const int status = run(__func__, [&] {
    char* const block = reinterpret_cast<char*>(address);
    known = machine().blocks[current].erase(block) == 1;
    if (known) std::free(block);
  });
  return status != 0 ? status : known ? 0 : 1;
}
int cuMemGetInfo_v2(size_t* free, size_t* total) {
  return ENTRY(*total = machine().memory; *free = *total - machine().used(current));
}
int cuMemcpyHtoDAsync_v2(unsigned long long to, const void* from, size_t bytes, void*) {
  return ENTRY(std::memcpy(reinterpret_cast<void*>(to), from, bytes));
}
int cuMemcpyDtoHAsync_v2(void* to, unsigned long long from, size_t bytes, void*) {
  return ENTRY(std::memcpy(to, reinterpret_cast<const void*>(from), bytes));
}

int cuModuleLoadData(void** module, const void*) { return ENTRY(*module = handle(current)); }
int cuModuleGetFunction(void** kernel, void* module, const char*) {
  return ENTRY(*kernel = module);
}
int cuLaunchKernel(void*, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned,
                   void*, void**, void**) {
  return ENTRY();
}

}  // extern "C"
