#pragma once
// IDX files, the format of MNIST: a big-endian header with element type and shape, then the values.
// Plain or compressed by gzip.
//
//   Tensor images = data::read_idx("train-images-idx3-ubyte.gz");   // uint8[60000, 28, 28]
//
// Errors: NotFound when there is no such file; DataLoss when it is no IDX file, is truncated, is
// damaged, or holds more than its header says; ResourceExhausted when the values do not fit into
// memory. A header is believed only as far as the size of the file allows, so a damaged one cannot
// ask for all the memory there is.
#include <string>

#include "millstream/tensor/tensor.h"

namespace millstream::data {

// A tensor of the file's shape; its dtype is uint8, int8, int16, int32, float32 or float64.
Tensor read_idx(const std::string& path);

}  // namespace millstream::data
