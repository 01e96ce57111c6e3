"""Copies files with our readers and writers, between PyPI `safetensors` and `gguf` that write and read them.

    .venv/bin/python tests/oracles/copy_oracle.py build/release/bin/tensor_copy

Each file holds every kind of key and element type that its package can write; what comes back must be
equal, bit for bit.
"""

import json
import pathlib
import subprocess
import sys
import tempfile

import gguf
import numpy as np
import safetensors
import safetensors.numpy
from gguf.constants import GGML_QUANT_SIZES, GGUFValueType, GGMLQuantizationType as Type

# numpy has no others that safetensors can hold; BF16 and the narrower ones are written as bytes below.
NUMPY_TYPES = ["f4", "f2", "f8", "?", "u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "c8"]
GGUF_NUMPY_TYPES = {Type.F32: "f4", Type.F16: "f2", Type.F64: "f8",
                    Type.I8: "i1", Type.I16: "i2", Type.I32: "i4", Type.I64: "i8"}
SHAPES = [(), (1,), (7,), (3, 5), (2, 3, 4), (0, 4)]


def random_array(rng, dtype, shape):
    count = int(np.prod(shape, dtype=np.int64)) * np.dtype(dtype).itemsize
    raw = rng.integers(0, 2 if dtype == "?" else 256, size=count, dtype=np.uint8)
    return raw.view(dtype).reshape(shape)


def run(*words):
    subprocess.run(words, check=True)


def entries_of(path):
    """Name, type, shape and bytes of each tensor, by the package's own parser."""
    with safetensors.safe_open(path, framework="np") as file:
        metadata = file.metadata()
    found = {name: (entry["dtype"], tuple(entry["shape"]), bytes(entry["data"]))
             for name, entry in safetensors.deserialize(path.read_bytes())}
    return found, metadata


def write_raw_types(path, rng):
    """Types that numpy lacks: the package writes them from memory."""
    sizes = {"bfloat16": 2, "float8_e4m3fn": 1, "float8_e5m2": 1, "float8_e8m0fnu": 1, "float8_e4m3fnuz": 1}
    buffers = {dtype: random_array(rng, "u1", (24 * size,)) for dtype, size in sizes.items()}
    specs = {f"raw.{dtype}": safetensors.TensorSpec(dtype=dtype, shape=[4, 6], data_ptr=buffer.ctypes.data,
                                                    data_len=buffer.nbytes)
             for dtype, buffer in buffers.items()}
    path.write_bytes(safetensors.serialize(specs, None))


def check_safetensors(program, folder):
    rng = np.random.default_rng(5)
    arrays = {f"{dtype}.{i}": random_array(rng, dtype, shape)
              for dtype in NUMPY_TYPES for i, shape in enumerate(SHAPES)}
    shards = {f"model-0000{i + 1}-of-00002.safetensors": list(arrays)[i::2] for i in range(2)}
    (folder / "sharded").mkdir()
    for shard, names in shards.items():
        safetensors.numpy.save_file({name: arrays[name] for name in names}, folder / "sharded" / shard,
                                    metadata={"format": "np", "quote\"": "ü\n"})
    index = {"metadata": {"total_size": sum(a.nbytes for a in arrays.values())},
             "weight_map": {name: shard for shard, names in shards.items() for name in names}}
    (folder / "sharded/model.safetensors.index.json").write_text(json.dumps(index, indent=2))
    run(program, "safetensors", folder / "sharded", folder / "one.safetensors")
    copied = safetensors.numpy.load_file(folder / "one.safetensors")
    if set(copied) != set(arrays):
        return "tensors are missing or new"
    for name, array in arrays.items():
        theirs = copied[name]
        if theirs.dtype != array.dtype or theirs.shape != array.shape or theirs.tobytes() != array.tobytes():
            return f"tensor {name} differs"
    _, metadata = entries_of(folder / "one.safetensors")
    if metadata != {"format": "np", "quote\"": "ü\n"}:
        return f"metadata is {metadata}"

    (folder / "raw").mkdir()
    write_raw_types(folder / "raw/model.safetensors", rng)
    run(program, "safetensors", folder / "raw", folder / "raw.safetensors")
    before, after = entries_of(folder / "raw/model.safetensors")[0], entries_of(folder / "raw.safetensors")[0]
    if before != after:
        return "types that numpy lacks differ"
    print(f"safetensors: {len(arrays) + len(before)} tensors equal, in {len(shards)} shards and one file")
    return None


def write_gguf(path, alignment, rng):
    writer = gguf.GGUFWriter(path, "llama")
    if alignment:
        writer.add_custom_alignment(alignment)
    writer.add_uint8("n.u8", 200)
    writer.add_int8("n.i8", -100)
    writer.add_uint16("n.u16", 60000)
    writer.add_int16("n.i16", -30000)
    writer.add_uint32("n.u32", 4000000000)
    writer.add_int32("n.i32", -2000000000)
    writer.add_uint64("n.u64", 2**64 - 1)
    writer.add_int64("n.i64", -(2**63))
    writer.add_float32("n.f32", 0.1)
    writer.add_float64("n.f64", 0.1)
    writer.add_bool("n.bool", True)
    writer.add_string("n.string", "naïve\n")
    writer.add_array("a.strings", ["", "a", "ü" * 1000])
    writer.add_array("a.ints", list(range(-500, 500)))
    writer.add_array("a.floats", [0.5, -1e30])
    writer.add_array("a.bools", [True, False])
    writer.add_key_value("a.nested", [[1, 2], [3]], GGUFValueType.ARRAY)
    for dtype, (_, block_bytes) in GGML_QUANT_SIZES.items():
        raw = rng.integers(0, 256, size=(3, 2 * block_bytes), dtype=np.uint8)
        if dtype in GGUF_NUMPY_TYPES:
            writer.add_tensor(dtype.name, raw.view(GGUF_NUMPY_TYPES[dtype]))
        else:
            writer.add_tensor(dtype.name, raw, raw_dtype=dtype)
    for dims in range(1, 5):
        writer.add_tensor(f"t{dims}", rng.random([3] * dims, dtype=np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def contents_of_gguf(path):
    reader = gguf.GGUFReader(path)
    keys = {name: ([t.name for t in field.types], [part.tobytes() for part in field.parts])
            for name, field in reader.fields.items()}
    tensors = {t.name: (t.tensor_type, t.shape.tolist(), t.data.tobytes()) for t in reader.tensors}
    return keys, tensors, reader.alignment


def check_gguf(program, folder):
    for alignment in (None, 64, 4096):
        rng = np.random.default_rng(7)
        before, after = folder / "in.gguf", folder / "out.gguf"
        write_gguf(before, alignment, rng)
        run(program, "gguf", before, after)
        keys, tensors, their_alignment = contents_of_gguf(before)
        our_keys, our_tensors, our_alignment = contents_of_gguf(after)
        if keys != our_keys or their_alignment != our_alignment:
            return f"keys differ: {[k for k in keys if keys[k] != our_keys.get(k)]}"
        if tensors != our_tensors:
            return f"tensors differ: {[t for t in tensors if tensors[t] != our_tensors.get(t)]}"
        if before.read_bytes() != after.read_bytes():
            return "all contents are equal, but the files are not"
        print(f"gguf: {len(keys)} keys and {len(tensors)} tensors equal at alignment {our_alignment}")
    return None


def main():
    program = pathlib.Path(sys.argv[1]).resolve()
    faults = []
    for check in (check_safetensors, check_gguf):
        with tempfile.TemporaryDirectory() as folder:
            fault = check(program, pathlib.Path(folder))
            if fault:
                faults.append(f"{check.__name__}: {fault}")
    for fault in faults:
        print(f"copy_oracle: {fault}", file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
