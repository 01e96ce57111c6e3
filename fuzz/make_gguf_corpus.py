"""Writes the GGUF fuzzer's seeds: small files by PyPI `gguf`, one for each thing the format can hold.

    .venv/bin/python fuzz/make_gguf_corpus.py fuzz/corpus/gguf

The output does not change from run to run.
"""

import pathlib
import sys

import gguf
import numpy as np
from gguf.constants import GGML_QUANT_SIZES, GGMLQuantizationType as Type

# The types that this project computes with.
KNOWN = [
    *(Type.F32, Type.F16, Type.BF16, Type.Q8_0, Type.Q4_0, Type.Q4_1, Type.Q5_0, Type.Q5_1),
    *(Type.Q2_K, Type.Q3_K, Type.Q4_K, Type.Q5_K, Type.Q6_K),
]


def write(path, fill):
    writer = gguf.GGUFWriter(path, "llama")
    fill(writer)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def numbers(writer):
    writer.add_uint8("n.u8", 8)
    writer.add_int8("n.i8", -8)
    writer.add_uint16("n.u16", 1616)
    writer.add_int16("n.i16", -1616)
    writer.add_uint32("n.u32", 323232)
    writer.add_int32("n.i32", -323232)
    writer.add_uint64("n.u64", 2**63)
    writer.add_int64("n.i64", -(2**63))
    writer.add_float32("n.f32", 0.5)
    writer.add_float64("n.f64", 1e300)
    writer.add_bool("n.bool", True)
    writer.add_string("n.string", "naïve")


def arrays(writer):
    writer.add_array("tokenizer.ggml.tokens", ["<s>", "</s>", "a", "", "Ġb"])
    writer.add_array("tokenizer.ggml.token_type", [3, 3, 1, 1, 1])
    writer.add_array("tokenizer.ggml.scores", [0.0, -1.5, 2.5, 3.0, 4.0])
    writer.add_array("a.bools", [True, False, True])
    writer.add_array("a.nested", [[1, 2], [3]])


def tensors(types):
    def fill(writer):
        rng = np.random.default_rng(0)
        for dtype in types:
            block_elements, block_bytes = GGML_QUANT_SIZES[dtype]
            rows = rng.integers(0, 256, size=(3, 2 * block_bytes), dtype=np.uint8)
            writer.add_tensor(f"blk.0.{dtype.name.lower()}.weight", rows, raw_dtype=dtype)

    return fill


def shapes(writer):
    writer.add_custom_alignment(64)
    for dims in range(1, 5):
        writer.add_tensor(f"t{dims}", np.zeros([2] * dims, dtype=np.float32))


def main():
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    write(folder / "numbers.gguf", numbers)
    write(folder / "arrays.gguf", arrays)
    write(folder / "weights.gguf", tensors(KNOWN))
    write(folder / "weights_without_kernels.gguf", tensors([Type.IQ4_NL, Type.TQ1_0, Type.MXFP4]))
    write(folder / "shapes_aligned_to_64.gguf", shapes)

    whole = (folder / "weights.gguf").read_bytes()
    (folder / "cut_in_the_data.gguf").write_bytes(whole[:-64])
    (folder / "cut_in_the_directory.gguf").write_bytes(whole[:200])
    (folder / "version_2.gguf").write_bytes(whole[:4] + b"\x02" + whole[5:])
    (folder / "big_endian.gguf").write_bytes(whole[:4] + b"\0\0\0\x03" + whole[8:])
    (folder / "header_only.gguf").write_bytes(b"GGUF\x03" + bytes(19))


if __name__ == "__main__":
    main()
