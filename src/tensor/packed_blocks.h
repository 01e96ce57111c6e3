// Quantised blocks into the packed order and back: the bit layouts of packed_matrix.h, and nothing
// that knows a matrix.
#pragma once

#include <array>
#include <cstddef>
#include <span>

#include "tensor/packed_matrix.h"

namespace espalier::tensor {

// The source rows of one group; fewer than 16 in the last group of a matrix.
struct GroupRows {
  std::array<const std::byte*, packed_group_rows> at{};
  std::size_t count = 0;
};

// Writes what the rows have of a group, nothing between.
void pack_blocks(const GroupRows& rows, DType dtype, const PackedLayout& layout,
                 std::byte* group) noexcept;

// Row r of a group, 32 · layout.blocks elements.
void unpack_blocks(const std::byte* group, DType dtype, const PackedLayout& layout, std::size_t r,
                   std::span<float> out) noexcept;

}  // namespace espalier::tensor
