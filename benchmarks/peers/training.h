#pragma once
// Training by Keras's fit: the models and data of the peers.
#include "benchmarks/peers/harness.h"

namespace millstream::bench {

void train_tiny(const Bench& bench);
void train_cnn(const Bench& bench);
void train_mlp(const Bench& bench);

}  // namespace millstream::bench
