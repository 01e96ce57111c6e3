#!/usr/bin/env python3
"""Asks llama.cpp about the parity fixtures: a second witness that the files mean what torch computed.

With f32 weights llama.cpp in exact mode (f32 KV cache, no flash attention) must agree within the test's bound; that
proves the row order of Q and K, the RoPE base, the norms and the tied head in the files themselves. With f16 and bf16
weights it rounds activations likewise, which costs up to 1 % and 8 %: still enough to see that nothing is missing. With
quantised weights it rounds them to 8 bits, so its error is only shown.

    .venv/bin/python tests/parity/witness.py
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent.parent / "benchmarks"))
import setting  # noqa: E402

setting.require("numpy", "llama_cpp")

from expected import Expected  # noqa: E402
from llamacpp import LlamaCpp  # noqa: E402

BOUND = 1e-4  # of max|logit|, as in the engine's parity test
BOUND_F16, BOUND_BF16 = 2e-2, 1e-1
OTHERWISE = {"mistral_window": "llama.cpp overlooks llama.attention.sliding_window; transformers is the only witness"}


def bound_of(fixture: str) -> float | None:
    if fixture in OTHERWISE:
        return None
    if fixture.endswith("_f32"):
        return BOUND
    if fixture == "gemma3_window":
        return BOUND_BF16
    return None if "_q" in fixture else BOUND_F16


def main() -> None:
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    failed = []
    for model in sorted((HERE / "fixtures").glob("*.gguf")):
        expected = Expected(model.with_suffix(".expected"))
        with LlamaCpp(model, threads=1, context=len(expected.ids), exact=True) as peer:
            logits = peer.window_logits(expected.ids.tolist())
            error, same = expected.error(logits), float((logits.argmax(axis=1) == expected.argmax).mean())
        bound = bound_of(model.stem)
        if bound and not error <= bound:
            failed.append(model.name)
        note = OTHERWISE.get(model.stem) or (f"bound {bound:g}" if bound else "no bound")
        print(f"{model.stem:16} error {error:.1e} of max|logit|, same likeliest token {same:.1%} ({note})")
    if failed:
        sys.exit(f"witness: llama.cpp and torch disagree on {', '.join(failed)}")


if __name__ == "__main__":
    main()
