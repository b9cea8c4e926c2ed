#include "millstream/backend/cpu/onednn.h"

#include <fmt/format.h>
#include <omp.h>

#include <unordered_map>

#include "millstream/base/parallel.h"
#include "millstream/tensor/tensor.h"

namespace millstream::cpu {
namespace {

constexpr size_t kAlignment = 64;

size_t aligned(size_t bytes) { return (bytes + kAlignment - 1) / kAlignment * kAlignment; }

// Runs on the calling thread and OpenMP's workers, in order.
const dnnl::stream& stream() {
  thread_local const dnnl::stream stream(onednn_engine());
  return stream;
}

struct HashOfKey {
  size_t operator()(const Key& key) const { return key.hash(); }
};
using Programs = std::unordered_map<Key, Program, HashOfKey>;

// Those of the calling thread: a program holds the addresses of the call that it is running.
Programs& programs() {
  static thread_local Programs programs = [] {
    omp_set_num_threads(thread_count());  // oneDNN asks OpenMP, which counts thread by thread
    return Programs();
  }();
  return programs;
}

void execute(const dnnl::primitive& primitive, std::span<const dnnl_exec_arg_t> arguments) {
  const dnnl_status_t status = dnnl_primitive_execute(
      primitive.get(), stream().get(), static_cast<int>(arguments.size()), arguments.data());
  if (status == dnnl_out_of_memory) throw ResourceExhausted("oneDNN found no memory");
  if (status != dnnl_success) {
    throw Internal(fmt::format("oneDNN failed with status {}", static_cast<int>(status)));
  }
}

void copy(const dnnl::primitive& reorder, const dnnl::memory& from, const dnnl::memory& to) {
  const dnnl_exec_arg_t arguments[] = {{DNNL_ARG_FROM, from.get()}, {DNNL_ARG_TO, to.get()}};
  execute(reorder, arguments);
}

}  // namespace

const dnnl::engine& onednn_engine() {
  static const auto* const engine = new dnnl::engine(dnnl::engine::kind::cpu, 0);
  return *engine;
}

dnnl::memory::data_type onednn_type(DType dtype) {
  using Type = dnnl::memory::data_type;
  switch (dtype) {
    case float32: return Type::f32;
    case bfloat16: return Type::bf16;
    case float16: return Type::f16;
    default: return Type::undef;
  }
}

bool has_instructions_for(DType dtype) {
  static const auto isa = static_cast<unsigned>(dnnl::get_effective_cpu_isa());
  const auto has = [](dnnl::cpu_isa needed) {
    return (isa & static_cast<unsigned>(needed)) == static_cast<unsigned>(needed);
  };
  if (dtype == bfloat16) return has(dnnl::cpu_isa::avx512_core_bf16);
  if (dtype == float16) return has(dnnl::cpu_isa::avx512_core_fp16);
  return dtype == float32;
}

dnnl::primitive_attr onednn_attr() {
  dnnl::primitive_attr attr;
  attr.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  return attr;
}

Program::Program(dnnl::primitive primitive, dnnl::memory::desc scratchpad,
                 std::vector<Argument> arguments)
    : primitive_(std::move(primitive)) {
  const dnnl::engine& engine = onednn_engine();
  for (const Argument& argument : arguments) {
    Slot slot{.given = dnnl::memory(argument.given, engine, nullptr),
              .index = argument.index,
              .output = argument.output};
    if (argument.given == argument.wanted) {
      slot.wanted = slot.given;
    } else {
      slot.wanted = dnnl::memory(argument.wanted, engine, nullptr);
      slot.copy = argument.output ? dnnl::reorder(slot.wanted, slot.given)
                                  : dnnl::reorder(slot.given, slot.wanted);
      slot.scratch = scratch_bytes_;
      scratch_bytes_ += aligned(argument.wanted.get_size());
    }
    slots_.push_back(std::move(slot));
  }
  if (scratchpad.get_size() > 0) {
    scratchpad_ = dnnl::memory(scratchpad, engine, nullptr);
    scratchpad_at_ = scratch_bytes_;
    scratch_bytes_ += aligned(scratchpad.get_size());
  }
}

void Program::run(std::initializer_list<const void*> data, Device& device) const {
  Tensor scratch;
  std::byte* base = nullptr;
  if (scratch_bytes_ > 0) {
    scratch = Tensor::empty(uint8, Shape{static_cast<int64_t>(scratch_bytes_)}, device);
    base = scratch.node()->data;
  }
  std::array<dnnl_exec_arg_t, 8> arguments;
  size_t count = 0;
  const void* const* at = data.begin();
  for (const Slot& slot : slots_) {
    slot.given.set_data_handle(const_cast<void*>(*at++));
    if (slot.copy) {
      slot.wanted.set_data_handle(base + slot.scratch);
      if (!slot.output) copy(slot.copy, slot.given, slot.wanted);
    }
    arguments[count++] = {slot.index, slot.wanted.get()};
  }
  if (scratchpad_) {
    scratchpad_.set_data_handle(base + scratchpad_at_);
    arguments[count++] = {DNNL_ARG_SCRATCHPAD, scratchpad_.get()};
  }
  execute(primitive_, std::span(arguments.data(), count));
  for (const Slot& slot : slots_) {
    if (slot.copy && slot.output) copy(slot.copy, slot.wanted, slot.given);
  }
}

const Program* find_program(const Key& key) {
  const Programs& known = programs();
  const auto found = known.find(key);
  return found == known.end() ? nullptr : &found->second;
}

const Program& make_program(const Key& key, const std::function<Program()>& make) {
  Programs& known = programs();
  constexpr size_t kMost = 1024;
  if (known.size() >= kMost) known.clear();
  try {
    return known.emplace(key, make()).first->second;
  } catch (const dnnl::error& error) {
    if (error.status == dnnl_unimplemented) {
      throw Unimplemented(fmt::format("oneDNN has no implementation: {}", error.what()));
    }
    if (error.status == dnnl_out_of_memory) throw ResourceExhausted("oneDNN found no memory");
    throw Internal(fmt::format("oneDNN: {}", error.what()));
  }
}

}  // namespace millstream::cpu
