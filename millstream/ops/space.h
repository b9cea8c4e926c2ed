#pragma once
// Blocks of an image's pixels as channels and back, and sequences reversed up to their length.
//
//   space_to_depth(images, 2);  depth_to_space(features, 2);
//   reverse_sequence(x, lengths, {.seq_axis = 1});
//
// Errors: InvalidArgument for sizes that blocks do not divide, a length beyond its axis.
#include "millstream/ops/op.h"

namespace millstream {

namespace op {
extern Op space_to_depth, depth_to_space, reverse_sequence;
}

// [batch, height, width, channels] to [batch, height / b, width / b, channels * b * b].
Tensor space_to_depth(const Tensor& input, int64_t block_size,
                      const std::string& data_format = "NHWC");
// The inverse.
Tensor depth_to_space(const Tensor& input, int64_t block_size,
                      const std::string& data_format = "NHWC");

struct ReverseSequenceOptions {
  int64_t seq_axis = 1;
  int64_t batch_axis = 0;
};
// The first seq_lengths[i] places along seq_axis reversed in entry i of batch_axis.
Tensor reverse_sequence(const Tensor& input, const Tensor& seq_lengths,
                        const ReverseSequenceOptions& options = {});

}  // namespace millstream
