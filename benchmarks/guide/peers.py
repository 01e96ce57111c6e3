#!/usr/bin/env python3
"""Measures a peer of guided generation: masks and verdicts for schemas and tokens that come on standard input.

    peers.py ENGINE FOLDER      ENGINE: llguidance, xgrammar-strict or xgrammar; FOLDER has tokenizer.json
      {"schema": TEXT, "tests": [[TOKEN, …], …]}
        →  {"refused": why}, or
           {"accepted": [true, …], "compile_ms": 1.5, "mask_us": […], "accept_us": […], "instance_us": […]}

Each value is walked token by token: a mask, the token's bit in it, the token; behind the last, the end token's bit. One
thread, nothing warmed up, times by the clock around the call (Python's own part is about a microsecond).
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np


class Llguidance:
    def __init__(self, folder: Path, vocabulary: int, end: int):
        import llguidance
        self.library = llguidance.LLMatcher
        self.tokens = llguidance.LLTokenizer(str(folder / "tokenizer.json"), n_vocab=vocabulary, eos_token=end)
        self.bits = np.zeros((vocabulary + 31) // 32, dtype=np.uint32)

    def compile(self, schema: str) -> Any:
        matcher = self.library(self.tokens, self.library.grammar_from_json_schema(schema), log_level=0)
        if matcher.is_error():
            raise ValueError(matcher.get_error())
        return matcher

    def start(self, compiled: Any) -> Any:
        return compiled.deep_copy()

    def mask(self, matcher: Any) -> None:
        matcher.unsafe_compute_mask_ptr(self.bits.ctypes.data, self.bits.nbytes)

    def accept(self, matcher: Any, token: int) -> bool:
        return matcher.consume_token(token)


class Xgrammar:
    def __init__(self, folder: Path, vocabulary: int, end: int, strict: bool):
        import tokenizers
        import torch
        import xgrammar
        torch.set_num_threads(1)
        spelled = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json")).get_vocab(with_added_tokens=True)
        info = xgrammar.TokenizerInfo(sorted(spelled, key=spelled.__getitem__), xgrammar.VocabType.BYTE_LEVEL,
                                      vocab_size=vocabulary, stop_token_ids=[end])
        self.library = xgrammar
        self.compiler = xgrammar.GrammarCompiler(info, max_threads=1, cache_enabled=False)
        self.strict = strict
        self.tensor = xgrammar.allocate_token_bitmask(1, vocabulary)
        self.bits = self.tensor.numpy()[0].view(np.uint32)

    def compile(self, schema: str) -> Any:
        return self.compiler.compile_json_schema(schema, strict_mode=self.strict)

    def start(self, compiled: Any) -> Any:
        return self.library.GrammarMatcher(compiled)

    def mask(self, matcher: Any) -> None:
        # False where all tokens may come: then the mask is not written.
        if not matcher.fill_next_token_bitmask(self.tensor):
            self.bits[:] = 0xFFFFFFFF

    def accept(self, matcher: Any, token: int) -> bool:
        return matcher.accept_token(token)


def engine_of(name: str, folder: Path, vocabulary: int, end: int) -> Any:
    if name == "llguidance":
        return Llguidance(folder, vocabulary, end)
    return Xgrammar(folder, vocabulary, end, strict=name == "xgrammar-strict")


class Walk:
    """One value through an engine's masks, timed."""

    def __init__(self, engine: Any, end: int):
        self.engine, self.end = engine, end
        self.mask_us: list[float] = []
        self.accept_us: list[float] = []

    def allowed(self, matcher: Any, token: int) -> bool:
        start = time.perf_counter_ns()
        self.engine.mask(matcher)
        self.mask_us.append((time.perf_counter_ns() - start) / 1000)
        return bool(int(self.engine.bits[token // 32]) >> (token % 32) & 1)

    def accepts(self, compiled: Any, tokens: list[int]) -> bool:
        matcher = self.engine.start(compiled)
        for token in tokens:
            if not self.allowed(matcher, token):
                return False
            start = time.perf_counter_ns()
            taken = self.engine.accept(matcher, token)
            self.accept_us.append((time.perf_counter_ns() - start) / 1000)
            if not taken:
                return False
        return self.allowed(matcher, self.end)


def measure(engine: Any, end: int, case: dict[str, Any]) -> dict[str, Any]:
    start = time.perf_counter_ns()
    try:
        compiled = engine.compile(case["schema"])
    except (ValueError, RuntimeError) as fault:
        return {"refused": str(fault)[:300] or "refused"}
    compile_us = (time.perf_counter_ns() - start) / 1000
    result = {"accepted": [], "compile_ms": compile_us / 1000, "mask_us": [], "accept_us": [], "instance_us": []}
    for tokens in case["tests"]:
        walk = Walk(engine, end)
        result["accepted"].append(walk.accepts(compiled, tokens))
        result["mask_us"] += walk.mask_us
        result["accept_us"] += walk.accept_us
        result["instance_us"].append(compile_us + sum(walk.mask_us) + sum(walk.accept_us))
    return result


def main() -> None:
    name, folder = sys.argv[1], Path(sys.argv[2])
    about = json.loads((folder / "race.json").read_text())
    engine = engine_of(name, folder, about["vocabulary"], about["end"])
    print(json.dumps({"ready": name}), flush=True)
    for line in sys.stdin:
        print(json.dumps(measure(engine, about["end"], json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
