// The `millstream` command: what the library knows of this machine and of itself.
#include <fmt/format.h>

#include <array>
#include <cstdio>
#include <span>
#include <string>
#include <string_view>

#include "millstream/base/error.h"
#include "millstream/base/settings.h"
#include "millstream/device/context.h"
#include "millstream/ops/op.h"

namespace {

namespace ms = millstream;

void print_devices() {
  for (const auto& device : ms::Context::get().devices()) {
    const auto limit = device->pool().limit();
    fmt::print("{}  {}, memory limit {}\n", device->name(),
               fmt::format("{} threads", ms::Settings::get().threads),
               limit ? fmt::format("{} bytes", *limit) : "none");
  }
}

void print_settings() { fmt::print("{}", ms::Settings::table()); }

void print_ops() {
  for (const ms::Op* op : ms::all_ops()) {
    fmt::print("{}({})\n    {}\n", op->names.substr(0, op->names.find(' ')), op->parameters,
               op->doc);
  }
}

void print_version() { fmt::print("millstream {}\n", MILLSTREAM_VERSION); }

struct Command {
  std::string_view name;
  std::string_view doc;
  void (*run)();
};

constexpr std::array kCommands = {
    Command{"devices", "the devices that ops can run on", print_devices},
    Command{"settings", "the environment variables that are read, and their present values",
            print_settings},
    Command{"ops", "every op with its parameters", print_ops},
    Command{"version", "the version of the library", print_version},
};

void print_usage(std::FILE* to) {
  fmt::print(to, "usage: millstream COMMAND\n\n");
  for (const Command& command : kCommands) {
    fmt::print(to, "  {:<10} {}\n", command.name, command.doc);
  }
}

}  // namespace

int main(int argc, char** argv) {
  const std::span arguments(argv, static_cast<size_t>(argc));
  const std::string_view name = argc == 2 ? arguments[1] : "";
  if (name == "--help" || name == "-h" || name == "help") {
    print_usage(stdout);
    return 0;
  }
  for (const Command& command : kCommands) {
    if (command.name != name) continue;
    try {
      command.run();
      return 0;
    } catch (const ms::Error& error) {
      fmt::print(stderr, "millstream: {}: {}\n", ms::code_name(error.code()), error.what());
      return 1;
    }
  }
  print_usage(stderr);
  return 64;
}
