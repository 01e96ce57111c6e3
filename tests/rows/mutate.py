#!/usr/bin/env python3
"""Breaks each promise of docs/framework-rows.md in its code, and watches the tests that hold it fail.

    tests/rows/mutate.py                          all mutations
    tests/rows/mutate.py --only 'guides.*' --jobs 4
    tests/rows/mutate.py --list

A mutation changes a few words of one source file (the .toml files beside this; manifest.py says how they read). It
is killed where each of the tests that it names fails: by an assertion or an exception, by a crash, or by running
past the time limit, which the table tells apart. What survives is a promise that no test holds.

Nothing is written to the sources. The unmutated programs come from a preset's build folder; a mutant is one file
compiled anew, and linked in front of the layers' libraries with the one test file that judges it. Of a mutated
header the test's own file is compiled anew, and where the test still passes, also all files that include it.

Exit status: 0 all were killed; 1 some survived or do not compile; 2 the manifest is at fault, or the tests do not
pass unmutated.
"""

from __future__ import annotations

import argparse
import fnmatch
import json
import os
import shlex
import shutil
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from pathlib import Path

import manifest
from manifest import ROOT, Mutation

KILLED = ("failed", "crashed", "hung", "static_assert")
# Properties draw the same cases each time; a failure needs no smaller one.
ENVIRONMENT = {"ESPALIER_SKIP_REAL_MODEL": "1", "RC_PARAMS": "seed=1 noshrink=1"}


class Trouble(Exception):
    """What keeps the proof from being run at all."""


def run(command: list[str], folder: Path, limit: float | None = None, **environment: str) -> tuple[int | None, str]:
    """Status and output; no status where it ran past the limit."""
    try:
        done = subprocess.run(command, cwd=folder, timeout=limit, text=True, errors="replace", stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, env=os.environ | environment, check=False)
    except subprocess.TimeoutExpired as late:
        out = late.stdout or b""
        return None, out if isinstance(out, str) else out.decode(errors="replace")
    return done.returncode, done.stdout


class Build:
    """A preset's build folder: what it has built, and how it would build something else."""

    def __init__(self, preset: str, jobs: int) -> None:
        self.preset, self.jobs = preset, jobs
        self.folder = ROOT / "build" / preset
        self.launcher = ["ccache"] if shutil.which("ccache") else []

    def make(self, programs: list[str]) -> None:
        for command in (["cmake", "--preset", self.preset],
                        ["cmake", "--build", "--preset", self.preset, "-j", str(self.jobs), "--target", *programs]):
            status, output = run(command, ROOT)
            if status != 0:
                raise Trouble(f"{shlex.join(command)} failed:\n{output[-4000:]}")
        entries = json.loads((self.folder / "compile_commands.json").read_text())
        self.commands = {Path(entry["file"]).resolve(): entry for entry in entries}
        self.links = {program: self._link(program) for program in programs}
        self._dependants: dict[Path, list[Path]] | None = None

    def _link(self, program: str) -> list[str]:
        status, output = run(["ninja", "-t", "commands", program], self.folder)
        for part in reversed(output.split(" && ")):
            if status == 0 and f"-o bin/{program} " in part:
                return shlex.split(part)
        raise Trouble(f"ninja does not tell how {program} is linked:\n{output[-2000:]}")

    def object_of(self, source: Path) -> Path:
        entry = self.commands.get(source.resolve())
        if entry is None:
            raise Trouble(f"{source} is not compiled by the preset {self.preset}")
        if "output" in entry:
            return self.folder / entry["output"]
        words = shlex.split(entry["command"])
        return Path(entry["directory"]) / words[words.index("-o") + 1]

    def compile(self, source: Path, text_from: Path, to: Path, overlay: Path) -> tuple[int | None, str]:
        """Compiles `text_from` as the preset compiles `source`, the headers in `overlay` before all others."""
        entry = self.commands[source.resolve()]
        words = shlex.split(entry["command"])
        while not Path(words[0]).name.startswith(("c++", "g++", "clang++")):
            words = words[1:]
        for flag in ("-o", "-c"):
            at = words.index(flag)
            del words[at:at + 2]
        includes = ["-I", str(overlay / "src"), "-I", str(overlay / "include")]
        # What a mutant costs is the time to compile it; and whether it warns is no matter.
        command = [*self.launcher, words[0], *includes, *words[1:], "-O0", "-g0", "-w", "-o", str(to), "-c",
                   str(text_from)]
        return run(command, Path(entry["directory"]))

    def link(self, program: str, test_object: Path, mutants: list[Path], to: Path) -> tuple[int | None, str]:
        words = []
        for word in self.links[program]:
            if word == f"bin/{program}":
                words.append(str(to))
            elif not word.endswith("_test.cc.o"):
                words.append(word)
        first = next((i for i, word in enumerate(words) if word.endswith((".o", ".a"))), len(words))
        words[first:first] = [str(test_object), *map(str, mutants)]
        return run([*words, "-Wl,-S"], self.folder)

    def dependants(self, header: Path) -> list[Path]:
        """The layers' sources that include a header."""
        if self._dependants is None:
            _, output = run(["ninja", "-t", "deps"], self.folder)
            self._dependants = {}
            sources = {self.object_of(source).resolve(): source for source in self.commands}
            source: Path | None = None
            for line in output.splitlines():
                if not line.startswith(" "):
                    source = sources.get((self.folder / line.partition(":")[0]).resolve())
                elif source and not source.name.endswith("_test.cc"):
                    self._dependants.setdefault((self.folder / line.strip()).resolve(), []).append(source)
        in_layers = [source for source in self._dependants.get(header.resolve(), [])
                     if "/espalier_" in str(self.object_of(source))]
        return sorted(set(in_layers))


