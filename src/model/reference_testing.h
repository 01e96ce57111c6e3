// For tests: the whole forward pass in plain loops and double precision, to be read in one sitting
// and compared with the real one.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numbers>
#include <vector>

#include "base/token.h"
#include "model/model.h"

namespace espalier::model::testing {

using Vector = std::vector<double>;

inline Vector row_of(const tensor::PackedMatrix& w, std::size_t row) {
  std::vector<float> values(w.cols());
  tensor::unpack_row(w, row, values);
  return {values.begin(), values.end()};
}

inline Vector multiply(const tensor::PackedMatrix& w, const Vector& x) {
  Vector y;
  for (std::size_t n = 0; n < w.rows(); ++n) {
    const Vector row = row_of(w, n);
    double sum = 0;
    for (std::size_t k = 0; k < x.size(); ++k) sum += row[k] * x[k];
    y.push_back(sum);
  }
  return y;
}

inline Vector multiply(const Projection& projection, const Vector& x) {
  Vector y;
  for (const auto& part : projection.parts) {
    const Vector rows = multiply(part, x);
    y.insert(y.end(), rows.begin(), rows.end());
  }
  return y;
}

inline Vector rms_norm(const Vector& x, const std::vector<float>& weight, double epsilon) {
  double squares = 0;
  for (double v : x) squares += v * v;
  const double scale = 1 / std::sqrt(squares / static_cast<double>(x.size()) + epsilon);
  Vector y(x.size());
  for (std::size_t i = 0; i < x.size(); ++i) y[i] = x[i] * scale * weight[i];
  return y;
}

// A head's norm, in place.
inline void rms_norm(double* head, const std::vector<float>& weight, double epsilon) {
  const Vector y = rms_norm(Vector(head, head + weight.size()), weight, epsilon);
  std::copy(y.begin(), y.end(), head);
}

// hidden += delta, normalised first where there is a weight.
inline void add(Vector& hidden, Vector delta, const std::vector<float>& weight, double epsilon) {
  if (!weight.empty()) delta = rms_norm(delta, weight, epsilon);
  for (std::size_t d = 0; d < hidden.size(); ++d) hidden[d] += delta[d];
}

inline double activate(Activation activation, double x) {
  if (activation == Activation::silu) return x / (1 + std::exp(-x));
  const double inner = std::sqrt(2 / std::numbers::pi) * (x + 0.044715 * x * x * x);
  return x / 2 * (1 + std::tanh(inner));
}

inline void rotate(double* head, std::size_t head_size, std::size_t position,
                   const RopeConfig& rope) {
  for (std::size_t i = 0; i < head_size / 2; ++i) {
    const double exponent = -2.0 * static_cast<double>(i) / static_cast<double>(head_size);
    const double divisor = rope.divisors.empty() ? 1 : rope.divisors[i];
    const double angle = static_cast<double>(position) * std::pow(rope.theta, exponent) / divisor;
    const double a = head[i], b = head[i + head_size / 2];
    head[i] = a * std::cos(angle) - b * std::sin(angle);
    head[i + head_size / 2] = b * std::cos(angle) + a * std::sin(angle);
  }
}

// Logits [T, V].
inline std::vector<Vector> reference_logits(const Model& model,
                                            const std::vector<base::TokenId>& tokens) {
  const ModelConfig& c = model.config;
  const std::size_t K = c.head_size, group = c.heads / c.kv_heads;
  // keys[slot][position] and values[slot][position]: [H_kv·K]
  std::vector<std::vector<Vector>> keys(c.kv_slots), values(c.kv_slots);
  std::vector<Vector> logits;
  for (std::size_t t = 0; t < tokens.size(); ++t) {
    Vector hidden = row_of(model.embedding, static_cast<std::size_t>(tokens[t]));
    for (double& value : hidden) value *= c.embedding_scale;
    for (std::size_t l = 0; l < c.layers.size(); ++l) {
      const LayerConfig& layer = c.layers[l];
      const LayerWeights& weights = model.layers[l];
      Vector qkv = multiply(weights.qkv, rms_norm(hidden, weights.attention_norm, c.norm_epsilon));
      for (std::size_t i = 0; i < weights.qkv_bias.size(); ++i) qkv[i] += weights.qkv_bias[i];
      for (std::size_t h = 0; h < c.heads + (layer.writes_kv ? c.kv_heads : 0); ++h) {
        const auto& norm = h < c.heads ? weights.q_norm : weights.k_norm;
        if (layer.qk_norm) rms_norm(&qkv[h * K], norm, c.norm_epsilon);
        if (layer.rope) rotate(&qkv[h * K], K, t, c.ropes[*layer.rope]);
      }
      if (layer.writes_kv) {
        const auto key = qkv.begin() + static_cast<std::ptrdiff_t>(c.query_width());
        const auto value = key + static_cast<std::ptrdiff_t>(c.kv_width());
        keys[layer.kv_slot].resize(t);
        values[layer.kv_slot].resize(t);
        keys[layer.kv_slot].emplace_back(key, value);
        values[layer.kv_slot].emplace_back(value, qkv.end());
      }
      const std::size_t first = layer.window == 0 || t < layer.window ? 0 : t + 1 - layer.window;
      Vector attended(c.query_width(), 0.0);
      for (std::size_t h = 0; h < c.heads; ++h) {
        const std::size_t kv = h / group * K;
        Vector weight;
        double sum = 0;
        for (std::size_t p = first; p <= t; ++p) {
          double score = 0;
          for (std::size_t i = 0; i < K; ++i) {
            score += qkv[h * K + i] * keys[layer.kv_slot][p][kv + i];
          }
          weight.push_back(std::exp(score * c.attention_scale));
          sum += weight.back();
        }
        for (std::size_t p = first; p <= t; ++p) {
          for (std::size_t i = 0; i < K; ++i) {
            attended[h * K + i] += weight[p - first] / sum * values[layer.kv_slot][p][kv + i];
          }
        }
      }
      add(hidden, multiply(weights.attention_out, attended), weights.post_attention_norm,
          c.norm_epsilon);
      const Vector gate_up =
          multiply(weights.gate_up, rms_norm(hidden, weights.ffn_norm, c.norm_epsilon));
      Vector ffn(c.ffn_width);
      for (std::size_t f = 0; f < c.ffn_width; ++f) {
        ffn[f] = activate(layer.activation, gate_up[f]) * gate_up[c.ffn_width + f];
      }
      add(hidden, multiply(weights.down, ffn), weights.post_ffn_norm, c.norm_epsilon);
    }
    logits.push_back(
        multiply(model.output_head(), rms_norm(hidden, model.final_norm, c.norm_epsilon)));
  }
  return logits;
}

}  // namespace espalier::model::testing
