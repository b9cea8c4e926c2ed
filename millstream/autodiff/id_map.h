#pragma once
// Hash map from tensor ids to values: open addressing, for the few hundred entries of a tape.
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace millstream {

template <class T>
class IdMap {
 public:
  // The value of `id`, made if it is not there. Ids are not zero.
  T& operator[](uint64_t id) {
    if (2 * (size_ + 1) > cells_.size()) grow();
    Cell& cell = cells_[locate(id)];
    if (cell.id == 0) {
      cell.id = id;
      ++size_;
    }
    return cell.value;
  }

  const T* find(uint64_t id) const {
    if (cells_.empty()) return nullptr;
    const Cell& cell = cells_[locate(id)];
    return cell.id == 0 ? nullptr : &cell.value;
  }

  void clear() {
    cells_.clear();
    size_ = 0;
  }

 private:
  struct Cell {
    uint64_t id = 0;
    T value{};
  };

  size_t locate(uint64_t id) const {
    const size_t mask = cells_.size() - 1;
    size_t at = (id * 0x9e3779b97f4a7c15u >> 20) & mask;
    while (cells_[at].id != 0 && cells_[at].id != id) at = (at + 1) & mask;
    return at;
  }

  void grow() {
    std::vector<Cell> old = std::exchange(cells_, {});
    cells_.resize(old.empty() ? 32 : 2 * old.size());
    for (Cell& cell : old) {
      if (cell.id != 0) cells_[locate(cell.id)] = std::move(cell);
    }
  }

  std::vector<Cell> cells_;
  size_t size_ = 0;
};

}  // namespace millstream
