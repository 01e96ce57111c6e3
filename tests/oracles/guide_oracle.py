#!/usr/bin/env python3
"""Compares the masks of guides with PyPI jsonschema, and holds them to every spelling of what is valid.

    .venv/bin/python tests/oracles/guide_oracle.py build/release/bin/guide_oracle [--walks N] [--edits N] [--schemas N]

Over the schemas of JSONSchemaBench in ../shared/data, or, where there is none, of Debian's json-schema-test-suite:

- walks: N documents of random tokens of the masks are valid, says jsonschema;
- edits: N values, each valid data with one edit, are accepted where jsonschema says that they are valid, and only
  there;
- spellings: the valid data of N schemas and of the official suite are accepted in every way to write them that policy
  allows: keys permuted, blanks, escapes, other tokens.

A verdict of the masks is one for the tokenizer's own tokens and for two random divisions. Where it is not jsonschema's,
the cause must be one of those in docs/guided-generation.md, which the end of the output counts; all else is a failure.

The vocabulary is trained here; with --model it is that of the model which `espalier model path` names.
"""

from __future__ import annotations

import argparse
import collections
import gzip
import json
import pathlib
import random
import re
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import json_values
import schema_validator
from tokenizer_oracle import find_model, read_model
from vocabularies import Vocabulary, trained, with_chat_markers

ROOT = pathlib.Path(__file__).resolve().parents[2]
BENCH = ROOT / "../shared/data/json-schema/bench-dev.jsonl.gz"
SUITE = ROOT / "../shared/data/json-schema/test-suite/draft2020-12"
DEBIAN_SUITE = pathlib.Path("/usr/share/json-schema-test-suite/tests/draft7")


@dataclass
class Case:
    """A schema with data, and what is asked about it."""

    name: str
    schema: Any
    tests: list[tuple[Any, bool]]
    annotate: bool = False
    walks: int = 0
    hints: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    values: list[Any] = field(default_factory=list)  # what the last of the texts mean: edits

    def valid(self) -> list[Any]:
        return [value for value, valid in self.tests if valid]


def groups(folder: pathlib.Path, annotate: bool) -> Iterator[Case]:
    for path in sorted(folder.glob("*.json")):
        for group in json_values.read(path.read_text()):
            yield Case(f"{path.stem}: {group['description']}", group["schema"],
                       [(test["data"], test["valid"]) for test in group["tests"]], annotate)


def bench() -> list[Case]:
    if not BENCH.exists():
        print(f"there is no {BENCH}: the schemas are those of {DEBIAN_SUITE}")
        return list(groups(DEBIAN_SUITE, False))
    with gzip.open(BENCH, "rt") as lines:
        cases = map(json_values.read, lines)
        return [Case(case["name"], case["schema"], [(test["data"], test["valid"]) for test in case["tests"]])
                for case in cases]


def suite() -> list[Case]:
    if not SUITE.exists():
        print(f"there is no {SUITE}: its spellings are not tried")
        return []
    return [*groups(SUITE, True), *groups(SUITE / "optional/format", False)]


def objects_in(schema: Any) -> Iterator[dict]:
    """All that could be schemas in it."""
    if isinstance(schema, dict):
        yield schema
    for value in schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ():
        yield from objects_in(value)


def required_in(schema: Any) -> list[str]:
    """Keys that something requires, unless it is merely called so."""
    lists = [value for each in objects_in(schema) for key, value in each.items()
             if key == "required" or key.startswith("dependen")]
    lists += [value for each in lists if isinstance(each, dict) for value in each.values()]
    return [name for each in lists if isinstance(each, list) for name in each if isinstance(name, str)]


def names_in(schema: Any) -> list[str]:
    """Keys that the schema speaks of."""
    named = [each["properties"] for each in objects_in(schema) if isinstance(each.get("properties"), dict)]
    return [name for each in named for name in each] + required_in(schema)


def formats_in(schema: Any) -> set[str]:
    return {each["format"] for each in objects_in(schema) if isinstance(each.get("format"), str)}


