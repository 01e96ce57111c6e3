#!/usr/bin/env python3
"""Writes a model's GGUF with its matrices in another type, by llama.cpp's own quantiser; the embedding gets Q8_0.

    .venv/bin/python benchmarks/requantise.py q4_0 build/bench/SmolLM2-Q4_0.gguf
    .venv/bin/python benchmarks/requantise.py q8_0 build/bench/SmolLM2-Q8_0.gguf --model FILE

For races only: what was 4 bits before is rounded a second time. A file that is there already is left alone.
"""

from __future__ import annotations

import argparse
import ctypes
import os
import sys
from pathlib import Path

import setting

setting.require("llama_cpp")

from llama_cpp import llama_cpp as c  # noqa: E402

TYPES = {"q4_0": c.LLAMA_FTYPE_MOSTLY_Q4_0, "q8_0": c.LLAMA_FTYPE_MOSTLY_Q8_0}


@c.llama_log_callback
def _silent(level: int, text: bytes, user_data: ctypes.c_void_p) -> None:
    pass


def requantise(source: Path, kind: str, target: Path) -> None:
    """Leaves either the whole of `target` or nothing."""
    target.parent.mkdir(parents=True, exist_ok=True)
    parameters = c.llama_model_quantize_default_params()
    parameters.ftype = TYPES[kind]
    parameters.token_embedding_type = c.GGML_TYPE_Q8_0
    parameters.output_tensor_type = c.GGML_TYPE_Q8_0
    parameters.allow_requantize = True
    parameters.pure = False
    c.llama_log_set(_silent, ctypes.c_void_p(0))
    part = target.with_name(target.name + ".part")
    status = c.llama_model_quantize(os.fsencode(source), os.fsencode(part), ctypes.byref(parameters))
    if status != 0:
        part.unlink(missing_ok=True)
        sys.exit(f"requantise: llama.cpp cannot make {kind} of {source} (status {status})")
    part.replace(target)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kind", choices=sorted(TYPES))
    parser.add_argument("target", type=Path)
    setting.add_model_argument(parser)
    setting.add_espalier_argument(parser)
    arguments = parser.parse_args()
    if not arguments.target.exists():
        requantise(setting.find_model(arguments.espalier, arguments.model), arguments.kind, arguments.target)
    print(arguments.target)


if __name__ == "__main__":
    main()
