#pragma once
#include "millstream/keras/callbacks/callback.h"

namespace millstream::keras::callbacks {

struct ProgressBarOptions {
  // 1: a bar that lives while the epoch runs, if the output is a terminal; else, and with 2, one
  // line at the end of each epoch.
  int verbose = 1;
};

// What fit shows: loss, metrics, samples per second and the time that is left.
//
//   Epoch 2/5 ━━━━━━━━━━━━╸─────── 290/469  9,214 images/s  ETA 2s  loss 0.3412  accuracy 0.8761
class ProgressBar : public Callback {
 public:
  explicit ProgressBar(ProgressBarOptions options = {});
};

// Tells a bar how large the batches are. fit calls it.
void count_samples(const Callback& bar, int64_t samples, bool images);

}  // namespace millstream::keras::callbacks
