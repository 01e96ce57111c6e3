#include "tensor/packed_matrix.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <numeric>

#include "espalier/error.h"
#include "tensor/dequantise.h"
#include "tensor/float16.h"
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

// What decode reads. Only bytes that 6-bit scales are widened to are added to the source.
TEST(PackedMatrix, TakesHardlyMoreMemoryThanTheSource) {
  for (DType dtype : all_dtypes) {
    const std::size_t cols = 1024;
    const PackedMatrix packed(dtype, 16, cols);
    const auto source = static_cast<double>(16 * row_bytes(dtype, cols));
    const auto bytes = static_cast<double>(packed.bytes());
    EXPECT_LE(bytes, source * (dtype == DType::q3_k ? 1.04 : 1.03)) << name(dtype);
    EXPECT_GE(bytes, source) << name(dtype);
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
      EXPECT_EQ(layout.block_scales_offset % packed_alignment, 0U);
      EXPECT_EQ(layout.block_minima_offset % packed_alignment, 0U);
    }
  }
}

// The layout that the kernels are written against, spelled out code by code: the code that
// packed_matrix.h's table finds, with the scales that its areas hold, gives dequantise()'s value.
TEST(PackedMatrix, CodesAndScalesStandWhereTheHeaderSays) {
  for (DType dtype : all_dtypes) {
    if (!is_quantised(dtype)) continue;
    const std::size_t cols = std::max<std::size_t>(64, info(dtype).block_elements);
    const auto bytes = random_rows(dtype, 16, cols, 3);
    const TensorView matrix = view(dtype, 16, cols, bytes);
    const PackedMatrix packed = pack(matrix);
    const PackedLayout& layout = packed.layout();
    const QuantFormat format = quant_format(dtype);
    const std::byte* group = packed.group(0);
    for (std::size_t r = 0; r < 16; ++r) {
      const auto half = [&](std::size_t area, std::size_t i) {
        std::uint16_t bits = 0;
        std::memcpy(&bits, group + area + (i * 16 + r) * 2, 2);
        return half_to_float(bits);
      };
      std::vector<float> expected(cols);
      dequantise(dtype, matrix.row(r), expected);
      for (std::size_t k = 0; k < cols; ++k) {
        const std::size_t b = k / 32, h = k % 32 / 16, j = k % 16 / 4, i = k % 4;
        const auto byte = [&](std::size_t vector) {
          return std::to_integer<unsigned>(group[(b * format.bits + vector) * 64 + r * 4 + i]);
        };
        unsigned code = 0;
        switch (format.bits) {
          case 8:
            code = byte(4 * h + j) ^ 0x80U;
            break;
          case 6:
            code = (byte(j) >> 4 * h & 15U) | (byte(4 + h) >> 2 * j & 3U) << 4;
            break;
          case 5:
            code = (byte(j) >> 4 * h & 15U) | (byte(4) >> (4 * h + j) & 1U) << 4;
            break;
          case 4:
            code = byte(j) >> 4 * h & 15U;
            break;
          case 3:
            code = (byte(h) >> 2 * j & 3U) | (byte(2) >> (4 * h + j) & 1U) << 2;
            break;
          case 2:
            code = byte(h) >> 2 * j & 3U;
            break;
          default:
            FAIL() << "bits " << format.bits;
        }
        const std::size_t run = k / format.scale_elements;
        float scale = 0.0F;
        float minimum = 0.0F;
        if (!format.block_scales) {
          scale = half(layout.scales_offset, run);
          if (format.has_minima) minimum = half(layout.minima_offset, run);
        } else {
          const int s = std::to_integer<int>(group[layout.scales_offset + run * 16 + r]);
          int t = s >> 4;
          if (dtype == DType::q4_k || dtype == DType::q5_k) {
            t = std::to_integer<int>(group[layout.minima_offset + run * 16 + r]);
          }
          scale = half(layout.block_scales_offset, k / 256) *
                  static_cast<float>(dtype == DType::q2_k ? s & 15 : static_cast<std::int8_t>(s));
          if (format.has_minima) {
            minimum = -half(layout.block_minima_offset, k / 256) * static_cast<float>(t);
          }
        }
        float value = scale * static_cast<float>(static_cast<int>(code) - format.offset);
        if (format.has_minima) value += minimum;
        ASSERT_EQ(value, expected[k]) << name(dtype) << " row " << r << " column " << k;
      }
    }
  }
}

// A matrix of one row is packed as if fifteen rows of zeros followed.
TEST(PackedMatrix, PaddingRowsAreZero) {
  for (DType dtype : all_dtypes) {
    const std::size_t cols = info(dtype).block_elements;
    const std::vector<std::byte> ones(row_bytes(dtype, cols), std::byte{0xff});
    const PackedMatrix packed = pack(view(dtype, 1, cols, ones));
    const std::vector<std::byte> first(packed.group(0), packed.group(0) + packed.bytes());
    std::vector<std::byte> all = ones;
    all.resize(16 * ones.size());
    const PackedMatrix full = pack(view(dtype, 16, cols, all));
    for (std::size_t i = 0; i < packed.bytes(); ++i) {
      // A row of zeros has codes 0 (Q8_0: the same) and scales 0; Q3_K's scale 0 means −32.
      const bool offset = dtype == DType::q3_k && i >= packed.layout().scales_offset &&
                          i < packed.layout().block_scales_offset && i % 16 != 0;
      const std::byte expected = offset ? std::byte{0} : full.group(0)[i];
      ASSERT_EQ(first[i], expected) << name(dtype) << " byte " << i;
    }
    EXPECT_GT(std::count(first.begin(), first.end(), std::byte{0xff}), 0) << name(dtype);
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
