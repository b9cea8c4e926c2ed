#pragma once
// Expr: an immutable scalar expression. Equal expressions are one node, so comparing, hashing and
// sharing are a pointer's work; a node, once made, lives as long as the process.
//
//   const Expr x = Expr::input(0);
//   const Expr y = x * x + 1;
//   evaluate(y, std::vector{3.0});   // 10
//   derivative(y, 0);                // x * 2
//
// Booleans are the numbers 0 and 1. Expressions have no dtype: they mean the same in the compute
// type of whoever interprets them (double in evaluate).
#include <initializer_list>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "millstream/expr/prim.h"

namespace millstream {

class Expr {
 public:
  Expr(double value);  // a constant
  Expr() : Expr(0.0) {}
  static Expr input(int index);
  // The simplest known expression that means `prim` of the operands.
  static Expr make(Prim prim, std::initializer_list<Expr> operands);

  Prim prim() const { return node_->prim; }
  int arity() const { return arity_of(node_->prim); }
  Expr operand(int i) const { return Expr(*node_->operands[i]); }
  double value() const { return node_->value; }  // of a constant
  int index() const { return node_->index; }     // of an input
  bool is_constant() const { return node_->prim == Prim::constant; }
  bool is_constant(double value) const { return is_constant() && node_->value == value; }

  const void* id() const { return node_; }
  friend bool same(Expr a, Expr b) { return a.node_ == b.node_; }

  // Operators record; they compare nothing.
  friend Expr operator-(Expr a) { return make(Prim::neg, {a}); }
  friend Expr operator+(Expr a, Expr b) { return make(Prim::add, {a, b}); }
  friend Expr operator-(Expr a, Expr b) { return make(Prim::sub, {a, b}); }
  friend Expr operator*(Expr a, Expr b) { return make(Prim::mul, {a, b}); }
  friend Expr operator/(Expr a, Expr b) { return make(Prim::div, {a, b}); }
  friend Expr operator<(Expr a, Expr b) { return make(Prim::less, {a, b}); }
  friend Expr operator<=(Expr a, Expr b) { return make(Prim::less_equal, {a, b}); }
  friend Expr operator>(Expr a, Expr b) { return b < a; }
  friend Expr operator>=(Expr a, Expr b) { return b <= a; }
  friend Expr operator==(Expr a, Expr b) { return make(Prim::equal, {a, b}); }
  friend Expr operator!=(Expr a, Expr b) { return make(Prim::not_equal, {a, b}); }
  friend Expr operator!(Expr a) { return make(Prim::logical_not, {a}); }
  friend Expr operator&&(Expr a, Expr b) { return make(Prim::logical_and, {a, b}); }
  friend Expr operator||(Expr a, Expr b) { return make(Prim::logical_or, {a, b}); }

  template <Prim p>
  friend Expr apply(PrimTag<p>, Expr a) {
    return make(p, {a});
  }
  template <Prim p>
  friend Expr apply(PrimTag<p>, Expr a, Expr b) {
    return make(p, {a, b});
  }
  template <Prim p>
  friend Expr apply(PrimTag<p>, Expr a, Expr b, Expr c) {
    return make(p, {a, b, c});
  }

 private:
  struct Node {
    Prim prim;
    int index = 0;
    double value = 0;
    const Node* operands[3] = {};
  };
  struct Interner;
  explicit Expr(const Node& node) : node_(&node) {}
  static Expr intern(const Node& node);

  const Node* node_;
};

// All nodes that the roots are made of, operands before their users; the order depends on the
// roots alone.
std::vector<Expr> nodes_of(std::span<const Expr> roots);

// Indices of the inputs that occur, ascending.
std::vector<int> inputs_used(std::span<const Expr> roots);

// `e` with `to` in the place of `from`.
Expr substitute(Expr e, Expr from, Expr to);
// `e` with arguments[i] in the place of input i: the composition that fusion makes.
Expr compose(Expr e, std::span<const Expr> arguments);

// The value in double precision: the reference for every other interpretation.
double evaluate(Expr e, std::span<const double> inputs);
// One primitive of the given operands.
double evaluate(Prim prim, std::span<const double> operands);

// `seed` times the derivative by an input; a seed reaches into branches, so that a branch not taken
// costs nothing and spoils nothing (0 * infinity). Steps count as flat: floor and sign have the
// derivative 0 everywhere. At a tie, max and min belong to their first operand. NaN where no
// derivative is known (by the first parameter of igamma and zeta, the first two of betainc).
Expr derivative(Expr e, int input, Expr seed = 1);

// "max(x0 * 2 + 1, x1)", for messages and tests.
std::string to_string(Expr e);

}  // namespace millstream