@dataclass
class Verdict:
    mutation: Mutation
    result: str  # one of KILLED, or "SURVIVED", "NOT COMPILED", "NOT RUN"
    seconds: float
    detail: str = ""
    tests: dict[str, str] = field(default_factory=dict)

    @property
    def is_killed(self) -> bool:
        return self.result in KILLED


def program_of(test_file: str) -> str:
    return f"{Path(test_file).parts[1]}_test"


def outcome(program: Path, test: str, limit: float) -> tuple[str, str]:
    """How a test ended: passed, skipped, failed, crashed or hung."""
    status, output = run([str(program), f"--gtest_filter={test}", "--gtest_brief=0"], ROOT, limit, **ENVIRONMENT)
    if status is None:
        return "hung", output
    if status == 0:
        ran = "[  PASSED  ] 1 test." in output and "[  SKIPPED ]" not in output
        return ("passed" if ran else "skipped"), output
    return ("failed" if "[  FAILED  ]" in output else "crashed"), output


class Proof:
    def __init__(self, build: Build, folder: Path, least_limit: float) -> None:
        self.build, self.folder, self.least_limit = build, folder, least_limit
        self.files = manifest.tests_of()
        self.limits: dict[str, float] = {}

    def unmutated(self, test_file: str, tests: list[str]) -> list[str]:
        """Runs the tests as they are: what fails, and how long each may take with a mutant."""
        folder = self.folder / "unmutated"
        folder.mkdir(parents=True, exist_ok=True)
        program = folder / Path(test_file).stem
        status, output = self.build.link(program_of(test_file), self.build.object_of(ROOT / test_file), [], program)
        if status != 0:
            return [f"{test_file} cannot be linked alone:\n{output[-2000:]}"]
        wrong = []
        for test in tests:
            started = time.monotonic()
            result, output = outcome(program, test, 600)
            self.limits[test] = self.least_limit + 10 * (time.monotonic() - started)
            if result != "passed":
                wrong.append(f"{test} {result} unmutated:\n{output[-2000:]}")
        program.unlink()
        return wrong

    def judge(self, mutation: Mutation) -> Verdict:
        started = time.monotonic()
        folder = self.folder / mutation.name.replace("/", "-")
        try:
            verdict = self._judge(mutation, folder)
        except Trouble as trouble:
            verdict = Verdict(mutation, "NOT RUN", 0, str(trouble))
        for left in [*folder.glob("*.o"), *folder.glob("program*")]:
            left.unlink()
        verdict.seconds = time.monotonic() - started
        return verdict

    def _judge(self, mutation: Mutation, folder: Path) -> Verdict:
        mutated = folder / mutation.file
        mutated.parent.mkdir(parents=True, exist_ok=True)
        mutated.write_text((ROOT / mutation.file).read_text().replace(mutation.old, mutation.new))
        test_files = sorted({self.files[test] for test in mutation.tests})
        if mutation.judge == "compile":
            return self._judge_compiling(mutation, folder, test_files)
        if not mutation.file.endswith(".h"):
            return self._judge_tests(mutation, folder, test_files, [ROOT / mutation.file], recompiles_tests=False)
        verdict = self._judge_tests(mutation, folder, test_files, [], recompiles_tests=True)
        if verdict.result != "SURVIVED":
            return verdict
        return self._judge_tests(mutation, folder, test_files, self.build.dependants(ROOT / mutation.file),
                                 recompiles_tests=True)

    def _judge_compiling(self, mutation: Mutation, folder: Path, test_files: list[str]) -> Verdict:
        for test_file in test_files:
            status, output = self.build.compile(ROOT / test_file, ROOT / test_file, folder / "test.o", folder)
            (folder / "compile.log").write_text(output)
            if status == 0:
                return Verdict(mutation, "SURVIVED", 0, f"{test_file} compiles all the same")
            if "static assertion failed" not in output:
                return Verdict(mutation, "NOT COMPILED", 0, f"no static_assert of {test_file} fails, but it does not "
                               f"compile:\n{output[:2000]}")
        return Verdict(mutation, "static_assert", 0)

    def _judge_tests(self, mutation: Mutation, folder: Path, test_files: list[str], sources: list[Path],
                     recompiles_tests: bool) -> Verdict:
        def compiled(source: Path) -> Path:
            to = folder / (source.name + ".o")
            own = folder / source.relative_to(ROOT)
            status, output = self.build.compile(source, own if own.is_file() else source, to, folder)
            if status != 0:
                raise NotCompiled(f"{source.relative_to(ROOT)}:\n{output[:2000]}")
            return to

        verdict = Verdict(mutation, "SURVIVED", 0)
        try:
            mutants = [compiled(source) for source in sources]
            for test_file in test_files:
                source = ROOT / test_file
                test_object = compiled(source) if recompiles_tests else self.build.object_of(source)
                program = folder / f"program-{source.stem}"
                status, output = self.build.link(program_of(test_file), test_object, mutants, program)
                if status != 0:
                    raise NotCompiled(f"the program cannot be linked:\n{output[:2000]}")
                for test in (test for test in mutation.tests if self.files[test] == test_file):
                    result, output = outcome(program, test, self.limits.get(test, 60))
                    verdict.tests[test] = result
                    (folder / f"{test}.log").write_text(output)
        except NotCompiled as fault:
            return Verdict(mutation, "NOT COMPILED", 0, str(fault))
        passed = [test for test, result in verdict.tests.items() if result not in KILLED]
        if passed:
            verdict.detail = ", ".join(f"{test} {verdict.tests[test]}" for test in passed)
        else:
            verdict.result = next(result for result in reversed(KILLED) if result in verdict.tests.values())
        return verdict


