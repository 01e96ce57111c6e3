// What this machine's memory and multipliers give at best: the limits that a model's speed is held
// against. Measured, not looked up, so that they hold under the load of the moment.
#pragma once

#include "kernels/ops.h"

namespace espalier::cli {

// GB/s (10^9 bytes) of a plain loop over a buffer well beyond the last-level cache, with that many
// threads; the best of a few passes. Decoding reads every weight once a token.
double read_bandwidth_gb_s(int threads);

// 10^9 int8 operations a second, two for each product, of a loop that loads nothing, likewise.
double multiply_gops(const kernels::Ops& ops, int threads);

}  // namespace espalier::cli
