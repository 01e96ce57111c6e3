"""Tiny random models of each family, as a Hugging Face folder and as a GGUF file with the same weights.

transformers writes the folder, so its config.json and its shards are what users' are; PyPI gguf writes the file, with
the names, keys and row orders of llama.cpp's converter. make_fixtures.py runs them.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import tiny_vocabulary
import torch
import transformers
from gguf import GGMLQuantizationType as Type

CONTEXT = 1024
LLAMA3_SCALING = {"rope_type": "llama3", "rope_theta": 500_000.0, "factor": 8.0, "low_freq_factor": 1.0,
                  "high_freq_factor": 4.0, "original_max_position_embeddings": 64}


@dataclass(frozen=True)
class FamilyModel:
    """`config` is what transformers' configuration class `kind`Config takes beside the sizes."""

    name: str
    seed: int
    kind: str  # LlamaForCausalLM's "Llama"
    architecture: str  # GGUF's general.architecture
    layers: int
    heads: int
    kv_heads: int
    head_size: int
    config: dict[str, Any]
    tied: bool = True
    width: int = 32
    ffn: int = 48
    dtype: torch.dtype = torch.float16
    shard_size: str = "30KB"
    gguf_keys: dict[str, int | float | str] = field(default_factory=dict)
    tokenizer: bool = False  # in the folder; every GGUF file has it


MODELS = [
    FamilyModel("llama3_scaled", 11, "Llama", "llama", layers=2, heads=4, kv_heads=2, head_size=16, tied=False,
                config={"rope_parameters": LLAMA3_SCALING}),
    FamilyModel("mistral_window", 12, "Mistral", "llama", layers=2, heads=4, kv_heads=1, head_size=8, tied=False,
                config={"sliding_window": 100, "rope_parameters": {"rope_type": "default", "rope_theta": 10_000.0}},
                gguf_keys={"attention.sliding_window": 100}),
    FamilyModel("qwen2_bias", 13, "Qwen2", "qwen2", layers=2, heads=4, kv_heads=2, head_size=8,
                config={"rope_parameters": {"rope_type": "default", "rope_theta": 1_000_000.0}}),
    FamilyModel("qwen3_f32", 14, "Qwen3", "qwen3", layers=2, heads=2, kv_heads=1, head_size=24, dtype=torch.float32,
                config={"rope_parameters": {"rope_type": "default", "rope_theta": 1_000_000.0}}, shard_size="50KB",
                tokenizer=True),
    # Five local layers, a global one, a local one; the window is shorter than the prompt, and only the
    # global layer's positions are scaled.
    FamilyModel("gemma3_window", 15, "Gemma3", "gemma3", layers=7, heads=2, kv_heads=1, head_size=16, ffn=40,
                dtype=torch.bfloat16, config={"sliding_window": 48, "query_pre_attn_scalar": 16, "rope_parameters": {
                    "full_attention": {"rope_type": "linear", "rope_theta": 1_000_000.0, "factor": 8.0},
                    "sliding_attention": {"rope_type": "default", "rope_theta": 10_000.0}}},
                gguf_keys={"attention.sliding_window": 48, "rope.scaling.type": "linear", "rope.scaling.factor": 8.0}),
]


def random_model(spec: FamilyModel) -> torch.nn.Module:
    """In f32, holding the values that the files will hold: rounded to the files' type."""
    config_class = getattr(transformers, "Gemma3TextConfig" if spec.kind == "Gemma3" else f"{spec.kind}Config")
    config = config_class(
        vocab_size=tiny_vocabulary.SIZE, hidden_size=spec.width, intermediate_size=spec.ffn,
        num_hidden_layers=spec.layers, num_attention_heads=spec.heads, num_key_value_heads=spec.kv_heads,
        head_dim=spec.head_size, max_position_embeddings=CONTEXT, rms_norm_eps=1e-6, tie_word_embeddings=spec.tied,
        bos_token_id=tiny_vocabulary.BOS, eos_token_id=tiny_vocabulary.EOS, pad_token_id=None,
        attn_implementation="eager", **spec.config)
    model = getattr(transformers, f"{spec.kind}ForCausalLM")(config).float().eval()
    random = np.random.default_rng(spec.seed)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.copy_(torch.from_numpy(random_values(spec, name, tuple(parameter.shape), random)))
            parameter.copy_(parameter.to(spec.dtype).float())
    return model


def random_values(spec: FamilyModel, name: str, shape: tuple[int, ...], random: np.random.Generator) -> np.ndarray:
    """Attention is sharp and logits spread widely, so that small faults show (see make_fixtures.random_model)."""
    noise = random.standard_normal(shape)
    if name.endswith(".bias"):
        values = 0.5 * noise
    elif "norm" in name:
        # Gemma's norms are stored less 1.
        mean = 1.6 if "q_norm" in name or "k_norm" in name else 1.0
        values = mean + 0.2 * noise - (spec.kind == "Gemma3")
    elif "embed_tokens" in name or "lm_head" in name:
        values = 4.0 / np.sqrt(spec.width) * noise
    else:
        gain = 1.6 if "q_proj" in name or "k_proj" in name else 1.0
        values = gain / np.sqrt(shape[1]) * noise
    return values.astype(np.float32)