def answers(binary: str, folder: pathlib.Path, cases: list[Case]) -> Iterator[tuple[Case, dict]]:
    """What guide_oracle says of each, as it comes."""
    process = subprocess.Popen([binary, folder], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                               encoding="utf-8")

    def ask() -> None:
        try:
            for case in cases:
                process.stdin.write(json_values.write({"schema": case.schema, "annotate": case.annotate,
                                                       "walks": case.walks, "hints": case.hints,
                                                       "texts": case.texts}) + "\n")
            process.stdin.close()
        except BrokenPipeError:
            pass  # it ended, and has said why

    asking = threading.Thread(target=ask)
    asking.start()
    for case in cases:
        line = process.stdout.readline()
        if not line:
            sys.exit(f"guide_oracle ended with {process.wait()} at {case.name}")
        yield case, json.loads(line)
    asking.join()
    if process.wait() != 0:
        sys.exit(f"guide_oracle ended with {process.returncode}")


MOST_SHOWN = 20
STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
EXPONENT = re.compile(r"[0-9][eE][+-]?[0-9]")


class Comparison:
    """Counts what agrees, explains what does not."""

    def __init__(self, asserted: list[str]):
        self.asserted = asserted
        self.counts: collections.Counter[str] = collections.Counter()
        self.causes: dict[str, list[str]] = collections.defaultdict(list)  # texts, by why verdicts differ
        self.open: list[tuple[Case, str, str]] = []  # accepted by jsonschema alone: explained by a second question
        self.failures: list[str] = []

    def judge(self, case: Case) -> Any:
        return schema_validator.judge_of(case.schema, [] if case.annotate else self.asserted)

    def fail(self, what: str, case: Case, text: str) -> None:
        shown = " ".join(text.split())  # walks are full of blanks
        self.failures.append(f"{what}\n  {case.name}: {json_values.write(case.schema)[:1500]}\n  {shown[:1500]}")
        if len(self.failures) <= MOST_SHOWN:
            print(f"FAILED: {self.failures[-1]}", flush=True)

    def theirs(self, judge: Any, case: Case, value: Any) -> bool | None:
        """None where jsonschema has no verdict."""
        try:
            return judge.is_valid(value)
        except Exception as fault:  # an unresolved reference, a pattern that it cannot read, recursion
            self.causes[f"jsonschema has no verdict: {type(fault).__name__}"].append(json_values.write(value))
            return None

    def take(self, case: Case, answer: dict) -> None:
        if "refused" in answer:
            self.counts["refused"] += 1
            return
        self.counts["schemas"] += 1
        judge = self.judge(case)
        self.counts["unfinished walks"] += answer["unfinished"]
        for text in answer["walks"]:
            try:
                verdict = self.theirs(judge, case, json_values.read(text))
            except ValueError as fault:
                self.fail(f"a walk is no JSON ({fault})", case, text)
                continue
            self.counts["walks"] += verdict is True
            if verdict is False:
                self.fail("a walk is not valid", case, text)
        verdicts = answer["verdicts"]
        spellings = len(verdicts) - len(case.values)
        for text, ours in zip(case.texts[:spellings], verdicts[:spellings], strict=True):
            self.counts["spellings"] += 1
            if ours is not True:
                self.open.append((case, text, "spelling"))
        for value, text, ours in zip(case.values, case.texts[spellings:], verdicts[spellings:], strict=True):
            if ours is None:
                self.fail("one value, other tokens, another verdict", case, text)
                continue
            theirs = self.theirs(judge, case, value)
            if theirs is None:
                continue
            self.counts["edits, valid" if theirs else "edits, not valid"] += 1
            if ours and not theirs:
                self.fail("jsonschema rejects what the masks accept", case, text)
            if theirs and not ours:
                self.open.append((case, text, "edit"))

    def explain(self, binary: str, folder: pathlib.Path) -> None:
        """Why the masks reject what is valid: policy, a format, or a failure."""
        again = [Case(case.name, case.schema, [], annotate=True, texts=[text]) for case, text, _ in self.open]
        for (case, text, what), (_, answer) in zip(self.open, answers(binary, folder, again), strict=True):
            if EXPONENT.search(STRING.sub("", text)):
                self.causes[f"{what}: an exponent beside a rule (policy)"].append(text)
            elif not case.annotate and answer.get("verdicts") == [True]:
                formats = ", ".join(sorted(formats_in(case.schema) & set(self.asserted)))
                self.causes[f"{what}: format {formats}"].append(text)
            else:
                self.fail(f"the masks reject what is valid ({what})", case, text)

    def report(self) -> None:
        for name, count in sorted(self.counts.items()):
            print(f"{count:9,}  {name}")
        for name, texts in sorted(self.causes.items()):
            print(f"{len(texts):9,}  {name}, as in {' '.join(min(texts, key=len).split())[:300]}")
        if self.failures:
            sys.exit(f"{len(self.failures)} failures")


