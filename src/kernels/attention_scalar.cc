// The reference: one row at a time, plain loops in the order that attention.h promises.
#include <array>
#include <cmath>
#include <cstring>
#include <limits>

#include "kernels/exp_scalar.h"
#include "kernels/isa_functions.h"
#include "tensor/float16.h"

namespace espalier::kernels::scalar {
namespace {

constexpr std::size_t P = page_positions;

// Element i of a part of a region.
float element(KvType type, const std::byte* part, std::size_t i) {
  switch (type) {
    case KvType::f32: {
      float value = 0;
      std::memcpy(&value, part + i * sizeof value, sizeof value);
      return value;
    }
    case KvType::f16: {
      std::uint16_t half = 0;
      std::memcpy(&half, part + i * sizeof half, sizeof half);
      return tensor::half_to_float(half);
    }
    case KvType::int8:
      return static_cast<float>(static_cast<std::int8_t>(part[i]));
  }
  return 0;
}

// A part's scale of one position; 1 where the type has none.
float scale_of(const KvHeadLayout& layout, const std::byte* scales, std::size_t position) {
  return layout.type == KvType::int8 ? element(KvType::f32, scales, position) : 1.0F;
}

// Lane = position mod 16, then lane i with lane i + 8, then 4, 2 and 1 apart.
float sum_of(const std::array<float, P>& weights) {
  std::array<float, 16> lanes{};
  for (std::size_t p = 0; p < P; ++p) lanes[p % 16] += weights[p];
  for (std::size_t apart = 8; apart > 0; apart /= 2) {
    for (std::size_t i = 0; i < apart; ++i) lanes[i] += lanes[i + apart];
  }
  return lanes[0];
}

class Row {
 public:
  Row(const AttentionArgs& args, const float* q) : layout_(args.layout) {
    for (std::size_t k = 0; k < layout_.head_size; ++k) q_[k] = q[k] * args.scale;
  }

  // Positions [begin, end) of a block, which is not empty.
  void see(const std::byte* region, std::size_t begin, std::size_t end) {
    const std::size_t K = layout_.head_size;
    std::array<float, P> scores{};
    float largest = largest_;
    for (std::size_t p = begin; p < end; ++p) {
      for (std::size_t k = 0; k < K; ++k) {
        scores[p] += q_[k] * element(layout_.type, region + layout_.keys(), k * P + p);
      }
      scores[p] *= scale_of(layout_, region + layout_.key_scales(), p);
      largest = scores[p] > largest ? scores[p] : largest;
    }
    // Where every score so far is -inf, any finite number serves: all weights are zero.
    const float reference = std::isinf(largest) && largest < 0 ? 0.0F : largest;
    std::array<float, P> weights{};
    for (std::size_t p = begin; p < end; ++p) weights[p] = exp(scores[p] - reference);
    const float fade = exp(largest_ - reference);
    largest_ = largest;
    sum_ = sum_ * fade + sum_of(weights);
    for (std::size_t k = 0; k < K; ++k) out_[k] *= fade;
    for (std::size_t p = begin; p < end; ++p) {
      const float weight = weights[p] * scale_of(layout_, region + layout_.value_scales(), p);
      for (std::size_t k = 0; k < K; ++k) {
        out_[k] += weight * element(layout_.type, region + layout_.values(), p * K + k);
      }
    }
  }

  void finish(float* out) const {
    for (std::size_t k = 0; k < layout_.head_size; ++k) out[k] = out_[k] / sum_ + 0.0F;
  }

 private:
  const KvHeadLayout& layout_;
  float largest_ = -std::numeric_limits<float>::infinity();
  float sum_ = 0;
  std::array<float, attention_max_head_size> q_{};
  std::array<float, attention_max_head_size> out_{};
};

}  // namespace

void attention(const AttentionArgs& args) noexcept {
  for (std::size_t t = 0; t < args.tokens; ++t) {
    const std::size_t end = args.first_position + t + 1;
    const std::size_t begin = args.window == 0 || args.window >= end ? 0 : end - args.window;
    for (std::size_t g = 0; g < args.group; ++g) {
      Row row(args, args.q + t * args.q_stride + g * args.layout.head_size);
      for (std::size_t page = begin / P; page * P < end; ++page) {
        const std::size_t first = page * P;
        row.see(args.regions[page], begin > first ? begin - first : 0,
                end - first < P ? end - first : P);
      }
      row.finish(args.out + t * args.out_stride + g * args.layout.head_size);
    }
  }
}

}  // namespace espalier::kernels::scalar