class NotCompiled(Exception):
    pass


def chosen(mutations: list[Mutation], patterns: list[str]) -> list[Mutation]:
    if not patterns:
        return mutations
    return [mutation for mutation in mutations
            if any(fnmatch.fnmatch(mutation.promise, pattern) or fnmatch.fnmatch(mutation.name, pattern)
                   for pattern in patterns)]


def check_unmutated(proof: Proof, mutations: list[Mutation], jobs: int) -> None:
    by_file: dict[str, list[str]] = {}
    for test in sorted({test for mutation in mutations if mutation.judge == "test" for test in mutation.tests}):
        by_file.setdefault(proof.files[test], []).append(test)
    print(f"{sum(map(len, by_file.values()))} tests of {len(by_file)} files, unmutated …", flush=True)
    wrong = []
    with ThreadPoolExecutor(jobs) as pool:
        for found in pool.map(lambda item: proof.unmutated(*item), sorted(by_file.items())):
            wrong += found
    if wrong:
        raise Trouble("\n".join(wrong))


def judge_all(proof: Proof, mutations: list[Mutation], jobs: int) -> list[Verdict]:
    verdicts = []
    with ThreadPoolExecutor(jobs) as pool:
        waiting = [pool.submit(proof.judge, mutation) for mutation in mutations]
        for number, done in enumerate(as_completed(waiting), 1):
            verdict = done.result()
            verdicts.append(verdict)
            print(f"[{number:3}/{len(mutations)}] {verdict.mutation.name:40} {verdict.result:14} "
                  f"{verdict.seconds:5.1f} s", flush=True)
            if not verdict.is_killed:
                print(f"    {verdict.mutation.breaks}\n    {verdict.detail}", flush=True)
    return sorted(verdicts, key=lambda verdict: mutations.index(verdict.mutation))


