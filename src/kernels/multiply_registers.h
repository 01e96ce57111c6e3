// What the processor's int8 multipliers reach when nothing is loaded: the ceiling that the matmuls
// of a prompt are measured against.
#pragma once

#include <cstddef>

namespace espalier::kernels {

// Multiplies and adds registers `steps` times over, in as many independent chains as hide the
// latency, with the instructions of matmul_quantised. Returns the operations done, two for each
// pair of int8 codes: > 0 for steps > 0.
using MultiplyRegistersFn = double(std::size_t steps) noexcept;

}  // namespace espalier::kernels
