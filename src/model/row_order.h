// The two orders in which files hold the rows of Q and K matrices (and the elements of their
// biases). The forward pass turns row i of a head with row i + K/2, and Hugging Face's files hold
// them so: straight. llama.cpp takes rows from a head's two halves in turn, so that the two are
// neighbours.
#pragma once

#include <cstddef>

namespace espalier::model {

// Where straight row `row` stands in llama.cpp's order: row i of half j of a head at 2i + j.
constexpr std::size_t interleaved_row(std::size_t row, std::size_t head_size) noexcept {
  const std::size_t half = head_size / 2;
  const std::size_t head = row / head_size, j = row % head_size / half, i = row % half;
  return head * head_size + 2 * i + j;
}

// The way back.
constexpr std::size_t straight_row(std::size_t row, std::size_t head_size) noexcept {
  const std::size_t head = row / head_size, i = row % head_size / 2, j = row % 2;
  return head * head_size + j * (head_size / 2) + i;
}

}  // namespace espalier::model
