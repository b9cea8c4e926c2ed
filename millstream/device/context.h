#pragma once
// The logical devices of this process and the one that ops run on.
//
//   Context::configure_cpus(2);                 // before the first op
//   ms::device on("/CPU:1");                    // ops of this scope run there
//   Context::get().devices();
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "millstream/device/device.h"

namespace millstream {

class Context {
 public:
  // Creates the devices at its first call.
  static Context& get();
  static bool initialised();

  // How many logical CPU devices there shall be. FailedPrecondition once they exist, unless the
  // number is the same.
  static void configure_cpus(int count);

  const std::vector<std::unique_ptr<Device>>& devices() const { return devices_; }
  // "/CPU:0", "cpu:1", "/device:CPU:0" or the full name; InvalidArgument if there is none such.
  Device& find(std::string_view name) const;
  // The device of the innermost `device` scope of this thread, else the first one.
  Device& current() const;

 private:
  Context();
  std::vector<std::unique_ptr<Device>> devices_;
};

// Scope in which the ops of this thread run on the named device.
class device {
 public:
  explicit device(std::string_view name);
  ~device();
  device(const device&) = delete;
  device& operator=(const device&) = delete;

  // The device of the innermost scope, or nullptr outside of any.
  static Device* scoped();

 private:
  Device* outer_;
};

// Where ops of this thread run and why, for people: "/device:CPU:0 (2 threads), because there
// is no GPU".
std::string explain_placement();

}  // namespace millstream
