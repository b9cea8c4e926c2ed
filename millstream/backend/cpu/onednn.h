#pragma once
// oneDNN behind a cache: making a primitive costs milliseconds, finding it again 50 nanoseconds.
//
//   const Program& product = program(key, [&] { return Program(...); });
//   product.run({a, b, c}, device);
#include <array>
#include <functional>
#include <initializer_list>
#include <memory>
#include <oneapi/dnnl/dnnl.hpp>
#include <span>
#include <vector>

#include "millstream/device/device.h"
#include "millstream/tensor/dtype.h"

namespace millstream::cpu {

const dnnl::engine& onednn_engine();

// oneDNN's name of a dtype; it has none for float64 and most integers: undef.
dnnl::memory::data_type onednn_type(DType dtype);

// Whether this machine multiplies the dtype with instructions of its own (bfloat16 and float16
// are else faster as float32).
bool has_instructions_for(DType dtype);

// Everything that tells one primitive from another, as numbers.
class Key {
 public:
  Key() = default;
  Key(std::initializer_list<int64_t> words) {
    for (const int64_t word : words) add(word);
  }
  void add(int64_t word) {
    words_[size_++] = word;
    hash_ = (hash_ ^ static_cast<uint64_t>(word)) * 0x9e3779b97f4a7c15u;
    hash_ ^= hash_ >> 32;
  }
  void add(std::span<const int64_t> words) {
    add(static_cast<int64_t>(words.size()));
    for (const int64_t word : words) add(word);
  }
  size_t hash() const { return hash_; }
  friend bool operator==(const Key& a, const Key& b) {
    return a.size_ == b.size_ &&
           std::equal(a.words_.begin(), a.words_.begin() + a.size_, b.words_.begin());
  }

 private:
  std::array<int64_t, 64> words_;
  uint32_t size_ = 0;
  uint64_t hash_ = 0;
};

// One tensor of a primitive: where its data lie and how the primitive wants them. Where the two
// differ the data are copied before or after.
struct Argument {
  int index;  // DNNL_ARG_...
  dnnl::memory::desc given;
  dnnl::memory::desc wanted;
  bool output = false;
};

// A primitive with the copies that its arguments need.
class Program {
 public:
  Program(dnnl::primitive primitive, dnnl::memory::desc scratchpad,
          std::vector<Argument> arguments);

  // `data` in the order of the arguments. Scratch memory comes from the device's pool.
  void run(std::initializer_list<const void*> data, Device& device) const;

 private:
  struct Slot {
    dnnl::memory given, wanted;
    dnnl::primitive copy;  // empty where given and wanted are one layout
    int index;
    bool output;
    size_t scratch;  // offset of the copy
  };
  std::vector<Slot> slots_;
  dnnl::primitive primitive_;
  dnnl::memory scratchpad_;
  size_t scratchpad_at_ = 0;
  size_t scratch_bytes_ = 0;
};

// The attributes that every primitive starts from: scratch memory is ours to give.
dnnl::primitive_attr onednn_attr();

// What this thread has made for a key before, or nullptr.
const Program* find_program(const Key& key);
const Program& make_program(const Key& key, const std::function<Program()>& make);

// This thread's program for a key, made by `make` at its first use. Errors of oneDNN become ours:
// Unimplemented if it has no implementation, ResourceExhausted if memory ends.
template <class Make>
const Program& program(const Key& key, const Make& make) {
  const Program* found = find_program(key);
  return found != nullptr ? *found : make_program(key, make);
}

}  // namespace millstream::cpu
