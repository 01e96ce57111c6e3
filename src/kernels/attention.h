// Causal attention of a run of tokens over one KV head in a paged cache.
//
// Query row r = t * G + g is head g (of the G query heads that share this KV head) of token t;
// token t stands at position first_position + t and sees positions p with
//     max(0, position - window + 1) ≤ p ≤ position           (window 0: no lower bound)
// whose keys and values are all stored already.
//
//     out[r] = Σ_p softmax_p(scale · q[r]·k[p]) · v[p]
//
// Positions come in spans of attention_span and these in blocks of page_positions, both counted
// from the sequence's start and in ascending order. A span is an online softmax (Milakov and
// Gimelshein 2018) over its blocks. Within a block: a score sums over K in ascending order; the
// exponentials are added in 16 lanes (lane = position mod 16), then pairwise; values are added in
// ascending position. A span leaves m, the largest score, s = Σ_p exp(score_p - m) and o = Σ_p
// exp(score_p - m) · v[p], and is put together with those before it (m', s', o'): with M = max(m',
// m),
//     s' = s' · exp(m' - M) + s · exp(m - M);   o' = fma(exp(m - M), o, o' · exp(m' - M));   m' = M
//
// Each row's result therefore depends on its own q, position and window alone: not on the other
// rows of the call, nor on how a prompt was cut into calls, nor on which spans were computed
// apart. Masked positions contribute nothing, whatever bytes stand there (they may be
// uninitialised), and a negative zero in the result becomes zero.
#pragma once

#include <cstddef>

#include "base/checked_math.h"
#include "kernels/kv_page.h"
#include "tensor/rows.h"

namespace espalier::kernels {

struct AttentionArgs {
  KvHeadLayout layout;
  // regions[i] is this head's region in the sequence's page i (positions i*P … i*P+P-1). Pages
  // wholly below every row's window may be null.
  const std::byte* const* regions = nullptr;
  std::size_t first_position = 0;
  std::size_t tokens = 0;
  std::size_t group = 1;   // G
  std::size_t window = 0;  // 0: full
  float scale = 1.0F;
  // Token t, head g: q + t * q_stride + g * head_size, K floats; out likewise. No overlap.
  const float* q = nullptr;
  std::size_t q_stride = 0;
  float* out = nullptr;
  std::size_t out_stride = 0;
  // Where not null, only span number `span` is computed and what it leaves goes here instead of to
  // out: attention_state_floats(K) for each row.
  float* state = nullptr;
  std::size_t span = 0;
};

inline constexpr std::size_t attention_span = 4 * page_positions;

// o [K], padded to whole vectors of 16; then m and s.
constexpr std::size_t attention_state_floats(std::size_t head_size) noexcept {
  return base::round_up(head_size, std::size_t{16}) + 16;
}

// The most rows (tokens * group) that one call takes; its scratch lives on the stack.
inline constexpr std::size_t attention_max_rows = 64;
inline constexpr std::size_t attention_max_head_size = 256;

using AttentionFn = void(const AttentionArgs& args) noexcept;

// Puts the spans of a call together that were computed apart, and writes out.
//   states   [spans][rows][attention_state_floats(K)], of consecutive spans from the first that any
//            row sees to the last
using AttentionMergeFn = void(const AttentionArgs& args, const float* states,
                              std::size_t spans) noexcept;

}  // namespace espalier::kernels
