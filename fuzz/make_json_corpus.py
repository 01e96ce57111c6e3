"""Writes the JSON fuzzer's seeds: texts as models have them, and one for each rule that a text may break.

    .venv/bin/python fuzz/make_json_corpus.py fuzz/corpus/json

The output does not change from run to run.
"""

import json
import pathlib
import sys

CONFIG = {"architectures": ["LlamaForCausalLM"], "hidden_size": 576, "rms_norm_eps": 1e-05, "rope_theta": 100000,
          "rope_scaling": None, "tie_word_embeddings": True, "torch_dtype": "bfloat16"}
TOKENIZER = {"version": "1.0", "added_tokens": [{"id": 0, "content": "<|endoftext|>", "special": True}],
             "normalizer": None, "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": False},
             "model": {"type": "BPE", "vocab": {"Ġ": 0, "a": 1, "\"": 2, "\\": 3, "😀": 4},
                       "merges": [["Ġ", "a"], "a a"]}}

TEXTS = {
    "config": json.dumps(CONFIG, indent=2).encode(),
    "tokenizer": json.dumps(TOKENIZER, ensure_ascii=False).encode(),
    "tokenizer_escaped": json.dumps(TOKENIZER).encode(),
    "escapes": rb'["\"\\\/\b\f\n\r\t", "\u0000", "\u00e9", "\ud83d\ude00"]',
    "numbers": b"[0, -0, 1, -1, 1.5, 1e5, 1E-5, -2.5e+3, 4.9e-324, 1e-400, 18446744073709551615, 9223372036854775808]",
    "kinds": b'{"n": null, "t": true, "f": false, "a": [], "o": {}, "s": ""}',
    "blanks": b" \t\r\n{ \"a\"\n:\t[ 1 ,\r2 ] } \n",
    "byte_order_mark": b"\xef\xbb\xbf{}",
    "pointer": b'{"a/b": {"m~n": [1, {"": 2}]}}',
    "scalar": b'"x"',
    "bad_empty": b"",
    "bad_zero_byte": b"{}\0{}",
    "bad_twice": b'{"a": 1, "\\u0061": 2}',
    "bad_utf8": b'["\xff"]',
    "bad_overlong": b'["\xc0\xaf"]',
    "bad_surrogate": rb'["\ud800"]',
    "bad_control": b'["a\nb"]',
    "bad_comma": b"[1,]",
    "bad_comment": b"// x\n{}",
    "bad_number": b"[01, +1, .5, 1., 0x1]",
    "bad_huge_number": b"[1e400]",
    "bad_nan": b"[NaN, Infinity]",
    "bad_deep": b"[" * 100 + b"]" * 100,
    "bad_cut": b'{"a": ["b", {"c"',
    "bad_trailing": b"{} x",
    "bad_long": b'"' + b"a" * 1100 + b'"',
}


def main():
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in TEXTS.items():
        (folder / f"{name}.json").write_bytes(text)


if __name__ == "__main__":
    main()
