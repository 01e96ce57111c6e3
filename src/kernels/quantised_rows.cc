#include "kernels/quantised_rows.h"

#include <cassert>

namespace espalier::kernels {

void QuantisedRows::resize(std::size_t rows, std::size_t cols) {
  assert(cols % quant_block == 0);
  rows_ = rows;
  cols_ = cols;
  codes_.resize(rows * cols);
  scales_.resize(rows * blocks());
  sums_.resize(rows * blocks());
}

}  // namespace espalier::kernels
