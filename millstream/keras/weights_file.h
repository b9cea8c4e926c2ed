#pragma once
// Files of weights, a format of Millstream's own (Keras's formats come with saving of models).
//
//   save_weights(model, "cnn.weights");
//   load_weights(model, "cnn.weights");
//
// Layout, little-endian: "MSWEIGHT", version (uint32 1), number of weights (uint32); for each its
// path (uint32 length, text), dtype (uint8 length, name), rank (uint8), sizes (int64 each), number
// of bytes (uint64) and the elements in row-major order; last a CRC-32 of all that (uint32).
//
// A file is written under a temporary name and renamed, so it is complete or not there. Errors:
// NotFound, PermissionDenied; DataLoss for a file that is damaged, truncated or none of ours;
// InvalidArgument, before anything is changed, for one that does not fit the layer.
#include <string>

#include "millstream/keras/layer.h"

namespace millstream::keras {

void save_weights(const Layer& layer, const std::string& path);
// Weights are matched in order; names are for people.
void load_weights(const Layer& layer, const std::string& path);

}  // namespace millstream::keras
