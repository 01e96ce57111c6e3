#!/usr/bin/env python3
"""Writes src/text/unicode_ranges.h: what PyPI tokenizers takes for a letter, a number, a space.

    .venv/bin/python scripts/generate_unicode_classes.py           writes the file
    .venv/bin/python scripts/generate_unicode_classes.py --check   compares with it; exit status 1
                                                                   where a code point differs

Every code point is put to tokenizers itself (two Unicode versions live in it), so the table is the
oracle's behaviour and not a guess from its release notes. Where PyPI unicodedata2 is installed
(`scripts/setup --verify`), it is named how far that Unicode version agrees; other versions:
pip install --target DIR --no-deps unicodedata2==17.0.0; PYTHONPATH=DIR ...
"""

from __future__ import annotations

import pathlib
import sys

import tokenizers
from tokenizers import Regex, pre_tokenizers

TARGET = pathlib.Path(__file__).resolve().parent.parent / "src/text/unicode_ranges.h"
CODE_POINTS = [c for c in range(0x110000) if not 0xD800 <= c <= 0xDFFF]

# The bits of CharacterClass.
LETTER, NUMBER, SPACE, NUMERIC = 1, 2, 4, 8

HEADER = f"""\
// Made by scripts/generate_unicode_classes.py from PyPI tokenizers {tokenizers.__version__}. Do not edit.
// {{first, last, classes}}: 1 letter, 2 number, 4 space, 8 numeric, as in unicode_classes.h, which
// names the Unicode versions too. Characters in no range have no class.
#pragma once

#include <cstdint>

namespace espalier::text {{

struct UnicodeRange {{
  char32_t first;
  char32_t last;
  std::uint8_t classes;
}};

// clang-format off
inline constexpr UnicodeRange unicode_ranges[] = {{
"""
FOOTER = "};\n// clang-format on\n\n}  // namespace espalier::text\n"


def matching(pattern: str) -> set[int]:
    split = pre_tokenizers.Split(Regex(pattern), "removed")
    return {c for c in CODE_POINTS if not split.pre_tokenize_str(chr(c))}


def split_off_by_digits() -> set[int]:
    digits = pre_tokenizers.Digits(individual_digits=True)
    return {c for c in CODE_POINTS if len(digits.pre_tokenize_str("a" + chr(c))) == 2}


def probe() -> list[int]:
    """The classes of every code point; surrogates have none."""
    classes = [0] * 0x110000
    members = [
        (LETTER, matching(r"\p{L}")),
        (NUMBER, matching(r"\p{N}")),
        (SPACE, matching(r"\s")),
        (NUMERIC, split_off_by_digits()),
    ]
    for bit, code_points in members:
        for code_point in code_points:
            classes[code_point] |= bit
    return classes


def render(classes: list[int]) -> str:
    ranges: list[list[int]] = []
    for code_point, value in enumerate(classes):
        if value == 0:
            continue
        if ranges and ranges[-1][1] == code_point - 1 and ranges[-1][2] == value:
            ranges[-1][1] = code_point
        else:
            ranges.append([code_point, code_point, value])
    lines, line = [], ""
    for first, last, value in ranges:
        item = f"{{0x{first:X}, 0x{last:X}, {value}}},"
        if line and len(line) + 1 + len(item) > 98:
            lines.append(line)
            line = ""
        line = f"{line} {item}" if line else item
    lines.append(line)
    return HEADER + "".join(f"  {line}\n" for line in lines) + FOOTER


def compare_with_unicodedata2(classes: list[int]) -> None:
    try:
        import unicodedata2
    except ImportError:
        print("unicodedata2 is not installed: not compared with a Unicode version (scripts/setup --verify)")
        return
    category = [unicodedata2.category(chr(c))[0] if not 0xD800 <= c <= 0xDFFF else "" for c in range(0x110000)]
    for name, bit, wanted in [("\\p{L}", LETTER, "L"), ("\\p{N}", NUMBER, "N"), ("Digits", NUMERIC, "N")]:
        differing = sum((classes[c] & bit != 0) != (category[c] == wanted) for c in range(0x110000))
        print(f"unicodedata2 {unicodedata2.unidata_version}: {name} differs on {differing} code points")


def main() -> int:
    classes = probe()
    compare_with_unicodedata2(classes)
    text = render(classes)
    if sys.argv[1:] == ["--check"]:
        if TARGET.read_text() != text:
            print(f"{TARGET.name} is not what tokenizers {tokenizers.__version__} does; run this without --check")
            return 1
        print(f"{TARGET.name} agrees with tokenizers {tokenizers.__version__} on all {len(CODE_POINTS):,} code points")
        return 0
    TARGET.write_text(text)
    print(f"wrote {TARGET}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
