"""Compares dequantised values with PyPI `gguf`'s, bit for bit, over random and extreme blocks.

    .venv/bin/python tests/oracles/dequantise_oracle.py build/release/bin/tensor_oracle

NaN equals NaN, whatever its payload: which operand's payload survives an operation is up to the
compiler's choice of operand order.
"""

import subprocess
import sys

import gguf
import numpy as np
from gguf.constants import GGML_QUANT_SIZES, GGMLQuantizationType as Type

COLS = 512
ROWS = 4096

# Halves: zeros, subnormals (least, largest), least and largest normal, one, infinities, NaN.
EXTREMES = np.array(
    [0x0000, 0x8000, 0x0001, 0x8001, 0x03FF, 0x0400, 0x7BFF, 0xFBFF, 0x3C00, 0x7C00, 0xFC00, 0x7E00],
    dtype=np.uint16,
)

# Bytes of a block at which a half stands: the scale, then the minimum.
HALVES = {
    Type.Q8_0: [0],
    Type.Q4_0: [0],
    Type.Q4_1: [0, 2],
    Type.Q5_0: [0],
    Type.Q5_1: [0, 2],
    Type.Q2_K: [80, 82],
    Type.Q3_K: [108],
    Type.Q4_K: [0, 2],
    Type.Q5_K: [0, 2],
    Type.Q6_K: [208],
}


def random_halves(rng, count):
    """Three in four are any bit pattern, one in four is an extreme."""
    halves = rng.integers(0, 1 << 16, size=count, dtype=np.uint16)
    return np.where(rng.random(count) < 0.25, rng.choice(EXTREMES, size=count), halves)


def random_rows(rng, dtype):
    block_elements, block_bytes = GGML_QUANT_SIZES[dtype]
    if dtype == Type.F16:
        return random_halves(rng, ROWS * COLS).view(np.uint8).reshape(ROWS, -1)
    if dtype == Type.BF16:  # every bit pattern sixteen times
        return np.resize(np.arange(1 << 16, dtype=np.uint16), ROWS * COLS).view(np.uint8).reshape(ROWS, -1)
    blocks = rng.integers(0, 256, size=(ROWS * COLS // block_elements, block_bytes), dtype=np.uint8)
    for at in HALVES.get(dtype, []):
        blocks[:, at : at + 2] = random_halves(rng, len(blocks)).view(np.uint8).reshape(-1, 2)
    return blocks.reshape(ROWS, -1)


def same_bits(ours, theirs):
    return (ours.view(np.uint32) == theirs.view(np.uint32)) | (np.isnan(ours) & np.isnan(theirs))


def compare_values(program, dtype):
    rows = random_rows(np.random.default_rng(int(dtype)), dtype)
    command = [program, "dequantise", dtype.name, str(COLS)]
    output = subprocess.run(command, input=rows.tobytes(), stdout=subprocess.PIPE, check=True).stdout
    ours = np.frombuffer(output, dtype=np.float32)
    with np.errstate(all="ignore"):
        theirs = gguf.quants.dequantize(rows, dtype).astype(np.float32).reshape(-1)
    if len(ours) != len(theirs):
        return f"{dtype.name}: {len(ours)} values where gguf has {len(theirs)}"
    wrong = np.flatnonzero(~same_bits(ours, theirs))
    if len(wrong):
        i = wrong[0]
        return f"{dtype.name}: {len(wrong)} values differ; value {i} is {ours[i]!r}, gguf's {theirs[i]!r}"
    finite = np.isfinite(ours).sum()
    print(f"{dtype.name}: {len(ours)} values equal, {finite} of them finite")
    return None


def compare_types(program):
    """Every type that gguf knows stands in our table with the same name and sizes."""
    lines = subprocess.run([program, "types"], stdout=subprocess.PIPE, text=True, check=True).stdout
    ours = {int(tag): (name, int(n), int(size)) for tag, name, n, size in map(str.split, lines.splitlines())}
    for dtype, sizes in GGML_QUANT_SIZES.items():
        if ours.get(int(dtype)) != (dtype.name, *sizes):
            return f"type {int(dtype)} is {ours.get(int(dtype))} where gguf has {(dtype.name, *sizes)}"
    print(f"{len(GGML_QUANT_SIZES)} types equal")
    return None


def main():
    program = sys.argv[1]
    dtypes = [Type.F32, Type.F16, Type.BF16, *HALVES]
    faults = [compare_types(program)] + [compare_values(program, dtype) for dtype in dtypes]
    faults = [fault for fault in faults if fault]
    for fault in faults:
        print(f"dequantise_oracle: {fault}", file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
