#include "millstream/backend/gpu/program.h"

#include <fmt/format.h>

#include "millstream/expr/functions_text.h"
#include "millstream/ops/map.h"

namespace millstream::gpu {
std::string type_text(const NamedType& type) {
  return fmt::format(
      "#undef {0}\n#undef {0}_NUMBER\n#undef {0}_LOAD\n#undef {0}_STORE\n"
      "#define {0} {1}\n#define {0}_NUMBER {2}\n#define {0}_LOAD(p, i) {3}\n"
      "#define {0}_STORE(p, i, x) {4}\n",
      type.name, memory_name(type.dtype), compute_name(compute_dtype(type.dtype)),
      load_text(type.dtype, "(p)", "i"), store_text(type.dtype, "(p)", "i", "(x)"));
}

std::string family_text(Dialect dialect, const Family& family, Types types, std::string_view more) {
  const MapText conversions = {.compute = float32, .inputs = {bfloat16}};
  std::string text = prelude_text(dialect) + functions_text(std::span(&conversions, 1));
  for (const NamedType& type : types) text += type_text(type);
  text += more;
  return text += family.text;
}

Function kernel_of(GpuDevice& device, const Family& family, const char* name, Types types,
                   std::string_view more) {
  std::string program(family.name);
  for (const NamedType& type : types) {
    program += ' ';
    program += name_of(type.dtype);
  }
  program += more;
  return device.function(program, name,
                         [&] { return family_text(device.dialect(), family, types, more); });
}

DType bits_of(DType dtype) {
  switch (size_of(dtype)) {
    case 1: return uint8;
    case 2: return uint16;
    case 4: return int32;
    default: return int64;
  }
}

Loops::Loops(std::span<const int64_t> sizes, std::span<const Dims> array_strides)
    : strides(array_strides.size()) {
  for (size_t d = 0; d < sizes.size(); ++d) {
    elements *= sizes[d];
    if (sizes[d] == 1) continue;
    const auto last = static_cast<size_t>(nest.rank) - 1;
    bool joined = nest.rank > 0;
    for (size_t k = 0; k < strides.size() && joined; ++k) {
      joined = strides[k].by[last] == sizes[d] * array_strides[k][static_cast<int>(d)];
    }
    const size_t at = joined ? last : static_cast<size_t>(nest.rank++);
    nest.size[at] = joined ? nest.size[at] * sizes[d] : sizes[d];
    for (size_t k = 0; k < strides.size(); ++k) {
      strides[k].by[at] = array_strides[k][static_cast<int>(d)];
    }
  }
  if (nest.rank == 0) {
    nest.size[0] = 1;
    nest.rank = 1;
  }
}

}  // namespace millstream::gpu
