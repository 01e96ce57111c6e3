// Attention on 16 lanes (lanes_avx2.h, lanes_avx512.h).
//
// A call goes through the blocks of 64 positions once, span by span. For each block, all rows take
// three steps: scores, softmax, values. Scores and values are the same small matrix product, c += a
// · b, computed in register tiles of up to tile_rows rows:
//
//     scores   a = q (scaled), stored tile by tile as [K][tile_rows];  b = keys [K][64];  sums over
//     K values   a = weights [rows][64];                                 b = values [64][K]; sums
//     over positions
//
// The softmax scale multiplies q, once. With more rows than direct_rows, f16 and int8 blocks are
// widened to f32 once (exactly, so no bit changes) instead of once a tile.
//
// Every accumulator belongs to one row and one column, and rows meet nowhere: how rows are
// tiled cannot change a result.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/attention.h"
#include "kernels/exp_lanes.h"

namespace espalier::kernels {

template <class L>
class AttentionLanes {
 public:
  // Element: float, std::uint16_t (f16) or std::int8_t.
  template <class Element>
  static void run(const AttentionArgs& args) {
    AttentionLanes lanes(args);
    if (lanes.rows_ == 0) return;
    lanes.take_queries();
    if (args.state != nullptr) {
      lanes.template see_span<Element>(args.span);
      lanes.save();
    } else {
      lanes.template see_all<Element>();
      lanes.finish();
    }
  }

  // states [spans][rows][attention_state_floats(K)]
  static void merge(const AttentionArgs& args, const float* states, std::size_t spans) {
    AttentionLanes lanes(args);
    const std::size_t floats = attention_state_floats(lanes.K_);
    for (std::size_t span = 0; span < spans; ++span) {
      for (std::size_t r = 0; r < lanes.rows_; ++r, states += floats) {
        lanes.add_span(r, states[lanes.padded_K_], states[lanes.padded_K_ + 1], states);
      }
    }
    lanes.finish();
  }

 private:
  static constexpr std::size_t P = page_positions;
  static constexpr std::size_t span_blocks = attention_span / P;
  static constexpr std::size_t max_rows = attention_max_rows;
  static constexpr std::size_t max_K = attention_max_head_size;

  // 6 rows by 64 columns fill AVX-512's registers, 6 by 16 AVX2's (tile_columns of the lanes).
  static constexpr std::size_t tile_rows = 6;
  static constexpr std::size_t max_tiles = (max_rows + tile_rows - 1) / tile_rows;
  // Up to here a block is one tile, so widening it first would only add a trip through L1.
  static constexpr std::size_t direct_rows = 4;

  // Positions [begin, end) of the sequence, or of a block.
  struct Range {
    std::size_t begin, end;
    bool empty() const { return begin >= end; }
  };

  // How a step walks its left-hand side: row r, step i at a[r * row + i * step].
  struct ScoreStep {
    static constexpr std::size_t row = 1, step = tile_rows;
    static constexpr bool from_zero = true;
  };
  struct ValueStep {
    static constexpr std::size_t row = P, step = 1;
    static constexpr bool from_zero = false;
  };

  explicit AttentionLanes(const AttentionArgs& args)
      : args_(args),
        K_(args.layout.head_size),
        padded_K_((K_ + 15) / 16 * 16),
        rows_(args.tokens * args.group) {
    for (std::size_t r = 0; r < rows_; ++r) {
      largest_[r] = -__builtin_inff();
      sum_[r] = 0.0F;
      clear(out_ + r * padded_K_);
    }
  }

  void clear(float* out) const {
    for (std::size_t k = 0; k < padded_K_; k += 16) L::zero().store(out + k);
  }

  void take_queries() {
    std::size_t r = 0;
    for (std::size_t t = 0; t < args_.tokens; ++t) {
      const std::size_t end = args_.first_position + t + 1;
      const std::size_t begin = args_.window == 0 || args_.window >= end ? 0 : end - args_.window;
      const float* q = args_.q + t * args_.q_stride;
      for (std::size_t g = 0; g < args_.group; ++g, ++r, q += K_) {
        float* tile = q_ + r / tile_rows * tile_rows * K_ + r % tile_rows;
        for (std::size_t k = 0; k < K_; ++k) tile[k * tile_rows] = q[k] * args_.scale;
        visible_[r] = {begin, end};
      }
    }
  }

  // Rows stand in ascending position: the first begins first and the last ends last.
  std::size_t first_block() const { return visible_[0].begin / P; }
  std::size_t last_block() const { return (visible_[rows_ - 1].end - 1) / P; }

