#!/usr/bin/env python3
"""The text that quality is measured on: the King James Bible, its chapters in a fixed shuffled order.

The text's copyright has expired everywhere, Debian ships it (package bible-kjv), and the program `bible` prints
it. Printed here as one verse a line without the verse numbers, 4 MB or about a million tokens:

    python3 benchmarks/quality/text.py > kjv.txt

Shuffled, so that any beginning of it samples the whole book. In its own order the first pages are ones that every
model knows by heart: perplexity there is a fraction of the book's, and a few sure guesses dominate the KL divergence.
"""

from __future__ import annotations

import argparse
import hashlib
import re
import subprocess
import sys
from itertools import groupby

VERSE = re.compile(r"(\d?[A-Z][A-Za-z]*\d+):\d+ (.+)")  # `Ge1:1 In the beginning …`: chapter, text


def chapters() -> dict[str, list[str]]:
    """Chapter -> its verses, in the book's order. Ends the program, naming the remedy, without `bible`."""
    try:
        # -f turns pretty printing off; the line length only has to exceed the longest verse.
        printed = subprocess.run(["bible", "-f", "-l100000", "gen1:1-rev22:21"], stdin=subprocess.DEVNULL,
                                 capture_output=True, check=True, encoding="ascii").stdout
    except FileNotFoundError:
        sys.exit("text: the program `bible` is missing (Debian's bible-kjv): run scripts/setup --verify")
    verses = [VERSE.fullmatch(line) for line in printed.splitlines()]
    if len(verses) < 31_000 or not all(verses):
        sys.exit(f"text: `bible -f -l100000` printed {len(verses)} lines, not all of them verses: {printed[:80]!r}")
    return {chapter: [verse[2] for verse in group] for chapter, group in groupby(verses, key=lambda verse: verse[1])}


def text(in_order: bool = False) -> str:
    """The chapters in the order of their names' SHA-256: fixed on every machine, and blind to their content."""
    items = list(chapters().items())
    if not in_order:
        items.sort(key=lambda item: hashlib.sha256(item[0].encode()).digest())
    return "".join("\n".join(verses) + "\n" for _, verses in items)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--in-order", action="store_true", help="the book's own order, Genesis first")
    sys.stdout.write(text(parser.parse_args().in_order))
