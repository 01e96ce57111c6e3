// The reference: one row at a time, plain loops in the order that attention.h promises. The softmax
// scale multiplies q, once.
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

// One query row on its way through the blocks.
template <class Element>
class Row {
 public:
  Row(const KvHeadLayout& layout, const float* q, float scale) : layout_(layout) {
    for (std::size_t k = 0; k < layout.head_size; ++k) q_[k] = q[k] * scale;
  }

  // Takes in positions [begin, end) of a block; begin < end.
  void see(const std::byte* region, std::size_t begin, std::size_t end) {
    std::array<float, P> weights = scores(region, begin, end);
    const float before = largest_;
    for (std::size_t p = begin; p < end; ++p) {
      if (weights[p] > largest_) largest_ = weights[p];
    }
    // Where every score so far is -inf, any finite number serves: all weights are zero.
    const float reference = largest_ == minus_infinity ? 0.0F : largest_;
    for (std::size_t p = begin; p < end; ++p) weights[p] = exp(weights[p] - reference);
    const float fade = exp(before - reference);
    sum_ = sum_ * fade + sum_of(weights);
    for (float& out : out_) out *= fade;
    add_values(region, begin, end, weights);
  }

  void finish(float* out) const {
    // Adding zero turns a negative zero into zero.
    for (std::size_t k = 0; k < layout_.head_size; ++k) out[k] = out_[k] / sum_ + 0.0F;
  }

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
      for (std::size_t k = 0; k < K; ++k) out_[k] += weights[p] * widen(values[p * K + k]);
    }
  }

  const KvHeadLayout& layout_;
  float largest_ = minus_infinity;  // of the scores so far
  float sum_ = 0;                   // of the weights so far
  std::array<float, attention_max_head_size> q_{};
  std::array<float, attention_max_head_size> out_{};
};

template <class Element>
void attend(const AttentionArgs& args) {
  for (std::size_t t = 0; t < args.tokens; ++t) {
    const std::size_t end = args.first_position + t + 1;
    const std::size_t begin = args.window == 0 || args.window >= end ? 0 : end - args.window;
    for (std::size_t g = 0; g < args.group; ++g) {
      const std::size_t head = g * args.layout.head_size;
      Row<Element> row(args.layout, args.q + t * args.q_stride + head, args.scale);
      for (std::size_t page = begin / P; page * P < end; ++page) {
        const std::size_t first = page * P;
        row.see(args.regions[page], begin > first ? begin - first : 0,
                end - first < P ? end - first : P);
      }
      row.finish(args.out + t * args.out_stride + head);
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

}  // namespace espalier::kernels::scalar
