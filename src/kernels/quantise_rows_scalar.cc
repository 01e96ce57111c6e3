// The reference. Every other instruction set gives the same bits.
#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "kernels/quantise_blocks.h"

namespace espalier::kernels::scalar {
namespace {

// max|x| as bits: for floats without a sign the order of the bits is the order of the values, and
// infinity and NaN come last.
std::uint32_t max_magnitude_bits(const float* x) {
  std::uint32_t max = 0;
  for (std::size_t i = 0; i < quantise_block; ++i) {
    max = std::max(max, std::bit_cast<std::uint32_t>(x[i]) & 0x7fffffffU);
  }
  return max;
}

}  // namespace

void quantise_blocks(const float* x, std::size_t blocks, std::int8_t* codes, float* scales,
                     std::int32_t* sums) noexcept {
  for (std::size_t b = 0; b < blocks; ++b, x += quantise_block, codes += quantise_block) {
    const std::uint32_t max = max_magnitude_bits(x);
    const bool finite = max < infinity_bits;
    const float scale = std::bit_cast<float>(max) / max_code;
    scales[b] = finite ? scale : std::numeric_limits<float>::quiet_NaN();
    sums[b] = 0;
    for (std::size_t i = 0; i < quantise_block; ++i) {
      const float code = finite && scale > 0.0F ? std::nearbyint(x[i] / scale) : 0.0F;
      codes[i] = static_cast<std::int8_t>(std::clamp(code, -max_code, max_code));
      sums[b] += codes[i];
    }
  }
}

}  // namespace espalier::kernels::scalar
