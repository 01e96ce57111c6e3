#!/usr/bin/env python3
"""Holds Espalier's answers against torch's and llama.cpp's, on the same weights and the same text.

First, on short windows of the King James text: torch runs the model's dequantised weights in f32, and both
engines are compared with it, by perplexity and by the mean KL divergence KL(torch || engine) over the whole
vocabulary at every position. Then, on a longer text, the two engines' perplexities are compared.

Perplexity: windows do not overlap; every token but a window's first is scored; a short last window is dropped;
no BOS. The bars:

  perplexity within 0.6 % of torch's          mean KL at most 0.005 and at most 1.2 x llama.cpp's
  the same tokens as llama.cpp                long perplexity within 0.5 % of llama.cpp's

Ends with status 1, naming the bar, when one is missed. Takes some five minutes on two cores, and 1.6 GB of
temporary disk for Espalier's logits.

    .venv/bin/python benchmarks/quality/compare.py
    .venv/bin/python benchmarks/quality/compare.py --peers-only     torch and llama.cpp, no Espalier
    .venv/bin/python benchmarks/quality/compare.py --long-only --model FILE     no torch: a model of any family
"""

from __future__ import annotations

import argparse
import bisect
import json
import math
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import setting  # noqa: E402

setting.require("numpy", "gguf", "torch", "transformers", "llama_cpp")

import numpy as np  # noqa: E402
import torch  # noqa: E402

import text  # noqa: E402
import torch_model  # noqa: E402
from llamacpp import LlamaCpp, perplexity, windows  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass
class Score:
    """What one engine's logits add up to over the windows."""

    nll: float = 0.0  # sum of -log p(next token)
    scored: int = 0
    excess_squares: float = 0.0  # sum of (-log p(next token), less torch's)^2
    kl: float = 0.0  # sum of KL(torch || engine)
    positions: int = 0
    same_top: int = 0  # positions whose likeliest token is torch's

    def add(self, logits: torch.Tensor, reference: torch.Tensor, ids: list[int]) -> None:
        """Logits and torch's logits f32 [T, V] of one window. Sums in f64, 64 rows at a time."""
        targets = torch.tensor(ids)[1:, None]
        for start in range(0, len(ids), 64):
            rows = slice(start, start + 64)
            engine = torch.log_softmax(logits[rows].double(), dim=1)
            truth = torch.log_softmax(reference[rows].double(), dim=1)
            self.kl += float((truth.exp() * (truth - engine)).sum())
            self.same_top += int((engine.argmax(dim=1) == truth.argmax(dim=1)).sum())
            next_tokens = targets[rows]
            log_p = engine[:len(next_tokens)].gather(1, next_tokens)
            self.nll -= float(log_p.sum())
            self.excess_squares += float((log_p - truth[:len(next_tokens)].gather(1, next_tokens)).square().sum())
        self.positions += len(ids)
        self.scored += len(ids) - 1

    @property
    def perplexity(self) -> float:
        return math.exp(self.nll / self.scored)

    def report(self, truth: Score) -> dict[str, float]:
        return {
            "perplexity": self.perplexity,
            "perplexity_against_torch": self.perplexity / truth.perplexity - 1,
            "standard_error": math.sqrt(self.excess_squares) / self.scored,  # of the line above; its mean is near 0
            "mean_kl": self.kl / self.positions,
            "same_top_token": self.same_top / self.positions,
        }


@dataclass
class Bar:
    name: str
    measured: float
    limit: float

    @property
    def passed(self) -> bool:
        return self.measured <= self.limit  # false for NaN


def unlike(ours: list[int], theirs: list[int]) -> Bar:
    differing = sum(a != b for a, b in zip(ours, theirs, strict=False)) + abs(len(ours) - len(theirs))
    return Bar("tokens unlike llama.cpp's", differing, 0)


