// What a model is, as data: one forward pass reads this, whatever family a file came from.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace espalier::model {

// What the FFN's gate goes through: silu makes SwiGLU, gelu_tanh GeGLU (kernels/elementwise.h).
enum class Activation : std::uint8_t { silu, gelu_tanh };

// Rotary positions: pair i of a head turns by position · theta^(−2i/K) / divisors[i].
struct RopeConfig {
  float theta = 10000.0F;
  // [K/2]; empty: all 1. Linear scaling is one number throughout, llama 3's scaling a curve
  // (rope_scaling.h).
  std::vector<float> divisors = {};
};

struct LayerConfig {
  // Where this layer's keys and values lie in the KV cache. Layers may name the same slot.
  std::size_t kv_slot = 0;
  // False: the layer has no key and value projections and reads what an earlier layer wrote to its
  // slot (cross-layer sharing).
  bool writes_kv = true;
  // Sliding-window attention over this many positions, the token's own among them; 0: all.
  std::size_t window = 0;
  // Which of ModelConfig::ropes turns queries and keys; none: no positions (NoPE).
  std::optional<std::size_t> rope = 0;
  // Queries, keys and values have a bias.
  bool qkv_bias = false;
  // Each head of queries and keys is normalised (RMSNorm) before it is turned.
  bool qk_norm = false;
  // What attention and FFN give is normalised (RMSNorm) before it is added to the residual stream.
  bool post_norms = false;
  Activation activation = Activation::silu;
};

struct ModelConfig {
  std::string family;   // "llama"
  std::string name;     // as the file names it, for people
  std::string license;  // as the file names it; may be empty

  std::size_t width = 0;       // D
  std::size_t heads = 0;       // H, query heads
  std::size_t kv_heads = 0;    // a divisor of heads
  std::size_t head_size = 0;   // K
  std::size_t ffn_width = 0;   // F, gated
  std::size_t vocabulary = 0;  // V
  std::size_t context = 0;     // positions the model was trained for
  std::size_t kv_slots = 0;
  float norm_epsilon = 1e-5F;
  // What attention scores are multiplied with: 1/√K in most families.
  float attention_scale = 0;
  // What a token's embedding is multiplied with on its way in (not on its way out, where tied).
  float embedding_scale = 1;
  std::vector<RopeConfig> ropes = {};
  bool tied_embeddings = false;
  std::vector<LayerConfig> layers = {};  // L of them

  std::size_t query_width() const noexcept { return heads * head_size; }
  std::size_t kv_width() const noexcept { return kv_heads * head_size; }
};

inline constexpr std::size_t max_layers = 4096;  // well above any model

// What a reader must know of heads before it allocates anything in their size; validate() asks,
// too.
void validate_heads(const ModelConfig& config, const std::string& file);

// Throws InvalidFile naming `file`, the field and its bound where the numbers do not fit together
// (zero sizes, heads not a multiple of kv_heads, an odd head size, sizes no kernel takes, a slot
// read before it is written or written twice, scales that are not positive numbers).
void validate(const ModelConfig& config, const std::string& file);

}  // namespace espalier::model
