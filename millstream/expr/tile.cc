#include "millstream/expr/tile.h"

#include <algorithm>

#include "millstream/base/error.h"

namespace millstream {
namespace {

// Where a value lives, before the numbers of constants and registers are known.
struct Place {
  enum class Kind : uint8_t { input, constant, scratch, output } kind;
  int index;
};

class Lowering {
 public:
  Lowering(std::span<const Expr> outputs, int inputs) : outputs_(outputs) {
    program_.inputs = inputs;
    program_.outputs = static_cast<int>(outputs.size());
  }

  TileProgram run() {
    const std::vector<Expr> nodes = nodes_of(outputs_);
    for (int i = 0; i < static_cast<int>(nodes.size()); ++i) {
      for (int k = 0; k < nodes[i].arity(); ++k) last_use_[nodes[i].operand(k).id()] = i;
    }
    for (int i = 0; i < static_cast<int>(nodes.size()); ++i) place(nodes[i], i);
    for (int i = 0; i < program_.outputs; ++i) {
      const Place value = places_.at(outputs_[i].id());
      if (value.kind == Place::Kind::output && value.index == i) continue;
      pending_.push_back({Prim::input, {Place::Kind::output, i}, {value}});
    }
    for (const Pending& p : pending_) {
      program_.code.push_back({p.prim,
                               slot(p.target),
                               {slot(p.operands[0]), slot(p.operands[1]), slot(p.operands[2])}});
    }
    if (program_.slots() > UINT16_MAX) throw Internal("an expression too large for a tile program");
    return std::move(program_);
  }

 private:
  struct Pending {
    Prim prim;
    Place target;
    Place operands[3] = {};
  };

  void place(Expr node, int position) {
    if (node.prim() == Prim::input) {
      if (node.index() >= program_.inputs) throw Internal("an expression with an input too many");
      places_[node.id()] = {Place::Kind::input, node.index()};
      return;
    }
    if (node.is_constant()) {
      places_[node.id()] = {Place::Kind::constant, static_cast<int>(program_.constants.size())};
      program_.constants.push_back(node.value());
      return;
    }
    Pending instruction{node.prim(), {}};
    for (int k = 0; k < node.arity(); ++k) {
      instruction.operands[k] = places_.at(node.operand(k).id());
    }
    for (int k = 0; k < node.arity(); ++k) release(node.operand(k), position);
    instruction.target = places_[node.id()] = target_of(node);
    pending_.push_back(instruction);
  }

  // Frees the register of an operand that is read here for the last time. Kernels read an element
  // of every operand before they write it, so it may become this instruction's own target.
  void release(Expr operand, int position) {
    const Place place = places_.at(operand.id());
    if (place.kind != Place::Kind::scratch || last_use_.at(operand.id()) != position) return;
    if (std::find(free_.begin(), free_.end(), place.index) == free_.end()) {
      free_.push_back(place.index);
    }
  }

  Place target_of(Expr node) {
    for (int i = 0; i < program_.outputs; ++i) {
      if (same(outputs_[i], node)) return {Place::Kind::output, i};
    }
    if (free_.empty()) return {Place::Kind::scratch, program_.registers++};
    const int index = free_.back();
    free_.pop_back();
    return {Place::Kind::scratch, index};
  }

  uint16_t slot(Place place) const {
    switch (place.kind) {
      case Place::Kind::input: return static_cast<uint16_t>(place.index);
      case Place::Kind::constant:
        return static_cast<uint16_t>(program_.first_constant() + place.index);
      case Place::Kind::scratch:
        return static_cast<uint16_t>(program_.first_register() + place.index);
      case Place::Kind::output: break;
    }
    return static_cast<uint16_t>(program_.first_output() + place.index);
  }

  std::span<const Expr> outputs_;
  TileProgram program_;
  std::unordered_map<const void*, int> last_use_;
  std::unordered_map<const void*, Place> places_;
  std::vector<int> free_;
  std::vector<Pending> pending_;
};

}  // namespace

TileProgram lower(std::span<const Expr> outputs, int inputs) {
  return Lowering(outputs, inputs).run();
}

}  // namespace millstream
