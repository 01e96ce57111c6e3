#!/usr/bin/env python3
"""Races Espalier against llama.cpp on every weight format that either is at its best on, in one run.

The default model as it comes (Q4_1), the same model requantised to Q4_0 and Q8_0 by llama.cpp's own quantiser, and
gemma3-270m in Q4_K_M where scripts/fetch_gemma3 has put it. For each of them alternating rounds as in vs_llamacpp.py;
a table of medians and ratios goes to standard output, and on request to a file and a plot.

    .venv/bin/python benchmarks/formats.py
    .venv/bin/python benchmarks/formats.py --rounds 7 --markdown table.md --plot docs/performance.svg
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import setting
import vs_llamacpp
from vs_llamacpp import OURS, PEER, Figures

HERE = Path(__file__).resolve().parent
GEMMA = setting.ROOT / "build/verify/gemma-3-270m-q4_k_m.gguf"


@dataclass
class Result:
    title: str
    middle: dict[str, Figures]
    bandwidth_share: float
    multiply_share: float

    def ratio(self, key: str) -> float:
        return self.middle[OURS][key] / self.middle[PEER][key]


def requantised(model: Path, kind: str) -> Path:
    target = setting.ROOT / f"build/bench/{model.stem}.{kind}.gguf"
    command = [sys.executable, str(HERE / "requantise.py"), kind, str(target), "--model", str(model)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return target


def entrants(model: Path) -> dict[str, Path]:
    models = {f"{model.stem} as it comes": model}
    for kind in ("q4_0", "q8_0"):
        models[f"the same, body as {kind.upper()}"] = requantised(model, kind)
    if GEMMA.exists():
        models["gemma3-270m Q4_K_M"] = GEMMA
    else:
        print(f"formats: no gemma3-270m: {GEMMA} is not there; scripts/fetch_gemma3 gets it", file=sys.stderr)
    return models


def run(title: str, model: Path, arguments: argparse.Namespace) -> Result:
    print(f"-- {title}", file=sys.stderr)
    options = vs_llamacpp.bench_options(model, arguments)
    rounds = vs_llamacpp.race(vs_llamacpp.runners_for(arguments.espalier, options), arguments.rounds)
    ours = rounds[OURS]
    middle = len(ours) // 2
    return Result(title, vs_llamacpp.medians(rounds),
                  sorted(each["decode_bandwidth_share"] for each in ours)[middle],
                  sorted(each["prefill_multiply_share"] for each in ours)[middle])


def table(results: list[Result], heading: str) -> str:
    lines = [heading, "",
             "| weights | phase | Espalier, tokens/s | llama.cpp, tokens/s | ratio | of the machine's limit |",
             "|---|---|---:|---:|---:|---:|"]
    for result in results:
        for phase, limit in (("prefill", result.multiply_share), ("decode", result.bandwidth_share)):
            key = f"{phase}_tok_s"
            lines.append(f"| {result.title} | {phase} | {result.middle[OURS][key]:.1f} | "
                         f"{result.middle[PEER][key]:.1f} | {result.ratio(key):.2f} | {limit:.0%} |")
    lines += ["", "The limit of prefill is a loop of int8 products on registers, that of decode a plain read loop; "
              "both are measured in the same runs."]
    return "\n".join(lines) + "\n"


def plot(results: list[Result], target: Path) -> None:
    setting.require("matplotlib")
    import matplotlib
    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(8, 1 + 0.7 * len(results)))
    places = range(len(results))
    for offset, phase in ((-0.2, "prefill"), (0.2, "decode")):
        ratios = [result.ratio(f"{phase}_tok_s") for result in results]
        bars = axes.barh([place + offset for place in places], ratios, height=0.38, label=phase)
        axes.bar_label(bars, fmt="%.2f", padding=3)
    axes.axvline(1, color="black", linewidth=0.8)
    axes.set_yticks(list(places), [result.title for result in results])
    axes.invert_yaxis()
    axes.set_xlabel("speed over llama.cpp's (1 = equal)")
    axes.legend(loc="lower right")
    figure.tight_layout()
    target.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(target, metadata={"Date": None} if target.suffix == ".svg" else None)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    setting.add_model_argument(parser)
    setting.add_espalier_argument(parser)
    vs_llamacpp.add_race_arguments(parser)
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write the table there too")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="draw the ratios (.svg or .png)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the medians there")
    arguments = parser.parse_args()
    if arguments.rounds < 1:
        parser.error("--rounds must be at least 1")
    setting.require("numpy", "llama_cpp")
    machine = setting.machine()
    if busy := setting.busy():
        print(f"formats: warning: {busy}", file=sys.stderr)
    models = entrants(setting.find_model(arguments.espalier, arguments.model))
    results = [run(title, path, arguments) for title, path in models.items()]
    heading = (f"Prompt of {arguments.prompt_tokens}, {arguments.decode_tokens} decoded, {arguments.threads} threads, "
               f"medians of {arguments.rounds} alternating rounds\n{machine}"
               + (f"\n**Not to be quoted: {busy}.**" if busy else ""))
    rendered = table(results, heading)
    print(rendered)
    if arguments.markdown:
        arguments.markdown.write_text(rendered)
    if arguments.plot:
        plot(results, arguments.plot)
    if arguments.json:
        arguments.json.write_text(json.dumps({result.title: result.middle for result in results}, indent=2) + "\n")


if __name__ == "__main__":
    main()
