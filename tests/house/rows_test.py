#!/usr/bin/env python3
"""Holds docs/framework-rows.md, the mutations of tests/rows and the sources to each other.

    python3 tests/house/rows_test.py

That each mutation is killed is shown by tests/rows/mutate.py, which compiles them; here nothing is compiled.
"""

from __future__ import annotations

import fnmatch
import re
import sys
import tempfile
import unittest
from pathlib import Path

import tree

sys.path.insert(0, str(tree.ROOT / "tests/rows"))
import manifest  # noqa: E402
from manifest import Line, Mutation  # noqa: E402

EXAMPLE_TEST = re.compile(r"espalier_example_test\((\w+)")


class Rows(unittest.TestCase):
    def setUp(self) -> None:
        self.lines = manifest.page_lines((tree.ROOT / manifest.PAGE).read_text())

    def assert_none(self, faults: list[str]) -> None:
        self.assertFalse(faults, "\n" + "\n".join(faults))

    def test_every_promise_is_broken_by_a_mutation(self) -> None:
        mutations, excuses = manifest.load()
        self.assert_none(manifest.faults(self.lines, mutations, excuses, manifest.tests_of()))

    def test_every_test_exists(self) -> None:
        known = set(manifest.tests_of())
        known |= {f"framework.{name}" for name in
                  EXAMPLE_TEST.findall((tree.ROOT / "examples/CMakeLists.txt").read_text())}
        self.assert_none([f"{manifest.PAGE}:{line.number}: there is no test {test}" for line in self.lines
                          for test in line.tests if not fnmatch.filter(known, test)])

    def test_every_line_of_a_table_is_a_promise(self) -> None:
        text = (tree.ROOT / manifest.PAGE).read_text().splitlines()
        numbers = {line.number for line in self.lines}
        self.assert_none([f"{manifest.PAGE}:{number}: {line}" for number, line in enumerate(text, 1)
                          if line.startswith("|") and number not in numbers
                          and line not in ("| promise | what it says | tests |", "|---|---|---|")])

    def test_sections_follow_the_framework(self) -> None:
        found = list(dict.fromkeys(line.section for line in self.lines))
        self.assertEqual(tuple(found[:len(manifest.SECTIONS)]), manifest.SECTIONS)


class PlantedFaultsAreFound(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        (self.root / "a.cc").write_text("once twice twice\n")
        self.line = Line(1, "Surface", "model.size", "It has one.", ("Model.*",))

    def faults(self, excuses: dict[str, str] | None = None, **changes: object) -> list[str]:
        mutation = Mutation(**{"promise": "model.size", "breaks": "it has none", "file": "a.cc", "old": "once",
                               "new": "never", "tests": ("Model.Has",)} | changes)
        return manifest.faults([self.line], [mutation], excuses or {}, ["Model.Has", "Other.Has"], self.root)

    def test_nothing_where_nothing_is_wrong(self) -> None:
        self.assertEqual(self.faults(), [])

    def test_text_that_is_not_there_once(self) -> None:
        self.assertEqual(len(self.faults(old="thrice")), 1)
        self.assertEqual(len(self.faults(old="twice")), 1)
        self.assertEqual(len(self.faults(file="b.cc")), 1)
        self.assertEqual(len(self.faults(new="once")), 1)

    def test_a_promise_without_a_mutation(self) -> None:
        self.assertEqual(manifest.faults([self.line], [], {"model.size": "it needs a model"}, []), [])
        self.assertEqual(len(manifest.faults([self.line], [], {}, [])), 1)
        self.assertEqual(len(self.faults(excuses={"model.size": "it needs a model"})), 1)

    def test_a_promise_that_the_page_lacks(self) -> None:
        self.assertEqual(len(self.faults(promise="model.weight")), 2)

    def test_tests_that_the_line_or_the_sources_lack(self) -> None:
        self.assertEqual(len(self.faults(tests=("Model.Has", "Other.Has"))), 1)
        self.assertEqual(len(self.faults(tests=("Model.Has", "Model.Lacks"))), 1)

    def test_a_test_that_no_mutation_is_judged_by(self) -> None:
        self.assertEqual(len(self.faults(tests=())), 2)
        self.line = Line(1, "Surface", "model.size", "It has one.", ("Model.*", "Other.Has"))
        self.assertEqual(len(self.faults()), 1)

    def test_a_line_is_read(self) -> None:
        line = "| `a.b` | It `does` this | `A.B`, `A.*` (ctest) |"
        self.assertEqual(manifest.page_lines("## Surface\n\n" + line),
                         [Line(3, "Surface", "a.b", "It `does` this", ("A.B", "A.*"))])


if __name__ == "__main__":
    unittest.main()
