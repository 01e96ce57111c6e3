#include "tensor/packed_matrix.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <numeric>

#include "espalier/error.h"
#include "tensor/dequantise.h"
#include "tensor/random_blocks_testing.h"

namespace espalier::tensor {
namespace {

using testing::random_rows;
using testing::view;

std::vector<std::uint32_t> bits(std::span<const float> values) {
  std::vector<std::uint32_t> result(values.size());
  std::memcpy(result.data(), values.data(), values.size_bytes());
  return result;
}

std::vector<std::uint32_t> unpacked_bits(const PackedMatrix& packed, std::size_t row) {
  std::vector<float> values(packed.cols());
  unpack_row(packed, row, values);
  return bits(values);
}

std::vector<std::uint32_t> dequantised_bits(const TensorView& matrix, std::size_t row) {
  std::vector<float> values(matrix.cols);
  dequantise(matrix.dtype, matrix.row(row), values);
  return bits(values);
}

struct Shape {
  DType dtype;
  std::size_t cols;
};

Shape any_shape() {
  const DType dtype = *rc::gen::elementOf(std::vector(all_dtypes.begin(), all_dtypes.end()));
  const std::size_t units = *rc::gen::inRange<std::size_t>(1, 9);
  return {dtype, units * info(dtype).block_elements};
}

RC_GTEST_PROP(PackedMatrix, UnpackedRowsAreTheDequantisedSourceRows, ()) {
  const auto [dtype, cols] = any_shape();
  const std::size_t rows = *rc::gen::inRange<std::size_t>(1, 70);
  const auto bytes = random_rows(dtype, rows, cols, *rc::gen::arbitrary<std::uint32_t>());
  const TensorView matrix = view(dtype, rows, cols, bytes);
  const PackedMatrix packed = pack(matrix);
  for (std::size_t i = 0; i < rows; ++i) {
    RC_ASSERT(unpacked_bits(packed, i) == dequantised_bits(matrix, i));
  }
}

RC_GTEST_PROP(PackedMatrix, StackedAndReorderedRowsStandWhereTheOrderSays, ()) {
  const auto [dtype, cols] = any_shape();
  const auto seed = *rc::gen::arbitrary<std::uint32_t>();
  std::vector<std::vector<std::byte>> memory;
  std::vector<TensorView> parts;
  std::vector<std::vector<std::uint32_t>> stack;
  const std::size_t count = *rc::gen::inRange<std::size_t>(1, 4);
  for (std::size_t p = 0; p < count; ++p) {
    const std::size_t rows = *rc::gen::inRange<std::size_t>(1, 40);
    memory.push_back(random_rows(dtype, rows, cols, seed + static_cast<std::uint32_t>(p)));
    parts.push_back(view(dtype, rows, cols, memory.back()));
    for (std::size_t i = 0; i < rows; ++i) stack.push_back(dequantised_bits(parts.back(), i));
  }
  std::vector<std::uint32_t> order(stack.size());
  std::iota(order.begin(), order.end(), 0U);
  std::shuffle(order.begin(), order.end(), std::mt19937(seed));

  const PackedMatrix packed = pack(PackSource{parts, order});
  RC_ASSERT(packed.rows() == stack.size());
  for (std::size_t i = 0; i < order.size(); ++i) {
    RC_ASSERT(unpacked_bits(packed, i) == stack[order[i]]);
  }
}

TEST(PackedMatrix, GroupsPackedInAnyOrderGiveTheSameBytes) {
  for (DType dtype : all_dtypes) {
    const std::size_t cols = 3 * info(dtype).block_elements;
    const auto bytes = random_rows(dtype, 61, cols, 7);
    const TensorView matrix = view(dtype, 61, cols, bytes);
    const PackSource source{{&matrix, 1}, {}};
    const PackedMatrix whole = pack(source);
    PackedMatrix pieces = allocate_packed(source);
    std::memset(pieces.group(0), 0xa5, pieces.bytes());
    pack_groups(source, pieces, 2, 4);
    pack_groups(source, pieces, 0, 2);
    EXPECT_EQ(std::memcmp(whole.group(0), pieces.group(0), whole.bytes()), 0) << name(dtype);
  }
}

TEST(PackedMatrix, AreasStartAtCacheLines) {
  for (DType dtype : all_dtypes) {
    for (std::size_t units : {1U, 2U, 3U, 18U}) {
      const PackedMatrix packed(dtype, 33, units * info(dtype).block_elements);
      const PackedLayout layout = packed.layout();
      EXPECT_EQ(packed.groups(), 3U);
      EXPECT_EQ(reinterpret_cast<std::uintptr_t>(packed.group(0)) % packed_alignment, 0U);
      EXPECT_EQ(layout.group_bytes % packed_alignment, 0U);
      EXPECT_EQ(layout.scales_offset % packed_alignment, 0U);
      EXPECT_EQ(layout.minima_offset % packed_alignment, 0U);
    }
  }
}

// The layout that the kernels are written against, spelled out by its definition.
TEST(PackedMatrix, CodesStandInDwordsOfTheirRow) {
  const std::size_t cols = 64;
  for (DType dtype : {DType::q8_0, DType::q4_0, DType::q4_1}) {
    const auto bytes = random_rows(dtype, 16, cols, 3);
    const TensorView matrix = view(dtype, 16, cols, bytes);
    const PackedMatrix packed = pack(matrix);
    const std::byte* group = packed.group(0);
    const std::size_t header = dtype == DType::q4_1 ? 4 : 2;
    const std::size_t vectors = dtype == DType::q8_0 ? 8 : 4;
    for (std::size_t r = 0; r < 16; ++r) {
      for (std::size_t b = 0; b < 2; ++b) {
        const std::byte* block = matrix.row(r).data() + b * info(dtype).block_bytes;
        for (std::size_t i = 0; i < 4 * vectors; ++i) {
          ASSERT_EQ(group[(b * vectors + i / 4) * 64 + r * 4 + i % 4], block[header + i]);
        }
        const std::byte* scale = group + packed.layout().scales_offset + (b * 16 + r) * 2;
        ASSERT_EQ(std::memcmp(scale, block, 2), 0);
        if (dtype == DType::q4_1) {
          const std::byte* minimum = group + packed.layout().minima_offset + (b * 16 + r) * 2;
          ASSERT_EQ(std::memcmp(minimum, block + 2, 2), 0);
        }
      }
    }
  }
}

TEST(PackedMatrix, PaddingRowsAreZero) {
  for (DType dtype : all_dtypes) {
    const std::size_t cols = info(dtype).block_elements;
    const std::vector<std::byte> ones(row_bytes(dtype, cols), std::byte{0xff});
    const PackedMatrix packed = pack(view(dtype, 1, cols, ones));
    const std::byte* group = packed.group(0);
    const auto set = std::count(group, group + packed.bytes(), std::byte{0xff});
    const auto zero = std::count(group, group + packed.bytes(), std::byte{0});
    EXPECT_EQ(static_cast<std::size_t>(set), ones.size()) << name(dtype);
    EXPECT_EQ(static_cast<std::size_t>(set + zero), packed.bytes()) << name(dtype);
  }
}

template <class Call>
std::string error_of(Call call) {
  try {
    call();
  } catch (const InvalidArgument& error) {
    return error.what();
  }
  return "no error";
}

TEST(PackedMatrix, RefusesSourcesThatDoNotFit) {
  using ::testing::HasSubstr;
  const auto bytes = random_rows(DType::q4_0, 2, 32, 1);
  const TensorView good = view(DType::q4_0, 2, 32, bytes);
  TensorView short_one = good;
  short_one.bytes = short_one.bytes.first(35);
  EXPECT_THAT(error_of([&] { pack(short_one); }), HasSubstr("part 0 has 35 bytes"));
  EXPECT_THAT(error_of([] { PackedMatrix(DType::q8_0, 1, 40); }), HasSubstr("multiple of 32"));
  EXPECT_THAT(error_of([] { PackedMatrix(DType::f32, SIZE_MAX, 64); }), HasSubstr("does not fit"));
  EXPECT_THAT(error_of([] { pack(PackSource{}); }), HasSubstr("nothing to pack"));

  const auto other = random_rows(DType::q4_1, 2, 32, 1);
  const std::vector<TensorView> mixed = {good, view(DType::q4_1, 2, 32, other)};
  EXPECT_THAT(error_of([&] { pack(PackSource{mixed, {}}); }), HasSubstr("part 1 is Q4_1"));

  const std::vector<std::uint32_t> too_few = {0};
  const std::vector<std::uint32_t> too_far = {0, 2};
  const std::span<const TensorView> parts(&good, 1);
  EXPECT_THAT(error_of([&] { pack(PackSource{parts, too_few}); }), HasSubstr("1 entries for 2"));
  EXPECT_THAT(error_of([&] { pack(PackSource{parts, too_far}); }), HasSubstr("row_order[1] is 2"));
}

}  // namespace
}  // namespace espalier::tensor
