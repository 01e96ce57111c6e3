#!/usr/bin/env python3
"""llama.cpp through its own C functions (llama-cpp-python's ctypes bindings), as the peer to compare with.

Flash attention on, an f16 KV cache, everything else as llama.cpp defaults it; no sampler and no Python
wrapper between the caller and llama_decode. As a program it measures once and prints JSON:

    .venv/bin/python benchmarks/llamacpp.py --prompt-tokens 512 --decode-tokens 128 --threads 2
"""

from __future__ import annotations

import argparse
import ctypes
import json
import math
import os
import resource
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

import setting

setting.require("numpy", "llama_cpp")

import numpy as np  # noqa: E402
from llama_cpp import llama_cpp as c  # noqa: E402


@c.llama_log_callback
def _silent(level: int, text: bytes, user_data: ctypes.c_void_p) -> None:
    pass


class LlamaCpp:
    """One model and one context. Use it as a context manager: both hold memory outside Python.

    `exact` trades speed for f32 attention: an f32 KV cache without flash attention (with it, llama.cpp rounds
    keys and values to f16 whatever the cache holds).
    """

    def __init__(self, model: Path, threads: int, context: int, exact: bool = False) -> None:
        c.llama_log_set(_silent, ctypes.c_void_p(0))
        c.llama_backend_init()
        started = time.perf_counter()
        self._model = c.llama_model_load_from_file(os.fsencode(model), c.llama_model_default_params())
        if not self._model:
            raise RuntimeError(f"{model}: llama.cpp cannot load it")
        parameters = c.llama_context_default_params()
        parameters.n_ctx = context
        parameters.n_batch = context
        parameters.n_ubatch = 512
        parameters.n_threads = threads
        parameters.n_threads_batch = threads
        parameters.flash_attn_type = c.LLAMA_FLASH_ATTN_TYPE_DISABLED if exact else c.LLAMA_FLASH_ATTN_TYPE_ENABLED
        parameters.type_k = parameters.type_v = c.GGML_TYPE_F32 if exact else c.GGML_TYPE_F16
        parameters.no_perf = True
        self._context = c.llama_init_from_model(self._model, parameters)
        if not self._context:
            c.llama_model_free(self._model)
            raise RuntimeError(f"{model}: llama.cpp cannot make a context of {context} tokens")
        self.load_ms = (time.perf_counter() - started) * 1e3
        self._vocabulary = c.llama_model_get_vocab(self._model)
        self.vocabulary_size = c.llama_vocab_n_tokens(self._vocabulary)
        self._batch = c.llama_batch_init(context, 0, 1)
        self._capacity = context

    def __enter__(self) -> LlamaCpp:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        c.llama_batch_free(self._batch)
        c.llama_free(self._context)
        c.llama_model_free(self._model)

    def tokenize(self, text: bytes) -> list[int]:
        """Token ids; special tokens are recognised, and a BOS stands in front where the model asks for one."""
        room = (c.llama_token * (len(text) + 16))()
        count = c.llama_tokenize(self._vocabulary, text, len(text), room, len(room), True, True)
        if count < 0:
            raise RuntimeError(f"llama.cpp's tokenizer asks for room for {-count} tokens, {len(room)} given")
        return room[:count]

    def clear(self) -> None:
        c.llama_memory_clear(c.llama_get_memory(self._context), True)

    def decode(self, ids: list[int], start: int, all_logits: bool) -> None:
        """Runs ids at positions start, start + 1, …; logits for all of them or for the last one."""
        if len(ids) > self._capacity:
            raise ValueError(f"{len(ids)} tokens in one batch, the context holds {self._capacity}")
        batch = self._batch
        batch.n_tokens = len(ids)
        for i, token in enumerate(ids):
            batch.token[i] = token
            batch.pos[i] = start + i
            batch.n_seq_id[i] = 1
            batch.seq_id[i][0] = 0
            batch.logits[i] = all_logits or i == len(ids) - 1
        status = c.llama_decode(self._context, batch)
        if status != 0:
            raise RuntimeError(f"llama_decode returned {status}")
        c.llama_synchronize(self._context)

    def last_logits(self) -> np.ndarray:
        """f32 [V], a view that the next decode overwrites."""
        return np.ctypeslib.as_array(c.llama_get_logits_ith(self._context, -1), (self.vocabulary_size,))

    def window_logits(self, ids: list[int]) -> np.ndarray:
        """f32 [T, V] for one window from an empty cache; a view that the next decode overwrites."""
        self.clear()
        self.decode(ids, 0, all_logits=True)
        return np.ctypeslib.as_array(c.llama_get_logits(self._context), (len(ids), self.vocabulary_size))


