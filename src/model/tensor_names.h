// What files call the tensors of a model. A family has one such table for Hugging Face folders;
// GGUF files of all families share one.
#pragma once

#include <cstdint>
#include <string_view>

namespace espalier::model {

// Without the ending (".weight", ".bias") that every name has. A part that an architecture lacks
// may stay empty.
struct TensorNames {
  std::string_view embedding, final_norm, head;
  std::string_view layer;  // stands before the names below; {} is the layer's number
  std::string_view attention_norm, q, k, v, q_norm, k_norm, attention_out, post_attention_norm;
  std::string_view ffn_norm, gate, up, down, post_ffn_norm;
  // Tensors with this ending are no weights: what they hold is in the ModelConfig already.
  std::string_view not_a_weight;
};

// What a tensor is for.
enum class ModelPart : std::uint8_t { embedding, attention, ffn, norms, head, other };

// "embedding", "output head", …: for people.
std::string_view name(ModelPart part) noexcept;

// By its whole name in a file that spells names so ("blk.3.attn_q.weight" is attention's).
ModelPart part_of(std::string_view tensor, const TensorNames& names);

inline constexpr TensorNames gguf_names = {.embedding = "token_embd",
                                           .final_norm = "output_norm",
                                           .head = "output",
                                           .layer = "blk.{}.",
                                           .attention_norm = "attn_norm",
                                           .q = "attn_q",
                                           .k = "attn_k",
                                           .v = "attn_v",
                                           .q_norm = "attn_q_norm",
                                           .k_norm = "attn_k_norm",
                                           .attention_out = "attn_output",
                                           .post_attention_norm = "post_attention_norm",
                                           .ffn_norm = "ffn_norm",
                                           .gate = "ffn_gate",
                                           .up = "ffn_up",
                                           .down = "ffn_down",
                                           .post_ffn_norm = "post_ffw_norm",
                                           .not_a_weight = "rope_freqs.weight"};

// Llama's in Hugging Face folders; mistral, qwen2 and qwen3 follow it.
inline constexpr TensorNames llama_hf_names = {.embedding = "model.embed_tokens",
                                               .final_norm = "model.norm",
                                               .head = "lm_head",
                                               .layer = "model.layers.{}.",
                                               .attention_norm = "input_layernorm",
                                               .q = "self_attn.q_proj",
                                               .k = "self_attn.k_proj",
                                               .v = "self_attn.v_proj",
                                               .q_norm = "self_attn.q_norm",
                                               .k_norm = "self_attn.k_norm",
                                               .attention_out = "self_attn.o_proj",
                                               .post_attention_norm = "",
                                               .ffn_norm = "post_attention_layernorm",
                                               .gate = "mlp.gate_proj",
                                               .up = "mlp.up_proj",
                                               .down = "mlp.down_proj",
                                               .post_ffn_norm = "",
                                               .not_a_weight = "rotary_emb.inv_freq"};

}  // namespace espalier::model
