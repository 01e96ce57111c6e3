"""NAME.expected: token ids and the logits that torch computed for them, in a few kilobytes.

All 512 x 272 logits of one fixture would be half a megabyte. The file holds the rows of 8 positions
in full, and of *every* position eight sketches: sums of the row's logits under fixed random signs.

Why sketches suffice: let e[v] be an engine's error at one position. A sketch's difference is
s = sum over v of sign[v] * e[v], whose mean square over random signs is sum e[v]^2 >= max e[v]^2
(Alon, Matias and Szegedy 1996). The root mean square of the eight differences therefore estimates the
error's L2 norm, which is never below its largest entry; one wrong logit alone shows at its full size.
A test that holds this estimate under a bound is stricter than one that holds max|e| under it.

Layout, little-endian, every field 4-byte aligned, nothing after the last:

  8 bytes   "EPARITY1"
  u32       T  tokens
  u32       V  vocabulary
  u32       P  positions stored in full
  u32       S  sketches of each position
  f32       max|logit| over all T x V
  i32[T]    token ids
  i32[T]    argmax of each position's logits
  u32[P]    the positions, ascending, the first 0 and the last T - 1
  f32[P,V]  their logits
  f32[T,S]  sketches (summed in f64)
  i8[S,V]   signs, each +1 or -1
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

MAGIC = b"EPARITY1"
FULL_POSITIONS = 8
SKETCHES = 8


def write_expected(path: Path, ids: np.ndarray, logits: np.ndarray, seed: int) -> None:
    """ids [T], logits f32 [T, V]; `seed` draws the signs."""
    tokens, vocabulary = logits.shape
    signs = np.random.default_rng(seed).choice(np.array([-1, 1], dtype=np.int8), (SKETCHES, vocabulary))
    positions = np.unique(np.linspace(0, tokens - 1, FULL_POSITIONS).round().astype(np.uint32))
    sketches = logits.astype(np.float64) @ signs.T.astype(np.float64)
    with path.open("wb") as file:
        file.write(MAGIC)
        file.write(np.array([tokens, vocabulary, len(positions), SKETCHES], "<u4").tobytes())
        file.write(np.array([np.abs(logits).max()], "<f4").tobytes())
        file.write(ids.astype("<i4").tobytes())
        file.write(logits.argmax(axis=1).astype("<i4").tobytes())
        file.write(positions.astype("<u4").tobytes())
        file.write(logits[positions].astype("<f4").tobytes())
        file.write(sketches.astype("<f4").tobytes())
        file.write(signs.tobytes())


class Expected:
    """A file read back, and the error of an engine's logits against it."""

    def __init__(self, path: Path) -> None:
        data = path.read_bytes()
        if data[:8] != MAGIC:
            raise ValueError(f"{path}: not an .expected file (it starts with {data[:8]!r})")
        tokens, vocabulary, full, sketches = np.frombuffer(data, "<u4", 4, 8).tolist()
        self.max_abs_logit = float(np.frombuffer(data, "<f4", 1, 24)[0])
        at = 28

        def take(kind: str, *shape: int) -> np.ndarray:
            nonlocal at
            array = np.frombuffer(data, kind, int(np.prod(shape)), at).reshape(shape)
            at += array.nbytes
            return array

        self.ids = take("<i4", tokens)
        self.argmax = take("<i4", tokens)
        self.positions = take("<u4", full)
        self.logits = take("<f4", full, vocabulary)
        self.sketches = take("<f4", tokens, sketches)
        self.signs = take("<i1", sketches, vocabulary)
        if at != len(data):
            raise ValueError(f"{path}: {len(data)} bytes, but its header describes {at}")

    def error(self, logits: np.ndarray) -> float:
        """Largest error of logits [T, V] over all positions, as a share of max|logit|."""
        difference = logits.astype(np.float64) @ self.signs.T - self.sketches
        estimate = np.sqrt((difference**2).mean(axis=1)).max()
        stored = np.abs(logits[self.positions] - self.logits).max()
        return float(max(estimate, stored)) / self.max_abs_logit
