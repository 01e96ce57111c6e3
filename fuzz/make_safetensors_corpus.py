"""Writes the safetensors fuzzer's seeds: small files by PyPI `safetensors`, one for each thing the format can hold.

    .venv/bin/python fuzz/make_safetensors_corpus.py fuzz/corpus/safetensors

The output does not change from run to run.
"""

import json
import pathlib
import sys

import numpy as np
import safetensors
from safetensors.numpy import save

NUMPY_TYPES = ["f4", "f2", "f8", "?", "u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "c8"]
RAW_TYPES = {"bfloat16": 2, "float8_e4m3fn": 1, "float8_e5m2": 1, "float8_e8m0fnu": 1, "float4_e2m1fn_x2": 1}


def types():
    buffers = {name: np.arange(4).astype(name) for name in NUMPY_TYPES}
    specs = {name: safetensors.TensorSpec(dtype=array.dtype.name, shape=array.shape, data_ptr=array.ctypes.data,
                                          data_len=array.nbytes) for name, array in buffers.items()}
    for name, size in RAW_TYPES.items():
        buffers[name] = np.arange(4 * size, dtype=np.uint8)
        specs[name] = safetensors.TensorSpec(dtype=name, shape=[4], data_ptr=buffers[name].ctypes.data,
                                             data_len=buffers[name].nbytes)
    return safetensors.serialize(specs, None)


def shapes():
    arrays = {f"t{dims}": np.ones([2] * dims, dtype=np.float32) for dims in range(1, 5)}
    return save(arrays | {"scalar": np.array(1, dtype=np.float32), "empty": np.zeros((0, 3), dtype=np.float16)})


def header(text, data=b""):
    return len(text).to_bytes(8, "little") + text + data


def main():
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    whole = shapes()
    entry = b'"t":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}'
    index = {"metadata": {"total_size": 16}, "weight_map": {
        "a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"}}
    seeds = {
        "types.safetensors": types(),
        "shapes.safetensors": whole,
        "metadata.safetensors": save({"t": np.ones((2, 2), dtype=np.float16)},
                                     {"format": "np", "licence": "naïve \"x\"\n"}),
        "no_tensors.safetensors": header(b"{}"),
        "cut_in_the_data.safetensors": whole[:-8],
        "cut_in_the_header.safetensors": whole[:100],
        "overlap.safetensors": header(b"{" + entry + b"," + entry.replace(b'"t"', b'"u"') + b"}", bytes(8)),
        "hole.safetensors": header(b"{" + entry + b"}", bytes(12)),
        "twice.safetensors": header(b"{" + entry + b"," + entry + b"}", bytes(8)),
        "product_wraps.safetensors": header(b"{" + entry.replace(b"[2]", b"[4294967296,4294967296]") + b"}", bytes(8)),
        "deep.safetensors": header(b'{"t":' + b"[" * 64 + b"]" * 64 + b"}"),
        "index.json": json.dumps(index, indent=2).encode(),
        "index_leaves_the_folder.json": json.dumps({"weight_map": {"a": "../a.safetensors"}}).encode(),
    }
    for name, data in seeds.items():
        (folder / name).write_bytes(data)


if __name__ == "__main__":
    main()
