#!/usr/bin/env python3
"""Races Espalier against llama.cpp: prefill and decode of one model on this machine, in one run.

Rounds alternate, and so does who goes first in a round, so that both meet the same clock and the same neighbours.
Every measurement is a fresh process that loads the model (not counted), warms up once, prefills a prompt and decodes
in the same sequence: `espalier bench` for one, benchmarks/llamacpp.py (llama.cpp's C functions, flash attention, f16
KV cache) for the other. Compared are medians; a ratio above 1 says that Espalier is the faster one.

    .venv/bin/python benchmarks/vs_llamacpp.py
    .venv/bin/python benchmarks/vs_llamacpp.py --rounds 9 --markdown table.md --json figures.json
"""

from __future__ import annotations

import argparse
import contextlib
import json
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import setting

HERE = Path(__file__).resolve().parent
Figures = dict[str, Any]  # one measurement, as both programs print it
OURS, PEER = "Espalier", "llama.cpp"

# Key, title, digits after the point.
ROWS = [("prefill_tok_s", "prefill, tokens/s", 1), ("decode_tok_s", "decode, tokens/s", 1),
        ("ttft_ms", "time to first token, ms", 0), ("load_ms", "load, ms", 0), ("peak_rss_mb", "peak memory, MB", 0)]
RATES = ("prefill_tok_s", "decode_tok_s")


def measure_peer(options: list[str]) -> Figures:
    done = subprocess.run([sys.executable, str(HERE / "llamacpp.py"), *options], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"benchmarks/llamacpp.py ended with {done.returncode}: {done.stderr.strip()}")
    return json.loads(done.stdout)


@contextlib.contextmanager
def neighbours(count: int) -> Iterator[None]:
    """That many processes that do nothing but compute, until the block ends."""
    spinning = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    try:
        yield
    finally:
        for process in spinning:
            process.kill()
            process.wait()


def runners_for(espalier: Path, options: list[str]) -> dict[str, Callable[[], Figures]]:
    """What measures each engine once with these options of `espalier bench`, which benchmarks/llamacpp.py shares."""
    return {OURS: lambda: setting.espalier_json(espalier, "bench", *options, "--json"),
            PEER: lambda: measure_peer(options)}


def race(runners: dict[str, Callable[[], Figures]], rounds: int) -> dict[str, list[Figures]]:
    """All measurements of each engine, in order."""
    results: dict[str, list[Figures]] = {name: [] for name in runners}
    for number in range(rounds):
        order = list(runners) if number % 2 == 0 else list(reversed(runners))
        for name in order:
            figures = runners[name]()
            results[name].append(figures)
            print(f"round {number + 1} of {rounds}: {name} prefill {figures['prefill_tok_s']:.1f}, "
                  f"decode {figures['decode_tok_s']:.1f} tokens/s", file=sys.stderr)
    return results


def medians(results: dict[str, list[Figures]]) -> dict[str, Figures]:
    return {name: {key: statistics.median(run[key] for run in runs) for key, _, _ in ROWS}
            for name, runs in results.items()}


def spread(runs: list[Figures], key: str) -> str:
    """Slowest to fastest round."""
    values = [run[key] for run in runs]
    return f"{min(values):.1f} to {max(values):.1f}"


def table(results: dict[str, list[Figures]], middle: dict[str, Figures], heading: str) -> str:
    """Markdown. With both engines present, a column of ratios; above 1 is better for Espalier in the rate rows."""
    names = list(results)
    both = OURS in names and PEER in names
    lines = [heading, "", "| | " + " | ".join(names) + (" | ratio |" if both else " |"),
             "|---|" + "---:|" * (len(names) + both)]
    for key, title, digits in ROWS:
        cells = [f"{middle[name][key]:.{digits}f}" for name in names]
        if both:
            cells.append(f"{middle[OURS][key] / middle[PEER][key]:.2f}")
        lines.append(f"| {title} | " + " | ".join(cells) + " |")
    lines.append("")
    for name in names:
        lines.append(f"{name}, slowest to fastest round: prefill {spread(results[name], 'prefill_tok_s')}, "
                     f"decode {spread(results[name], 'decode_tok_s')} tokens/s.")
    if OURS in names:
        first = results[OURS][0]
        bandwidth = statistics.median(run["read_gb_s"] for run in results[OURS])
        share = statistics.median(run["decode_bandwidth_share"] for run in results[OURS])
        lines.append(f"Espalier ran {first['isa']}; a plain read loop reaches {bandwidth:.1f} GB/s, "
                     f"decode {share:.0%} of it.")
    lines.append("llama.cpp's memory includes Python's (some 50 MB).")
    return "\n".join(lines) + "\n"


