// What quantise_rows comes down to: one row, as pointers and a count (isa_functions.h says why).
#pragma once

#include <cstddef>
#include <cstdint>

namespace espalier::kernels {

inline constexpr std::size_t quantise_block = 16;
inline constexpr std::size_t quantise_lane_sums = 2;
inline constexpr float max_code = 127.0F;

// The bits of +infinity: as an integer, |x| is finite where its bits are below.
inline constexpr std::uint32_t infinity_bits = 0x7f800000U;

struct QuantiseBlocks {
  const float* x;  // [16 · blocks]
  std::size_t blocks;
  std::int8_t* codes;       // [16 · blocks]
  float* scales;            // [blocks]
  std::int16_t* lane_sums;  // [blocks][2]
  // Written by AVX2 alone:
  std::int32_t* steps;  // [blocks / 2], two int16 each
  float* sums;          // [blocks / 2]
  float* unit;
};

using QuantiseBlocksFn = void(QuantiseBlocks row) noexcept;

namespace scalar {
QuantiseBlocksFn quantise_blocks;
}
namespace avx2 {
QuantiseBlocksFn quantise_blocks;
}
namespace avx512 {
QuantiseBlocksFn quantise_blocks;
}

}  // namespace espalier::kernels
