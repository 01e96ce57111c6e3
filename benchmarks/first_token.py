#!/usr/bin/env python3
"""Times the way from nothing to the first token: start of the process, loading, a prompt of at most 16 tokens.

Espalier's time is that of a whole process, `espalier respond --max-tokens 1`, from its start to its first byte of
answer. llama.cpp's is favoured: it counts from the call that loads the model, after Python and its modules are up.
Both find the file in the page cache. Rounds alternate; compared are medians.

    .venv/bin/python benchmarks/first_token.py
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

import setting

PROMPT = "Name three rivers."


def ours(espalier: Path, model: Path, threads: int) -> tuple[float, float]:
    """Milliseconds to the first byte of the answer, and peak memory in 10^6 bytes."""
    command = [str(espalier), "respond", "--model", str(model), "--prompt", PROMPT, "--temperature", "0",
               "--max-tokens", "1", "--threads", str(threads)]
    started = time.perf_counter()
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        first = process.stdout.read(1)
        elapsed = time.perf_counter() - started
        process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)  # of this process: llama.cpp's are children, too
        process.returncode = os.waitstatus_to_exitcode(status)
    if not first or process.returncode != 0:
        sys.exit(f"`{' '.join(command)}` ended with {process.returncode} and {'an' if first else 'no'} answer")
    return elapsed * 1e3, usage.ru_maxrss * 1024 / 1e6


def peer(model: Path, threads: int) -> float:
    """Milliseconds, measured in a process of its own."""
    code = ("import json, sys, time; from pathlib import Path; import llamacpp\n"
            "model, prompt, threads = Path(sys.argv[1]), sys.argv[2].encode(), int(sys.argv[3])\n"
            "start = time.perf_counter()\n"
            "with llamacpp.LlamaCpp(model, threads, 512) as engine:\n"
            "    engine.decode(engine.tokenize(prompt), 0, all_logits=False)\n"
            "    int(engine.last_logits().argmax())\n"
            "    print(json.dumps((time.perf_counter() - start) * 1e3))\n")
    done = subprocess.run([sys.executable, "-c", code, str(model), PROMPT, str(threads)], check=True,
                          capture_output=True, text=True, cwd=Path(__file__).parent)
    return json.loads(done.stdout)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    setting.add_model_argument(parser)
    setting.add_espalier_argument(parser)
    parser.add_argument("--rounds", type=int, default=9, metavar="N", help="rounds of both (default: %(default)s)")
    parser.add_argument("--threads", type=int, default=2, metavar="N", help="default: %(default)s")
    arguments = parser.parse_args()
    setting.require("numpy", "llama_cpp")
    model = setting.find_model(arguments.espalier, arguments.model)
    print(setting.machine())
    if busy := setting.busy():
        print(f"first_token: warning: {busy}", file=sys.stderr)
    own, memory, others = [], 0.0, []
    for _ in range(arguments.rounds):
        elapsed, memory = ours(arguments.espalier, model, arguments.threads)
        own.append(elapsed)
        others.append(peer(model, arguments.threads))
    print(f"Espalier, start of the process to the first byte: {statistics.median(own):.0f} ms "
          f"({min(own):.0f} to {max(own):.0f}), peak memory {memory:.0f} MB, "
          f"file {model.stat().st_size / 1e6:.0f} MB")
    print(f"llama.cpp, loading and first token alone:         {statistics.median(others):.0f} ms "
          f"({min(others):.0f} to {max(others):.0f})")


if __name__ == "__main__":
    main()
