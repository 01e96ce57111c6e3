"""The promises of docs/framework-rows.md and the mutations that break each of them.

A mutation is a table of one of the .toml files beside this:

    [[mutation]]
    promise = "model.default"            # a line of the page
    breaks = "each call makes a model"   # what is wrong with the mutated code, for people
    file = "src/framework/language_model.cc"
    old = "static const SystemLanguageModel shared{"     # stands exactly once in the file
    new = "const SystemLanguageModel shared{"
    tests = ["Model.TheDefaultIsOneForTheWholeProcess"]  # each of them must fail; all stand in the line

`judge = "compile"` is for what holds at compile time: there a static_assert of the tests' file must fail. A line
whose promise no mutation here can break says why:

    [[excuse]]
    promise = "tools.example"
    reason = "it needs the default model"
"""

from __future__ import annotations

import fnmatch
import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDER = Path(__file__).resolve().parent
PAGE = "docs/framework-rows.md"
SECTIONS = ("Surface", "Behaviour", "JSON dialects")

LINE = re.compile(r"\| `([\w.]+)` \| (.+) \| (.+) \|")
TEST = re.compile(r"^(?:RC_GTEST_PROP|TEST|TEST_F|TEST_P)\((\w+),\s*(\w+)", re.MULTILINE)


@dataclass(frozen=True)
class Line:
    """A line of the page: a promise and the tests that hold it, maybe with * in their names."""

    number: int
    section: str
    promise: str
    text: str
    tests: tuple[str, ...]


@dataclass(frozen=True)
class Mutation:
    promise: str
    breaks: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]
    judge: str = "test"
    name: str = ""  # the promise, and which of its mutations this is


def page_lines(text: str) -> list[Line]:
    lines = []
    section = ""
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("## "):
            section = line.removeprefix("## ")
        if found := LINE.fullmatch(line):
            promise, said, tests = found.groups()
            lines.append(Line(number, section, promise, said, tuple(re.findall(r"`([\w.*]+)`", tests))))
    return lines


def tests_of(root: Path = ROOT) -> dict[str, str]:
    """All tests by their names, with the file that each stands in."""
    return {f"{suite}.{name}": path.relative_to(root).as_posix()
            for path in sorted((root / "src").rglob("*_test.cc")) for suite, name in TEST.findall(path.read_text())}


def load(folder: Path = FOLDER) -> tuple[list[Mutation], dict[str, str]]:
    """The mutations, and the reasons of promises without any."""
    mutations: list[Mutation] = []
    excuses: dict[str, str] = {}
    counts: dict[str, int] = {}
    for path in sorted(folder.glob("*.toml")):
        read = tomllib.loads(path.read_text())
        for table in read.get("mutation", []):
            promise = table["promise"]
            counts[promise] = counts.get(promise, 0) + 1
            tests = tuple(table.pop("tests"))
            mutations.append(Mutation(**table, tests=tests, name=f"{promise}/{counts[promise]}"))
        for table in read.get("excuse", []):
            excuses[table["promise"]] = table["reason"]
    return mutations, excuses


def faults(lines: Iterable[Line], mutations: Iterable[Mutation], excuses: dict[str, str],
           known: Iterable[str], root: Path = ROOT) -> list[str]:
    """Where page, manifest and sources do not fit together."""
    found = []
    by_promise = {line.promise: line for line in lines}
    known = set(known)
    broken = {mutation.promise for mutation in mutations}
    if len(by_promise) < len(list(lines)):
        found.append(f"{PAGE} has a promise twice")
    for line in by_promise.values():
        where = f"{PAGE}:{line.number}: {line.promise}"
        if line.promise in broken and line.promise in excuses:
            found.append(f"{where} is excused and has mutations")
        if line.promise not in broken and line.promise not in excuses:
            found.append(f"{where} has neither a mutation in {FOLDER.name}/*.toml nor an excuse")
        judges = [test for mutation in mutations if mutation.promise == line.promise for test in mutation.tests]
        for pattern in line.tests:
            if line.promise in broken and not fnmatch.filter(judges, pattern):
                found.append(f"{where}: no mutation shows that {pattern} fails")
        if not line.tests:
            found.append(f"{where} names no test")
    for promise in sorted((broken | set(excuses)) - set(by_promise)):
        found.append(f"{promise}: the page has no such promise")
    for mutation in mutations:
        line = by_promise.get(mutation.promise)
        for test in mutation.tests:
            if test not in known:
                found.append(f"{mutation.name}: there is no test {test}")
            elif line and not any(fnmatch.fnmatch(test, pattern) for pattern in line.tests):
                found.append(f"{mutation.name}: {PAGE}:{line.number} does not name {test}")
        if not mutation.tests:
            found.append(f"{mutation.name} has no test to judge it")
        if mutation.judge not in ("test", "compile"):
            found.append(f"{mutation.name}: it is judged by \"test\" or \"compile\", not {mutation.judge!r}")
        path = root / mutation.file
        times = path.read_text().count(mutation.old) if path.is_file() else 0
        if times != 1:
            found.append(f"{mutation.name}: what it changes stands {times} times in {mutation.file}: {mutation.old!r}")
        elif mutation.old == mutation.new:
            found.append(f"{mutation.name} changes nothing")
    return found
