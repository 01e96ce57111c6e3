#!/usr/bin/env python3
"""What the pages tell a reader to type is typed here: each `espalier …` line of README.md and docs/ runs, with files of
the names that it speaks of, and each grammar that docs/guided-generation.md shows is followed.

    .venv/bin/python tests/cli/pages_test.py build/release/bin/espalier [unittest options]
"""

from __future__ import annotations

import gzip
import json
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FIXTURE = ROOT / "tests/parity/fixtures/gqa_tied_f32.gguf"
PROGRAM = Path(sys.argv.pop(1)).resolve() if len(sys.argv) > 1 and not sys.argv[1].startswith("-") else \
    ROOT / "build/release/bin/espalier"
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
COMMAND = re.compile(r"^    (espalier [a-z].*)$", re.MULTILINE)
# Indented lines that begin as JSON does, to the blank line behind them.
GRAMMAR = re.compile(r"(?<=\n\n)    [\[{].*?(?=\n\n)", re.DOTALL)
NETWORK = "espalier model install"  # tests/cli/cli_test.py installs without one
PERSON = {"type": "object", "properties": {"name": {"type": "string", "maxLength": 9}, "born": {"type": "integer"}},
          "required": ["name", "born"], "additionalProperties": False}


class Pages(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory(prefix="espalier-pages-")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        shutil.copy(FIXTURE, self.folder / "model.gguf")
        shutil.copy(FIXTURE, self.folder / "MODEL")
        (self.folder / "text").write_text("A pear tree grows on the wall. " * 80)
        (self.folder / "person.json").write_text(json.dumps(PERSON))
        (self.folder / "tools.json").write_text(self.grammars()[0])
        case = {"name": "person", "schema": PERSON, "tests": [{"valid": False, "data": {"name": 1}}]}
        with gzip.open(self.folder / "CASES.jsonl.gz", "wt") as file:
            file.write(json.dumps(case) + "\n")

    def grammars(self) -> list[str]:
        page = (ROOT / "docs/guided-generation.md").read_text()
        return GRAMMAR.findall(page[page.index("\n## Grammars\n"):])

    def run_program(self, *arguments: str) -> subprocess.CompletedProcess:
        return subprocess.run([PROGRAM, *arguments], cwd=self.folder, input=b"Hello.\n", capture_output=True,
                              timeout=120, check=False, env={"HOME": str(self.folder), "ESPALIER_MODEL": str(FIXTURE)})

    def test_every_command_runs(self) -> None:
        known = 0
        for page in PAGES:
            for line in COMMAND.findall(page.read_text()):
                if line.startswith(NETWORK) or "../shared/" in line:  # the data may not be there; CASES stands for it
                    continue
                known += 1
                with self.subTest(page=page.name, line=line):
                    done = self.run_program(*shlex.split(line.partition("<")[0], comments=True)[1:])
                    self.assertEqual(done.returncode, 0, done.stderr.decode())
        self.assertGreaterEqual(known, 12, "the pages show commands")

    def test_every_grammar_is_followed(self) -> None:
        grammars = self.grammars()
        self.assertEqual(len(grammars), 2)
        for grammar in grammars:
            (self.folder / "tools.json").write_text(grammar)
            done = self.run_program("respond", "--grammar", "tools.json", "--prompt", "a", "--max-tokens", "20")
            self.assertEqual(done.returncode, 0, done.stderr.decode())


if __name__ == "__main__":
    unittest.main()