def beginning(source: Path | None, tokens: int, tokenize: Callable[[bytes], list[int]]) -> tuple[bytes, list[int]]:
    """The fewest whole lines of the text that make at least `tokens` tokens, and those tokens."""
    whole = source.read_bytes() if source else text.text().encode()
    verses = whole.splitlines(keepends=True)
    count = bisect.bisect_left(range(len(verses) + 1), tokens, key=lambda n: len(tokenize(b"".join(verses[:n]))))
    chosen = b"".join(verses[:count])
    ids = tokenize(chosen)
    if len(ids) < tokens:
        sys.exit(f"compare: the whole text has {len(ids)} tokens, {tokens} were asked for")
    return chosen, ids


class Espalier:
    """The espalier program on one text file."""

    def __init__(self, program: Path, model: Path, context: int, threads: int) -> None:
        self._program, self._model, self._context = program, model, context
        self._common: list[str | Path] = ["--json", "--model", model, "--context", str(context),
                                          "--threads", str(threads)]

    def token_ids(self, passage: bytes) -> list[int]:
        """With a BOS in front where the model asks for one, as `espalier perplexity` reads the text."""
        wants_bos = setting.espalier_json(self._program, "info", "--json", self._model)["tokenizer"]["wants_bos"]
        return setting.espalier_json(self._program, "tokenize", "--model", self._model, "--json",
                                     *(["--bos"] if wants_bos else []), stdin=passage)["ids"]

    def perplexity(self, file: Path) -> float:
        return setting.espalier_json(self._program, "perplexity", "--file", file, *self._common)["perplexity"]

    def logits(self, file: Path, output: Path, rows: int, vocabulary: int) -> Iterator[torch.Tensor]:
        """f32 [context, V] of one window after the other, from the file that the program writes."""
        setting.espalier_json(self._program, "perplexity", "--file", file, *self._common, "--logits", output)
        expected = rows * vocabulary * 4
        if output.stat().st_size != expected:
            sys.exit(f"compare: espalier wrote {output.stat().st_size} bytes of logits; {rows} rows of {vocabulary} "
                     f"f32 values are {expected}")
        stored = np.memmap(output, dtype="<f4", mode="r", shape=(rows, vocabulary))
        for start in range(0, rows, self._context):
            yield torch.from_numpy(np.array(stored[start:start + self._context]))


def short_run(arguments: argparse.Namespace, model: Path, peer: LlamaCpp, espalier: Espalier | None,
              folder: Path) -> tuple[dict[str, dict[str, float]], list[Bar]]:
    """Both engines against torch, window by window."""
    context, count = arguments.context, arguments.windows
    passage, ids = beginning(arguments.text, count * context, peer.tokenize)
    bars = []
    rows: Iterator[torch.Tensor] | None = None
    if espalier:
        file = folder / "short.txt"
        file.write_bytes(passage)
        bars.append(unlike(espalier.token_ids(passage), ids))
        rows = espalier.logits(file, folder / "logits.bin", count * context, peer.vocabulary_size)

    yardstick = torch_model.load(model)
    scores = {"torch f32": Score(), "llama.cpp": Score()} | ({"Espalier": Score()} if espalier else {})
    for number, window in enumerate(windows(ids, context), start=1):
        reference = torch_model.window_logits(yardstick, window)
        scores["torch f32"].add(reference, reference, window)
        scores["llama.cpp"].add(torch.from_numpy(peer.window_logits(window)), reference, window)
        if rows:
            scores["Espalier"].add(next(rows), reference, window)
        print(f"window {number} of {count}", file=sys.stderr)

    truth = scores["torch f32"]
    reports = {name: score.report(truth) for name, score in scores.items()}
    if espalier:
        ours, theirs_kl = reports["Espalier"], reports["llama.cpp"]["mean_kl"]
        printed = espalier.perplexity(folder / "short.txt")
        bars += [
            Bar("|perplexity / torch's - 1|", abs(ours["perplexity_against_torch"]), 0.006),
            Bar("mean KL(torch || Espalier)", ours["mean_kl"], 0.005),
            Bar("mean KL / llama.cpp's", ours["mean_kl"] / theirs_kl, 1.2),
            # The command's own sum against ours over its logits: the same definition, the same numbers.
            Bar("|printed perplexity / its logits' - 1|", abs(printed / ours["perplexity"] - 1), 1e-4),
        ]
    return reports, bars