def windows(ids: list[int], size: int) -> Iterator[list[int]]:
    """Windows that do not overlap; a short last one is dropped."""
    for start in range(0, len(ids) - size + 1, size):
        yield ids[start:start + size]


def negative_log_likelihood(logits: np.ndarray, ids: list[int]) -> float:
    """Sum over the window's tokens but the first of -log p(token | those before), in f64 where it counts."""
    total = 0.0
    for row, target in zip(logits[:-1], ids[1:], strict=True):
        top = row.max()
        total += math.log(np.exp(row - top).sum(dtype=np.float64)) - float(row[target] - top)
    return total


def perplexity(peer: LlamaCpp, ids: list[int], size: int) -> tuple[float, int]:
    """Perplexity over the windows of `size` tokens, and how many tokens were scored."""
    total, scored = 0.0, 0
    for window in windows(ids, size):
        total += negative_log_likelihood(peer.window_logits(window), window)
        scored += size - 1
    return math.exp(total / scored), scored


def measure(model: Path, prompt_tokens: int, decode_tokens: int, threads: int) -> dict[str, object]:
    """Prefill and decode as llama-bench times them, except that decode follows in the same sequence.

    One warm-up of both phases first. Prefill ends when the last position's logits exist. Every decoded token
    is the largest logit of the one before; finding it takes numpy some 20 us and is inside the timing.
    """
    with LlamaCpp(model, threads, prompt_tokens + decode_tokens) as peer:
        prompt = np.random.default_rng(7).integers(0, peer.vocabulary_size, prompt_tokens).tolist()

        def run(decode_steps: int) -> tuple[float, float]:
            peer.clear()
            started = time.perf_counter()
            peer.decode(prompt, 0, all_logits=False)
            token = int(peer.last_logits().argmax())
            prefilled = time.perf_counter()
            for step in range(decode_steps):
                peer.decode([token], prompt_tokens + step, all_logits=True)
                token = int(peer.last_logits().argmax())
            return prefilled - started, time.perf_counter() - prefilled

        run(decode_steps=min(8, decode_tokens))
        prefill, decode = run(decode_tokens)
        return {
            "engine": "llama.cpp",
            "prefill_tok_s": prompt_tokens / prefill,
            "decode_tok_s": decode_tokens / decode,
            "ttft_ms": prefill * 1e3,
            "load_ms": peer.load_ms,
            "peak_rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,  # with Python and numpy
            "threads": threads,
            "system_info": c.llama_print_system_info().decode(),
        }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    setting.add_model_argument(parser)
    setting.add_espalier_argument(parser)
    parser.add_argument("--prompt-tokens", type=int, default=512, metavar="N", help="default: %(default)s")
    parser.add_argument("--decode-tokens", type=int, default=128, metavar="N", help="default: %(default)s")
    parser.add_argument("--threads", type=int, default=2, metavar="N", help="default: %(default)s")
    arguments = parser.parse_args()
    model = setting.find_model(arguments.espalier, arguments.model)
    print(json.dumps(measure(model, arguments.prompt_tokens, arguments.decode_tokens, arguments.threads)))


if __name__ == "__main__":
    main()