def add_race_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--rounds", type=int, default=5, metavar="N", help="rounds of both (default: %(default)s)")
    parser.add_argument("--prompt-tokens", type=int, default=512, metavar="N", help="default: %(default)s")
    parser.add_argument("--decode-tokens", type=int, default=128, metavar="N", help="default: %(default)s")
    parser.add_argument("--threads", type=int, default=2, metavar="N", help="default: %(default)s")


def bench_options(model: Path, arguments: argparse.Namespace) -> list[str]:
    """What both programs are to measure."""
    return ["--model", str(model), "--prompt-tokens", str(arguments.prompt_tokens),
            "--decode-tokens", str(arguments.decode_tokens), "--threads", str(arguments.threads)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    setting.add_model_argument(parser)
    setting.add_espalier_argument(parser)
    add_race_arguments(parser)
    parser.add_argument("--busy", type=int, default=0, metavar="N",
                        help="keep N cores busy with other work meanwhile (default: %(default)s)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every measurement there")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write the table there too")
    parser.add_argument("--require", type=float, metavar="RATIO",
                        help="end with status 1 unless prefill and decode both reach RATIO x llama.cpp's")
    parser.add_argument("--peer-only", action="store_true", help="measure llama.cpp alone")
    arguments = parser.parse_args()
    if arguments.rounds < 1:
        parser.error("--rounds must be at least 1")
    if arguments.peer_only and arguments.require is not None:
        parser.error("--require compares two engines; --peer-only measures one")
    setting.require("numpy", "llama_cpp")
    model = setting.find_model(arguments.espalier, arguments.model)
    runners = runners_for(arguments.espalier, bench_options(model, arguments))
    if arguments.peer_only:
        del runners[OURS]
    machine = setting.machine()  # before the race: its load average must not be our own
    if busy := setting.busy():
        print(f"vs_llamacpp: warning: {busy}", file=sys.stderr)
    with neighbours(arguments.busy):
        results = race(runners, arguments.rounds)
    middle = medians(results)

    heading = (f"{model.name}, prompt of {arguments.prompt_tokens}, {arguments.decode_tokens} decoded, "
               f"{arguments.threads} threads, medians of {arguments.rounds} rounds\n{machine}"
               + (f"; {arguments.busy} other threads keep the machine busy" if arguments.busy else "")
               + (f"\n**Not to be quoted: {busy}.**" if busy else ""))
    rendered = table(results, middle, heading)
    print(rendered)
    ratios = {key: middle[OURS][key] / middle[PEER][key] for key in RATES} if OURS in middle else {}
    for key, ratio in ratios.items():
        print(f"{key.removesuffix('_tok_s')} ratio: {ratio:.3f}")
    if arguments.markdown:
        arguments.markdown.write_text(rendered)
    if arguments.json:
        arguments.json.write_text(json.dumps({"machine": machine, "model": model.name, "medians": middle,
                                              "ratios": ratios, "rounds": results}, indent=2) + "\n")
    behind = [f"{key} {ratio:.3f}" for key, ratio in ratios.items()
              if arguments.require is not None and not ratio >= arguments.require]
    if behind:
        sys.exit(f"vs_llamacpp: below {arguments.require:g} x llama.cpp: {', '.join(behind)}")


if __name__ == "__main__":
    main()
