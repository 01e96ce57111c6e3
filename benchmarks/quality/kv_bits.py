#!/usr/bin/env python3
"""What a KV cache of fewer bits would do to a model: torch runs it in f32, keys and values rounded.

A long context costs decode what reading its keys and values costs, beside the weights. Each line is a way to hold
them: the bits that a value then takes, scales included; the share of decode's tokens/s that a context costs at least,
where both are read at one rate; and what the rounding alone does to the answers, everything else exact. The bars of
compare.py are a mean KL of 0.005 and 0.6 % of perplexity for all roundings of the engine together.

    .venv/bin/python benchmarks/quality/kv_bits.py
    .venv/bin/python benchmarks/quality/kv_bits.py --windows 16 --positions 4096

Takes some three minutes on two cores.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import setting  # noqa: E402

setting.require("numpy", "gguf", "torch", "transformers", "llama_cpp")

import torch  # noqa: E402
from transformers import DynamicCache  # noqa: E402

import torch_model  # noqa: E402
from compare import Score, beginning  # noqa: E402
from llamacpp import LlamaCpp, windows  # noqa: E402


@dataclass
class Rounding:
    """Codes of `bits` for each `block` of a head's values, with two f16 numbers: the least value and the step.

    `along` is what a block runs along: a position's channels, or a channel's positions. `rotated` turns each head by a
    Hadamard matrix first and back afterwards, which spreads its outliers over all channels.
    """

    bits: int
    block: int
    along: str = "channels"
    rotated: bool = False

    @property
    def stored_bits(self) -> float:
        return self.bits + 2 * 16 / self.block

    def __call__(self, values: torch.Tensor) -> torch.Tensor:
        """f32 [B, H, T, K]; T is a multiple of the block where that runs along positions."""
        if self.rotated:
            turn = hadamard(values.shape[-1])
            return self.rounded(values @ turn) @ turn
        return self.rounded(values)

    def rounded(self, values: torch.Tensor) -> torch.Tensor:
        if self.along == "positions":
            return self.blocks(values.transpose(2, 3)).transpose(2, 3)
        return self.blocks(values)

    def blocks(self, values: torch.Tensor) -> torch.Tensor:
        parts = values.unflatten(-1, (-1, self.block))
        least = parts.amin(-1, keepdim=True).half().float()
        step = ((parts.amax(-1, keepdim=True) - least) / (2**self.bits - 1)).half().float().clamp_min(1e-7)
        codes = ((parts - least) / step).round().clamp(0, 2**self.bits - 1)
        return (least + codes * step).flatten(-2)


def hadamard(size: int) -> torch.Tensor:
    """f32 [size, size], symmetric and its own inverse. `size` is a power of 2."""
    matrix = torch.ones(1, 1)
    while len(matrix) < size:
        matrix = torch.cat([torch.cat([matrix, matrix], 1), torch.cat([matrix, -matrix], 1)]) / 2**0.5
    return matrix


@dataclass
class Scheme:
    name: str
    keys: Rounding | None  # None: f16
    values: Rounding | None

    @property
    def stored_bits(self) -> float:
        return sum(part.stored_bits if part else 16 for part in (self.keys, self.values)) / 2


SCHEMES = [
    Scheme("f16", None, None),
    Scheme("8 bits, blocks of 64", Rounding(8, 64), Rounding(8, 64)),
    Scheme("6 bits, blocks of 32", Rounding(6, 32), Rounding(6, 32)),
    Scheme("5 bits, blocks of 32", Rounding(5, 32), Rounding(5, 32)),
    Scheme("4 bits, blocks of 32", Rounding(4, 32), Rounding(4, 32)),
    Scheme("4 bits, blocks of 16", Rounding(4, 16), Rounding(4, 16)),
    Scheme("4 bits, rotated", Rounding(4, 32, rotated=True), Rounding(4, 32, rotated=True)),
    Scheme("4 bits, keys by channel", Rounding(4, 64, along="positions"), Rounding(4, 32)),
    Scheme("4 bits of values only, rotated", None, Rounding(4, 32, rotated=True)),
]


class RoundedCache(DynamicCache):
    """A KV cache that gives back what it would hold."""

    def __init__(self, scheme: Scheme) -> None:
        super().__init__()
        self._scheme = scheme

    def update(self, key_states: torch.Tensor, value_states: torch.Tensor, *rest: object,
               **named: object) -> tuple[torch.Tensor, torch.Tensor]:
        held = [part(states) if part else states.half().float()
                for part, states in ((self._scheme.keys, key_states), (self._scheme.values, value_states))]
        return super().update(*held, *rest, **named)


def logits(model: torch.nn.Module, ids: list[int], scheme: Scheme) -> torch.Tensor:
    """f32 [T, V] of one window."""
    with torch.inference_mode():
        return model(torch.tensor([ids]), past_key_values=RoundedCache(scheme), use_cache=True).logits[0]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    setting.add_model_argument(parser)
    setting.add_espalier_argument(parser)
    parser.add_argument("--text", type=Path, metavar="FILE", help="another text (default: what text.py prints)")
    parser.add_argument("--context", type=int, default=512, metavar="N", help="tokens a window (default: %(default)s)")
    parser.add_argument("--windows", type=int, default=8, metavar="N", help="default: %(default)s")
    parser.add_argument("--positions", type=int, default=4096, metavar="N",
                        help="the context whose cost is told (default: %(default)s)")
    parser.add_argument("--threads", type=int, default=2, metavar="N", help="default: %(default)s")
    arguments = parser.parse_args()
    model_file = setting.find_model(arguments.espalier, arguments.model)
    torch.set_num_threads(arguments.threads)
    with LlamaCpp(model_file, arguments.threads, arguments.context) as peer:
        _, ids = beginning(arguments.text, arguments.windows * arguments.context, peer.tokenize)

    model = torch_model.load(model_file)
    truth, scores = Score(), {scheme.name: Score() for scheme in SCHEMES}
    for number, window in enumerate(windows(ids, arguments.context), start=1):
        reference = torch_model.window_logits(model, window)
        truth.add(reference, reference, window)
        for scheme in SCHEMES:
            scores[scheme.name].add(logits(model, window, scheme), reference, window)
        print(f"window {number} of {arguments.windows}", file=sys.stderr)

    config = model.config
    values = 2 * config.num_hidden_layers * config.num_key_value_heads * config.head_dim  # of one position
    weights = model_file.stat().st_size
    print(f"{model_file.name}, {arguments.windows} windows of {arguments.context} tokens; "
          f"{weights / 1e6:.0f} MB of weights, {values:,} keys and values a position\n")
    print(f"| keys and values | bits each | a context of {arguments.positions:,} costs at least | mean KL | "
          "perplexity |\n"
          "|---|---:|---:|---:|---:|")
    for scheme in SCHEMES:
        read = arguments.positions * values * scheme.stored_bits / 8
        report = scores[scheme.name].report(truth)
        print(f"| {scheme.name} | {scheme.stored_bits:.1f} | {read / (read + weights):.0%} | {report['mean_kl']:.4f} | "
              f"{report['perplexity_against_torch']:+.2%} |")


if __name__ == "__main__":
    main()
