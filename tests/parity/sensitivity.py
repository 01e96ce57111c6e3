#!/usr/bin/env python3
"""Shows that the parity fixtures notice small mistakes: torch repeats them with one fault and prints the error.

Errors are in units of the parity test's bound (1e-4 of max|logit|): above 1, the test fails. Ends with 1 if a
fixture overlooks a fault.

    .venv/bin/python tests/parity/sensitivity.py
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent.parent / "benchmarks"), str(HERE.parent.parent / "benchmarks/quality")]
import setting  # noqa: E402

setting.require("numpy", "gguf", "torch", "transformers")

import torch_model  # noqa: E402
from transformers import LlamaForCausalLM  # noqa: E402

from expected import Expected  # noqa: E402

BOUND = 1e-4


def no_fault(model: LlamaForCausalLM) -> None:
    pass


def wrong_norm_epsilon(model: LlamaForCausalLM) -> None:
    for module in model.modules():
        if hasattr(module, "variance_epsilon"):
            module.variance_epsilon = 1e-6  # the files say 1e-5


def wrong_rope_base(model: LlamaForCausalLM) -> None:
    frequencies = model.model.rotary_emb.inv_freq
    frequencies *= 1.001


def wrong_attention_scale(model: LlamaForCausalLM) -> None:
    for layer in model.model.layers:
        layer.self_attn.scaling *= 1.001


def values_in_f16(model: LlamaForCausalLM) -> None:
    for layer in model.model.layers:
        layer.self_attn.v_proj.register_forward_hook(lambda module, inputs, output: output.half().float())


FAULTS: dict[str, Callable[[LlamaForCausalLM], None]] = {
    "norm epsilon 1e-6": wrong_norm_epsilon,
    "RoPE frequencies + 0.1 %": wrong_rope_base,
    "attention scale + 0.1 %": wrong_attention_scale,
    "values in f16": values_in_f16,
}


def error(path: Path, expected: Expected, fault: Callable[[LlamaForCausalLM], None]) -> float:
    model = torch_model.load(path)
    fault(model)
    return expected.error(torch_model.window_logits(model, expected.ids.tolist()).numpy()) / BOUND


def main() -> None:
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    overlooked = []
    for path in sorted((HERE / "fixtures").glob("*.gguf")):
        expected = Expected(path.with_suffix(".expected"))
        print(f"{path.stem}: no fault {error(path, expected, no_fault):.3f}")
        for name, fault in FAULTS.items():
            measured = error(path, expected, fault)
            print(f"  {name:26} {measured:10.1f}")
            if not measured > 1:
                overlooked.append(f"{path.stem}: {name}")
    if overlooked:
        sys.exit(f"sensitivity: overlooked: {'; '.join(overlooked)}")


if __name__ == "__main__":
    main()
