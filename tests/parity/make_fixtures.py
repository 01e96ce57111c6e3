#!/usr/bin/env python3
"""Writes the parity fixtures: tiny random models and the logits that torch gives for them.

Each fixture is two or three things in tests/parity/fixtures:

  NAME.gguf      a model with a byte-level BPE tokenizer and a ChatML template, written by PyPI gguf; any
                 program that reads GGUF can load and run it
  NAME/          the same weights as transformers saves them, in several files (models of families.py)
  NAME.expected  512 token ids and what transformers (torch, f32, eager attention) answers for them;
                 expected.py describes the bytes, expected.h reads them from C++

Variants of llama below differ in the types of their weights; families.py has a model of every family.

The weights that torch runs are the *stored* weights: rounded to the file's type and read back by
PyPI gguf, so that the whole difference to another engine is that engine's arithmetic.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

import tiny_vocabulary
from expected import write_expected

try:
    import gguf
    import numpy as np
    import torch
    from gguf import GGMLQuantizationType as Type
    from transformers import LlamaConfig, LlamaForCausalLM

    import families
    from families import deinterleave_halves, interleave_halves
except ImportError as missing:
    sys.exit(f"make_fixtures: {missing}; run scripts/setup --verify, then .venv/bin/python {sys.argv[0]}")

HERE = Path(__file__).resolve().parent
TOKENS = 512
SIZE_LIMIT = 2_000_000  # bytes of all fixtures together: they live in git


@dataclass(frozen=True)
class Variant:
    """One model. `body` is the type of the matrices, `embedding` that of the token embedding."""

    name: str
    seed: int
    width: int
    heads: int
    kv_heads: int
    head_size: int
    ffn: int
    layers: int
    rope_theta: float
    tied: bool
    body: Type = Type.F32
    embedding: Type = Type.F32


VARIANTS = [
    Variant("gqa_tied_f32", 1, width=64, heads=4, kv_heads=2, head_size=16, ffn=96, layers=2,
            rope_theta=10_000.0, tied=True),
    Variant("width96_q4_0", 4, width=96, heads=3, kv_heads=1, head_size=32, ffn=160, layers=2,
            rope_theta=10_000.0, tied=True, body=Type.Q4_0, embedding=Type.Q4_0),
    # The types and the head size of SmolLM2-135M's Q4_1 file.
    Variant("head64_q4_1", 5, width=128, heads=2, kv_heads=1, head_size=64, ffn=160, layers=2,
            rope_theta=100_000.0, tied=True, body=Type.Q4_1, embedding=Type.Q8_0),
    Variant("width96_q8_0", 6, width=96, heads=3, kv_heads=3, head_size=32, ffn=160, layers=1,
            rope_theta=10_000.0, tied=False, body=Type.Q8_0, embedding=Type.Q8_0),
]


def random_model(variant: Variant) -> LlamaForCausalLM:
    """A model whose attention is sharp and whose logits spread over about +-15.

    transformers' own initialisation (std 0.02) would leave attention uniform and logits near zero,
    and a wrong RoPE or a wrong mask would hide in the noise.
    """
    config = LlamaConfig(
        vocab_size=tiny_vocabulary.SIZE,
        hidden_size=variant.width,
        intermediate_size=variant.ffn,
        num_hidden_layers=variant.layers,
        num_attention_heads=variant.heads,
        num_key_value_heads=variant.kv_heads,
        head_dim=variant.head_size,
        max_position_embeddings=1024,
        rms_norm_eps=1e-5,
        rope_parameters={"rope_type": "default", "rope_theta": variant.rope_theta},
        tie_word_embeddings=variant.tied,
        bos_token_id=tiny_vocabulary.BOS,
        eos_token_id=tiny_vocabulary.EOS,
        pad_token_id=None,
        attn_implementation="eager",
    )
    model = LlamaForCausalLM(config).float().eval()
    random = np.random.default_rng(variant.seed)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            shape = tuple(parameter.shape)
            if "norm" in name:
                values = 1.0 + 0.2 * random.standard_normal(shape)
            elif "embed_tokens" in name or "lm_head" in name:
                values = 4.0 / np.sqrt(variant.width) * random.standard_normal(shape)
            else:
                gain = 1.6 if "q_proj" in name or "k_proj" in name else 1.0
                values = gain / np.sqrt(shape[1]) * random.standard_normal(shape)
            parameter.copy_(torch.from_numpy(values.astype(np.float32)))
    return model


def store(parameter: torch.nn.Parameter, name: str, variant: Variant, writer: gguf.GGUFWriter) -> None:
    """Writes one tensor and puts the values that a reader will see back into the model."""
    values = parameter.detach().numpy()
    if values.ndim == 1:
        stored = Type.F32
    elif "embed_tokens" in name or "lm_head" in name:
        stored = variant.embedding
    else:
        stored = variant.body
    heads = {"q_proj": variant.heads, "k_proj": variant.kv_heads}.get(name.split(".")[-2], 0)
    if heads:
        values = interleave_halves(values, heads)
    packed = gguf.quants.quantize(values, stored)
    writer.add_tensor(families.gguf_name(families.MODELS[0], name), packed, raw_dtype=stored)
    seen = gguf.quants.dequantize(packed, stored)
    if heads:
        seen = deinterleave_halves(seen, heads)
    with torch.no_grad():
        parameter.copy_(torch.from_numpy(np.array(seen, dtype=np.float32)))


def write_model(path: Path, model: LlamaForCausalLM, variant: Variant) -> None:
    """Writes the GGUF file; afterwards `model` holds exactly the file's weights."""
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_name(f"Parity fixture {variant.name}")
    writer.add_block_count(variant.layers)
    writer.add_context_length(1024)
    writer.add_embedding_length(variant.width)
    writer.add_feed_forward_length(variant.ffn)
    writer.add_head_count(variant.heads)
    writer.add_head_count_kv(variant.kv_heads)
    writer.add_rope_freq_base(variant.rope_theta)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(variant.head_size)
    if variant.head_size * variant.heads != variant.width:
        writer.add_key_length(variant.head_size)
        writer.add_value_length(variant.head_size)
    writer.add_vocab_size(tiny_vocabulary.SIZE)
    writer.add_quantization_version(gguf.GGML_QUANT_VERSION)
    tiny_vocabulary.add_to(writer)
    for name, parameter in model.named_parameters():  # a tied lm_head is not listed twice
        store(parameter, name, variant, writer)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def write_answers(name: str, seed: int, model: torch.nn.Module, folder: Path) -> None:
    ids = np.random.default_rng(1000 + seed).integers(0, tiny_vocabulary.SIZE, TOKENS)
    with torch.no_grad():
        tokens = torch.from_numpy(ids)[None]
        logits = model(tokens, use_cache=False).logits[0].numpy()
        exact = model.double()(tokens, use_cache=False).logits[0].numpy()
    largest = np.abs(logits).max()
    write_expected(folder / f"{name}.expected", ids, logits, seed=2000 + seed)
    print(f"{name:16} gguf {(folder / f'{name}.gguf').stat().st_size:7} bytes; "
          f"max|logit| {largest:5.2f}, std {logits.std():4.2f}, "
          f"torch f32 vs f64: {np.abs(logits - exact).max() / largest:.1e} of max|logit|")


def make(variant: Variant, folder: Path) -> None:
    model = random_model(variant)
    write_model(folder / f"{variant.name}.gguf", model, variant)
    write_answers(variant.name, variant.seed, model, folder)


def make_family(spec: families.FamilyModel, folder: Path) -> None:
    model = families.random_model(spec)
    shutil.rmtree(folder / spec.name, ignore_errors=True)
    families.write_folder(folder / spec.name, model, spec)
    families.write_gguf(folder / f"{spec.name}.gguf", model, spec)
    write_answers(spec.name, spec.seed, model, folder)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=HERE / "fixtures", metavar="FOLDER",
                        help="where to write (default: %(default)s)")
    folder: Path = parser.parse_args().output
    folder.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)  # one order of summation: the same bytes on the same machine
    for variant in VARIANTS:
        make(variant, folder)
    for spec in families.MODELS:
        make_family(spec, folder)
    total = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    print(f"{'all':16} {total} bytes of {SIZE_LIMIT}")
    if total >= SIZE_LIMIT:
        sys.exit(f"make_fixtures: the fixtures take {total} bytes, more than {SIZE_LIMIT}: make a variant smaller")


if __name__ == "__main__":
    main()
