// Weights in the order the matmul kernels read them: one order for every instruction set.
//
// A matrix w [N, K] is cut into groups of 16 rows (the last one padded with zero rows). A group of
// F32 is [K][16] floats, one of F16 or BF16 [K][16] 16-bit elements. A quantised one is cut into
// blocks of 32 columns, KB = K / 32 of them (K is a multiple of the dtype's block_elements), and
// has these areas, one after the other:
//
//   codes     [KB][bits] vectors of 64 bytes = 16 dwords; dword r belongs to row r of the group
//   scales    [KB][16] halves; of a dtype with block_scales, [KB · S][16] bytes
//   minima    likewise, where the dtype has them
//   block scales, block minima   [K / 256][16] halves, where the dtype has block_scales
//
// quant_format.h says what the formats differ in; S is the number of scales in 32 columns, 1 or 2.
// Scales are bytes as wide as they are read: 6 bits get 8 (Q4_K: 4.63 bits a weight instead of
// 4.50). Q2_K alone has scale and minimum in one byte of the scales (low and high half), as its
// source.
//
// How the 32 codes of a row fill `bits` dwords: code k = 16h + 4j + i (h below 2, j and i below 4)
// lies in byte i of its dwords, so that byte i always meets the activations of k ≡ i (mod 4), and
//
//   8 bits          dword 4h + j                          signed, as in the source
//   low 4 bits      dword j, its low half for h = 0, its high half for h = 1
//   low 2 bits      dword h, bits 2j and 2j + 1
//   high 1 bit      a dword behind the low ones, bit 4h + j
//   high 2 bits     dword h behind the low ones, bits 2j and 2j + 1
//
//   Q8_0 8          Q4_0 Q4_1 Q4_K 4       Q5_0 Q5_1 Q5_K 4 + 1
//   Q2_K 2          Q3_K 2 + 1             Q6_K 4 + 2
//
// So one AVX-512 register is a vector, AVX2 reads it in halves and NEON in quarters; an activation
// is broadcast to all 16 rows, no sum runs across a register, a shift and a mask unpack a vector,
// codes that share a scale of 16 columns (one h) need no part of a register only, and the scales of
// a block are one load. Groups and the areas within them start at multiples of 64 bytes; what pads
// them is zero.
#pragma once

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "base/arena.h"
#include "base/checked_math.h"
#include "tensor/dtype.h"
#include "tensor/quant_format.h"
#include "tensor/tensor_view.h"

namespace espalier::tensor {

inline constexpr std::size_t packed_group_rows = 16;
inline constexpr std::size_t packed_alignment = 64;     // a cache line, and an AVX-512 register
inline constexpr std::size_t packed_block = 32;         // columns whose codes stand together
inline constexpr std::size_t packed_vector_bytes = 64;  // a dword for each row of a group

// Byte offsets within a group. For F32, F16 and BF16 the elements stand at quants_offset and blocks
// is 0. Areas that a dtype lacks are empty.
struct PackedLayout {
  std::size_t blocks = 0;  // KB
  std::size_t quants_offset = 0;
  std::size_t scales_offset = 0;
  std::size_t minima_offset = 0;
  std::size_t block_scales_offset = 0;
  std::size_t block_minima_offset = 0;
  std::size_t group_bytes = 0;
};

constexpr PackedLayout packed_layout(DType dtype, std::size_t cols) noexcept {
  const auto area = [](std::size_t bytes) { return base::round_up(bytes, packed_alignment); };
  PackedLayout layout;
  if (!is_quantised(dtype)) {
    layout.group_bytes = area(row_bytes(dtype, cols) * packed_group_rows);
    return layout;
  }
  const QuantFormat format = quant_format(dtype);
  constexpr std::size_t half = sizeof(std::uint16_t);
  const std::size_t scales =
      area(cols / format.scale_elements * packed_group_rows * (format.block_scales ? 1 : half));
  const std::size_t minima = format.has_minima && dtype != DType::q2_k ? scales : 0;
  const std::size_t halves =
      format.block_scales ? area(cols / info(dtype).block_elements * packed_group_rows * half) : 0;
  layout.blocks = cols / packed_block;
  layout.scales_offset = area(layout.blocks * format.bits * packed_vector_bytes);
  layout.minima_offset = layout.scales_offset + scales;
  layout.block_scales_offset = layout.minima_offset + minima;
  layout.block_minima_offset = layout.block_scales_offset + halves;
  layout.group_bytes = layout.block_minima_offset + (format.has_minima ? halves : 0);
  return layout;
}

// Moves, never copies. Immutable once packed, so any number of threads may read it.
class PackedMatrix {
 public:
  PackedMatrix() = default;

  // Room for a matrix, its contents yet to be packed, from the arena or (null) of its own. Throws
  // InvalidArgument where cols is not a multiple of the dtype's block or the size does not fit the
  // address space.
  PackedMatrix(DType dtype, std::size_t rows, std::size_t cols, base::Arena* arena = nullptr);
  PackedMatrix(PackedMatrix&&) noexcept = default;
  PackedMatrix& operator=(PackedMatrix&&) noexcept = default;

  DType dtype() const noexcept { return dtype_; }
  std::size_t rows() const noexcept { return rows_; }  // N, without padding
  std::size_t cols() const noexcept { return cols_; }  // K
  std::size_t groups() const noexcept { return base::ceil_div(rows_, packed_group_rows); }
  std::size_t bytes() const noexcept { return groups() * layout_.group_bytes; }
  const PackedLayout& layout() const noexcept { return layout_; }

  const std::byte* group(std::size_t g) const noexcept {
    assert(g < groups());
    return data_.get() + g * layout_.group_bytes;
  }
  std::byte* group(std::size_t g) noexcept {
    assert(g < groups());
    return data_.get() + g * layout_.group_bytes;
  }

 private:
  DType dtype_ = DType::f32;
  std::size_t rows_ = 0;
  std::size_t cols_ = 0;
  PackedLayout layout_;
  std::shared_ptr<std::byte> data_;  // or a piece of an arena
};

// What to pack: parts of one dtype and one width, stacked on top of each other (Q, K and V of a
// layer make one matrix), and the order of the rows.
struct PackSource {
  std::span<const TensorView> parts;
  // Packed row i takes row row_order[i] of the stack (undoes llama's Q/K interleaving, say). Empty:
  // as they stand; otherwise one entry a row.
  std::span<const std::uint32_t> row_order;
};

// Checks the source and gives the matrix that pack_groups() is to fill. Throws InvalidArgument
// naming the part or the entry of row_order that does not fit.
PackedMatrix allocate_packed(const PackSource& source, base::Arena* arena = nullptr);

// Fills groups [group_begin, group_end) of a matrix that allocate_packed(source) gave. Different
// groups may be packed by different threads.
void pack_groups(const PackSource& source, PackedMatrix& packed, std::size_t group_begin,
                 std::size_t group_end) noexcept;

// Both steps on one thread.
PackedMatrix pack(const PackSource& source);
PackedMatrix pack(const TensorView& matrix);

// out[k] = w(row, k), the same bits as dequantise() gives for the source row. This is the embedding
// lookup, too.  out: f32 [K]
void unpack_row(const PackedMatrix& packed, std::size_t row, std::span<float> out) noexcept;

}  // namespace espalier::tensor
