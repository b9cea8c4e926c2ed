#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>

#include "millstream/ops/map.h"
#include "millstream/ops/op.h"

namespace millstream {
namespace {

std::vector<const Op*>& registered() {
  static auto* const ops = new std::vector<const Op*>();
  return *ops;
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

// Cuts `text` at commas outside of brackets and quotes.
std::vector<std::string_view> split_parameters(std::string_view text) {
  std::vector<std::string_view> parts;
  int depth = 0;
  size_t start = 0;
  for (size_t i = 0; i <= text.size(); ++i) {
    const char c = i < text.size() ? text[i] : ',';
    if (c == '[') ++depth;
    if (c == ']') --depth;
    if (c == ',' && depth == 0) {
      if (const auto part = trim(text.substr(start, i - start)); !part.empty()) {
        parts.push_back(part);
      }
      start = i + 1;
    }
  }
  return parts;
}

Attr parse_default(Parameter::Kind kind, std::string_view text) {
  if (text == "None") return {};
  if (text == "True" || text == "False") return text == "True";
  if (text.starts_with('\'')) return std::string(text.substr(1, text.size() - 2));
  if (kind == Parameter::Kind::dtype) return dtype_named(text);
  if (kind == Parameter::Kind::ints) {
    Ints values;
    if (text.starts_with('[')) text = text.substr(1, text.size() - 2);
    for (const auto part : split_parameters(text)) {
      int64_t value = 0;
      std::from_chars(part.data(), part.data() + part.size(), value);
      values.push_back(value);
    }
    return values;
  }
  const bool whole = text.find_first_not_of("-0123456789") == text.npos;
  if (kind == Parameter::Kind::integer || (kind == Parameter::Kind::tensor && whole)) {
    int64_t value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
  }
  return std::stod(std::string(text));
}

Parameter parse_parameter(std::string_view text) {
  static const std::map<std::string_view, Parameter::Kind> kinds = {
      {"tensor", Parameter::Kind::tensor},
      {"index", Parameter::Kind::tensor},
      {"tensors", Parameter::Kind::tensors},
      {"bool", Parameter::Kind::boolean},
      {"int", Parameter::Kind::integer},
      {"float", Parameter::Kind::number},
      {"str", Parameter::Kind::text},
      {"dtype", Parameter::Kind::dtype},
      {"ints", Parameter::Kind::ints},
      {"floats", Parameter::Kind::floats},
      {"str|ints", Parameter::Kind::text_or_ints},
      {"int|ints", Parameter::Kind::integer_or_ints}};
  Parameter parameter{};
  const size_t equals = text.find('=');
  const std::string_view value =
      equals == text.npos ? std::string_view() : trim(text.substr(equals + 1));
  const std::string_view declared = trim(text.substr(0, equals));
  const size_t colon = declared.find(':');
  std::string_view kind = colon == declared.npos ? "tensor" : trim(declared.substr(colon + 1));
  parameter.name = trim(declared.substr(0, colon));
  if (kind.ends_with('?')) {
    parameter.optional = true;
    kind.remove_suffix(1);
  }
  const auto found = kinds.find(kind);
  if (found == kinds.end()) throw Internal(fmt::format("'{}' is no parameter", text));
  parameter.kind = found->second;
  parameter.index = kind == "index";
  parameter.has_default = equals != text.npos;
  if (parameter.has_default) parameter.value = parse_default(parameter.kind, value);
  return parameter;
}

}  // namespace

std::vector<Parameter> parse_parameters(std::string_view text) {
  std::vector<Parameter> parameters;
  for (const auto part : split_parameters(text)) parameters.push_back(parse_parameter(part));
  return parameters;
}

Attrs default_attrs(const std::vector<Parameter>& parameters) {
  std::vector<Attr> values;
  for (const Parameter& parameter : parameters) {
    if (!parameter.is_tensor()) values.push_back(parameter.value);
  }
  return Attrs(std::move(values));
}

std::string to_string(const Spec& spec) {
  return fmt::format("{}{}", name_of(spec.dtype), spec.shape.to_string());
}

std::string_view Op::name() const {
  std::string_view first = names.substr(0, names.find(' '));
  const size_t dot = first.rfind('.');
  return dot == first.npos ? first : first.substr(dot + 1);
}

const std::vector<const Op*>& all_ops() {
  static const auto* const ops = [] {
    auto* all = new std::vector<const Op*>(registered());
    for (size_t i = 0; i < map_op_count(); ++i) all->push_back(&map_op(i));
    std::sort(all->begin(), all->end(),
              [](const Op* a, const Op* b) { return a->names < b->names; });
    return all;
  }();
  return *ops;
}

const Op* find_op(std::string_view name) {
  static const auto* const by_name = [] {
    auto* map = new std::map<std::string_view, const Op*>();
    for (const Op* op : all_ops()) {
      std::string_view names = op->names;
      while (!names.empty()) {
        const size_t space = std::min(names.find(' '), names.size());
        if (!map->emplace(names.substr(0, space), op).second) {
          throw Internal(fmt::format("two ops are named '{}'", names.substr(0, space)));
        }
        names.remove_prefix(std::min(space + 1, names.size()));
      }
    }
    return map;
  }();
  const auto found = by_name->find(name);
  return found == by_name->end() ? nullptr : found->second;
}

RegisterOps::RegisterOps(std::initializer_list<const Op*> family) {
  registered().insert(registered().end(), family);
}

RegisterKernel::RegisterKernel(Op& op, Backend backend, Kernel kernel) {
  // One that refuses some calls comes before those that take all.
  const auto comes_before = [&](const Kernel& other) {
    return kernel.refuse != nullptr && other.refuse == nullptr;
  };
  const Kernel** slot = &op.kernels[static_cast<size_t>(backend)];
  while (*slot != nullptr && !comes_before(**slot))
    slot = const_cast<const Kernel**>(&(*slot)->next);
  kernel.next = *slot;
  *slot = new Kernel(kernel);
}

}  // namespace millstream
