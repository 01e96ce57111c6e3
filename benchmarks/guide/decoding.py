#!/usr/bin/env python3
"""Times answers under a guide beside free ones of the same length, on the default model.

- Text: an answer that may be any JSON string, so that nearly every token is sampled, beside a free answer of as many
  tokens: what the guide costs. Answers of fewer than 8 tokens are left out.
- Objects: answers under a schema with fixed keys, beside free answers of as many tokens: what is won because keys and
  punctuation are not sampled but computed together.

Each guided answer is followed by its free one; compared are medians over seeds, of milliseconds for a token.

    .venv/bin/python benchmarks/guide/decoding.py
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import setting  # noqa: E402: benchmarks/ has no packages

TEXT = {"type": "string"}
PERSON = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "maxLength": 40},
        "age": {"type": "integer", "minimum": 0, "maximum": 120},
        "email": {"type": "string", "format": "email", "maxLength": 40},
        "address": {
            "type": "object",
            "properties": {
                "street": {"type": "string", "maxLength": 40},
                "city": {"type": "string", "maxLength": 30},
                "postal_code": {"type": "string", "pattern": "^[0-9]{5}$"},
                "country": {"enum": ["France", "Germany", "Italy", "Spain"]},
            },
            "required": ["street", "city", "postal_code", "country"],
            "additionalProperties": False,
        },
        "is_member": {"type": "boolean"},
    },
    "required": ["name", "age", "email", "address", "is_member"],
    "additionalProperties": False,
}
QUESTIONS = {"text": (TEXT, "Tell a long story about a river."), "object": (PERSON, "Invent a person.")}


class Model:
    """The guided_answers program, which takes requests line by line."""

    def __init__(self, program: Path, model: str):
        self.process = subprocess.Popen([str(program), model], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, **request: Any) -> dict[str, Any]:
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        return json.loads(line) if line else sys.exit(f"guided_answers ended with {self.process.wait()}")


def compare(model: Model, kind: str, rounds: int) -> dict[str, Any]:
    schema, prompt = QUESTIONS[kind]
    model.ask(prompt=prompt, tokens=256, endless=True)  # memory that is first used then is slow
    rows = []
    for seed in range(rounds):
        guided = model.ask(prompt=prompt, schema=schema, tokens=256, temperature=1, seed=seed)
        free = model.ask(prompt=prompt, tokens=guided["tokens"], endless=True, temperature=1, seed=seed)
        if guided["tokens"] >= 8:
            rows.append((guided, free))
    tokens = sum(guided["tokens"] for guided, _ in rows)
    sampled = sum(guided["sampled"] for guided, _ in rows)
    spent = sum(guided["guide_seconds"] for guided, _ in rows)
    guided_ms = statistics.median(1e3 * guided["seconds"] / guided["tokens"] for guided, _ in rows)
    free_ms = statistics.median(1e3 * free["seconds"] / free["tokens"] for _, free in rows)
    return {
        "answers": len(rows),
        "tokens": tokens / len(rows),
        "sampled": sampled / tokens,
        "guided_ms": guided_ms,
        "free_ms": free_ms,
        "ratio": statistics.median((g["seconds"] / g["tokens"]) / (f["seconds"] / f["tokens"]) for g, f in rows),
        "guide_us": 1e6 * spent / sampled,
        "guide_share": spent / sum(guided["seconds"] for guided, _ in rows),
        "own_tokens": sum(g["own_tokens"] for g, _ in rows if g["finish"] == "stop")
        / max(1, sum(g["finish"] == "stop" for g, _ in rows)),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", type=Path, default=setting.ROOT / "build/release/bin/guided_answers",
                        metavar="PROGRAM", help="default: build/release/bin/guided_answers")
    parser.add_argument("--model", default="", help="as espalier takes it")
    parser.add_argument("--rounds", type=int, default=20, metavar="N", help="seeds (default: %(default)s)")
    parser.add_argument("--json", action="store_true", help="print figures for programs")
    arguments = parser.parse_args()
    if warning := setting.busy():
        print(f"warning: {warning}", file=sys.stderr)
    model = Model(arguments.program, arguments.model)
    figures = {kind: compare(model, kind, arguments.rounds) for kind in QUESTIONS}
    if arguments.json:
        print(json.dumps({"machine": setting.machine(), **figures}))
        return
    print(setting.machine())
    print(f"{'':8} {'answers':>8} {'tokens':>7} {'sampled':>8} {'guided':>9} {'free':>9} {'guided/free':>12}"
          f" {'guide, µs':>10} {'own tokens':>11}")
    for kind, row in figures.items():
        print(f"{kind:8} {row['answers']:8} {row['tokens']:7.0f} {row['sampled']:8.0%} {row['guided_ms']:6.2f} ms"
              f" {row['free_ms']:6.2f} ms {row['ratio']:12.3f} {row['guide_us']:10.1f} {row['own_tokens']:11.0%}")


if __name__ == "__main__":
    main()