def print_summary(verdicts: list[Verdict], seconds: float) -> None:
    sections = {line.promise: line.section for line in manifest.page_lines((ROOT / manifest.PAGE).read_text())}
    results = list(dict.fromkeys([*KILLED, *(v.result for v in verdicts if not v.is_killed)]))
    counts = Counter((sections[v.mutation.promise], v.result) for v in verdicts)
    width = max(len(section) for section in sections.values())
    print(f"\n{'':{width}} {'promises':>9} {'mutations':>10}" + "".join(f" {result:>13}" for result in results))
    for section in dict.fromkeys(sections.values()):
        here = [v for v in verdicts if sections[v.mutation.promise] == section]
        if here:
            promises = len({v.mutation.promise for v in here})
            print(f"{section:{width}} {promises:9} {len(here):10}" +
                  "".join(f" {counts[section, result]:13}" for result in results))
    killed = sum(v.is_killed for v in verdicts)
    print(f"{killed} of {len(verdicts)} mutations killed in {int(seconds) // 60}:{int(seconds) % 60:02} min")
    for verdict in verdicts:
        if not verdict.is_killed:
            print(f"  {verdict.result}: {verdict.mutation.name}: {verdict.mutation.breaks}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", default=[], metavar="GLOB",
                        help="promises (guides.*) or single mutations (guides.count/2)")
    parser.add_argument("--list", action="store_true", help="print the mutations and do nothing")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the verdicts there as well")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="mutants at a time (a core each)")
    parser.add_argument("--preset", default="release", help="whose build folder the programs come from (release)")
    parser.add_argument("--time-limit", type=float, default=10, metavar="SECONDS",
                        help="for a test, beyond ten times what it takes unmutated (default 10)")
    arguments = parser.parse_args()

    every, excuses = manifest.load()
    page = manifest.page_lines((ROOT / manifest.PAGE).read_text())
    faults = manifest.faults(page, every, excuses, manifest.tests_of())
    if faults:
        print("\n".join(faults), file=sys.stderr)
        return 2
    mutations = chosen(every, arguments.only)
    if not mutations:
        print(f"no mutation is called {' or '.join(arguments.only)}", file=sys.stderr)
        return 2
    if arguments.list:
        for mutation in mutations:
            print(f"{mutation.name:40} {mutation.file}: {mutation.breaks}")
        return 0

    started = time.monotonic()
    folder = ROOT / "build/rows"
    shutil.rmtree(folder, ignore_errors=True)
    try:
        build = Build(arguments.preset, arguments.jobs)
        proof = Proof(build, folder, arguments.time_limit)
        programs = sorted({program_of(proof.files[test]) for mutation in mutations for test in mutation.tests})
        print(f"building {' '.join(programs)} …", flush=True)
        build.make(programs)
        check_unmutated(proof, mutations, arguments.jobs)
    except Trouble as trouble:
        print(trouble, file=sys.stderr)
        return 2
    verdicts = judge_all(proof, mutations, arguments.jobs)
    print_summary(verdicts, time.monotonic() - started)
    if arguments.json:
        arguments.json.write_text(json.dumps(
            [{"name": v.mutation.name, "promise": v.mutation.promise, "breaks": v.mutation.breaks,
              "file": v.mutation.file, "result": v.result, "seconds": round(v.seconds, 1), "tests": v.tests,
              "detail": v.detail} for v in verdicts], indent=1) + "\n")
    return 0 if all(v.is_killed for v in verdicts) else 1


if __name__ == "__main__":
    sys.exit(main())
