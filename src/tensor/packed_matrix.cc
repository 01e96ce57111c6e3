#include "tensor/packed_matrix.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <new>

#include "espalier/error.h"
#include "tensor/dequantise.h"
#include "tensor/packed_blocks.h"

namespace espalier::tensor {
namespace {

const std::byte* stacked_row(std::span<const TensorView> parts, std::size_t row) noexcept {
  for (const TensorView& part : parts) {
    if (row < part.rows) return part.row(row).data();
    row -= part.rows;
  }
  return nullptr;
}

GroupRows rows_of_group(const PackSource& source, std::size_t rows, std::size_t group) noexcept {
  GroupRows result;
  const std::size_t first = group * packed_group_rows;
  result.count = std::min(packed_group_rows, rows - first);
  for (std::size_t r = 0; r < result.count; ++r) {
    const std::size_t row = source.row_order.empty() ? first + r : source.row_order[first + r];
    result.at[r] = stacked_row(source.parts, row);
  }
  return result;
}

// [rows][K] to [K][16]. The 16 rows are read side by side, so every cache line is fetched once.
template <std::size_t Size>
void pack_elements(const GroupRows& rows, std::size_t cols, std::byte* out) noexcept {
  for (std::size_t k = 0; k < cols; ++k) {
    for (std::size_t r = 0; r < rows.count; ++r) {
      std::memcpy(out + (k * packed_group_rows + r) * Size, rows.at[r] + k * Size, Size);
    }
  }
}

void pack_group(const GroupRows& rows, DType dtype, std::size_t cols, const PackedLayout& layout,
                std::byte* group) noexcept {
  // Padding rows and the ends of areas are zero. An even number of blocks fills areas to the end.
  const std::size_t blocks = cols / info(dtype).block_elements;
  if (rows.count < packed_group_rows || blocks % 2 != 0) std::memset(group, 0, layout.group_bytes);
  switch (dtype) {
    case DType::f32:
      return pack_elements<4>(rows, cols, group);
    case DType::f16:
    case DType::bf16:
      return pack_elements<2>(rows, cols, group);
    default:
      return pack_blocks(rows, dtype, layout, group);
  }
}

void unpack_elements(const std::byte* group, DType dtype, std::size_t r,
                     std::span<float> out) noexcept {
  const std::size_t size = info(dtype).block_bytes;
  for (std::size_t k = 0; k < out.size(); ++k) {
    const std::byte* element = group + (k * packed_group_rows + r) * size;
    dequantise(dtype, {element, size}, out.subspan(k, 1));
  }
}

static_assert(base::Arena::alignment % packed_alignment == 0);

std::shared_ptr<std::byte> allocate(std::size_t bytes) {
  constexpr std::align_val_t alignment{packed_alignment};
  return {static_cast<std::byte*>(::operator new(bytes, alignment)),
          [](std::byte* at) { ::operator delete(at, alignment); }};
}

}  // namespace

PackedMatrix::PackedMatrix(DType dtype, std::size_t rows, std::size_t cols, base::Arena* arena)
    : dtype_(dtype), rows_(rows), cols_(cols) {
  if (cols % info(dtype).block_elements != 0) {
    throw InvalidArgument(fmt::format("a {} matrix of {} columns: they must be a multiple of {}",
                                      name(dtype), cols, info(dtype).block_elements));
  }
  // 128 bytes a column bound a group of any dtype, so the layout itself cannot overflow after this.
  constexpr std::size_t group_bound = 128;
  const auto bound = base::checked_mul<std::size_t>(cols, group_bound);
  const auto total = bound ? base::checked_mul<std::size_t>(*bound, groups()) : std::nullopt;
  if (!total) {
    throw InvalidArgument(fmt::format("a {} matrix of {} rows and {} columns does not fit memory",
                                      name(dtype), rows, cols));
  }
  layout_ = packed_layout(dtype, cols);
  data_ = arena != nullptr ? arena->take(bytes()) : allocate(bytes());
}

PackedMatrix allocate_packed(const PackSource& source, base::Arena* arena) {
  if (source.parts.empty()) throw InvalidArgument("pack: there is nothing to pack");
  const TensorView& first = source.parts.front();
  std::size_t rows = 0;
  for (std::size_t i = 0; i < source.parts.size(); ++i) {
    const TensorView& part = source.parts[i];
    if (part.dtype != first.dtype || part.cols != first.cols) {
      throw InvalidArgument(fmt::format(
          "pack: part {} is {} with {} columns but part 0 is {} with {}; stacked parts must agree",
          i, name(part.dtype), part.cols, name(first.dtype), first.cols));
    }
    const auto expected =
        base::checked_mul<std::size_t>(part.rows, row_bytes(part.dtype, part.cols));
    if (!expected || *expected != part.bytes.size()) {
      throw InvalidArgument(fmt::format("pack: part {} has {} bytes, not those of {} rows of {} {}",
                                        i, part.bytes.size(), part.rows, part.cols,
                                        name(part.dtype)));
    }
    rows += part.rows;
  }
  if (!source.row_order.empty() && source.row_order.size() != rows) {
    throw InvalidArgument(
        fmt::format("pack: row_order has {} entries for {} rows", source.row_order.size(), rows));
  }
  for (std::size_t i = 0; i < source.row_order.size(); ++i) {
    if (source.row_order[i] >= rows) {
      throw InvalidArgument(fmt::format("pack: row_order[{}] is {} but there are {} rows", i,
                                        source.row_order[i], rows));
    }
  }
  return {first.dtype, rows, first.cols, arena};
}

void pack_groups(const PackSource& source, PackedMatrix& packed, std::size_t group_begin,
                 std::size_t group_end) noexcept {
  for (std::size_t g = group_begin; g < group_end; ++g) {
    pack_group(rows_of_group(source, packed.rows(), g), packed.dtype(), packed.cols(),
               packed.layout(), packed.group(g));
  }
}

PackedMatrix pack(const PackSource& source) {
  PackedMatrix packed = allocate_packed(source);
  pack_groups(source, packed, 0, packed.groups());
  return packed;
}

PackedMatrix pack(const TensorView& matrix) {
  return pack({.parts = {&matrix, 1}, .row_order = {}});
}

void unpack_row(const PackedMatrix& packed, std::size_t row, std::span<float> out) noexcept {
  assert(row < packed.rows() && out.size() == packed.cols());
  const std::byte* group = packed.group(row / packed_group_rows);
  const std::size_t r = row % packed_group_rows;
  if (is_quantised(packed.dtype())) {
    unpack_blocks(group, packed.dtype(), packed.layout(), r, out);
  } else {
    unpack_elements(group, packed.dtype(), r, out);
  }
}

}  // namespace espalier::tensor
