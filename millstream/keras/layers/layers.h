#pragma once
// All layers of keras::layers.
#include "millstream/keras/layers/activation.h"
#include "millstream/keras/layers/conv2d.h"
#include "millstream/keras/layers/dense.h"
#include "millstream/keras/layers/dropout.h"
#include "millstream/keras/layers/embedding.h"
#include "millstream/keras/layers/input.h"
#include "millstream/keras/layers/merging.h"
#include "millstream/keras/layers/normalization.h"
#include "millstream/keras/layers/pooling.h"
#include "millstream/keras/layers/reshaping.h"
