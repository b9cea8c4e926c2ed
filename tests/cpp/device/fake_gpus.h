#pragma once
// A backend whose GPUs are plain memory: no kernel runs on them.
#include <memory>
#include <string>
#include <vector>

#include "millstream/device/backend.h"

namespace millstream {

class FakeGpus final : public DeviceBackend {
 public:
  FakeGpus(Backend backend, std::vector<FoundDevice> devices, std::string reason = "");

  Backend backend() const override { return backend_; }
  const Discovery& discover() override { return discovery_; }
  std::unique_ptr<Device> create(const FoundDevice& found, int index,
                                 const DeviceOptions& options) override;

 private:
  Backend backend_;
  Discovery discovery_;
};

}  // namespace millstream
