"""A GGUF file of the llama family as a torch f32 LlamaForCausalLM: the yardstick of the quality runs.

PyPI gguf dequantises the weights; transformers does the arithmetic, in f32 throughout. What an engine's
logits differ from these is what the engine's own arithmetic (int8 activations, f16 KV cache, …) costs.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gguf
import numpy as np
import torch
from transformers import LlamaConfig, LlamaForCausalLM

NAMES = {
    "token_embd": "model.embed_tokens",
    "output_norm": "model.norm",
    "output": "lm_head",
    "attn_norm": "input_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_norm": "post_attention_layernorm",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}


def _transformers_name(name: str) -> str:
    """`blk.3.ffn_up.weight` -> `model.layers.3.mlp.up_proj.weight`. KeyError: not a plain llama tensor."""
    parts = name.removesuffix(".weight").split(".")
    if parts[0] == "blk":
        return f"model.layers.{parts[1]}.{NAMES[parts[2]]}.weight"
    return f"{NAMES[parts[0]]}.weight"


def _halves(weight: np.ndarray, heads: int) -> np.ndarray:
    """Q or K rows back from llama.cpp's order (pairs 2i, 2i + 1) to transformers' (pairs i, i + K/2)."""
    rows, columns = weight.shape
    return weight.reshape(heads, rows // heads // 2, 2, columns).swapaxes(1, 2).reshape(rows, columns)


def load(path: Path) -> LlamaForCausalLM:
    """The model, in evaluation mode. Raises ValueError for a file of another family."""
    reader = gguf.GGUFReader(path)

    def field(key: str, default: Any = None) -> Any:
        found = reader.get_field(key)
        value = default if found is None else found.contents()
        if value is None:
            raise ValueError(f"{path}: no '{key}'")
        return value

    if (family := field("general.architecture")) != "llama":
        raise ValueError(f"{path}: architecture '{family}', torch_model reads 'llama'")
    width, heads = field("llama.embedding_length"), field("llama.attention.head_count")
    kv_heads = field("llama.attention.head_count_kv", heads)
    state: dict[str, torch.Tensor] = {}
    for tensor in reader.tensors:
        values = gguf.quants.dequantize(tensor.data, tensor.tensor_type)
        if tensor.name.endswith("attn_q.weight"):
            values = _halves(values, heads)
        elif tensor.name.endswith("attn_k.weight"):
            values = _halves(values, kv_heads)
        state[_transformers_name(tensor.name)] = torch.from_numpy(np.array(values, dtype=np.float32))
    tied = "lm_head.weight" not in state
    if tied:
        state["lm_head.weight"] = state["model.embed_tokens.weight"]

    model = LlamaForCausalLM(LlamaConfig(
        vocab_size=state["lm_head.weight"].shape[0],
        hidden_size=width,
        intermediate_size=field("llama.feed_forward_length"),
        num_hidden_layers=field("llama.block_count"),
        num_attention_heads=heads,
        num_key_value_heads=kv_heads,
        head_dim=field("llama.attention.key_length", width // heads),
        max_position_embeddings=field("llama.context_length"),
        rms_norm_eps=field("llama.attention.layer_norm_rms_epsilon"),
        rope_parameters={"rope_type": "default", "rope_theta": field("llama.rope.freq_base", 10_000.0)},
        tie_word_embeddings=tied,
        attn_implementation="eager",
    )).to(torch.float32).eval()
    model.load_state_dict(state, strict=True)
    return model


def window_logits(model: LlamaForCausalLM, ids: list[int]) -> torch.Tensor:
    """f32 [T, V] for one window."""
    with torch.inference_mode():
        return model(torch.tensor([ids]), use_cache=False).logits[0]