def write_folder(folder: Path, model: torch.nn.Module, spec: FamilyModel) -> None:
    # A copy: to() would round the rotary frequencies, too.
    copy.deepcopy(model).to(spec.dtype).save_pretrained(folder, max_shard_size=spec.shard_size)
    if spec.tokenizer:
        tiny_vocabulary.write_folder(folder)


GGUF_NAMES = {
    "model.embed_tokens": "token_embd",
    "model.norm": "output_norm",
    "lm_head": "output",
    "input_layernorm": "attn_norm",
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.q_norm": "attn_q_norm",
    "self_attn.k_norm": "attn_k_norm",
    "self_attn.o_proj": "attn_output",
    "post_attention_layernorm": "ffn_norm",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}
GEMMA_NAMES = GGUF_NAMES | {
    "post_attention_layernorm": "post_attention_norm",
    "pre_feedforward_layernorm": "ffn_norm",
    "post_feedforward_layernorm": "post_ffw_norm",
}


def gguf_name(spec: FamilyModel, name: str) -> str:
    """`model.layers.3.mlp.up_proj.weight` -> `blk.3.ffn_up.weight`."""
    names = GEMMA_NAMES if spec.kind == "Gemma3" else GGUF_NAMES
    stem, ending = name.rsplit(".", 1)
    if stem in names:
        return f"{names[stem]}.{ending}"
    _, _, layer, block = stem.split(".", 3)
    return f"blk.{layer}.{names[block]}.{ending}"


def interleave_halves(values: np.ndarray, heads: int) -> np.ndarray:
    """Rows of Q or K (or elements of their bias) as GGUF's llama family wants them.

    transformers rotates row i of a head with row i + head_size / 2; llama.cpp rotates neighbours 2i and 2i + 1. So the
    two halves of every head are dealt out alternately.
    """
    half = values.shape[0] // heads // 2
    dealt = values.reshape(heads, 2, half, -1).swapaxes(1, 2)
    return np.ascontiguousarray(dealt.reshape(values.shape))


def deinterleave_halves(values: np.ndarray, heads: int) -> np.ndarray:
    """The inverse of interleave_halves."""
    half = values.shape[0] // heads // 2
    return np.ascontiguousarray(values.reshape(heads, half, 2, -1).swapaxes(1, 2).reshape(values.shape))


def llama3_divisors(scaling: dict[str, Any], head_size: int) -> list[float]:
    """What rope_freqs.weight holds: by how much each rotary frequency is divided."""
    divisors = []
    for i in range(head_size // 2):
        wavelength = 2 * math.pi * scaling["rope_theta"] ** (2 * i / head_size)
        turns = scaling["original_max_position_embeddings"] / wavelength
        low, high = scaling["low_freq_factor"], scaling["high_freq_factor"]
        if turns > high:
            divisors.append(1.0)
        elif turns < low:
            divisors.append(scaling["factor"])
        else:
            kept = (turns - low) / (high - low)
            divisors.append(1 / ((1 - kept) / scaling["factor"] + kept))
    return divisors


def gguf_tensors(spec: FamilyModel, model: torch.nn.Module) -> Iterator[tuple[str, np.ndarray, Type]]:
    matrices = {torch.float16: Type.F16, torch.float32: Type.F32, torch.bfloat16: Type.BF16}[spec.dtype]
    for name, parameter in model.named_parameters():  # a tied lm_head is not listed twice
        values = parameter.detach().numpy()
        heads = {"q_proj": spec.heads, "k_proj": spec.kv_heads}.get(name.split(".")[-2], 0)
        if spec.architecture == "llama" and heads:
            values = interleave_halves(values, heads)
        if spec.kind == "Gemma3" and "norm" in name:
            values = values + np.float32(1)
        yield gguf_name(spec, name), values, Type.F32 if values.ndim == 1 else matrices
    if spec.config["rope_parameters"].get("rope_type") == "llama3":
        yield "rope_freqs.weight", np.array(llama3_divisors(LLAMA3_SCALING, spec.head_size), np.float32), Type.F32


def write_gguf(path: Path, model: torch.nn.Module, spec: FamilyModel) -> None:
    parameters = spec.config["rope_parameters"]
    writer = gguf.GGUFWriter(path, spec.architecture)
    writer.add_name(f"Parity fixture {spec.name}")
    writer.add_block_count(spec.layers)
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(spec.width)
    writer.add_feed_forward_length(spec.ffn)
    writer.add_head_count(spec.heads)
    writer.add_head_count_kv(spec.kv_heads)
    writer.add_key_length(spec.head_size)
    writer.add_value_length(spec.head_size)
    writer.add_rope_freq_base(parameters.get("full_attention", parameters)["rope_theta"])
    writer.add_layer_norm_rms_eps(1e-6)
    if spec.architecture == "llama":
        writer.add_rope_dimension_count(spec.head_size)
    for key, value in spec.gguf_keys.items():
        add = {int: writer.add_uint32, float: writer.add_float32, str: writer.add_string}[type(value)]
        add(f"{spec.architecture}.{key}", value)
    writer.add_vocab_size(tiny_vocabulary.SIZE)
    tiny_vocabulary.add_to(writer)
    for name, values, kind in gguf_tensors(spec, model):
        writer.add_tensor(name, gguf.quants.quantize(values, kind), raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
