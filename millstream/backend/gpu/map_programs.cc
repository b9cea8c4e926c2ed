// Which maps make a program.
#include <fmt/format.h>

#include "millstream/backend/gpu/map.h"
#include "millstream/ops/map.h"
#include "millstream/ops/map_info.h"
#include "millstream/ops/map_text.h"

namespace millstream::gpu {
namespace {

// The elementwise ops that are known before they are called: the declared ones and their gradients.
class KnownMaps {
 public:
  static const KnownMaps& get() {
    static const auto* const known = new KnownMaps();
    return *known;
  }

  // The name of the op's kernel; empty if it is not among them.
  std::string name_of(const Op& op) const {
    const auto found = places_.find(op.map);
    return found == places_.end() ? "" : fmt::format("map{}", found->second);
  }

  // Those that take a dtype.
  std::vector<MapText> texts(DType dtype) const {
    std::vector<MapText> texts;
    for (const Op* op : ops_) {
      if (op->map->rule == DTypeRule::derived && !is_floating(dtype)) continue;
      try {
        texts.push_back(map_text(*op, usual_dtypes(*op, dtype)));
        texts.back().name = name_of(*op);
      } catch (const InvalidArgument&) {  // it does not
      }
    }
    return texts;
  }

  // Those of the inputs when all numbers are of one dtype.
  static std::vector<DType> usual_dtypes(const Op& op, DType dtype) {
    std::vector<DType> dtypes(static_cast<size_t>(op.map->arity), dtype);
    if (op.map->rule == DTypeRule::select) dtypes[0] = boolean;
    return dtypes;
  }

 private:
  KnownMaps() {
    for (size_t i = 0; i < map_op_count(); ++i) add(map_op(i));
    for (size_t i = 0; i < map_op_count(); ++i) {
      for (int input = 0; input < map_op(i).map->arity; ++input) {
        const Op* gradient = map_gradient_op(map_op(i), static_cast<size_t>(input));
        if (gradient != nullptr) add(*gradient);
      }
    }
  }
  void add(const Op& op) {
    if (places_.emplace(op.map, ops_.size()).second) ops_.push_back(&op);
  }

  std::vector<const Op*> ops_;
  std::unordered_map<const MapInfo*, size_t> places_;
};

}  // namespace

Function map_function(GpuDevice& device, const MapKernel& kernel, bool flat) {
  return device.function(kernel.program, flat ? kernel.name : kernel.name + "_strided",
                         [&] { return program_text(device.dialect(), kernel.maps()); });
}

MapKernel map_kernel_of(const Op& op, std::span<const DType> dtypes, bool together) {
  if (together && dtypes.back() != boolean) {
    const KnownMaps& known = KnownMaps::get();
    const DType dtype = dtypes.back();
    const std::string name = known.name_of(op);
    if (!name.empty() && std::ranges::equal(KnownMaps::usual_dtypes(op, dtype), dtypes)) {
      return {.program = fmt::format("maps of {}", millstream::name_of(dtype)),
              .name = name,
              .maps = [&known, dtype] { return known.texts(dtype); }};
    }
  }
  std::string program = fmt::format("map {}", static_cast<const void*>(op.map));
  for (const DType dtype : dtypes) program += fmt::format(" {}", millstream::name_of(dtype));
  return {.program = program,
          .name = "map",
          .maps = [&op, own = std::vector(dtypes.begin(), dtypes.end())] {
            MapText text = map_text(op, own);
            text.name = "map";
            return std::vector{text};
          }};
}

}  // namespace millstream::gpu
