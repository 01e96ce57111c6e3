"""What every comparison needs to say or find: the model, the espalier program, the machine."""

from __future__ import annotations

import argparse
import importlib
import json
import os
import platform
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
VERIFY = "run scripts/setup --verify, then use .venv/bin/python"
# Instruction sets that change how fast low-bit products are, as Linux spells them.
FEATURES = ["avx2", "f16c", "fma", "avx512f", "avx512bw", "avx512_vnni", "avx512_bf16", "avx_vnni", "amx_int8",
            "asimddp", "i8mm", "sve"]


def require(*modules: str) -> None:
    """Ends the program, naming the remedy, unless all these Python modules can be imported."""
    for module in modules:
        try:
            importlib.import_module(module)
        except ImportError as missing:
            sys.exit(f"{Path(sys.argv[0]).name}: {missing}: {VERIFY}")


def find_model(program: Path, given: Path | None) -> Path:
    """The GGUF file to compare on: as given, else the one that the espalier program would use."""
    if given is not None and given.is_file():
        return given
    found = Path(espalier_json(program, "model", "path", *([given] if given else []), "--json")["path"])
    if not found.is_file():
        sys.exit(f"{found}: that is a folder; llama.cpp needs a GGUF file (give --model FILE or set ESPALIER_MODEL)")
    return found


def add_model_argument(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--model", type=Path, metavar="FILE",
                        help="GGUF model, a path or a name (default: what `espalier model path` prints)")


def add_espalier_argument(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--espalier", type=Path, metavar="PROGRAM", default=ROOT / "build/release/bin/espalier",
                        help="the espalier program (default: build/release/bin/espalier)")


def espalier_json(program: Path, *arguments: str | Path, stdin: bytes | None = None) -> dict[str, Any]:
    """Runs `espalier ARGUMENTS` and returns the JSON object that it prints."""
    if not program.is_file():
        sys.exit(f"{program}: not there: build it with `make build` or give --espalier PROGRAM")
    command = [str(program), *map(str, arguments)]
    done = subprocess.run(command, input=stdin, stdin=None if stdin is not None else subprocess.DEVNULL,
                          capture_output=True, check=False)
    if done.returncode != 0:
        sys.exit(f"`{' '.join(command)}` ended with {done.returncode}: {done.stderr.decode(errors='replace').strip()}")
    try:
        return json.loads(done.stdout)
    except json.JSONDecodeError as fault:
        sys.exit(f"`{' '.join(command)}` printed no JSON ({fault}): {done.stdout[:200]!r}")


def machine() -> str:
    """One line: processor, cores, memory, the instruction sets that matter, and how busy it is."""
    info = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""
    name = re.search(r"^model name\s*:\s*(.+)$", info, re.MULTILINE)
    flags = re.search(r"^(?:flags|Features)\s*:\s*(.+)$", info, re.MULTILINE)
    present = set(flags.group(1).split()) if flags else set()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (f"{name.group(1) if name else platform.processor() or platform.machine()}, "
            f"{len(os.sched_getaffinity(0))} cores, {memory:.0f} GiB, {platform.system()} {platform.release()}; "
            f"{' '.join(feature for feature in FEATURES if feature in present)}; "
            f"load {os.getloadavg()[0]:.1f}")


def busy() -> str:
    """Why timings taken now would say little; empty on a quiet machine.

    Both engines' threads wait for each other after every matrix, so one core lost to a neighbour slows all of them,
    llama.cpp's spinning OpenMP threads up to twentyfold.
    """
    load, cores = os.getloadavg()[0], len(os.sched_getaffinity(0))
    return f"other programs keep {load:.1f} of {cores} cores busy" if load > 0.25 * cores else ""
