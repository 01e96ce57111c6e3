// Causal attention of a run of tokens over one KV head in a paged cache.
//
// Query row r = t * G + g is head g (of the G query heads that share this KV head) of token t;
// token t stands at position first_position + t and sees positions p with
//     max(0, position - window + 1) ≤ p ≤ position           (window 0: no lower bound)
// whose keys and values are all stored already.
//
//     out[r] = Σ_p softmax_p(scale · q[r]·k[p]) · v[p]
//
// Online softmax (Milakov and Gimelshein 2018) over blocks of page_positions, which begin at
// multiples of page_positions counted from the sequence's start, in ascending order. Within a
// block: a score sums over K in ascending order; the exponentials are added in 16 lanes (lane =
// position mod 16), then pairwise; values are added in ascending position. Each row's result
// therefore depends on its own q, position and window alone: not on the other rows of the call, nor
// on how a prompt was cut into calls. Masked positions contribute nothing, whatever bytes stand
// there (they may be uninitialised), and a negative zero in the result becomes zero.
#pragma once

#include <cstddef>

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
};

// The most rows (tokens * group) that one call takes; its scratch lives on the stack.
inline constexpr std::size_t attention_max_rows = 64;
inline constexpr std::size_t attention_max_head_size = 256;

using AttentionFn = void(const AttentionArgs& args) noexcept;

}  // namespace espalier::kernels
