#!/usr/bin/env python3
"""Lets a real model answer under real schemas, and holds every answer to its schema by PyPI jsonschema.

    .venv/bin/python tests/oracles/guided_answers.py build/release/bin/guided_answers [--answers N] [--tokens N]

Over schemas of JSONSchemaBench in ../shared/data, or, where there is none, those of Debian's json-schema-test-suite,
each once, at temperature 1, with --tokens tokens for an answer:

- every answer that ended by itself is valid;
- at least 90 % end, though the model is small and knows nothing of the budget;
- at least 99 % of these have just the tokens that the tokenizer gives their text.
"""

from __future__ import annotations

import argparse
import gzip
import json
import pathlib
import random
import subprocess
import sys
import time
from typing import Any

import json_values
import schema_validator

ROOT = pathlib.Path(__file__).resolve().parents[2]
BENCH = ROOT / "../shared/data/json-schema/bench-dev.jsonl.gz"
DEBIAN_SUITE = pathlib.Path("/usr/share/json-schema-test-suite/tests/draft7")
LEAST_ENDED = 0.9
LEAST_OWN = 0.99
SHOWN_SCHEMA = 400  # characters of it in the prompt


def schemas() -> list[tuple[str, Any]]:
    if not BENCH.exists():
        print(f"there is no {BENCH}: the schemas are those of {DEBIAN_SUITE}")
        return [(f"{path.stem}: {group['description']}", group["schema"])
                for path in sorted(DEBIAN_SUITE.glob("*.json")) for group in json_values.read(path.read_text())]
    with gzip.open(BENCH, "rt") as lines:
        return [(case["name"], case["schema"]) for case in map(json_values.read, lines)]


class Model:
    """The guided_answers program."""

    def __init__(self, program: str):
        self.process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                        encoding="utf-8")

    def ask(self, **request: Any) -> dict[str, Any]:
        self.process.stdin.write(json_values.write(request) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            sys.exit(f"guided_answers ended with {self.process.wait()}")
        return json.loads(line)


def fault_of(schema: Any, text: str, asserted: list[str]) -> str | None:
    """Why an answer that ended is not valid."""
    try:
        value = json_values.read(text)
    except ValueError as fault:
        return f"it is no JSON: {fault}"
    try:
        errors = list(schema_validator.judge_of(schema, asserted).iter_errors(value))
    except Exception as fault:  # noqa: BLE001: an unresolved reference, a pattern that it cannot read, recursion
        print(f"jsonschema has no verdict: {type(fault).__name__}")
        return None
    return str(errors[0].message) if errors else None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", help="guided_answers; `espalier` is beside it")
    parser.add_argument("--answers", type=int, default=25, metavar="N", help="default: %(default)s")
    parser.add_argument("--tokens", type=int, default=1024, metavar="N", help="default: %(default)s")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="default: %(default)s")
    arguments = parser.parse_args()

    cases = schemas()
    random.Random(arguments.seed).shuffle(cases)
    espalier = pathlib.Path(arguments.program).parent / "espalier"
    command = [espalier, "guide", "support", "--json"]
    support = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    model = Model(arguments.program)
    start = time.monotonic()
    refused, answers, failures = 0, [], []
    for number, (name, schema) in enumerate(cases):
        prompt = f"Write a short JSON document for this schema: {json_values.write(schema)[:SHOWN_SCHEMA]}"
        answer = model.ask(prompt=prompt, schema=schema, tokens=arguments.tokens, temperature=1, seed=number)
        if "refused" in answer:
            refused += 1
            continue
        answers.append(answer)
        ended = answer["finish"] == "stop"
        if ended and (fault := fault_of(schema, answer["text"], support["formats"]["asserted"])):
            failures.append(f"{name}: {fault}\n  {json_values.write(schema)[:1500]}\n  {answer['text'][:1500]}")
        if not ended:
            print(f"incomplete: {name}: … {answer['text'][-100:]!r}")
        if ended and not answer["own_tokens"]:
            print(f"not the tokenizer's tokens: {name}: {answer['text'][:300]!r}")
        if len(answers) == arguments.answers:
            break
    report(answers, refused, failures, time.monotonic() - start)


def report(answers: list[dict[str, Any]], refused: int, failures: list[str], taken: float) -> None:
    ended = [answer for answer in answers if answer["finish"] == "stop"]
    own = sum(answer["own_tokens"] for answer in ended)
    total = {key: sum(answer[key] for answer in answers) for key in ("tokens", "sampled", "seconds", "guide_seconds")}
    print(f"answers              {len(answers)} ({refused} schemas refused by name)")
    print(f"ended                {len(ended)} ({len(ended) / len(answers):.1%}); the others are named incomplete")
    print(f"valid of these       {len(ended) - len(failures)} ({1 - len(failures) / max(1, len(ended)):.1%})")
    print(f"tokenizer's tokens   {own} ({own / max(1, len(ended)):.1%})")
    print(f"tokens               {total['tokens']:,}, of which {total['sampled']:,} were sampled")
    print(f"tokens a second      {total['tokens'] / total['seconds']:.1f}")
    print(f"the guide's share    {total['guide_seconds'] / total['seconds']:.2%} of the time,"
          f" {1e6 * total['guide_seconds'] / max(1, total['sampled']):.0f} µs for a sampled token")
    print(f"seconds              {taken:.0f}")
    for failure in failures:
        print(f"FAILED: {failure}")
    if failures:
        sys.exit(f"{len(failures)} answers are not valid")
    if len(ended) < LEAST_ENDED * len(answers):
        sys.exit(f"fewer than {LEAST_ENDED:.0%} ended")
    if own < LEAST_OWN * len(ended):
        sys.exit(f"fewer than {LEAST_OWN:.0%} have the tokenizer's tokens")


if __name__ == "__main__":
    main()
