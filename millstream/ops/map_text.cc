#include "millstream/ops/map_text.h"

#include <fmt/format.h>

#include <algorithm>

#include "millstream/ops/map.h"
#include "millstream/ops/map_info.h"

namespace millstream {

MapText map_text(const Op& op, std::span<const DType> inputs) {
  Specs specs;
  std::string name = fmt::format("map_{}", op.name());
  for (const DType dtype : inputs) {
    specs.push_back({dtype, Shape()});
    name += fmt::format("_{}", name_of(dtype));
  }
  std::replace(name.begin(), name.end(), '.', '_');
  const DType output = infer(op, specs)[0].dtype;
  return {.name = std::move(name),
          .compute = compute_dtype(op, inputs[0], output),
          .inputs = {inputs.begin(), inputs.end()},
          .outputs = {output},
          .body = {op.map->body}};
}

}  // namespace millstream