def add_questions(cases: list[Case], arguments: argparse.Namespace, rng: random.Random) -> None:
    """Walks and edits for all, spellings for as many schemas as are asked for."""
    walks = -(-arguments.walks * 21 // (20 * max(1, len(cases))))  # some do not end, some schemas are refused
    data = sum(len(case.valid()) for case in cases)
    edits = -(-arguments.edits * 21 // (20 * max(1, data)))
    for number, case in enumerate(cases):
        case.walks = walks
        valid = case.valid()
        if number < arguments.spellings:
            case.texts = [json_values.spell(value, rng) for value in valid for _ in range(4)]
        names = names_in(case.schema)
        case.hints = sorted({f"{json.dumps(name, ensure_ascii=False)}:" for name in required_in(case.schema)})
        case.values = [json_values.mutate(value, rng, names) for value in valid for _ in range(edits)]
        case.texts += map(json_values.write, case.values)


def vocabulary_of(arguments: argparse.Namespace) -> Vocabulary:
    if arguments.model:
        model = find_model(arguments.binary)
        return read_model(model)[0] if model else sys.exit("--model needs a model")
    return with_chat_markers(trained("smollm", random.Random(1)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary", help="guide_oracle; `espalier` is beside it")
    parser.add_argument("--schemas", type=int, metavar="N", help="a sample of so many (default: all)")
    parser.add_argument("--walks", type=int, default=1000, metavar="N", help="default: %(default)s")
    parser.add_argument("--edits", type=int, default=1000, metavar="N", help="default: %(default)s")
    parser.add_argument("--spellings", type=int, default=100, metavar="N",
                        help="schemas whose data are spelled in other ways (default: %(default)s)")
    parser.add_argument("--model", action="store_true", help="take the vocabulary of the default model")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="default: %(default)s")
    arguments = parser.parse_args()

    schema_validator.check_itself()
    rng = random.Random(arguments.seed)
    cases = bench()
    rng.shuffle(cases)
    cases = cases[:arguments.schemas]
    add_questions(cases, arguments, rng)
    for case in suite():
        case.texts = [json_values.spell(value, rng) for value in case.valid() for _ in range(4)]
        cases.append(case)
    espalier = pathlib.Path(arguments.binary).parent / "espalier"
    support = subprocess.run([espalier, "guide", "support", "--json"], check=True, capture_output=True).stdout
    comparison = Comparison(json.loads(support)["formats"]["asserted"])
    with tempfile.TemporaryDirectory() as folder:
        vocabulary_of(arguments).write_folder(pathlib.Path(folder))
        for number, (case, answer) in enumerate(answers(arguments.binary, pathlib.Path(folder), cases), 1):
            comparison.take(case, answer)
            if number % 500 == 0:
                print(f"{number} of {len(cases)} schemas: {comparison.counts['walks']:,} walks, "
                      f"{len(comparison.failures)} failures", flush=True)
        comparison.explain(arguments.binary, pathlib.Path(folder))
    comparison.report()


if __name__ == "__main__":
    main()
