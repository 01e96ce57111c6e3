#include "tensor/packed_blocks.h"

#include <cassert>
#include <cstdint>
#include <cstring>

#include "tensor/quant_block.h"

namespace espalier::tensor {
namespace {

// Four codes at a time, one a byte: a row's 32 codes are eight dwords, number 4h + j for k = 16h +
// 4j … 16h + 4j + 3.
constexpr std::size_t code_dwords = 8;
using Codes = std::array<std::uint32_t, code_dwords>;
using Packed = std::array<std::uint32_t, 8>;  // as many as the format has bits are used

constexpr std::uint32_t in_each_byte(std::uint32_t value) { return value * 0x01010101U; }

// Q8_0 is stored as the source has it: as signed bytes.
constexpr std::uint32_t signed_codes = in_each_byte(0x80U);

// Fields of 2 bits, from bit `from` of the codes on, are four to a byte.
std::uint32_t pack_2_bits(const std::uint32_t* codes, std::size_t from) noexcept {
  std::uint32_t packed = 0;
  for (std::size_t j = 0; j < 4; ++j) packed |= (codes[j] >> from & in_each_byte(3)) << 2 * j;
  return packed;
}

void unpack_2_bits(std::uint32_t packed, std::size_t to, std::uint32_t* codes) noexcept {
  for (std::size_t j = 0; j < 4; ++j) codes[j] |= (packed >> 2 * j & in_each_byte(3)) << to;
}

template <QuantFormat Format>
Packed pack_codes(const Codes& codes) noexcept {
  Packed packed{};
  if constexpr (Format.low_bits() == 8) {
    for (std::size_t i = 0; i < 8; ++i) packed[i] = codes[i] ^ signed_codes;
  } else if constexpr (Format.low_bits() == 4) {
    constexpr std::uint32_t nibble = in_each_byte(15);
    for (std::size_t j = 0; j < 4; ++j) {
      packed[j] = (codes[j] & nibble) | (codes[4 + j] & nibble) << 4;
    }
  } else {
    for (std::size_t h = 0; h < 2; ++h) packed[h] = pack_2_bits(&codes[4 * h], 0);
  }
  constexpr std::size_t low = Format.low_bits();
  if constexpr (Format.high_bits == 1) {
    for (std::size_t i = 0; i < 8; ++i) packed[low] |= (codes[i] >> low & in_each_byte(1)) << i;
  } else if constexpr (Format.high_bits == 2) {
    for (std::size_t h = 0; h < 2; ++h) packed[low + h] = pack_2_bits(&codes[4 * h], low);
  }
  return packed;
}

template <QuantFormat Format>
Codes unpack_codes(const Packed& packed) noexcept {
  Codes codes{};
  if constexpr (Format.low_bits() == 8) {
    for (std::size_t i = 0; i < 8; ++i) codes[i] = packed[i] ^ signed_codes;
  } else if constexpr (Format.low_bits() == 4) {
    constexpr std::uint32_t nibble = in_each_byte(15);
    for (std::size_t i = 0; i < 8; ++i) codes[i] = packed[i % 4] >> (i / 4 * 4) & nibble;
  } else {
    for (std::size_t h = 0; h < 2; ++h) unpack_2_bits(packed[h], 0, &codes[4 * h]);
  }
  constexpr std::size_t low = Format.low_bits();
  if constexpr (Format.high_bits == 1) {
    for (std::size_t i = 0; i < 8; ++i) codes[i] |= (packed[low] >> i & in_each_byte(1)) << low;
  } else if constexpr (Format.high_bits == 2) {
    for (std::size_t h = 0; h < 2; ++h) unpack_2_bits(packed[low + h], low, &codes[4 * h]);
  }
  return codes;
}

// Where things stand in a group. `Byte` is std::byte, const or not.
template <DType Type, class Byte>
struct Places {
  static constexpr QuantFormat format = quant_format(Type);
  // Of one block of the source.
  static constexpr std::size_t packed_blocks = info(Type).block_elements / packed_block;
  static constexpr std::size_t scales = info(Type).block_elements / format.scale_elements;
  static constexpr std::size_t half = sizeof(std::uint16_t);

  Byte* group;
  const PackedLayout& layout;
  std::size_t r;

