#pragma once
#include <map>
#include <string>
#include <vector>

#include "millstream/keras/callbacks/callback.h"

namespace millstream::keras {

// What fit returns: the logs of each epoch.
//
//   History history = model.fit(...);
//   history.history()["val_accuracy"].back();
class History : public Callback {
 public:
  using Table = std::map<std::string, std::vector<double>>;

  History();
  const Table& history() const;
  const std::vector<int64_t>& epoch() const;
};

}  // namespace millstream::keras
