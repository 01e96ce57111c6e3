#include "tensor/quant_block.h"

#include <algorithm>
#include <cstring>

#include "tensor/float16.h"

namespace espalier::tensor {
namespace {

std::uint16_t half_at(const std::byte* at) noexcept {
  std::uint16_t half = 0;
  std::memcpy(&half, at, sizeof half);
  return half;
}

std::uint8_t byte_at(const std::byte* at) noexcept { return std::to_integer<std::uint8_t>(*at); }

// Fields of `Bits` bits: runs of `run` bytes, a multiple of eight, hold the lowest field of `run`
// elements, then the next field of the next `run` elements, and so on. ORs them into the codes,
// `shift` bits up, eight at a time: files are loaded through here.
template <std::size_t Bits>
void read_fields(const std::byte* source, std::size_t run, std::size_t elements, int shift,
                 std::uint8_t* codes) noexcept {
  constexpr std::uint64_t mask = ((1U << Bits) - 1U) * 0x0101010101010101U;
  for (std::size_t k = 0; k < elements; source += run) {
    for (std::size_t field = 0; field < 8; field += Bits) {
      for (std::size_t i = 0; i < run; i += 8, k += 8) {
        std::uint64_t eight = 0;
        std::uint64_t bytes = 0;
        std::memcpy(&eight, codes + k, sizeof eight);
        std::memcpy(&bytes, source + i, sizeof bytes);
        eight |= (bytes >> field & mask) << shift;
        std::memcpy(codes + k, &eight, sizeof eight);
      }
    }
  }
}

// Bit k of 32 becomes bit `shift` of code k.
void read_bits(const std::byte* source, int shift, std::uint8_t* codes) noexcept {
  for (std::size_t k = 0; k < 32; ++k) {
    const unsigned bit = byte_at(source + k / 8) >> (k % 8) & 1U;
    codes[k] = static_cast<std::uint8_t>(codes[k] | bit << shift);
  }
}

// Q4_K and Q5_K: eight 6-bit scales and minima in 12 bytes. The first four stand in the low bits of
// bytes 0–3 and 4–7; the others have their low four bits in bytes 8–11, their high two on top of
// the first ones.
void read_6_bit_pairs(const std::byte* source, QuantBlock& block) noexcept {
  for (std::size_t i = 0; i < 4; ++i) {
    const unsigned a = byte_at(source + i);
    const unsigned b = byte_at(source + 4 + i);
    const unsigned c = byte_at(source + 8 + i);
    block.scales[i] = static_cast<std::int8_t>(a & 63U);
    block.minima[i] = static_cast<std::uint8_t>(b & 63U);
    block.scales[4 + i] = static_cast<std::int8_t>((c & 15U) | (a >> 6U) << 4U);
    block.minima[4 + i] = static_cast<std::uint8_t>(c >> 4U | (b >> 6U) << 4U);
  }
}

// Q3_K: sixteen 6-bit scales, offset 32, in 12 bytes. Low four bits: bytes 0–7, first the low
// halves; high two bits: bytes 8–11, four scales apart.
void read_6_bit_scales(const std::byte* source, QuantBlock& block) noexcept {
  for (std::size_t i = 0; i < 16; ++i) {
    const unsigned low = byte_at(source + i % 8) >> (i / 8 * 4) & 15U;
    const unsigned high = byte_at(source + 8 + i % 4) >> (i / 4 * 2) & 3U;
    block.scales[i] = static_cast<std::int8_t>(static_cast<int>(low | high << 4U) - 32);
  }
}

}  // namespace

template <DType Type>
void read_block(const std::byte* source, QuantBlock& block) noexcept {
  constexpr std::size_t elements = info(Type).block_elements;
  std::uint8_t* codes = block.codes.data();
  std::fill_n(codes, elements, std::uint8_t{0});
  if constexpr (elements == 32) {
    block.scale = half_at(source);
    source += 2;
    if constexpr (quant_format(Type).has_minima) {
      block.minimum = half_at(source);
      source += 2;
    }
    if constexpr (Type == DType::q8_0) {
      for (std::size_t k = 0; k < elements; ++k) {
        codes[k] = static_cast<std::uint8_t>(byte_at(source + k) ^ 0x80U);
      }
    } else {
      if constexpr (quant_format(Type).high_bits > 0) {
        read_bits(source, 4, codes);
        source += 4;
      }
      read_fields<4>(source, 16, elements, 0, codes);
    }
  } else if constexpr (Type == DType::q2_k) {
    for (std::size_t i = 0; i < 16; ++i) {
      block.scales[i] = static_cast<std::int8_t>(byte_at(source + i) & 15U);
      block.minima[i] = static_cast<std::uint8_t>(byte_at(source + i) >> 4U);
    }
    read_fields<2>(source + 16, 32, elements, 0, codes);
    block.scale = half_at(source + 80);
    block.minimum = half_at(source + 82);
  } else if constexpr (Type == DType::q3_k) {
    read_fields<1>(source, 32, elements, 2, codes);
    read_fields<2>(source + 32, 32, elements, 0, codes);
    read_6_bit_scales(source + 96, block);
    block.scale = half_at(source + 108);
  } else if constexpr (Type == DType::q6_k) {
    read_fields<4>(source, 64, elements, 0, codes);
    read_fields<2>(source + 128, 32, elements, 4, codes);
    std::memcpy(block.scales.data(), source + 192, 16);
    block.scale = half_at(source + 208);
  } else {
    block.scale = half_at(source);
    block.minimum = half_at(source + 2);
    read_6_bit_pairs(source + 4, block);
    if constexpr (Type == DType::q5_k) read_fields<1>(source + 16, 32, elements, 4, codes);
    read_fields<4>(source + (Type == DType::q5_k ? 48 : 16), 32, elements, 0, codes);
  }
}

template <DType Type>
void values_of(const QuantBlock& block, float* out) noexcept {
  constexpr QuantFormat format = quant_format(Type);
  const float d = half_to_float(block.scale);
  const float m = format.has_minima ? half_to_float(block.minimum) : 0.0F;
  for (std::size_t i = 0; i < info(Type).block_elements / format.scale_elements; ++i) {
    float scale = d;
    float minimum = m;
    if constexpr (format.block_scales) {
      scale *= static_cast<float>(block.scales[i]);
      minimum *= -static_cast<float>(block.minima[i]);
    }
    for (std::size_t k = i * format.scale_elements; k < (i + 1) * format.scale_elements; ++k) {
      out[k] = scale * static_cast<float>(block.codes[k] - format.offset);
      if constexpr (format.has_minima) out[k] += minimum;
    }
  }
}

// One of each for every quantised dtype.
#define ESPALIER_BLOCKS_OF(type)                                                 \
  template void read_block<DType::type>(const std::byte*, QuantBlock&) noexcept; \
  template void values_of<DType::type>(const QuantBlock&, float*) noexcept

ESPALIER_BLOCKS_OF(q8_0);
ESPALIER_BLOCKS_OF(q4_0);
ESPALIER_BLOCKS_OF(q4_1);
ESPALIER_BLOCKS_OF(q5_0);
ESPALIER_BLOCKS_OF(q5_1);
ESPALIER_BLOCKS_OF(q2_k);
ESPALIER_BLOCKS_OF(q3_k);
ESPALIER_BLOCKS_OF(q4_k);
ESPALIER_BLOCKS_OF(q5_k);
ESPALIER_BLOCKS_OF(q6_k);

#undef ESPALIER_BLOCKS_OF

}  // namespace espalier::tensor
