#include "millstream/expr/text.h"

#include <fmt/format.h>

#include <cmath>

#include "millstream/expr/functions_text.h"

namespace millstream {
namespace {

// As on the CPU, an integer takes the bits of the constant as a signed one: -1 is all of them.
std::string integer_literal(DType compute, double value) {
  const int64_t integer = static_cast<int64_t>(value);
  if (static_cast<int32_t>(integer) == integer) {
    return fmt::format("({}){}", compute_name(compute), integer);
  }
  return fmt::format("({}){:#x}", compute_name(compute), static_cast<uint64_t>(integer));
}

std::string literal(DType compute, double value) {
  if (!is_floating(compute)) return integer_literal(compute, value);
  if (compute == float32) value = static_cast<float>(value);
  std::string text;
  if (std::isfinite(value)) {
    text = compute == float32 ? fmt::format("{}", static_cast<float>(value))
                              : fmt::format("{}", value);
    if (text.find_first_of(".e") == text.npos) text += ".0";
    if (compute == float32) text += "f";
  } else {
    const std::string_view name = std::isnan(value) ? "NAN" : value < 0 ? "-INFINITY" : "INFINITY";
    text = fmt::format("({}){}", compute_name(compute), name);
  }
  return std::signbit(value) ? "(" + text + ")" : text;
}

// How a primitive is written: {0}, {1}, {2} are its operands. Empty: a call of a function.
std::string_view floating_format(Prim p) {
  switch (p) {
    case Prim::neg: return "-{0}";
    case Prim::abs: return "fabs({0})";
    case Prim::sign: return "{0} > 0 ? 1 : {0} < 0 ? -1 : {0}";
    case Prim::round: return "rint({0})";
    case Prim::rsqrt: return "1 / sqrt({0})";
    case Prim::add: return "{0} + {1}";
    case Prim::sub: return "{0} - {1}";
    case Prim::mul: return "{0} * {1}";
    case Prim::div: return "{0} / {1}";
    case Prim::min: return "{0} != {0} || {0} < {1} ? {0} : {1}";
    case Prim::max: return "{0} != {0} || {0} > {1} ? {0} : {1}";
    case Prim::floor_div: return "floor({0} / {1})";
    case Prim::trunc_div: return "trunc({0} / {1})";
    case Prim::trunc_mod: return "fmod({0}, {1})";
    case Prim::less: return "{0} < {1}";
    case Prim::less_equal: return "{0} <= {1}";
    case Prim::equal: return "{0} == {1}";
    case Prim::not_equal: return "{0} != {1}";
    case Prim::logical_not: return "{0} == 0";
    case Prim::logical_and: return "{0} != 0 && {1} != 0";
    case Prim::logical_or: return "{0} != 0 || {1} != 0";
    case Prim::select: return "{0} != 0 ? {1} : {2}";
    default: return "";
  }
}

// The same for integers. {T} is their type, {U} its unsigned form, in which overflow is defined,
// and {last} the largest distance of a shift.
std::string_view integer_format(Prim p) {
  switch (p) {
    case Prim::neg: return "({T})(0 - ({U}){0})";
    case Prim::abs: return "{0} < 0 ? ({T})(0 - ({U}){0}) : {0}";
    case Prim::sign: return "({0} > 0) - ({0} < 0)";
    case Prim::floor:
    case Prim::ceil:
    case Prim::round:
    case Prim::trunc: return "{0}";
    case Prim::add: return "({T})(({U}){0} + ({U}){1})";
    case Prim::sub: return "({T})(({U}){0} - ({U}){1})";
    case Prim::mul: return "({T})(({U}){0} * ({U}){1})";
    case Prim::div: return "{0} / {1}";
    case Prim::min: return "{0} < {1} ? {0} : {1}";
    case Prim::max: return "{0} < {1} ? {1} : {0}";
    case Prim::bit_and: return "{0} & {1}";
    case Prim::bit_or: return "{0} | {1}";
    case Prim::bit_xor: return "{0} ^ {1}";
    case Prim::shift_left: return "({T})(({U}){0} << ({1} < 0 ? 0 : {1} > {last} ? {last} : {1}))";
    case Prim::shift_right: return "{0} >> ({1} < 0 ? 0 : {1} > {last} ? {last} : {1})";
    case Prim::floor_div:
    case Prim::trunc_div:
    case Prim::trunc_mod: return "";
    default: return floating_format(p);
  }
}

std::string primitive_text(DType compute, Prim p, std::span<const std::string> x) {
  using fmt::arg;
  if (is_floating(compute)) {
    const std::string_view format = floating_format(p);
    if (!format.empty()) return fmt::format(fmt::runtime(format), x[0], x[1], x[2]);
  } else if (const std::string_view format = integer_format(p); !format.empty()) {
    return fmt::format(fmt::runtime(format), x[0], x[1], x[2], arg("T", compute_name(compute)),
                       arg("U", unsigned_name(compute)), arg("last", compute == int32 ? 31 : 63));
  }
  std::string call = function_name(compute, p) + "(" + x[0];
  for (int i = 1; i < arity_of(p); ++i) call += ", " + x[i];
  return call + ")";
}

// What both kernels of a map have: parameters, pointers, and the loop's end.
struct MapParts {
  std::string parameters, uses, body, outputs;
};

// `input` gives the parameters of an input beside its array, and `load` its element.
template <class Input, class Load>
MapParts parts_of(const MapText& map, Input&& input, Load&& load) {
  MapParts parts;
  for (size_t i = 0; i < map.inputs.size(); ++i) {
    const std::string_view memory = memory_name(map.inputs[i]);
    parts.parameters += fmt::format("ARRAY(const {}, in{}), {}, {} value{}, ", memory, i, input(i),
                                    compute_name(map.compute), i);
    parts.uses += fmt::format("  USE(const {}, in{});\n", memory, i);
    parts.body += fmt::format("    const {} x{} = {};\n", compute_name(map.compute), i, load(i));
  }
  std::vector<std::string> results;
  parts.body += body_text(map.compute, map.body, results, "    ");
  for (size_t i = 0; i < map.outputs.size(); ++i) {
    const std::string_view memory = memory_name(map.outputs[i]);
    const std::string name = fmt::format("out{}", i);
    parts.parameters += fmt::format("ARRAY({}, {}), ", memory, name);
    parts.uses += fmt::format("  USE({}, {});\n", memory, name);
    parts.body += fmt::format("    {}\n", store_text(map.outputs[i], name, "i", results[i]));
  }
  return parts;
}

constexpr std::string_view kLoop = "  for (LONG i = FIRST_ELEMENT; i < n; i += ELEMENT_STEP) {\n";

std::string flat_text(const MapText& map) {
  const MapParts parts = parts_of(
      map, [](size_t i) { return fmt::format("LONG step{}", i); },
      [&](size_t i) {
        return fmt::format(
            "step{0} < 0 ? value{0} : {1}", i,
            load_text(map.inputs[i], fmt::format("in{}", i), fmt::format("i * step{}", i)));
      });
  return fmt::format("KERNEL {}({}LONG n) {{\n{}{}{}  }}\n}}\n", map.name, parts.parameters,
                     parts.uses, kLoop, parts.body);
}

std::string strided_text(const MapText& map) {
  const MapParts parts = parts_of(
      map, [](size_t i) { return fmt::format("LONG given{0}, STRIDES steps{0}", i); },
      [&](size_t i) {
        return fmt::format(
            "given{0} ? {1} : value{0}", i,
            load_text(map.inputs[i], fmt::format("in{}", i), fmt::format("at{}", i)));
      });
  std::string declarations, moves;
  for (size_t i = 0; i < map.inputs.size(); ++i) {
    declarations += fmt::format(", at{} = 0", i);
    moves += fmt::format("      at{0} += index * steps{0}.by[d];\n", i);
  }
  return fmt::format(
      "KERNEL {}_strided(NEST nest, {}LONG n) {{\n{}{}"
      "    LONG rest = i{};\n"
      "    for (int d = (int)nest.rank - 1; d >= 0; --d) {{\n"
      "      const LONG quotient = rest / nest.size[d], index = rest - quotient * nest.size[d];\n"
      "      rest = quotient;\n{}    }}\n{}  }}\n}}\n",
      map.name, parts.parameters, parts.uses, kLoop, declarations, moves, parts.body);
}

}  // namespace

std::string body_text(DType compute, std::span<const Expr> body, std::vector<std::string>& results,
                      std::string_view indent) {
  std::unordered_map<const void*, std::string> names;
  std::string text;
  int temporaries = 0;
  for (const Expr node : nodes_of(body)) {
    std::string& name = names[node.id()];
    if (node.prim() == Prim::input) {
      name = fmt::format("x{}", node.index());
    } else if (node.is_constant()) {
      name = literal(compute, node.value());
    } else {
      std::string operands[3];
      for (int i = 0; i < node.arity(); ++i) operands[i] = names.at(node.operand(i).id());
      name = fmt::format("t{}", temporaries++);
      text += fmt::format("{}const {} {} = {};\n", indent, compute_name(compute), name,
                          primitive_text(compute, node.prim(), operands));
    }
  }
  results.clear();
  for (const Expr output : body) results.push_back(names.at(output.id()));
  return text;
}

std::string_view memory_name(DType dtype) {
  switch (dtype) {
    case boolean:
    case uint8: return "unsigned char";
    case int8: return "signed char";
    case int16: return "short";
    case uint16:
    case bfloat16: return "unsigned short";
    case uint32: return "unsigned int";
    case float16: return "HALF";
    default: return compute_name(dtype);
  }
}

std::string load_text(DType dtype, std::string_view array, std::string_view at) {
  if (dtype == float16) return fmt::format("LOAD_HALF({}, {})", array, at);
  const std::string element = fmt::format("{}[{}]", array, at);
  return dtype == bfloat16 ? fmt::format("ms_from_bfloat16({})", element) : element;
}

std::string store_text(DType dtype, std::string_view array, std::string_view at,
                       std::string_view value) {
  if (dtype == float16) return fmt::format("STORE_HALF({}, {}, {});", array, at, value);
  std::string converted = fmt::format("({}){}", memory_name(dtype), value);
  if (dtype == bfloat16) converted = fmt::format("ms_to_bfloat16({})", value);
  if (dtype == boolean) converted = fmt::format("{} != 0", value);
  return fmt::format("{}[{}] = {};", array, at, converted);
}

std::string kernel_text(const MapText& map) { return flat_text(map) + strided_text(map); }

std::string program_text(Dialect dialect, std::span<const MapText> maps) {
  std::string text = prelude_text(dialect) + functions_text(maps);
  for (const MapText& map : maps) text += kernel_text(map);
  return text;
}

}  // namespace millstream
