#!/usr/bin/env python3
"""Declarations of generable types: those that are right compile without a warning, and of those that are not the
first line of the compiler's says what to do.

    python3 tests/declarations/declarations_test.py g++
"""

from __future__ import annotations

import subprocess
import sys
import unittest
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
COMPILER = sys.argv.pop(1) if len(sys.argv) > 1 else "g++"

NO_TYPE = "is of no generable type: declare its type with ESPALIER_GENERABLE"
NOT_DECLARED = "this is no generable type: declare it with ESPALIER_GENERABLE"
STRANGER = "struct Stranger {}; struct Host { TYPE member; }; ESPALIER_GENERABLE(Host, member);"
MANY = ", ".join(f"a{i}" for i in range(251))

# What is declared, and what is said of it.
REFUSED = {
    "a member whose declaration was forgotten": (
        STRANGER.replace("TYPE", "Stranger"),
        f"the member 'member' {NO_TYPE}",
    ),
    "elements, likewise": (STRANGER.replace("TYPE", "std::vector<Stranger>"), f"the member 'member' {NO_TYPE}"),
    "within optionals and variants": (STRANGER.replace("TYPE", "std::optional<std::variant<int, Stranger>>"), NO_TYPE),
    "a pointer": (STRANGER.replace("TYPE", "const char*"), NO_TYPE),
    "a map whose keys are no strings": (STRANGER.replace("TYPE", "std::map<int, int>"), NO_TYPE),
    "a guide for another type": (
        "struct Host { int member; }; ESPALIER_GENERABLE(Host, (member, count(3)));",
        "a guide is not for the type of this member: see espalier/generation_guide.h",
    ),
    "too many members": (
        f"struct Host {{ int {MANY}; }}; ESPALIER_GENERABLE(Host, {MANY});",
        "Host has more than 250 members: put some in a structure of their own",
    ),
    "too many enumerators": (
        f"enum class Host {{ {MANY} }}; ESPALIER_GENERABLE_ENUM(Host, {MANY});",
        "Host has more than 250 enumerators",
    ),
    "no enumerator": ("enum class Host { a }; ESPALIER_GENERABLE_ENUM(Host);", "list the enumerators of Host"),
    "two enumerators of one text": (
        'enum class Host { a, b }; ESPALIER_GENERABLE_ENUM(Host, a, (b, "a"));',
        "two enumerators of Host have one text: give each its own",
    ),
    "no name": ('struct Host {}; ESPALIER_GENERABLE_NAMED(Host, "", "");', "give Host a name in schemas"),
    "a schema of what was not declared": (
        "struct Host {}; auto schema() { return espalier::GenerationSchema::of<Host>(); }",
        NOT_DECLARED,
    ),
    "a value of what was not declared": (
        "struct Host {}; auto value(espalier::GeneratedContent c) { return c.value<std::vector<Host>>(); }",
        NOT_DECLARED,
    ),
    "content of what was not declared": (
        "struct Host {}; auto content(Host h) { return espalier::GeneratedContent::of(h); }",
        NOT_DECLARED,
    ),
}


def compiled(*arguments: str, program: str = "") -> subprocess.CompletedProcess[str]:
    flags = [
        "-std=c++20",
        "-Wall",
        "-Wextra",
        "-Wpedantic",
        "-Werror",
        "-fsyntax-only",
        "-I",
        str(FOLDER / "../../include"),
    ]
    return subprocess.run([COMPILER, *flags, *arguments], input=program, capture_output=True, text=True, check=False)


class Declarations(unittest.TestCase):
    def test_what_is_right_compiles_without_a_warning(self) -> None:
        self.assertEqual(compiled(str(FOLDER / "accepted.cc")).stderr, "")

    def test_what_is_not_is_told_what_to_do_first(self) -> None:
        for name, (declaration, words) in REFUSED.items():
            with self.subTest(name):
                result = compiled("-x", "c++", "-", program=f'#include "espalier/generable.h"\n{declaration}\n')
                errors = [line for line in result.stderr.splitlines() if "error: " in line]
                self.assertTrue(errors, "it compiles")
                self.assertRegex(errors[0], "static assertion failed|static_assert")
                self.assertIn(words, errors[0])


if __name__ == "__main__":
    unittest.main()
