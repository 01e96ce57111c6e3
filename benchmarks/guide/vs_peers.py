#!/usr/bin/env python3
"""Races Espalier's guides against llguidance and XGrammar: verdicts, masks and compiling, in one run on this machine.

    .venv/bin/python benchmarks/guide/vs_peers.py --schemas 600
    .venv/bin/python benchmarks/guide/vs_peers.py --schemas 600 --large     # with Qwen 2's 151,646 tokens

A sample of the schemas of JSONSchemaBench in ../shared/data, with their valid and invalid values, each value as compact
JSON in the tokens that the tokenizer gives it. XGrammar runs in its default strict mode, which takes unknown members
for forbidden, and to the standard. All run on one thread, cold for each schema, in blocks of schemas by turns. A peer
that takes too long for a schema is ended and begun again; one that is out of time altogether stops, and is compared on
what it has done. So is everybody after Ctrl-C.

Espalier is held to more: its verdicts are also of a spaced spelling and of random tokens. Its times are inside
`espalier guide check`, the peers' around a call from Python, which takes about a microsecond; the peers read the
schema's text as they compile.
"""

from __future__ import annotations

import argparse
import gzip
import json
import math
import random
import select
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).resolve().parent.parent), str(Path(__file__).resolve().parents[2] / "tests/oracles")]

import setting  # noqa: E402

HERE = Path(__file__).resolve().parent
CASES = setting.ROOT / "../shared/data/json-schema/bench-dev.jsonl.gz"
OURS = "Espalier"
PEERS = {"llguidance": "llguidance", "xgrammar-strict": "XGrammar, its strict mode",
         "xgrammar": "XGrammar, to the standard"}
TIMES = {"mask_us": "mask, µs", "compile_ms": "compile, ms", "instance_us": "whole value, µs"}
BLOCK = 25  # schemas before the next engine's turn


@dataclass
class Outcome:
    """What one engine said of one schema."""

    refused: bool = False
    late: bool = False
    valid_rejected: int = 0
    invalid_accepted: int = 0
    times: dict[str, list[float]] = field(default_factory=dict)

    def right(self) -> bool:
        return not (self.refused or self.late or self.valid_rejected or self.invalid_accepted)