  Byte* dword(std::size_t block, std::size_t vector) const noexcept {
    return group + layout.quants_offset + (block * format.bits + vector) * packed_vector_bytes +
           r * sizeof(std::uint32_t);
  }
  // f16 scales and minima of source block b.
  Byte* scale(std::size_t b) const noexcept {
    const std::size_t area =
        format.block_scales ? layout.block_scales_offset : layout.scales_offset;
    return group + area + (b * packed_group_rows + r) * half;
  }
  Byte* minimum(std::size_t b) const noexcept {
    const std::size_t area =
        format.block_scales ? layout.block_minima_offset : layout.minima_offset;
    return group + area + (b * packed_group_rows + r) * half;
  }
  // Byte i of source block b, of a format with block_scales.
  Byte& byte_scale(std::size_t b, std::size_t i) const noexcept {
    return group[layout.scales_offset + (b * scales + i) * packed_group_rows + r];
  }
  Byte& byte_minimum(std::size_t b, std::size_t i) const noexcept {
    return group[layout.minima_offset + (b * scales + i) * packed_group_rows + r];
  }
};

template <DType Type>
void pack_block(const QuantBlock& block, std::size_t b,
                const Places<Type, std::byte>& to) noexcept {
  using To = Places<Type, std::byte>;
  for (std::size_t i = 0; i < To::packed_blocks; ++i) {
    Codes codes;
    std::memcpy(codes.data(), block.codes.data() + i * packed_block, sizeof codes);
    const Packed packed = pack_codes<To::format>(codes);
    for (std::size_t v = 0; v < To::format.bits; ++v) {
      std::memcpy(to.dword(b * To::packed_blocks + i, v), &packed[v], sizeof packed[v]);
    }
  }
  std::memcpy(to.scale(b), &block.scale, To::half);
  if constexpr (To::format.has_minima) std::memcpy(to.minimum(b), &block.minimum, To::half);
  if constexpr (To::format.block_scales) {
    for (std::size_t i = 0; i < To::scales; ++i) {
      const auto scale = static_cast<std::byte>(block.scales[i]);
      if constexpr (Type == DType::q2_k) {
        to.byte_scale(b, i) = scale | static_cast<std::byte>(block.minima[i]) << 4;
      } else {
        to.byte_scale(b, i) = scale;
        if constexpr (To::format.has_minima) {
          to.byte_minimum(b, i) = static_cast<std::byte>(block.minima[i]);
        }
      }
    }
  }
}

// Blocks of 32 have their codes in the packed order already: a byte for k and k + 16, or for one k.
// Copying is several times as fast as taking them apart, and most of a model's loading time.
template <DType Type>
void copy_block(const std::byte* source, std::size_t b,
                const Places<Type, std::byte>& to) noexcept {
  using To = Places<Type, std::byte>;
  std::memcpy(to.scale(b), source, To::half);
  source += To::half;
  if constexpr (To::format.has_minima) {
    std::memcpy(to.minimum(b), source, To::half);
    source += To::half;
  }
  constexpr std::size_t low = To::format.low_bits();
  if constexpr (To::format.high_bits == 1) {
    // Bits 4i … 4i + 3 go to bit i of one byte each: multiplied, they stand 7 bits apart.
    std::uint32_t bits = 0;
    std::memcpy(&bits, source, sizeof bits);
    source += sizeof bits;
    std::uint32_t packed = 0;
    for (std::size_t i = 0; i < 8; ++i) {
      packed |= ((bits >> 4 * i & 15U) * 0x204081U & in_each_byte(1)) << i;
    }
    std::memcpy(to.dword(b, low), &packed, sizeof packed);
  }
  for (std::size_t v = 0; v < low; ++v) {
    std::memcpy(to.dword(b, v), source + v * sizeof(std::uint32_t), sizeof(std::uint32_t));
  }
}

template <DType Type>
void unpack_block(const Places<Type, const std::byte>& from, std::size_t b,
                  QuantBlock& block) noexcept {
  using From = Places<Type, const std::byte>;
  for (std::size_t i = 0; i < From::packed_blocks; ++i) {
    Packed packed{};
    for (std::size_t v = 0; v < From::format.bits; ++v) {
      std::memcpy(&packed[v], from.dword(b * From::packed_blocks + i, v), sizeof packed[v]);
    }
    const Codes codes = unpack_codes<From::format>(packed);
    std::memcpy(block.codes.data() + i * packed_block, codes.data(), sizeof codes);
  }
  std::memcpy(&block.scale, from.scale(b), From::half);
  if constexpr (From::format.has_minima) std::memcpy(&block.minimum, from.minimum(b), From::half);
  if constexpr (From::format.block_scales) {
    for (std::size_t i = 0; i < From::scales; ++i) {
      const std::byte scale = from.byte_scale(b, i);
      if constexpr (Type == DType::q2_k) {
        block.scales[i] = static_cast<std::int8_t>(scale & std::byte{15});
        block.minima[i] = static_cast<std::uint8_t>(scale >> 4);
      } else {
        block.scales[i] = static_cast<std::int8_t>(scale);
        if constexpr (From::format.has_minima) {
          block.minima[i] = static_cast<std::uint8_t>(from.byte_minimum(b, i));
        }
      }
    }
  }
}

}  // namespace

void pack_blocks(const GroupRows& rows, DType dtype, const PackedLayout& layout,
                 std::byte* group) noexcept {
  with_quantised(dtype, [&]<DType Type>() noexcept {
    [[maybe_unused]] QuantBlock block;
    const std::size_t blocks = layout.blocks * packed_block / info(Type).block_elements;
    // The 16 rows are read side by side, so every cache line is written while it is near.
    for (std::size_t b = 0; b < blocks; ++b) {
      for (std::size_t r = 0; r < rows.count; ++r) {
        const std::byte* source = rows.at[r] + b * info(Type).block_bytes;
        if constexpr (info(Type).block_elements == packed_block) {
          copy_block<Type>(source, b, {group, layout, r});
        } else {
          read_block<Type>(source, block);
          pack_block<Type>(block, b, {group, layout, r});
        }
      }
    }
  });
}

void unpack_blocks(const std::byte* group, DType dtype, const PackedLayout& layout, std::size_t r,
                   std::span<float> out) noexcept {
  assert(out.size() == layout.blocks * packed_block);
  with_quantised(dtype, [&]<DType Type>() noexcept {
    QuantBlock block;
    for (std::size_t b = 0; b < out.size() / info(Type).block_elements; ++b) {
      unpack_block<Type>({group, layout, r}, b, block);
      values_of<Type>(block, out.data() + b * info(Type).block_elements);
    }
  });
}

}  // namespace espalier::tensor
