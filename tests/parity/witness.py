#!/usr/bin/env python3
"""Asks llama.cpp about the parity fixtures: a second witness that the files mean what torch computed.

With float weights llama.cpp in exact mode (f32 KV cache, no flash attention) must agree within the test's bound; that
proves the row order of Q and K, the RoPE base, the norms and the tied head in the files themselves. With quantised
weights (and f16 ones, whose activations it rounds to f16) llama.cpp rounds activations, so its error is only shown.

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


def main() -> None:
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    failed = []
    for model in sorted((HERE / "fixtures").glob("*.gguf")):
        expected = Expected(model.with_suffix(".expected"))
        with LlamaCpp(model, threads=1, context=len(expected.ids), exact=True) as peer:
            logits = peer.window_logits(expected.ids.tolist())
            error, same = expected.error(logits), float((logits.argmax(axis=1) == expected.argmax).mean())
        bound = model.stem.endswith("_f32")
        if bound and not error <= BOUND:
            failed.append(model.name)
        print(f"{model.stem:16} error {error:.1e} of max|logit|, same likeliest token {same:.1%}"
              f"{f' (bound {BOUND:g})' if bound else ''}")
    if failed:
        sys.exit(f"witness: llama.cpp and torch disagree on {', '.join(failed)}")


if __name__ == "__main__":
    main()
