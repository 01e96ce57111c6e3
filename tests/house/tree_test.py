#!/usr/bin/env python3
"""Holds the whole tree to what a reader may expect of it: file sizes, signposts, links, nothing left lying about.

    python3 tests/house/tree_test.py
"""

from __future__ import annotations

import re
import unittest

import tree

LONGEST_FILE = 600  # lines; past that ask what second idea moved in
# Written by a program, so nobody reads them from top to bottom.
GENERATED = {
    "src/text/unicode_ranges.h",
}

# Folders that exist on one machine only. What every Debian has (/usr, /etc, /proc, /tmp) may be named.
MACHINE_PATH = re.compile(r"(?<![\w.$}*])/(?:home|root|work|Users|mnt|opt)/[\w.-]+")
LEFT_TO_DO = re.compile(r"\b(?:TO" r"DO|FIX" r"ME|X" r"XX)\b")
MARKDOWN_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)(?:\s+\"[^\"]*\")?\)")
CODE = re.compile(r"^```.*?^```|`[^`\n]*`", re.MULTILINE | re.DOTALL)
NAMED_BLOCK = re.compile(r"^```cpp (\S+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
DECISION = re.compile(r"(\d{3})-[a-z0-9-]+\.md")


def lines_with(pattern: re.Pattern[str]) -> list[str]:
    found = []
    for path in tree.files():
        name = path.relative_to(tree.ROOT)
        if name.as_posix() == "LICENSE" or (text := tree.text_of(path)) is None:
            continue
        found += [f"{name}:{text.count(chr(10), 0, hit.start()) + 1}: {hit.group(0)}" for hit in pattern.finditer(text)]
    return found


class HouseTest(unittest.TestCase):
    def assert_none(self, faults: list[str]) -> None:
        self.assertFalse(faults, "\n" + "\n".join(faults))


class Tree(HouseTest):
    def test_no_path_of_one_machine(self) -> None:
        self.assert_none(lines_with(MACHINE_PATH))

    def test_nothing_is_left_to_do(self) -> None:
        self.assert_none(lines_with(LEFT_TO_DO))

    def test_no_file_is_too_long_to_read(self) -> None:
        faults = []
        for path in tree.files():
            name = path.relative_to(tree.ROOT).as_posix()
            if name.startswith(("src/", "include/")) and name not in GENERATED and (text := tree.text_of(path)):
                if (lines := text.count("\n")) > LONGEST_FILE:
                    faults.append(f"{name} has {lines} lines, more than {LONGEST_FILE}")
        self.assert_none(faults)

    def test_generated_files_exist(self) -> None:
        self.assert_none([name for name in sorted(GENERATED) if not (tree.ROOT / name).is_file()])

    def test_every_layer_says_what_it_is_for(self) -> None:
        folders = sorted(path.parent for path in (tree.ROOT / "src").glob("*/CMakeLists.txt"))
        self.assert_none([f"src/{folder.name}/README.md is missing" for folder in folders
                          if not (folder / "README.md").is_file()])

    def test_every_relative_link_leads_somewhere(self) -> None:
        faults = []
        for path in tree.files():
            if path.suffix != ".md":
                continue
            for target in MARKDOWN_LINK.findall(CODE.sub("", path.read_text())):
                if re.match(r"[a-z][a-z0-9+.-]*:|#", target):
                    continue
                linked = (path.parent / target.partition("#")[0]).resolve()
                if not linked.exists() or not linked.is_relative_to(tree.ROOT):
                    faults.append(f"{path.relative_to(tree.ROOT)}: {target}")
        self.assert_none(faults)

    def test_code_of_pages_stands_in_the_files_that_it_names(self) -> None:
        """```cpp examples/chat.cc: such a block is a part of that file, which is compiled and run."""
        faults = []
        for page in sorted((tree.ROOT / "docs").glob("*.md")):
            for name, block in NAMED_BLOCK.findall(page.read_text()):
                source = tree.ROOT / name
                if not source.is_file() or block not in source.read_text():
                    faults.append(f"{page.name}: {name} has no such lines: {block.splitlines()[0]}")
        self.assert_none(faults)

    def test_decisions_are_numbered_and_short(self) -> None:
        folder = tree.ROOT / "docs/decisions"
        names = sorted(path.name for path in folder.glob("*.md"))
        numbers = [match.group(1) for name in names if (match := DECISION.fullmatch(name))]
        self.assertEqual(numbers, [f"{i + 1:03}" for i in range(len(names))], names)
        self.assert_none([f"{name} is too long" for name in names
                          if len((folder / name).read_text().splitlines()) > 25])


class Patterns(unittest.TestCase):
    def test_machine_paths_are_told_from_others(self) -> None:
        for text in ("cd /ho" "me/ann", '"/ro' 'ot/x"', "=/wo" "rk/main"):
            self.assertRegex(text, MACHINE_PATH)
        for text in ("/usr/share", "https://example.org/ho" "me/ann", "$HOME/wo" "rk/x", "a/wo" "rk/b"):
            self.assertNotRegex(text, MACHINE_PATH)


class Readme(HouseTest):
    """The README's first program is the example that CI compiles and runs against the installed library."""

    def test_first_program_is_the_consumer_example(self) -> None:
        readme = (tree.ROOT / "README.md").read_text()
        program = re.search(r"^```cpp\n(.*?)^```", readme, re.MULTILINE | re.DOTALL)
        self.assertIsNotNone(program, "README.md has no C++ program")
        source = tree.ROOT / "examples/consumer/main.cc"
        self.assertTrue(source.is_file(), f"{source} is missing")
        example = source.read_text()
        # The example's heading comment stays out of the README.
        self.assertEqual(program.group(1).strip(), re.sub(r"\A(//.*\n)*\n*", "", example).strip())

    def test_its_make_commands_exist(self) -> None:
        makefile = (tree.ROOT / "Makefile").read_text()
        readme = (tree.ROOT / "README.md").read_text()
        named = re.findall(r"(?:^    |`)make ([a-z]+)", readme, re.MULTILINE)
        self.assertLessEqual({"run", "test"}, set(named))
        self.assert_none([f"README.md speaks of `make {target}`, which the Makefile lacks" for target in named
                          if not re.search(rf"^{target}:", makefile, re.MULTILINE)])


if __name__ == "__main__":
    unittest.main()
