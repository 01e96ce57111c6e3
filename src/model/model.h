// A model's weights, packed for the kernels. Immutable once loaded, so any number of engines and
// threads may share one.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "base/arena.h"
#include "model/config.h"
#include "tensor/packed_matrix.h"

namespace espalier::model {

// One or more matrices that multiply the same input; their outputs lie side by side. Parts of one
// dtype are fused into one matrix; a file may quantise them differently.
struct Projection {
  std::vector<tensor::PackedMatrix> parts;

  std::size_t rows() const noexcept;
  std::size_t cols() const noexcept { return parts.front().cols(); }
};

// In the order of computation. What a layer's config does not ask for is empty.
struct LayerWeights {
  std::vector<float> attention_norm;  // [D]
  Projection qkv;  // [(H + 2·H_kv)·K, D], or [H·K, D] where the layer writes no KV
  std::vector<float> qkv_bias = {};             // as many as qkv has rows
  std::vector<float> q_norm = {};               // [K]
  std::vector<float> k_norm = {};               // [K]
  Projection attention_out;                     // [D, H·K]
  std::vector<float> post_attention_norm = {};  // [D]
  std::vector<float> ffn_norm;                  // [D]
  Projection gate_up;                           // [2F, D]
  Projection down;                              // [D, F]
  std::vector<float> post_ffn_norm = {};        // [D]
};

struct Model {
  ModelConfig config;
  std::shared_ptr<const base::Arena> memory;  // of the matrices; null where each has its own
  tensor::PackedMatrix embedding;             // [V, D]
  std::vector<LayerWeights> layers;
  std::vector<float> final_norm;  // [D]
  tensor::PackedMatrix head;      // [V, D]; empty where the embedding is tied

  const tensor::PackedMatrix& output_head() const noexcept {
    return config.tied_embeddings ? embedding : head;
  }
  // Bytes of packed weights that decoding one token reads.
  std::size_t bytes_per_token() const noexcept;
};

}  // namespace espalier::model
