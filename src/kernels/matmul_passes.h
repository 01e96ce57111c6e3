// The order in which a matmul visits its tiles of 16 rows × a few tokens.
//
// A pass is some row groups and all tokens: for each tile of tokens, each group of the pass. So the
// pass's weights stay in the second-level cache (512 KiB on the smallest machine of interest), a
// tile's activations are used from the first level, outputs are written in runs, and weights come
// from memory once, in order.
//
// `static`: each file compiled for an instruction set keeps its own copy (isa_functions.h says
// why).
#pragma once

#include <cstddef>

#include "kernels/matmul_args.h"

namespace espalier::kernels {

inline constexpr std::size_t pass_bytes = std::size_t{128} << 10U;

// Calls tile(group, row, token, count) for the rows of a group, the first of which is `row`, and
// tokens [token, token + count), count ≤ tile_tokens; the group's weights start at `group`.
template <class Matmul, class Tile>
static inline void for_each_tile(const Matmul& m, std::size_t tile_tokens,
                                 const Tile& tile) noexcept {
  constexpr std::size_t tile_rows = matmul_group_rows;
  const std::size_t fitting = pass_bytes / (m.group_bytes + 1);
  const std::size_t most_rows = tile_rows * (fitting > 1 ? fitting : 1);
  // Passes of nearly equal size: a last one of a group or two would read all tokens for little.
  const std::size_t passes = (m.rows + most_rows - 1) / most_rows;
  const std::size_t rows_of_pass = (m.rows + passes - 1) / passes;
  const std::size_t pass_rows = (rows_of_pass + tile_rows - 1) / tile_rows * tile_rows;
  for (std::size_t begin = 0; begin < m.rows; begin += pass_rows) {
    const std::size_t end = begin + pass_rows < m.rows ? begin + pass_rows : m.rows;
    // Tiles of nearly equal size: 13 tokens are 7 + 6, as 12 + 1 would unpack as often for less.
    std::size_t tiles_left = (m.tokens + tile_tokens - 1) / tile_tokens;
    for (std::size_t token = 0; token < m.tokens; --tiles_left) {
      const std::size_t count = (m.tokens - token + tiles_left - 1) / tiles_left;
      for (std::size_t row = begin; row < end; row += tile_rows) {
        tile(m.weights + row / tile_rows * m.group_bytes, row, token, count);
      }
      token += count;
    }
  }
}

}  // namespace espalier::kernels