class Peer:
    """A process of peers.py. It is begun again when it has died or was too slow."""

    def __init__(self, name: str, folder: Path, case_seconds: float, all_seconds: float):
        self.name, self.folder, self.case_seconds, self.left = name, folder, case_seconds, all_seconds
        self.process: subprocess.Popen[bytes] | None = None
        self.read = b""

    def begin(self) -> None:
        self.process = subprocess.Popen([sys.executable, HERE / "peers.py", self.name, self.folder],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.read = b""
        if self.answer(300) is None:
            sys.exit(f"peers.py {self.name} {self.folder}: does not begin; run it by hand to see why")

    def end(self) -> None:
        if self.process:
            self.process.kill()
            self.process.wait()
        self.process = None

    def answer(self, seconds: float) -> dict[str, Any] | None:
        """The next line, or nothing where none came in time."""
        until = time.monotonic() + seconds
        stream = self.process.stdout.fileno()
        while b"\n" not in self.read:
            if not select.select([stream], [], [], max(0.0, until - time.monotonic()))[0]:
                return None
            part = self.process.stdout.read1(1 << 16)
            if not part:
                return None
            self.read += part
        line, _, self.read = self.read.partition(b"\n")
        return json.loads(line)

    def judge(self, case: dict[str, Any]) -> Outcome | None:
        """Nothing where its time for all schemas is spent."""
        if self.left <= 0:
            return None
        if self.process is None:
            self.begin()
        start = time.monotonic()
        question = {"schema": case["schema_text"], "tests": case["tokens"]}
        try:
            self.process.stdin.write(json.dumps(question).encode() + b"\n")
            self.process.stdin.flush()
            answer = self.answer(self.case_seconds)
        except BrokenPipeError:
            answer = None
        self.left -= time.monotonic() - start
        if answer is None:
            self.end()
            return Outcome(late=True)
        if "refused" in answer:
            return Outcome(refused=True)
        pairs = [(test["valid"], accepted) for test, accepted in zip(case["tests"], answer["accepted"], strict=True)]
        return Outcome(valid_rejected=pairs.count((True, False)), invalid_accepted=pairs.count((False, True)),
                       times={key: answer[key] if isinstance(answer[key], list) else [answer[key]] for key in TIMES})


def judge_ours(espalier: Path, model: Path, lines: list[str]) -> list[Outcome]:
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl") as cases:
        cases.writelines(lines)
        cases.flush()
        command = [espalier, "guide", "check", "--model", model, "--cases", cases.name, "--json", "--verbose"]
        done = subprocess.run(command, check=True, capture_output=True)
    found = [json.loads(line) for line in done.stdout.splitlines()]
    return [Outcome(refused=bool(case["refused"]), valid_rejected=len(case["valid_rejected"]),
                    invalid_accepted=len(case["invalid_accepted"]),
                    times={} if case["refused"] else
                    {key: case[key] if isinstance(case[key], list) else [case[key]] for key in TIMES})
            for case in found]


def vocabulary_folder(folder: Path, espalier: Path, model: Path | None, large: bool) -> tuple[Path, str]:
    """Writes the tokenizer where peers.py finds it; gives what `espalier --model` reads, and a title."""
    from tokenizers import Tokenizer

    if large:
        import qwen_vocabulary
        qwen_vocabulary.write(folder)
        model, name, end_text = folder, "Qwen 2's vocabulary", qwen_vocabulary.SPECIAL[-1]
    else:
        from tokenizer_oracle import read_model
        model = setting.find_model(espalier, model)
        vocabulary, _ = read_model(model)
        vocabulary.write_folder(folder)
        name, end_text = f"the vocabulary of {model.name}", vocabulary.eos
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    count = tokenizer.get_vocab_size(with_added_tokens=True)
    (folder / "race.json").write_text(json.dumps({"vocabulary": count, "end": tokenizer.token_to_id(end_text)}))
    return model, f"{name} of {count:,} tokens"


def read_cases(count: int, seed: int, folder: Path) -> list[dict[str, Any]]:
    from tokenizers import Tokenizer

    import json_values

    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.encode_special_tokens = True
    with gzip.open(CASES, "rt") as file:
        lines = random.Random(seed).sample(list(file), count)
    cases = []
    for line in lines:
        case = json.loads(line)
        case["line"] = line
        exact = json_values.read(line)  # numbers as the file spells them
        case["schema_text"] = json_values.write(exact["schema"])
        texts = [json_values.write(test["data"]) for test in exact["tests"]]
        case["tokens"] = [tokenizer.encode(text, add_special_tokens=False).ids for text in texts]
        cases.append(case)
    return cases


def race(cases: list[dict[str, Any]], espalier: Path, model: Path, peers: list[Peer]) -> dict[str, list[Outcome]]:
    results: dict[str, list[Outcome]] = {OURS: [], **{peer.name: [] for peer in peers}}
    try:
        for begin in range(0, len(cases), BLOCK):
            block = cases[begin:begin + BLOCK]
            results[OURS] += judge_ours(espalier, model, [case["line"] for case in block])
            for peer in peers:
                results[peer.name] += [outcome for case in block if (outcome := peer.judge(case)) is not None]
            print(f"{min(begin + BLOCK, len(cases))} of {len(cases)} schemas", file=sys.stderr)
    except KeyboardInterrupt:
        print("interrupted: what has been done is compared", file=sys.stderr)
    for peer in peers:
        peer.end()
    return results


def at(values: list[float], part: float) -> float:
    return sorted(values)[int(part * (len(values) - 1))] if values else math.nan


def short(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def distribution(outcomes: list[Outcome], key: str) -> str:
    values = [value for outcome in outcomes for value in outcome.times.get(key, [])]
    mean = sum(values) / len(values) if values else math.nan
    parts = [at(values, part) for part in (0.5, 0.9, 0.99, 1)]
    return " / ".join(map(short, [mean, *parts]))


def table(results: dict[str, list[Outcome]]) -> str:
    """Markdown: a row for each engine; below a peer that has not done all, Espalier on what it has done."""
    rows = []
    for name, outcomes in results.items():
        whole = len(outcomes) == len(results[OURS])
        rows.append((PEERS.get(name, name) + ("" if whole else f" (the first {len(outcomes)})"), outcomes))
        if not whole:
            rows.append((f"Espalier (the first {len(outcomes)})", results[OURS][:len(outcomes)]))
    lines = ["| | all values right | refused | out of time or ended | valid rejected | invalid accepted |",
             "|---|---:|---:|---:|---:|---:|"]
    for title, outcomes in rows:
        share = sum(outcome.right() for outcome in outcomes) / max(1, len(outcomes))
        lines.append(f"| {title} | {share:.1%} | {sum(outcome.refused for outcome in outcomes)} "
                     f"| {sum(outcome.late for outcome in outcomes)} "
                     f"| {sum(outcome.valid_rejected for outcome in outcomes)} "
                     f"| {sum(outcome.invalid_accepted for outcome in outcomes)} |")
    lines += ["", "| mean / p50 / p90 / p99 / max | " + " | ".join(TIMES.values()) + " |",
              "|---|" + "---:|" * len(TIMES)]
    for title, outcomes in rows:
        lines.append(f"| {title} | " + " | ".join(distribution(outcomes, key) for key in TIMES) + " |")
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--schemas", type=int, default=600, metavar="N", help="default: %(default)s")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="of the sample (default: %(default)s)")
    parser.add_argument("--large", action="store_true", help="take Qwen 2's vocabulary, not the model's")
    parser.add_argument("--peers", default=",".join(PEERS), metavar="NAMES", help="default: %(default)s")
    parser.add_argument("--case-seconds", type=float, default=60, metavar="S",
                        help="what a peer may take for one schema (default: %(default)s)")
    parser.add_argument("--peer-seconds", type=float, default=1800, metavar="S",
                        help="what a peer may take for all (default: %(default)s)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every figure there")
    setting.add_model_argument(parser)
    setting.add_espalier_argument(parser)
    arguments = parser.parse_args()
    setting.require("llguidance", "xgrammar", "tokenizers")
    if not CASES.exists():
        sys.exit(f"{CASES}: not there; the race is run on it")
    print(f"{setting.machine()}; at most {arguments.case_seconds:g} s for a schema\n")
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        model, title = vocabulary_folder(folder, arguments.espalier, arguments.model, arguments.large)
        cases = read_cases(arguments.schemas, arguments.seed, folder)
        peers = [Peer(name, folder, arguments.case_seconds, arguments.peer_seconds)
                 for name in arguments.peers.split(",") if name]
        results = race(cases, arguments.espalier, model, peers)
    values = sum(len(case["tests"]) for case in cases)
    print(f"{len(results[OURS])} of {len(cases)} schemas with {values:,} values, {title}\n\n{table(results)}")
    print(f"load at the end {setting.os.getloadavg()[0]:.1f}")
    if arguments.json:
        arguments.json.write_text(json.dumps({name: [vars(outcome) for outcome in outcomes]
                                              for name, outcomes in results.items()}))


if __name__ == "__main__":
    main()
