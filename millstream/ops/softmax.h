#pragma once
// Softmax, and the cross-entropies of logits.
//
//   softmax(logits);                          // along the last axis
//   Tensor loss = sparse_softmax_cross_entropy_with_logits(labels, logits);   // one per row
//
// Logits are floating-point. A row of -infinity alone gives NaN. Errors: InvalidArgument for an
// axis out of range, shapes that do not fit, and labels outside of [0, classes).
#include "millstream/ops/op.h"

namespace millstream {

namespace op {
extern Op softmax, log_softmax, sparse_softmax_cross_entropy_with_logits,
    softmax_cross_entropy_with_logits, sigmoid_cross_entropy_with_logits;
// Parts of gradients.
extern Op softmax_gradient, log_softmax_gradient, sparse_cross_entropy, softmax_minus_one_hot;
}  // namespace op

Tensor softmax(const Tensor& logits, int64_t axis = -1);
Tensor log_softmax(const Tensor& logits, int64_t axis = -1);

// -log(softmax(logits)[label]). labels: int32 or int64 in [0, classes), of the shape of logits
// without its last axis, which is the shape of the result.
Tensor sparse_softmax_cross_entropy_with_logits(const Tensor& labels, const Tensor& logits);

// -sum(labels * log_softmax(logits)) along the axis; labels are broadcast and cast to the logits.
Tensor softmax_cross_entropy_with_logits(const Tensor& labels, const Tensor& logits,
                                         int64_t axis = -1);

// The cross-entropy of independent probabilities, sigmoid(logits); shaped like both.
Tensor sigmoid_cross_entropy_with_logits(const Tensor& labels, const Tensor& logits);

}  // namespace millstream
