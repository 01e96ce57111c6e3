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

import torch  # noqa: E402
import torch_model  # noqa: E402
from transformers import AutoModelForCausalLM, PreTrainedModel  # noqa: E402

from expected import Expected  # noqa: E402

BOUND = 1e-4


def no_fault(model: PreTrainedModel) -> None:
    pass


def wrong_norm_epsilon(model: PreTrainedModel) -> None:
    for module in model.modules():
        for name in ("variance_epsilon", "eps"):  # llama's and gemma's
            if hasattr(module, name):
                setattr(module, name, 10 * getattr(module, name))


def wrong_rope_base(model: PreTrainedModel) -> None:
    for name, frequencies in model.model.rotary_emb.named_buffers():
        if name.endswith("inv_freq") and "original" not in name:
            frequencies *= 1.001


def wrong_attention_scale(model: PreTrainedModel) -> None:
    for layer in model.model.layers:
        layer.self_attn.scaling *= 1.001


def values_in_f16(model: PreTrainedModel) -> None:
    for layer in model.model.layers:
        layer.self_attn.v_proj.register_forward_hook(lambda module, inputs, output: output.half().float())


def window_too_wide(model: PreTrainedModel) -> None:
    model.config.sliding_window += 1


def no_scaling_of_positions(model: PreTrainedModel) -> None:
    rotary = model.model.rotary_emb
    prefix = "full_attention_" if hasattr(rotary, "full_attention_inv_freq") else ""
    theta = model.config.rope_parameters.get("full_attention", model.config.rope_parameters)["rope_theta"]
    size = model.config.head_dim
    exponents = torch.arange(0, size, 2, dtype=torch.float32) / size
    getattr(rotary, f"{prefix}inv_freq").copy_(1 / theta**exponents)


def values_without_bias(model: PreTrainedModel) -> None:
    for layer in model.model.layers:
        layer.self_attn.v_proj.bias = None


def exact_gelu(model: PreTrainedModel) -> None:
    for layer in model.model.layers:
        layer.mlp.act_fn = torch.nn.GELU()


Fault = Callable[[PreTrainedModel], None]
EVERYWHERE: dict[str, Fault] = {
    "norm epsilon times 10": wrong_norm_epsilon,
    "RoPE frequencies + 0.1 %": wrong_rope_base,
    "attention scale + 0.1 %": wrong_attention_scale,
    "values in f16": values_in_f16,
}
SOMEWHERE: dict[str, dict[str, Fault]] = {
    "llama3_scaled": {"no scaling of positions": no_scaling_of_positions},
    "mistral_window": {"window wider by 1": window_too_wide},
    "qwen2_bias": {"values without their bias": values_without_bias},
    "gemma3_window": {"window wider by 1": window_too_wide, "no scaling of positions": no_scaling_of_positions,
                      "gelu by erf, not tanh": exact_gelu},
}


def load(path: Path) -> PreTrainedModel:
    """As the fixture was made: from its folder where there is one."""
    folder = path.with_suffix("")
    if not folder.is_dir():
        return torch_model.load(path)
    return AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()


def error(path: Path, expected: Expected, fault: Fault) -> float:
    model = load(path)
    fault(model)
    return expected.error(torch_model.window_logits(model, expected.ids.tolist()).numpy()) / BOUND


def main() -> None:
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    overlooked = []
    for path in sorted((HERE / "fixtures").glob("*.gguf")):
        expected = Expected(path.with_suffix(".expected"))
        print(f"{path.stem}: no fault {error(path, expected, no_fault):.3f}")
        for name, fault in (EVERYWHERE | SOMEWHERE.get(path.stem, {})).items():
            measured = error(path, expected, fault)
            print(f"  {name:26} {measured:10.1f}")
            if not measured > 1:
                overlooked.append(f"{path.stem}: {name}")
    if overlooked:
        sys.exit(f"sensitivity: overlooked: {'; '.join(overlooked)}")


if __name__ == "__main__":
    main()
