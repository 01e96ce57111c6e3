#!/usr/bin/env python3
"""Writes src/text/normalisation_gaps.h: characters that utf8proc normalises and PyPI tokenizers does not.

    .venv/bin/python scripts/generate_normalisation_gaps.py           writes the file
    .venv/bin/python scripts/generate_normalisation_gaps.py --check   compares with it; exit status 1 where it differs

The NFC and NFKC of tokenizers are of an older Unicode version than utf8proc's. What it does not know it leaves
alone, so the file lists, for utf8proc as it is installed, every character that alone, behind a mark of the highest
class or before one of the lowest comes out otherwise.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import pathlib
import sys
import unicodedata

import tokenizers
from tokenizers import normalizers

TARGET = pathlib.Path(__file__).resolve().parent.parent / "src/text/normalisation_gaps.h"
CODE_POINTS = [c for c in range(0x110000) if not 0xD800 <= c <= 0xDFFF]

STABLE, COMPAT, COMPOSE = 1 << 1, 1 << 2, 1 << 3  # utf8proc.h
HIGHEST, LOWEST = "\u0345", "\u0334"  # canonical combining classes 240 and 1

HEADER = f"""\
// Made by scripts/generate_normalisation_gaps.py from utf8proc {{}} and PyPI tokenizers
// {tokenizers.__version__}. Do not edit. Characters from first to last are not normalised.
#pragma once

namespace espalier::text {{{{

struct NormalisationGap {{{{
  char32_t first;
  char32_t last;
}}}};

// clang-format off
inline constexpr NormalisationGap normalisation_gaps[] = {{{{
"""
FOOTER = "};\n// clang-format on\n\n}  // namespace espalier::text\n"


def load_utf8proc():
    library = ctypes.CDLL(ctypes.util.find_library("utf8proc") or sys.exit("no utf8proc: run scripts/setup"))
    library.utf8proc_map.argtypes = [ctypes.c_char_p, ctypes.c_ssize_t, ctypes.POINTER(ctypes.c_void_p), ctypes.c_int]
    library.utf8proc_map.restype = ctypes.c_ssize_t
    library.utf8proc_unicode_version.restype = ctypes.c_char_p
    libc = ctypes.CDLL(None)
    libc.free.argtypes = [ctypes.c_void_p]

    def normalize(text: str, options: int) -> str:
        data, made = text.encode(), ctypes.c_void_p()
        size = library.utf8proc_map(data, len(data), ctypes.byref(made), options)
        assert size >= 0
        result = ctypes.string_at(made, size).decode()
        libc.free(made)
        return result

    return normalize, library.utf8proc_unicode_version().decode()


def find_gaps(ours) -> list[int]:
    gaps = set()
    for theirs, options in ((normalizers.NFC(), STABLE | COMPOSE), (normalizers.NFKC(), STABLE | COMPOSE | COMPAT)):
        def differs(text: str, theirs=theirs, options=options) -> bool:
            return theirs.normalize_str(text) != ours(text, options)

        for c in CODE_POINTS:
            if differs(chr(c)) or differs("a" + HIGHEST + chr(c)) or differs("a" + chr(c) + LOWEST):
                gaps.add(c)
            parts = unicodedata.decomposition(chr(c)).split()
            # A pair that only the newer version composes: its second half must stay alone.
            if len(parts) == 2 and not parts[0].startswith("<") and differs("".join(chr(int(p, 16)) for p in parts)):
                gaps.add(int(parts[1], 16))
    return sorted(gaps)


def render(gaps: list[int], version: str) -> str:
    ranges: list[list[int]] = []
    for c in gaps:
        if ranges and ranges[-1][1] == c - 1:
            ranges[-1][1] = c
        else:
            ranges.append([c, c])
    lines = [""]
    for first, last in ranges:
        item = f" {{0x{first:X}, 0x{last:X}}},"
        if len(lines[-1]) + len(item) > 97:
            lines.append("")
        lines[-1] += item
    return HEADER.format(f"(Unicode {version})") + "".join(f" {line}\n" for line in lines) + FOOTER


def main() -> int:
    ours, version = load_utf8proc()
    gaps = find_gaps(ours)
    text = render(gaps, version)
    if sys.argv[1:] == ["--check"]:
        if TARGET.read_text() != text:
            print(f"{TARGET.name} is not for utf8proc of Unicode {version} and tokenizers {tokenizers.__version__}; "
                  "run this without --check")
            return 1
        print(f"{TARGET.name}: {len(gaps)} characters; all {len(CODE_POINTS):,} others are normalised as by tokenizers")
        return 0
    TARGET.write_text(text)
    print(f"wrote {TARGET}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
