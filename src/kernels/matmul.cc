// The contracts of matmul.h, taken apart into what the instruction sets compute with.
#include "kernels/matmul.h"

#include <algorithm>
#include <cassert>

#include "kernels/isa_functions.h"
#include "kernels/matmul_args.h"

namespace espalier::kernels {
namespace {

static_assert(matmul_group_rows == tensor::packed_group_rows);
static_assert(matmul_block == tensor::packed_block && matmul_block == matmul_halves * quant_block);

// Rows of groups [group_begin, group_end), padding left out.
std::size_t rows_of_groups(const tensor::PackedMatrix& w, std::size_t group_begin,
                           std::size_t group_end) {
  return std::min(group_end * matmul_group_rows, w.rows()) - group_begin * matmul_group_rows;
}

QuantisedMatmul args_of(const tensor::PackedMatrix& w, const QuantisedRows& x, std::size_t x_begin,
                        std::size_t group_begin, std::size_t group_end, tensor::Rows<float> y) {
  assert(tensor::is_quantised(w.dtype()) && x.cols() == w.cols());
  assert(group_begin < group_end && group_end <= w.groups());
  const tensor::PackedLayout& layout = w.layout();
  const QuantisedMatmul m{.dtype = w.dtype(),
                          .weights = w.group(group_begin) + layout.quants_offset,
                          .group_bytes = layout.group_bytes,
                          .scales_offset = layout.scales_offset - layout.quants_offset,
                          .minima_offset = layout.minima_offset - layout.quants_offset,
                          .block_scales_offset = layout.block_scales_offset - layout.quants_offset,
                          .block_minima_offset = layout.block_minima_offset - layout.quants_offset,
                          .blocks = layout.blocks,
                          .rows = rows_of_groups(w, group_begin, group_end),
                          .codes = x.codes(x_begin),
                          .scales = x.scales(x_begin),
                          .lane_sums = x.lane_sums(x_begin),
                          .steps = x.steps(x_begin),
                          .sums = x.sums(x_begin),
                          .units = x.units(x_begin),
                          .tokens = y.rows(),
                          .y = y.data(),
                          .y_stride = y.stride()};
  assert(x_begin + y.rows() <= x.rows() && y.cols() >= m.rows);
  return m;
}

FloatMatmul args_of(const tensor::PackedMatrix& w, tensor::Rows<const float> x,
                    std::size_t group_begin, std::size_t group_end, tensor::Rows<float> y) {
  assert(!tensor::is_quantised(w.dtype()) && x.cols() == w.cols());
  assert(group_begin < group_end && group_end <= w.groups());
  const FloatMatmul m{.dtype = w.dtype(),
                      .weights = w.group(group_begin) + w.layout().quants_offset,
                      .group_bytes = w.layout().group_bytes,
                      .cols = w.cols(),
                      .rows = rows_of_groups(w, group_begin, group_end),
                      .x = x.data(),
                      .x_stride = x.stride(),
                      .tokens = x.rows(),
                      .y = y.data(),
                      .y_stride = y.stride()};
  assert(y.rows() == m.tokens && y.cols() >= m.rows);
  return m;
}

}  // namespace

namespace scalar {
void matmul_quantised(const tensor::PackedMatrix& w, const QuantisedRows& x, std::size_t x_begin,
                      std::size_t group_begin, std::size_t group_end,
                      tensor::Rows<float> y) noexcept {
  if (group_begin < group_end) multiply(args_of(w, x, x_begin, group_begin, group_end, y));
}
void matmul_float(const tensor::PackedMatrix& w, tensor::Rows<const float> x,
                  std::size_t group_begin, std::size_t group_end, tensor::Rows<float> y) noexcept {
  if (group_begin < group_end) multiply(args_of(w, x, group_begin, group_end, y));
}
}  // namespace scalar

#if defined(__x86_64__)
namespace avx2 {
void matmul_quantised(const tensor::PackedMatrix& w, const QuantisedRows& x, std::size_t x_begin,
                      std::size_t group_begin, std::size_t group_end,
                      tensor::Rows<float> y) noexcept {
  if (group_begin < group_end) multiply(args_of(w, x, x_begin, group_begin, group_end, y));
}
void matmul_float(const tensor::PackedMatrix& w, tensor::Rows<const float> x,
                  std::size_t group_begin, std::size_t group_end, tensor::Rows<float> y) noexcept {
  if (group_begin < group_end) multiply(args_of(w, x, group_begin, group_end, y));
}
}  // namespace avx2

namespace avx512 {
void matmul_quantised(const tensor::PackedMatrix& w, const QuantisedRows& x, std::size_t x_begin,
                      std::size_t group_begin, std::size_t group_end,
                      tensor::Rows<float> y) noexcept {
  if (group_begin < group_end) multiply(args_of(w, x, x_begin, group_begin, group_end, y));
}
void matmul_float(const tensor::PackedMatrix& w, tensor::Rows<const float> x,
                  std::size_t group_begin, std::size_t group_end, tensor::Rows<float> y) noexcept {
  if (group_begin < group_end) multiply(args_of(w, x, group_begin, group_end, y));
}
}  // namespace avx512
#endif

}  // namespace espalier::kernels
