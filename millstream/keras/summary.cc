// Keras's table of a model's layers.
#include <algorithm>
#include <array>

#include "millstream/keras/model.h"

namespace millstream::keras {
namespace {

struct Column {
  std::string title;
  size_t width;
  bool right = false;
};

using Row = std::vector<std::string>;

std::string shape_text(const Shape& shape) {
  if (!shape.has_rank()) return "?";
  std::string text;
  for (const int64_t size : shape.dims()) {
    text += (text.empty() ? "" : ", ") + (size == kUnknown ? "None" : std::to_string(size));
  }
  return "(" + text + (shape.rank() == 1 ? ",)" : ")");
}

std::string output_text(const Layer& layer) {
  const Specs& outputs = layer.impl().output_specs();
  if (outputs.empty()) return "?";
  if (outputs.size() == 1) return shape_text(outputs[0].shape);
  std::string text;
  for (const Spec& output : outputs) text += (text.empty() ? "" : ", ") + shape_text(output.shape);
  return "[" + text + "]";
}

std::string with_commas(int64_t count) {
  std::string digits = std::to_string(count);
  for (auto at = static_cast<int64_t>(digits.size()) - 3; at > 0; at -= 3) {
    digits.insert(static_cast<size_t>(at), ",");
  }
  return digits;
}

std::string bytes_text(double bytes) {
  constexpr std::array units = {"B", "KB", "MB", "GB", "TB", "PB"};
  size_t unit = 0;
  while (bytes >= 1024 && unit + 1 < units.size()) {
    bytes /= 1024;
    ++unit;
  }
  return fmt::format("{:.2f} {}", bytes, units[unit]);
}

// Characters, not bytes, of a UTF-8 text.
size_t length_of(const std::string& text) {
  return static_cast<size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

// Lines of at most `width` characters, cut at spaces where there are any.
std::vector<std::string> wrap(std::string text, size_t width) {
  std::vector<std::string> lines;
  while (length_of(text) > width) {
    size_t cut = text.rfind(' ', width);
    if (cut == text.npos || cut == 0) cut = width;
    lines.push_back(text.substr(0, cut));
    text.erase(0, text[cut] == ' ' ? cut + 1 : cut);
  }
  lines.push_back(text);
  return lines;
}

std::string padded(const std::string& text, const Column& column) {
  const std::string space(column.width - std::min(column.width, length_of(text)), ' ');
  return column.right ? space + text : text + space;
}

// "├─────┼────┤"
std::string rule(const std::vector<Column>& columns, const char* left, const char* line,
                 const char* cross, const char* right) {
  std::string text = left;
  for (size_t i = 0; i < columns.size(); ++i) {
    if (i != 0) text += cross;
    for (size_t j = 0; j < columns[i].width + 2; ++j) text += line;
  }
  return text + right + "\n";
}

std::string row_text(const std::vector<Column>& columns, const Row& row, const char* border) {
  std::vector<std::vector<std::string>> cells;
  size_t height = 1;
  for (size_t i = 0; i < columns.size(); ++i) {
    cells.push_back(wrap(row[i], columns[i].width));
    height = std::max(height, cells.back().size());
  }
  std::string text;
  for (size_t line = 0; line < height; ++line) {
    text += border;
    for (size_t i = 0; i < columns.size(); ++i) {
      const std::string& cell = line < cells[i].size() ? cells[i][line] : std::string();
      text += " " + padded(cell, columns[i]) + " " + border;
    }
    text += "\n";
  }
  return text;
}

std::string table(const std::vector<Column>& columns, const std::vector<Row>& rows) {
  Row titles;
  for (const Column& column : columns) titles.push_back(column.title);
  std::string text = rule(columns, "┏", "━", "┳", "┓") + row_text(columns, titles, "┃") +
                     rule(columns, "┡", "━", "╇", "┩");
  for (size_t i = 0; i < rows.size(); ++i) {
    if (i != 0) text += rule(columns, "├", "─", "┼", "┤");
    text += row_text(columns, rows[i], "│");
  }
  return text + rule(columns, "└", "─", "┴", "┘");
}

class Summary {
 public:
  Summary(const Model& model, const SummaryOptions& options) : model_(model), options_(options) {
    columns_ = {{"Layer (type)", 31}, {"Output Shape", 22}, {"Param #", 13, true}};
    connected_ = model.model().has_branches();
    if (connected_) columns_.push_back({"Connected to", 22});
    if (options.show_trainable) columns_.push_back({"Trainable", 9});
    for (const Layer& layer : model.layers()) add(layer, 0);
  }

  std::string text() const {
    return fmt::format("Model: \"{}\"\n", model_.name()) + table(columns_, rows_) + totals();
  }

 private:
  void add(const Layer& layer, int depth) {
    std::string prefix;
    for (int i = 0; i < depth; ++i) prefix += "   ";
    if (depth > 0) prefix += "└ ";
    Row row{fmt::format("{}{} ({})", prefix, layer.name(), layer.impl().class_name()),
            output_text(layer), layer.built() ? with_commas(layer.count_params()) : "0 (unbuilt)"};
    if (connected_) row.push_back(depth == 0 ? model_.model().connections(layer) : "");
    if (options_.show_trainable) {
      row.push_back(layer.weights().empty() ? "-" : layer.trainable() ? "Y" : "N");
    }
    rows_.push_back(std::move(row));
    if (!options_.expand_nested || dynamic_cast<ModelImpl*>(&layer.impl()) == nullptr) return;
    for (const Layer& sublayer : layer.impl().sublayers()) add(sublayer, depth + 1);
  }

  static std::string total(const char* title, const Variables& variables) {
    int64_t count = 0;
    double bytes = 0;
    for (const Variable& variable : variables) {
      count += variable.shape().elements();
      bytes += static_cast<double>(variable.shape().elements()) *
               static_cast<double>(size_of(variable.dtype()));
    }
    return fmt::format(" {}: {} ({})\n", title, with_commas(count), bytes_text(bytes));
  }

  std::string totals() const {
    Variables all = model_.weights(), kept;
    if (model_.model().compiled() && model_.optimizer().iterations() > 0) {
      kept = model_.optimizer().variables();
      all.insert(all.end(), kept.begin(), kept.end());
    }
    std::string text = total("Total params", all) +
                       total("Trainable params", model_.trainable_variables()) +
                       total("Non-trainable params", model_.non_trainable_variables());
    if (!kept.empty()) text += total("Optimizer params", kept);
    return text;
  }

  Model model_;
  SummaryOptions options_;
  bool connected_ = false;
  std::vector<Column> columns_;
  std::vector<Row> rows_;
};

}  // namespace

std::string Model::summary_text(const SummaryOptions& options) const {
  return Summary(*this, options).text();
}

void Model::summary(const SummaryOptions& options) const {
  fmt::print("{}", summary_text(options));
}

}  // namespace millstream::keras
