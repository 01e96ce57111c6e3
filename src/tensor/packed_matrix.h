// Weights in the order the matmul kernels read them: one order for every instruction set.
//
// A matrix w [N, K] is cut into groups of 16 rows (the last one padded with zero rows). A group:
//
//   F32     [K][16] floats
//   F16     [K][16] halves
//   Q8_0    codes, scales           K is a multiple of 32 and KB = K / 32
//   Q4_0    codes, scales
//   Q4_1    codes, scales, minima
//
//   codes   [KB][V] vectors of 64 bytes = 16 dwords; dword r belongs to row r of the group.
//           Q8_0: V = 8, dword r of vector j holds the signed codes k = 4j … 4j+3 of row r.
//           Q4_x: V = 4, byte i of dword r of vector j is byte 4j+i of row r's source block: the
//           low half is k = 4j+i, the high half k = 16+4j+i.
//   scales, minima   [KB][16] halves
//
// So one AVX-512 register is a vector, AVX2 reads it in halves and NEON in quarters; an activation
// is broadcast to all 16 rows, no sum runs across a register, and the scales of a block are one
// load. Groups and the areas within them start at multiples of 64 bytes; what pads them is zero.
#pragma once

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <span>

#include "base/checked_math.h"
#include "tensor/dtype.h"
#include "tensor/tensor_view.h"

namespace espalier::tensor {

inline constexpr std::size_t packed_group_rows = 16;
inline constexpr std::size_t packed_alignment = 64;  // a cache line, and an AVX-512 register
inline constexpr std::size_t packed_block = 32;      // elements that share a scale

// Byte offsets within a group. For F32 and F16 the elements stand at quants_offset and blocks is 0.
struct PackedLayout {
  std::size_t blocks = 0;  // KB
  std::size_t quants_offset = 0;
  std::size_t scales_offset = 0;  // quantised types only
  std::size_t minima_offset = 0;  // Q4_1 only
  std::size_t group_bytes = 0;
};

constexpr PackedLayout packed_layout(DType dtype, std::size_t cols) noexcept {
  const auto area = [](std::size_t bytes) { return base::round_up(bytes, packed_alignment); };
  PackedLayout layout;
  if (!is_quantised(dtype)) {
    layout.group_bytes = area(row_bytes(dtype, cols) * packed_group_rows);
    return layout;
  }
  layout.blocks = cols / packed_block;
  const std::size_t code_bytes = dtype == DType::q8_0 ? packed_block : packed_block / 2;
  const std::size_t halves = area(layout.blocks * packed_group_rows * sizeof(std::uint16_t));
  layout.scales_offset = area(layout.blocks * code_bytes * packed_group_rows);
  layout.minima_offset = layout.scales_offset + halves;
  layout.group_bytes = layout.minima_offset + (dtype == DType::q4_1 ? halves : 0);
  return layout;
}

// Owns its memory; moves, never copies. Immutable once packed, so any number of threads may read
// it.
class PackedMatrix {
 public:
  PackedMatrix() = default;

  // Room for a matrix, its contents yet to be packed. Throws InvalidArgument where cols is not a
  // multiple of the dtype's block or the size does not fit the address space.
  PackedMatrix(DType dtype, std::size_t rows, std::size_t cols);

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
  struct AlignedDelete {
    void operator()(std::byte* memory) const noexcept {
      ::operator delete[](memory, std::align_val_t{packed_alignment});
    }
  };

  DType dtype_ = DType::f32;
  std::size_t rows_ = 0;
  std::size_t cols_ = 0;
  PackedLayout layout_;
  std::unique_ptr<std::byte[], AlignedDelete> data_;
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
PackedMatrix allocate_packed(const PackSource& source);

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
