#include "millstream/device/out_of_memory.h"

namespace millstream {

std::optional<int64_t> OutOfMemory::fitting(int64_t batch, size_t before) const {
  const size_t needed = figures_.current + figures_.requested;
  if (!figures_.limit || before >= *figures_.limit || needed <= before) return std::nullopt;
  const double share =
      static_cast<double>(*figures_.limit - before) / static_cast<double>(needed - before);
  const auto parts = static_cast<int64_t>(share * static_cast<double>(batch));
  if (parts < 1 || parts >= batch) return std::nullopt;
  return parts;
}

OutOfMemory OutOfMemory::hinting(std::string hint) const {
  return OutOfMemory(figures_, {.message = message(),
                                .op = op(),
                                .device = device(),
                                .inputs = inputs(),
                                .hint = std::move(hint),
                                .within = within()});
}

}  // namespace millstream
