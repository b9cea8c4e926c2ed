#pragma once
// Everything of Millstream but the pictures (millstream/plot/plot.h).
//
//   #include <millstream/millstream.h>
//   namespace ms = millstream;
#include "millstream/autodiff/tape.h"
#include "millstream/device/context.h"
#include "millstream/keras/keras.h"