  template <class Element>
  void see_all() {
    const std::size_t last = last_block() / span_blocks;
    for (std::size_t span = first_block() / span_blocks; span <= last; ++span) {
      see_span<Element>(span);
      const float* out = span_out_;
      for (std::size_t r = 0; r < rows_; ++r, out += padded_K_) {
        add_span(r, span_largest_[r], span_sum_[r], out);
      }
    }
  }

  template <class Element>
  void see_span(std::size_t span) {
    for (std::size_t r = 0; r < rows_; ++r) {
      span_largest_[r] = -__builtin_inff();
      span_sum_[r] = 0.0F;
      clear(span_out_ + r * padded_K_);
    }
    const std::size_t first = span * span_blocks, last = first + span_blocks - 1;
    const std::size_t begin = first < first_block() ? first_block() : first;
    const std::size_t end = last < last_block() ? last : last_block();
    for (std::size_t block = begin; block <= end; ++block) see<Element>(block);
  }

  // A row's span joins those before it. One that left no score has nothing to say.
  void add_span(std::size_t r, float largest, float sum, const float* from) {
    if (largest == -__builtin_inff()) return;
    const float before = largest_[r];
    largest_[r] = L::max(L::broadcast(before), L::broadcast(largest)).first();
    const L fade = exp(L::broadcast(before) - L::broadcast(largest_[r]));
    const L weight = exp(L::broadcast(largest) - L::broadcast(largest_[r]));
    sum_[r] = sum_[r] * fade.first() + sum * weight.first();
    float* out = out_ + r * padded_K_;
    for (std::size_t k = 0; k < padded_K_; k += 16) {
      L::fma(weight, L::load(from + k), L::load(out + k) * fade).store(out + k);
    }
  }

  void save() const {
    float* state = args_.state;
    for (std::size_t r = 0; r < rows_; ++r, state += attention_state_floats(K_)) {
      const float* out = span_out_ + r * padded_K_;
      for (std::size_t k = 0; k < padded_K_; k += 16) L::load(out + k).store(state + k);
      state[padded_K_] = span_largest_[r];
      state[padded_K_ + 1] = span_sum_[r];
    }
  }

  template <class Element>
  void see(std::size_t block) {
    const std::byte* region = args_.regions[block];
    const auto* keys = reinterpret_cast<const Element*>(region + args_.layout.keys());
    const auto* values = reinterpret_cast<const Element*>(region + args_.layout.values());
    // Blocks lie far apart, and each is too short for the processor to see where it goes.
    ahead_ = block < last_block() ? args_.regions[block + 1] - region : 0;
    const bool widen = K_ % 16 != 0 || (sizeof(Element) < sizeof(float) && rows_ > direct_rows);
    const float* key_scales = nullptr;
    const float* value_scales = nullptr;
    if constexpr (sizeof(Element) == 1) {
      key_scales = reinterpret_cast<const float*>(region + args_.layout.key_scales());
      value_scales = reinterpret_cast<const float*>(region + args_.layout.value_scales());
    }
    if (widen) {
      widen_rows(keys, K_, P);
      score_tiles(block, widened_);
    } else {
      score_tiles(block, keys);
    }
    for (std::size_t r = 0; r < rows_; ++r) {
      const Range range = within(block, r, r);
      if (!range.empty()) soften(r, range, key_scales, value_scales);
    }
    if (widen) {
      widen_rows(values, P, K_);
      add_values(block, widened_, padded_K_);
    } else {
      add_values(block, values, K_);
    }
  }

  // What rows first … last see of a block, together.
  Range within(std::size_t block, std::size_t first, std::size_t last) const {
    const std::size_t begin = visible_[first].begin, end = visible_[last].end, base = block * P;
    return {begin > base ? begin - base : 0, end <= base ? 0 : end - base < P ? end - base : P};
  }

  // Rows of `width` elements as f32, padded to whole vectors with zeros.
  template <class Element>
  void widen_rows(const Element* from, std::size_t rows, std::size_t width) {
    float* to = widened_;
    for (std::size_t i = 0; i < rows; ++i, from += width) {
      std::size_t k = 0;
      for (; k + 16 <= width; k += 16, to += 16) L::load(from + k).store(to);
      if (k < width) {
        L::load(from + k, L::lanes(0, width - k)).store(to);
        to += 16;
      }
    }
  }

  template <class Element>
  void score_tiles(std::size_t block, const Element* keys) {
    for (std::size_t r = 0; r < rows_; r += tile_rows) {
      const std::size_t rows = rows_ - r < tile_rows ? rows_ - r : tile_rows;
      const Range range = within(block, r, r + rows - 1);
      if (range.empty()) continue;
      const std::size_t first = range.begin / 16 * 16;
      multiply<ScoreStep>(rows, (range.end - first + 15) / 16, K_, q_ + r * K_, keys + first, P,
                          weights_ + r * P + first, P, ahead_);
    }
  }

