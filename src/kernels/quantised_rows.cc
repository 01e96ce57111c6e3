#include "kernels/quantised_rows.h"

#include <cassert>

#include "kernels/isa_functions.h"
#include "kernels/quantise_blocks.h"

namespace espalier::kernels {
namespace {

static_assert(quantise_block == quant_block && quantise_lane_sums == quant_lane_sums);

void quantise_rows_with(QuantiseBlocksFn* quantise_blocks, tensor::Rows<const float> x,
                        std::size_t row_begin, std::size_t row_end, QuantisedRows& out) noexcept {
  assert(x.rows() == out.rows() && x.cols() == out.cols() && row_end <= x.rows());
  for (std::size_t t = row_begin; t < row_end; ++t) {
    quantise_blocks({.x = x.row(t).data(),
                     .blocks = out.blocks(),
                     .codes = out.codes(t),
                     .scales = out.scales(t),
                     .lane_sums = out.lane_sums(t),
                     .steps = out.steps(t),
                     .sums = out.sums(t),
                     .unit = out.units(t)});
  }
}

}  // namespace

void QuantisedRows::resize(std::size_t rows, std::size_t cols) {
  assert(cols % (2 * quant_block) == 0);
  rows_ = rows;
  cols_ = cols;
  codes_.resize(rows * cols);
  scales_.resize(rows * blocks());
  lane_sums_.resize(rows * blocks() * quant_lane_sums);
  steps_.resize(rows * blocks() / 2);
  sums_.resize(rows * blocks() / 2);
  units_.resize(rows);
}

namespace scalar {
void quantise_rows(tensor::Rows<const float> x, std::size_t row_begin, std::size_t row_end,
                   QuantisedRows& out) noexcept {
  quantise_rows_with(quantise_blocks, x, row_begin, row_end, out);
}
}  // namespace scalar

#if defined(__x86_64__)
namespace avx2 {
void quantise_rows(tensor::Rows<const float> x, std::size_t row_begin, std::size_t row_end,
                   QuantisedRows& out) noexcept {
  quantise_rows_with(quantise_blocks, x, row_begin, row_end, out);
}
}  // namespace avx2

namespace avx512 {
void quantise_rows(tensor::Rows<const float> x, std::size_t row_begin, std::size_t row_end,
                   QuantisedRows& out) noexcept {
  quantise_rows_with(quantise_blocks, x, row_begin, row_end, out);
}
}  // namespace avx512
#endif

}  // namespace espalier::kernels
