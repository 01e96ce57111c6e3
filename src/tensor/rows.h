// A view of a row-major matrix whose rows may lie further apart than they are wide: a slice of
// columns is a view too. It owns nothing; copying it copies four words.
#pragma once

#include <cassert>
#include <cstddef>
#include <span>
#include <type_traits>

namespace espalier::tensor {

template <class T>
class Rows {
 public:
  constexpr Rows() = default;

  // Rows that follow each other without a gap.
  constexpr Rows(T* data, std::size_t rows, std::size_t cols) noexcept
      : Rows(data, rows, cols, cols) {}

  // stride: elements from the start of one row to the start of the next, ≥ cols; or 0 for one row
  // that stands for all (only to be read).
  constexpr Rows(T* data, std::size_t rows, std::size_t cols, std::size_t stride) noexcept
      : data_(data), rows_(rows), cols_(cols), stride_(stride) {
    assert(stride >= cols || stride == 0);
  }

  // Rows<float> serves where Rows<const float> is wanted.
  constexpr operator Rows<const T>() const noexcept  // NOLINT(google-explicit-constructor)
    requires(!std::is_const_v<T>)
  {
    return {data_, rows_, cols_, stride_};
  }

  constexpr T* data() const noexcept { return data_; }
  constexpr std::size_t rows() const noexcept { return rows_; }
  constexpr std::size_t cols() const noexcept { return cols_; }
  constexpr std::size_t stride() const noexcept { return stride_; }

  constexpr std::span<T> row(std::size_t i) const noexcept {
    assert(i < rows_);
    return {data_ + i * stride_, cols_};
  }

  constexpr T& operator()(std::size_t row, std::size_t col) const noexcept {
    assert(row < rows_ && col < cols_);
    return data_[row * stride_ + col];
  }

  // Rows [begin, begin + count).
  constexpr Rows slice_rows(std::size_t begin, std::size_t count) const noexcept {
    assert(begin + count <= rows_);
    return {data_ + begin * stride_, count, cols_, stride_};
  }

  // Columns [begin, begin + count) of every row.
  constexpr Rows slice_cols(std::size_t begin, std::size_t count) const noexcept {
    assert(begin + count <= cols_);
    return {data_ + begin, rows_, count, stride_};
  }

 private:
  T* data_ = nullptr;
  std::size_t rows_ = 0;
  std::size_t cols_ = 0;
  std::size_t stride_ = 0;
};

}  // namespace espalier::tensor