  // Scores of a row become weights, relative to the largest score so far; what was summed before
  // fades by as much as that one grew.
  [[gnu::always_inline]] void soften(std::size_t r, Range range, const float* key_scales,
                                     const float* value_scales) {
    float* row = weights_ + r * P;
    const L nothing = L::broadcast(-__builtin_inff());
    const std::size_t first = range.begin / 16 * 16;
    L largest = L::broadcast(span_largest_[r]);
    for (std::size_t p = first; p < range.end; p += 16) {
      L score = L::load(row + p);
      if (key_scales != nullptr) score = score * L::load(key_scales + p);
      score = L::select(lanes_of(range, p), score, nothing);
      score.store(row + p);
      largest = L::max(largest, score);
    }
    const float new_largest = largest.largest();
    // Where every score so far is -inf, any finite number serves: all weights are zero.
    const L reference = L::broadcast(new_largest == -__builtin_inff() ? 0.0F : new_largest);
    L sums = L::zero();
    for (std::size_t p = first; p < range.end; p += 16) {
      L weight = exp(L::load(row + p) - reference);
      sums = sums + weight;
      if (value_scales != nullptr) weight = weight * L::load(value_scales + p);
      weight.store(row + p);
    }
    if (new_largest == span_largest_[r]) {  // what was summed before stays as it is
      span_sum_[r] += sums.sum();
      return;
    }
    const L fade = exp(L::broadcast(span_largest_[r]) - reference);
    span_sum_[r] = span_sum_[r] * fade.first() + sums.sum();
    span_largest_[r] = new_largest;
    float* out = span_out_ + r * padded_K_;
    for (std::size_t k = 0; k < padded_K_; k += 16) (L::load(out + k) * fade).store(out + k);
  }

  static typename L::Mask lanes_of(Range range, std::size_t p) {
    return L::lanes(range.begin > p ? range.begin - p : 0, range.end - p < 16 ? range.end - p : 16);
  }

  // A tile works on the positions that all its rows see; a row's others come before and after,
  // alone, so a value that it must not see never meets it, not even multiplied by zero.
  template <class Element>
  void add_values(std::size_t block, const Element* values, std::size_t stride) {
    for (std::size_t r = 0; r < rows_; r += tile_rows) {
      const std::size_t rows = rows_ - r < tile_rows ? rows_ - r : tile_rows;
      const Range shared = {within(block, r + rows - 1, r).begin, within(block, r, r).end};
      if (shared.empty()) {
        for (std::size_t i = 0; i < rows; ++i) {
          add_values(r + i, 1, within(block, r + i, r + i), values, stride);
        }
        continue;
      }
      for (std::size_t i = 0; i < rows; ++i) {
        add_values(r + i, 1, {within(block, r + i, r + i).begin, shared.begin}, values, stride);
      }
      add_values(r, rows, shared, values, stride);
      for (std::size_t i = 0; i < rows; ++i) {
        add_values(r + i, 1, {shared.end, within(block, r + i, r + i).end}, values, stride);
      }
    }
  }

  template <class Element>
  void add_values(std::size_t r, std::size_t rows, Range range, const Element* values,
                  std::size_t stride) {
    if (range.empty()) return;
    multiply<ValueStep>(rows, padded_K_ / 16, range.end - range.begin,
                        weights_ + r * P + range.begin, values + range.begin * stride, stride,
                        span_out_ + r * padded_K_, padded_K_, ahead_);
  }

  // c [rows][16 * columns] (+)= a · b over `depth` steps.
  template <class Step, class Element>
  static void multiply(std::size_t rows, std::size_t columns, std::size_t depth, const float* a,
                       const Element* b, std::size_t b_stride, float* c, std::size_t c_stride,
                       std::ptrdiff_t ahead) {
    switch (rows) {
      case 1:
        return multiply_columns<Step, 1>(columns, depth, a, b, b_stride, c, c_stride, ahead);
      case 2:
        return multiply_columns<Step, 2>(columns, depth, a, b, b_stride, c, c_stride, ahead);
      case 3:
        return multiply_columns<Step, 3>(columns, depth, a, b, b_stride, c, c_stride, ahead);
      case 4:
        return multiply_columns<Step, 4>(columns, depth, a, b, b_stride, c, c_stride, ahead);
      default:
        break;
    }
    if constexpr (sizeof(Element) == sizeof(float)) {  // narrower elements come in direct_rows only
      if (rows == 5)
        return multiply_columns<Step, 5>(columns, depth, a, b, b_stride, c, c_stride, ahead);
      multiply_columns<Step, 6>(columns, depth, a, b, b_stride, c, c_stride, ahead);
    }
  }

