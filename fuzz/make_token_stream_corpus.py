"""Writes the token stream fuzzer's seeds: for each of its schemas, tokens taken, taken back and forced.

    .venv/bin/python fuzz/make_token_stream_corpus.py fuzz/corpus/token_stream

The output does not change from run to run.
"""

import pathlib
import random
import sys


def main():
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for schema in range(32):
        rng = random.Random(schema)
        (folder / f"schema{schema:02}.bin").write_bytes(bytes([schema]) + rng.randbytes(150))


if __name__ == "__main__":
    main()
