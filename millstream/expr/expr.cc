#include "millstream/expr/expr.h"

#include <algorithm>
#include <bit>
#include <deque>
#include <functional>
#include <mutex>
#include <unordered_set>

#include "millstream/expr/simplify.h"

namespace millstream {

// The one table of nodes. It is never destroyed, so expressions may be used in static destructors.
struct Expr::Interner {
  struct Hash {
    size_t operator()(const Node* n) const {
      size_t hash = static_cast<size_t>(n->prim) * 0x9e3779b97f4a7c15u;
      const auto mix = [&](uint64_t word) {
        hash = std::rotl(hash ^ (word * 0xbf58476d1ce4e5b9u), 27) * 0x94d049bb133111ebu;
      };
      mix(static_cast<uint64_t>(n->index));
      mix(std::bit_cast<uint64_t>(n->value));
      for (const Node* operand : n->operands) mix(reinterpret_cast<uintptr_t>(operand));
      return hash;
    }
  };
  struct Equal {
    bool operator()(const Node* a, const Node* b) const {
      return a->prim == b->prim && a->index == b->index &&
             std::bit_cast<uint64_t>(a->value) == std::bit_cast<uint64_t>(b->value) &&
             std::equal(std::begin(a->operands), std::end(a->operands), std::begin(b->operands));
    }
  };

  static Interner& get() {
    static auto* const interner = new Interner();
    return *interner;
  }

  std::mutex mutex;
  std::deque<Node> nodes;
  std::unordered_set<const Node*, Hash, Equal> index;
};

Expr Expr::intern(const Node& node) {
  Interner& interner = Interner::get();
  const std::scoped_lock lock(interner.mutex);
  if (const auto found = interner.index.find(&node); found != interner.index.end()) {
    return Expr(**found);
  }
  const Node& kept = interner.nodes.emplace_back(node);
  interner.index.insert(&kept);
  return Expr(kept);
}

Expr::Expr(double value) : Expr(intern(Node{.prim = Prim::constant, .value = value})) {}

Expr Expr::input(int index) { return intern(Node{.prim = Prim::input, .index = index}); }

Expr Expr::make(Prim prim, std::initializer_list<Expr> operands) {
  if (const auto simpler = simplify(prim, std::span(operands.begin(), operands.size()))) {
    return *simpler;
  }
  Node node{.prim = prim};
  std::transform(operands.begin(), operands.end(), node.operands, [](Expr e) { return e.node_; });
  return intern(node);
}

std::vector<Expr> nodes_of(std::span<const Expr> roots) {
  struct Visit {
    Expr node;
    int next;
  };
  std::vector<Expr> order;
  std::unordered_set<const void*> seen;
  std::vector<Visit> path;
  for (const Expr root : roots) {
    if (seen.insert(root.id()).second) path.push_back({root, 0});
    while (!path.empty()) {
      Visit& top = path.back();
      if (top.next == top.node.arity()) {
        order.push_back(top.node);
        path.pop_back();
      } else if (const Expr operand = top.node.operand(top.next++);
                 seen.insert(operand.id()).second) {
        path.push_back({operand, 0});
      }
    }
  }
  return order;
}

std::vector<int> inputs_used(std::span<const Expr> roots) {
  std::vector<int> indices;
  for (const Expr node : nodes_of(roots)) {
    if (node.prim() == Prim::input) indices.push_back(node.index());
  }
  std::sort(indices.begin(), indices.end());
  return indices;
}

namespace {

// Rebuilds `e`, asking `leaf(node, &replacement)` at each node whether it is to be replaced.
template <class Replace>
Expr rebuild(Expr e, Replace&& replace) {
  std::unordered_map<const void*, Expr> rebuilt;
  for (const Expr node : nodes_of(std::span(&e, 1))) {
    const auto operand = [&](int i) { return rebuilt.at(node.operand(i).id()); };
    Expr result = node;
    if (!replace(node, result)) {
      if (node.arity() == 1) result = Expr::make(node.prim(), {operand(0)});
      if (node.arity() == 2) result = Expr::make(node.prim(), {operand(0), operand(1)});
      if (node.arity() == 3) result = Expr::make(node.prim(), {operand(0), operand(1), operand(2)});
    }
    rebuilt.emplace(node.id(), result);
  }
  return rebuilt.at(e.id());
}

}  // namespace

Expr substitute(Expr e, Expr from, Expr to) {
  return rebuild(e, [&](Expr node, Expr& result) {
    if (!same(node, from)) return false;
    result = to;
    return true;
  });
}

Expr compose(Expr e, std::span<const Expr> arguments) {
  return rebuild(e, [&](Expr node, Expr& result) {
    if (node.prim() != Prim::input || node.index() >= static_cast<int>(arguments.size())) {
      return false;
    }
    result = arguments[node.index()];
    return true;
  });
}

}  // namespace millstream
