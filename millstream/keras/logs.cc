#include "millstream/keras/logs.h"

namespace millstream::keras {
namespace {

// Of a result with several values, the mean.
double number_of(const Tensor& tensor) {
  double sum = 0;
  const std::vector<double> values = tensor.to_vector<double>();
  for (const double value : values) sum += value;
  return values.empty() ? 0 : sum / static_cast<double>(values.size());
}

}  // namespace

double Logs::read(const Source& source) {
  if (const double* value = std::get_if<double>(&source)) return *value;
  if (const Tensor* tensor = std::get_if<Tensor>(&source)) return number_of(*tensor);
  return number_of(std::get<Metric>(source).result());
}

const Logs::Source* Logs::find(std::string_view name) const {
  for (const auto& [key, source] : entries_) {
    if (key == name) return &source;
  }
  return nullptr;
}

void Logs::set(const std::string& name, Source value) {
  if (const Source* found = find(name)) {
    *const_cast<Source*>(found) = std::move(value);
  } else {
    entries_.emplace_back(name, std::move(value));
  }
}

void Logs::add(const Logs& other, const std::string& prefix) {
  for (const auto& [name, source] : other.entries_) set(prefix + name, read(source));
}

double Logs::operator[](std::string_view name) const {
  if (const Source* source = find(name)) return read(*source);
  std::string known;
  for (const auto& [key, unused] : entries_) known += (known.empty() ? "" : ", ") + key;
  throw InvalidArgument(fmt::format("the logs have no '{}'; they have {}", name, known));
}

std::vector<std::pair<std::string, double>> Logs::values() const {
  std::vector<std::pair<std::string, double>> all;
  for (const auto& [name, source] : entries_) all.emplace_back(name, read(source));
  return all;
}

}  // namespace millstream::keras
