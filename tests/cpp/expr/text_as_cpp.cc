#include <dlfcn.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>

#include "expr/text_memory.h"

namespace millstream {
namespace {

// CUDA's own words, for one thread.
constexpr const char* kCudaWords = R"(
#include <math.h>
#include <string.h>
#include "millstream/tensor/half.h"
#define __global__
#define __device__
struct { unsigned int x, y, z; } blockIdx = {0}, threadIdx = {0}, blockDim = {1}, gridDim = {1};
static float __uint_as_float(unsigned int bits) { float f; memcpy(&f, &bits, 4); return f; }
static unsigned int __float_as_uint(float f) { unsigned int bits; memcpy(&bits, &f, 4); return bits; }
static float half_value(unsigned short bits) {
  millstream::float16_t half;
  half.bits = bits;
  return half;
}
static unsigned short half_bits(float value) { return millstream::float16_t(value).bits; }
)";

constexpr const char* kCall = R"(
struct Place {
  char* p;
  template <class T> operator T*() const { return (T*)p; }
};
#define PLACE(p) Place{p}
KERNEL all_of_them(char* memory) {
)";

void replace(std::string& text, const std::string& what, const std::string& by) {
  const size_t at = text.find(what);
  if (at == text.npos) throw std::runtime_error("the prelude lacks " + what);
  text.replace(at, what.size(), by);
}

std::string cpp_text(const std::vector<TextCase>& cases, const TextMemory& memory) {
  std::vector<MapText> maps;
  for (const TextCase& c : cases) maps.push_back(c.map);
  std::string text = program_text(Dialect::cuda, maps);
  // The two instructions of the GPU.
  replace(text, R"(asm("cvt.f32.f16 %0, %1;" : "=f"(value) : "h"(p[i])))",
          "value = half_value(p[i])");
  replace(text, R"(asm("cvt.rn.f16.f32 %0, %1;" : "=h"(bits) : "f"(value)))",
          "bits = half_bits(value)");
  return kCudaWords + text + kCall + memory.calls(Dialect::cuda, cases) + "}\n";
}

}  // namespace

void run_as_cpp(std::vector<TextCase>& cases, size_t elements) {
  TextMemory memory(cases, elements);
  std::string folder = std::filesystem::temp_directory_path() / "millstream_text_XXXXXX";
  if (mkdtemp(folder.data()) == nullptr) throw std::runtime_error("no temporary folder");
  const std::string source = folder + "/text.cc", library = folder + "/text.so";
  std::ofstream(source) << cpp_text(cases, memory);
  const std::string command = std::string(MILLSTREAM_TEST_COMPILER) +
                              " -std=c++20 -O2 -w -shared -fPIC -I" + MILLSTREAM_TEST_SOURCE_DIR +
                              " " + source + " -o " + library;
  const bool compiled = std::system(command.c_str()) == 0;
  void* const loaded = compiled ? dlopen(library.c_str(), RTLD_NOW) : nullptr;
  std::filesystem::remove_all(folder);
  if (loaded == nullptr) throw std::runtime_error("the text is no C++");
  reinterpret_cast<void (*)(std::byte*)>(dlsym(loaded, "all_of_them"))(memory.data());
  dlclose(loaded);
  memory.read_outputs(cases);
}

}  // namespace millstream
