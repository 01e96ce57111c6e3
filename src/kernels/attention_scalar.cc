// The reference: one row at a time, plain loops in the order that attention.h promises. The softmax
// scale multiplies q, once.
#include <algorithm>
#include <array>
#include <limits>

#include "kernels/exp_scalar.h"
#include "kernels/isa_functions.h"
#include "tensor/float16.h"

namespace espalier::kernels::scalar {
namespace {

constexpr std::size_t P = page_positions;
constexpr float minus_infinity = -std::numeric_limits<float>::infinity();

float widen(float x) { return x; }
float widen(std::uint16_t half) { return tensor::half_to_float(half); }
float widen(std::int8_t code) { return code; }

// Lane = position mod 16, then lane i with lane i + 8, then 4, 2 and 1 apart.
float sum_of(const std::array<float, P>& weights) {
  std::array<float, 16> lanes{};
  for (std::size_t p = 0; p < P; ++p) lanes[p % 16] += weights[p];
  for (std::size_t apart = 8; apart > 0; apart /= 2) {
    for (std::size_t i = 0; i < apart; ++i) lanes[i] += lanes[i + apart];
  }
  return lanes[0];
}

// What a span of positions, or several, leave of a row: m, s and o of attention.h.
struct State {
  float largest = minus_infinity;
  float sum = 0;
  std::array<float, attention_max_head_size> out{};

  void add(const State& span) {
    if (span.largest == minus_infinity) return;
    const float before = largest;
    if (!(span.largest <= largest)) largest = span.largest;
    const float fade = exp(before - largest), weight = exp(span.largest - largest);
    sum = sum * fade + span.sum * weight;
    for (std::size_t k = 0; k < out.size(); ++k) out[k] = out[k] * fade + weight * span.out[k];
  }

  void save(std::size_t K, float* to) const {
    const std::size_t padded = base::round_up(K, std::size_t{16});
    std::copy_n(out.begin(), padded, to);
    to[padded] = largest;
    to[padded + 1] = sum;
  }

  void load(std::size_t K, const float* from) {
    const std::size_t padded = base::round_up(K, std::size_t{16});
    std::copy_n(from, padded, out.begin());
    largest = from[padded];
    sum = from[padded + 1];
  }

  void finish(std::size_t K, float* to) const {
    // Adding zero turns a negative zero into zero.
    for (std::size_t k = 0; k < K; ++k) to[k] = out[k] / sum + 0.0F;
  }
};

// One query row on its way through the blocks of a span.
template <class Element>
class Row {
 public:
  Row(const KvHeadLayout& layout, const float* q, float scale) : layout_(layout) {
    for (std::size_t k = 0; k < layout.head_size; ++k) q_[k] = q[k] * scale;
  }

  // Takes in positions [begin, end) of a block; begin < end.
  void see(const std::byte* region, std::size_t begin, std::size_t end) {
    std::array<float, P> weights = scores(region, begin, end);
    const float before = state_.largest;
    for (std::size_t p = begin; p < end; ++p) {
      if (weights[p] > state_.largest) state_.largest = weights[p];
    }
    // Where every score so far is -inf, any finite number serves: all weights are zero.
    const float reference = state_.largest == minus_infinity ? 0.0F : state_.largest;
    for (std::size_t p = begin; p < end; ++p) weights[p] = exp(weights[p] - reference);
    const float fade = exp(before - reference);
    state_.sum = state_.sum * fade + sum_of(weights);
    for (float& out : state_.out) out *= fade;
    add_values(region, begin, end, weights);
  }

  const State& state() const { return state_; }

 private:
  // Zero outside [begin, end).
  std::array<float, P> scores(const std::byte* region, std::size_t begin, std::size_t end) const {
    const auto* keys = reinterpret_cast<const Element*>(region + layout_.keys());
    std::array<float, P> scores{};
    for (std::size_t k = 0; k < layout_.head_size; ++k) {
      for (std::size_t p = begin; p < end; ++p) scores[p] += q_[k] * widen(keys[k * P + p]);
    }
    if (layout_.type == KvType::int8) {
      const auto* scales = reinterpret_cast<const float*>(region + layout_.key_scales());
      for (std::size_t p = begin; p < end; ++p) scores[p] *= scales[p];
    }
    return scores;
  }

  void add_values(const std::byte* region, std::size_t begin, std::size_t end,
                  std::array<float, P> weights) {
    const std::size_t K = layout_.head_size;
    const auto* values = reinterpret_cast<const Element*>(region + layout_.values());
    if (layout_.type == KvType::int8) {
      const auto* scales = reinterpret_cast<const float*>(region + layout_.value_scales());
      for (std::size_t p = begin; p < end; ++p) weights[p] *= scales[p];
    }
    for (std::size_t p = begin; p < end; ++p) {
      for (std::size_t k = 0; k < K; ++k) state_.out[k] += weights[p] * widen(values[p * K + k]);
    }
  }

  const KvHeadLayout& layout_;
  State state_;
  std::array<float, attention_max_head_size> q_{};
};

// What positions [begin, end) of one span leave of a row; nothing where there are none.
template <class Element>
State span_state(const AttentionArgs& args, const float* q, std::size_t begin, std::size_t end) {
  Row<Element> row(args.layout, q, args.scale);
  for (std::size_t page = begin / P; page * P < end; ++page) {
    const std::size_t first = page * P;
    row.see(args.regions[page], begin > first ? begin - first : 0,
            end - first < P ? end - first : P);
  }
  return row.state();
}

template <class Element>
void attend(const AttentionArgs& args) {
  constexpr std::size_t S = attention_span;
  const std::size_t K = args.layout.head_size;
  float* state = args.state;
  for (std::size_t t = 0; t < args.tokens; ++t) {
    const std::size_t end = args.first_position + t + 1;
    const std::size_t begin = args.window == 0 || args.window >= end ? 0 : end - args.window;
    for (std::size_t g = 0; g < args.group; ++g) {
      const float* q = args.q + t * args.q_stride + g * K;
      const auto in_span = [&](std::size_t span) {
        const std::size_t first = std::max(begin, span * S), last = std::min(end, (span + 1) * S);
        return first < last ? span_state<Element>(args, q, first, last) : State();
      };
      if (state != nullptr) {
        in_span(args.span).save(K, state);
        state += attention_state_floats(K);
        continue;
      }
      State all;
      for (std::size_t span = begin / S; span * S < end; ++span) all.add(in_span(span));
      all.finish(K, args.out + t * args.out_stride + g * K);
    }
  }
}

}  // namespace

void attention(const AttentionArgs& args) noexcept {
  switch (args.layout.type) {
    case KvType::f32:
      return attend<float>(args);
    case KvType::f16:
      return attend<std::uint16_t>(args);
    case KvType::int8:
      return attend<std::int8_t>(args);
  }
}

void attention_merge(const AttentionArgs& args, const float* states, std::size_t spans) noexcept {
  const std::size_t K = args.layout.head_size, floats = attention_state_floats(K);
  const std::size_t rows = args.tokens * args.group;
  for (std::size_t r = 0; r < rows; ++r) {
    State all, span;
    for (std::size_t i = 0; i < spans; ++i) {
      span.load(K, states + (i * rows + r) * floats);
      all.add(span);
    }
    all.finish(K, args.out + r / args.group * args.out_stride + r % args.group * K);
  }
}

}  // namespace espalier::kernels::scalar
