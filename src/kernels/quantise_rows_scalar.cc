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

void quantise_blocks(QuantiseBlocks row) noexcept {
  for (std::size_t b = 0; b < row.blocks; ++b) {
    const float* x = row.x + b * quantise_block;
    std::int8_t* codes = row.codes + b * quantise_block;
    std::int16_t* lane_sums = row.lane_sums + b * quantise_lane_sums;
    const std::uint32_t max = max_magnitude_bits(x);
    const bool finite = max < infinity_bits;
    const float scale = std::bit_cast<float>(max) / max_code;
    row.scales[b] = finite ? scale : std::numeric_limits<float>::quiet_NaN();
    std::fill_n(lane_sums, quantise_lane_sums, std::int16_t{0});
    for (std::size_t k = 0; k < quantise_block; ++k) {
      const float code = finite && scale > 0.0F ? std::nearbyint(x[k] / scale) : 0.0F;
      codes[k] = static_cast<std::int8_t>(std::clamp(code, -max_code, max_code));
      std::int16_t& lane_sum = lane_sums[k % 4 / 2];
      lane_sum = static_cast<std::int16_t>(lane_sum + codes[k]);
    }
  }
}

}  // namespace espalier::kernels::scalar
