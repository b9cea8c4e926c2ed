#include "millstream/base/caller.h"

#include <cxxabi.h>
#include <dlfcn.h>
#include <execinfo.h>
#include <fmt/format.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <memory>

namespace millstream {
namespace {

std::atomic<std::string (*)()> binding{nullptr};

std::string demangled(const char* symbol) {
  int status = 0;
  const std::unique_ptr<char, decltype(&std::free)> text(
      abi::__cxa_demangle(symbol, nullptr, nullptr, &status), &std::free);
  return status == 0 ? text.get() : symbol;
}

std::string describe(const void* address, const Dl_info& info) {
  // One byte back from the return address lies the call.
  const auto offset =
      reinterpret_cast<uintptr_t>(address) - reinterpret_cast<uintptr_t>(info.dli_fbase) - 1;
  const std::string function =
      info.dli_sname != nullptr ? demangled(info.dli_sname) + " in " : std::string();
  return fmt::format("{}{} (addr2line -e {} {:#x})", function, info.dli_fname, info.dli_fname,
                     offset);
}

}  // namespace

std::string caller() {
  if (const auto function = binding.load()) {
    if (std::string text = function(); !text.empty()) return text;
  }
  Dl_info own{};
  dladdr(reinterpret_cast<const void*>(&caller), &own);
  std::array<void*, 64> frames;
  const int count = backtrace(frames.data(), static_cast<int>(frames.size()));
  bool inside = false;  // of us: a sanitizer has a backtrace() of its own, further in
  for (int i = 0; i < count; ++i) {
    Dl_info info{};
    if (dladdr(frames[i], &info) == 0) continue;
    if (inside && info.dli_fbase != own.dli_fbase) return describe(frames[i], info);
    inside = inside || info.dli_fbase == own.dli_fbase;
  }
  return "a place that cannot be told";
}

void set_caller(std::string (*function)()) { binding = function; }

}  // namespace millstream