  template <class Step, int R, class Element>
  static void multiply_columns(std::size_t columns, std::size_t depth, const float* a,
                               const Element* b, std::size_t b_stride, float* c,
                               std::size_t c_stride, std::ptrdiff_t ahead) {
    constexpr int widest = L::tile_columns(R, sizeof(Element) == sizeof(float));
    for (; columns >= widest; columns -= widest, b += 16 * widest, c += 16 * widest) {
      multiply_tile<Step, R, widest>(depth, a, b, b_stride, c, c_stride, ahead);
    }
    if constexpr (widest > 2) {
      if (columns >= 2) {
        multiply_tile<Step, R, 2>(depth, a, b, b_stride, c, c_stride, ahead);
        columns -= 2;
        b += 32;
        c += 32;
      }
    }
    if constexpr (widest > 1) {
      if (columns > 0) multiply_tile<Step, R, 1>(depth, a, b, b_stride, c, c_stride, ahead);
    }
  }

  // What lies `ahead` bytes behind the vectors at b, to the second-level cache.
  template <class Element>
  [[gnu::always_inline]] static void prefetch(const Element* b, int vectors, std::ptrdiff_t ahead) {
    constexpr std::size_t line = 64;
    const char* at = reinterpret_cast<const char*>(b) + ahead;
    for (std::size_t offset = 0; offset < 16 * vectors * sizeof(Element); offset += line) {
      __builtin_prefetch(at + offset, 0, 2);
    }
  }

  // R rows by V vectors stay in registers over all of `depth`.
  template <class Step, int R, int V, class Element>
  static void multiply_tile(std::size_t depth, const float* a, const Element* b,
                            std::size_t b_stride, float* c, std::size_t c_stride,
                            std::ptrdiff_t ahead) {
    L sums[R][V];
#pragma GCC unroll 6
    for (int r = 0; r < R; ++r) {
#pragma GCC unroll 4
      for (int v = 0; v < V; ++v) {
        sums[r][v] = Step::from_zero ? L::zero() : L::load(c + r * c_stride + 16 * v);
      }
    }
    for (std::size_t i = 0; i < depth; ++i, a += Step::step, b += b_stride) {
      if constexpr (sizeof(Element) < sizeof(float)) prefetch(b, V, ahead);
#pragma GCC unroll 4
      for (int v = 0; v < V; ++v) {
        const L right = L::load(b + 16 * v);
#pragma GCC unroll 6
        for (int r = 0; r < R; ++r) {
          sums[r][v] = L::fma(L::broadcast(a[r * Step::row]), right, sums[r][v]);
        }
      }
    }
#pragma GCC unroll 6
    for (int r = 0; r < R; ++r) {
#pragma GCC unroll 4
      for (int v = 0; v < V; ++v) sums[r][v].store(c + r * c_stride + 16 * v);
    }
  }

  void finish() const {
    const float* from = out_;
    for (std::size_t t = 0; t < args_.tokens; ++t) {
      float* out = args_.out + t * args_.out_stride;
      for (std::size_t g = 0; g < args_.group; ++g, out += K_, from += padded_K_) {
        const L sum = L::broadcast(sum_[t * args_.group + g]);
        for (std::size_t k = 0; k < K_; k += 16) {
          // Adding zero turns a negative zero into zero.
          const L value = L::load(from + k) / sum + L::zero();
          value.store(out + k, L::lanes(0, K_ - k < 16 ? K_ - k : 16));
        }
      }
    }
  }

  const AttentionArgs& args_;
  std::size_t K_;
  std::size_t padded_K_;  // a multiple of 16
  std::size_t rows_;
  std::ptrdiff_t ahead_ = 0;  // bytes from the block at hand to the next one
  Range visible_[max_rows];
  // What attention.h calls m', s' and o', of the spans so far, then m, s and o of the span at hand.
  float largest_[max_rows], sum_[max_rows];
  float span_largest_[max_rows], span_sum_[max_rows];
  // Left uninitialised: a decode step touches a few kilobytes of these.
  alignas(64) float q_[max_tiles * tile_rows * max_K];  // [tile][K][tile_rows]
  alignas(64) float weights_[max_rows * P];             // scores, then weights: [row][P]
  alignas(64) float out_[max_rows * max_K];             // [row][padded_K]
  alignas(64) float span_out_[max_rows * max_K];        // likewise
  alignas(64) float widened_[P * max_K];                // a block's keys, then its values
};

}  // namespace espalier::kernels
