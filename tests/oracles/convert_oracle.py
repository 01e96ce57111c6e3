"""What `espalier convert` writes, opened by the libraries that it is written for.

    .venv/bin/python tests/oracles/convert_oracle.py build/release/bin/espalier [MODEL.gguf]

Each family's fixture goes from GGUF to a folder: PyPI `tokenizers` must give our tokens with its tokenizer.json, and,
where PyPI `transformers` and `torch` are installed (scripts/setup --verify), AutoModelForCausalLM and
PreTrainedTokenizerFast must give our tokens and our logits. Each folder goes to GGUF: PyPI `gguf` must read the values
that `safetensors` reads from the folder, and the tokens. A MODEL takes the place of the fixtures.
"""

import json
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile

import gguf
import numpy as np
import safetensors
import tokenizers
from random_strings import random_string

try:
    import torch
    import transformers
except ImportError as missing:
    print(f"{missing}: logits are not compared; scripts/setup --verify installs it")
    transformers = None

FIXTURES = pathlib.Path(__file__).resolve().parents[1] / "parity/fixtures"
FAMILIES = ["llama3_scaled", "mistral_window", "qwen2_bias", "qwen3_f32", "gemma3_window"]
BOUND = 1e-4  # of the largest logit: what parity_test.cc holds f32 to
WINDOW = 160  # longer than the fixtures' sliding windows
PROSE = "the sand and the other end of a ring, where the hen sings on. " * 20  # no special tokens


def run(*words: object, stdin: str = "") -> str:
    done = subprocess.run([str(word) for word in words], input=stdin.encode(), capture_output=True, check=False)
    if done.returncode != 0:
        sys.exit(f"convert_oracle: {' '.join(map(str, words))}: {done.stderr.decode().strip()}")
    return done.stdout.decode()


class Model:
    """A GGUF file, and the folder that is made of it."""

    def __init__(self, program: pathlib.Path, file: pathlib.Path, work: pathlib.Path) -> None:
        self.program, self.file, self.work = program, file, work
        self.folder = work / "folder"
        run(program, "convert", file, "--to", "safetensors", "--output", self.folder, "--dtype", "f32",
            "--shard-size", "100MB")

    def our_tokens(self, text: str) -> list[int]:
        return json.loads(run(self.program, "tokenize", "--json", "--model", self.file, stdin=text))["ids"]

    def our_logits(self, text: str) -> np.ndarray:
        """Of the first WINDOW tokens of the text, by the engine on the f32 folder."""
        (self.work / "text").write_text(text)
        run(self.program, "perplexity", "--model", self.folder, "--file", self.work / "text", "--context", WINDOW,
            "--kv", "f32", "--logits", self.work / "logits")
        vocabulary = json.loads((self.folder / "config.json").read_text())["vocab_size"]
        return np.fromfile(self.work / "logits", "<f4").reshape(-1, WINDOW, vocabulary)[0]


def compare_tokens(model: Model, text: str) -> None:
    theirs = tokenizers.Tokenizer.from_file(str(model.folder / "tokenizer.json"))
    ours = model.our_tokens(text)
    if theirs.encode(text, add_special_tokens=False).ids != ours:
        sys.exit(f"convert_oracle: {model.file.name}: PyPI tokenizers gives other tokens")
    print(f"{model.file.name}: {len(ours)} tokens equal those of PyPI tokenizers")


def compare_with_transformers(model: Model, text: str) -> None:
    # Not AutoTokenizer: it splits words as the family's published models do (qwen2's, say), whatever tokenizer.json
    # says, and the fixtures all have one vocabulary.
    tokenizer = transformers.PreTrainedTokenizerFast.from_pretrained(model.folder)
    if tokenizer(text, add_special_tokens=False)["input_ids"] != model.our_tokens(text):
        sys.exit(f"convert_oracle: {model.file.name}: transformers gives other tokens")
    ids = tokenizer(PROSE, add_special_tokens=False)["input_ids"]
    theirs = transformers.AutoModelForCausalLM.from_pretrained(model.folder, dtype=torch.float32,
                                                               attn_implementation="eager").eval()
    with torch.no_grad():
        expected = theirs(torch.tensor([ids[:WINDOW]]), use_cache=False).logits[0].numpy()
    error = np.abs(model.our_logits(PROSE) - expected).max() / np.abs(expected).max()
    if not error <= BOUND:
        sys.exit(f"convert_oracle: {model.file.name}: logits of transformers differ by {error:.1e} of the largest")
    print(f"{model.file.name}: transformers gives our tokens, and our logits within {error:.1e} of the largest")


def values_of_folder(folder: pathlib.Path) -> dict[str, np.ndarray]:
    values = {}
    for path in sorted(folder.glob("*.safetensors")):
        with safetensors.safe_open(path, framework="np") as file:
            # numpy has no bfloat16; gguf widens its bits.
            for name, entry in safetensors.deserialize(path.read_bytes()):
                if entry["dtype"] == "BF16":
                    raw = np.frombuffer(bytes(entry["data"]), np.uint8)
                    flat = gguf.quants.dequantize(raw, gguf.GGMLQuantizationType.BF16)
                    values[name] = flat.reshape(entry["shape"])
                else:
                    values[name] = file.get_tensor(name).astype(np.float32)
    return values


def compare_gguf(model: Model, source: pathlib.Path) -> None:
    """The folder `source` as a GGUF file: every value of one tensor or another, and the tokens."""
    made = model.work / "made.gguf"
    run(model.program, "convert", source, "--to", "gguf", "--output", made)
    reader = gguf.GGUFReader(made)
    ours = [np.sort(gguf.quants.dequantize(t.data, t.tensor_type).astype(np.float32), axis=None)
            for t in reader.tensors if t.name != "rope_freqs.weight"]
    is_gemma = reader.get_field("general.architecture").contents() == "gemma3"
    theirs = [np.sort(array + np.float32(is_gemma and "norm" in name), axis=None)
              for name, array in values_of_folder(source).items()]
    # Names and the order of rows differ, which the engine's own test looks at; values do not.
    if sorted(a.tobytes() for a in ours) != sorted(a.tobytes() for a in theirs):
        sys.exit(f"convert_oracle: {source.name}: PyPI gguf reads other values than the folder holds")
    tokens = reader.get_field("tokenizer.ggml.tokens").contents()
    known = tokenizers.Tokenizer.from_file(str(source / "tokenizer.json"))
    if any(known.id_to_token(i) != token for i, token in enumerate(tokens[:known.get_vocab_size()])):
        sys.exit(f"convert_oracle: {source.name}: PyPI gguf reads other tokens")
    print(f"{source.name}: {len(ours)} tensors and {len(tokens)} tokens equal those of the folder in PyPI gguf")


def main() -> None:
    program = pathlib.Path(sys.argv[1]).resolve()
    files = [pathlib.Path(sys.argv[2])] if len(sys.argv) > 2 else [FIXTURES / f"{name}.gguf" for name in FAMILIES]
    rng = random.Random(3)
    text = "".join(random_string(rng) for _ in range(300)).replace("\0", "")
    for file in files:
        with tempfile.TemporaryDirectory() as name:
            work = pathlib.Path(name)
            model = Model(program, file, work)
            compare_tokens(model, text)
            if transformers:
                compare_with_transformers(model, text)
            source = work / file.stem
            if len(sys.argv) > 2:
                shutil.move(model.folder, source)
            else:
                shutil.copytree(FIXTURES / file.stem, source)
                for each in model.folder.glob("tokenizer*.json"):
                    shutil.copy(each, source)
            compare_gguf(model, source)


if __name__ == "__main__":
    main()
