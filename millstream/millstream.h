#pragma once
// Everything of Millstream but the pictures (millstream/plot/plot.h).
//
//   #include <millstream/millstream.h>
//   namespace ms = millstream;
#include "millstream/autodiff/tape.h"
#include "millstream/device/context.h"
#include "millstream/keras/keras.h"
#include "millstream/ops/argmax.h"
#include "millstream/ops/array.h"
#include "millstream/ops/conv.h"
#include "millstream/ops/diagonal.h"
#include "millstream/ops/einsum.h"
#include "millstream/ops/elementwise.h"
#include "millstream/ops/gather.h"
#include "millstream/ops/join.h"
#include "millstream/ops/matmul.h"
#include "millstream/ops/normalize.h"
#include "millstream/ops/operators.h"
#include "millstream/ops/pool.h"
#include "millstream/ops/random.h"
#include "millstream/ops/reduce.h"
#include "millstream/ops/scan.h"
#include "millstream/ops/sequence.h"
#include "millstream/ops/slice.h"
#include "millstream/ops/softmax.h"
#include "millstream/ops/sort.h"
#include "millstream/ops/space.h"
#include "millstream/ops/views.h"