def long_run(arguments: argparse.Namespace, peer: LlamaCpp, espalier: Espalier | None,
             folder: Path) -> tuple[dict[str, float], list[Bar]]:
    """Perplexity of both engines on more windows; torch would take too long."""
    passage, ids = beginning(arguments.text, arguments.long_windows * arguments.context, peer.tokenize)
    theirs, scored = perplexity(peer, ids, arguments.context)
    report = {"tokens": arguments.long_windows * arguments.context, "scored": scored, "llama.cpp": theirs}
    if not espalier:
        return report, []
    file = folder / "long.txt"
    file.write_bytes(passage)
    report["Espalier"] = espalier.perplexity(file)
    return report, [unlike(espalier.token_ids(passage), ids),
                    Bar("|long perplexity / llama.cpp's - 1|", abs(report["Espalier"] / theirs - 1), 0.005)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    setting.add_model_argument(parser)
    setting.add_espalier_argument(parser)
    parser.add_argument("--text", type=Path, metavar="FILE", help="another text (default: what text.py prints)")
    parser.add_argument("--context", type=int, default=512, metavar="N", help="tokens a window (default: %(default)s)")
    parser.add_argument("--windows", type=int, default=16, metavar="N",
                        help="windows that torch runs too (default: %(default)s, 8,192 tokens: fewer leave the "
                             "perplexities' difference to chance)")
    parser.add_argument("--long-windows", type=int, default=40, metavar="N",
                        help="windows for the two engines alone (default: %(default)s, 20,480 tokens)")
    parser.add_argument("--threads", type=int, default=2, metavar="N", help="default: %(default)s")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every figure there too")
    parser.add_argument("--peers-only", action="store_true", help="compare llama.cpp with torch, without Espalier")
    parser.add_argument("--long-only", action="store_true",
                        help="compare the engines' perplexities alone, without torch")
    arguments = parser.parse_args()
    model = setting.find_model(arguments.espalier, arguments.model)
    torch.set_num_threads(arguments.threads)
    espalier = None
    if not arguments.peers_only:
        espalier = Espalier(arguments.espalier, model, arguments.context, arguments.threads)

    with tempfile.TemporaryDirectory(prefix="espalier-quality-") as name, \
            LlamaCpp(model, arguments.threads, arguments.context) as peer:
        reports, bars = {}, []
        if not arguments.long_only:
            reports, bars = short_run(arguments, model, peer, espalier, Path(name))
        long_report, long_bars = long_run(arguments, peer, espalier, Path(name))
    bars += long_bars

    print(f"{setting.machine()}\n{model.name}, windows of {arguments.context} tokens, {arguments.threads} threads\n")
    if reports:
        print(f"{arguments.windows} windows:\n"
              f"{'':12}{'perplexity':>12}{'vs torch':>12}{'+-':>9}{'mean KL':>12}{'same top':>12}")
    for engine, report in reports.items():
        print(f"{engine:12}{report['perplexity']:12.4f}{report['perplexity_against_torch']:+12.3%}{report['standard_error']:9.3%}"
              f"{report['mean_kl']:12.6f}{report['same_top_token']:12.2%}")
    print(f"\nperplexity on {long_report['tokens']:,} tokens: " + ", ".join(
        f"{engine} {long_report[engine]:.4f}" for engine in ("llama.cpp", "Espalier") if engine in long_report))
    for bar in bars:
        print(f"{'pass' if bar.passed else 'FAIL'}  {bar.name}: {bar.measured:.6g} (at most {bar.limit:g})")

    if arguments.json:
        arguments.json.write_text(json.dumps({
            "machine": setting.machine(), "model": model.name, "context": arguments.context,
            "threads": arguments.threads, "short": reports, "long": long_report,
            "bars": [vars(bar) | {"passed": bar.passed} for bar in bars],
        }, indent=2) + "\n")
    if failed := [bar.name for bar in bars if not bar.passed]:
        sys.exit(f"compare: missed: {'; '.join(failed)}")


if __name__ == "__main__":
    main()
