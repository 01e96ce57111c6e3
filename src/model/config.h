// What a model is, as data: one forward pass reads this, whatever family a file came from.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace espalier::model {

struct LayerConfig {
  // Where this layer's keys and values lie in the KV cache. Layers may name the same slot.
  std::size_t kv_slot = 0;
  // False: the layer has no key and value projections and reads what an earlier layer wrote to its
  // slot (cross-layer sharing).
  bool writes_kv = true;
  // Sliding-window attention over this many positions; 0: all.
  std::size_t window = 0;
  // Rotary positions on queries and keys; false: none (NoPE).
  bool rope = true;
};

struct ModelConfig {
  std::string family;   // "llama"
  std::string name;     // as the file names it, for people
  std::string license;  // as the file names it; may be empty

  std::size_t width = 0;       // D
  std::size_t heads = 0;       // H, query heads
  std::size_t kv_heads = 0;    // a divisor of heads
  std::size_t head_size = 0;   // K
  std::size_t ffn_width = 0;   // F, SwiGLU
  std::size_t vocabulary = 0;  // V
  std::size_t context = 0;     // positions the model was trained for
  std::size_t kv_slots = 0;
  float norm_epsilon = 1e-5F;
  float rope_theta = 10000.0F;
  bool tied_embeddings = false;
  std::vector<LayerConfig> layers;  // L of them

  std::size_t query_width() const noexcept { return heads * head_size; }
  std::size_t kv_width() const noexcept { return kv_heads * head_size; }
};

// Throws InvalidFile naming `file`, the field and its bound where the numbers do not fit together
// (zero sizes, heads not a multiple of kv_heads, an odd head size, sizes no kernel takes, a slot
// read before it is written or written twice).
void validate(const ModelConfig& config, const std::string& file);

}  // namespace espalier::model
