"""Writes the seeds of the tokenizer.json fuzzer: files as PyPI tokenizers writes them, whole and broken.

    .venv/bin/python fuzz/make_tokenizer_json_corpus.py fuzz/corpus/tokenizer_json

The output does not change from run to run.
"""

import json
import pathlib
import sys

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

MERGES = [("a", "b"), ("ab", "c")]
LLAMA3 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|"
          r"\s*[\r\n]+|\s+(?!\S)|\s+")


def byte_level(pre_tokenizer, normalizer=None):
    tokenizer = Tokenizer(models.BPE({t: i for i, t in enumerate(["a", "b", "c", "Ġ", "ab", "abc"])}, MERGES))
    tokenizer.pre_tokenizer = pre_tokenizer
    if normalizer:
        tokenizer.normalizer = normalizer
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken("<s>", normalized=False), AddedToken("</s>", rstrip=True)])
    tokenizer.add_tokens([AddedToken("<tool>", normalized=True)])
    tokenizer.post_processor = processors.TemplateProcessing(single="<s> $A </s>",
                                                             special_tokens=[("<s>", 6), ("</s>", 7)])
    return tokenizer


def characters(pre_tokenizer, normalizer, decoder):
    tokens = ["<unk>", "<mask>", "<0xC3>", "<0xA9>", "▁", "a", "b", "c", "ab", "abc", "▁a"]
    tokenizer = Tokenizer(models.BPE({t: i for i, t in enumerate(tokens)}, [*MERGES, ("▁", "a")], unk_token="<unk>",
                                     fuse_unk=True, byte_fallback=True))
    if pre_tokenizer:
        tokenizer.pre_tokenizer = pre_tokenizer
    tokenizer.normalizer = normalizer
    tokenizer.decoder = decoder
    tokenizer.add_special_tokens(["<unk>", AddedToken("<mask>", lstrip=True)])
    return tokenizer


def seeds():
    whole_bytes = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    digits = pre_tokenizers.Digits(individual_digits=True)
    gpt2 = pre_tokenizers.ByteLevel(add_prefix_space=True)
    split = pre_tokenizers.Split(Regex(LLAMA3), "isolated")
    prepend, replace = normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")
    steps = [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()]
    yield "gpt2", byte_level(gpt2)
    yield "smollm", byte_level(pre_tokenizers.Sequence([digits, pre_tokenizers.ByteLevel(add_prefix_space=False)]))
    yield "llama3", byte_level(pre_tokenizers.Sequence([split, whole_bytes]))
    yield "nfkc", byte_level(whole_bytes, normalizers.Sequence([normalizers.NFC(), normalizers.NFKC()]))
    yield "llama2", characters(None, normalizers.Sequence([prepend, replace]),
                               decoders.Sequence([*steps, decoders.Strip(" ", 1, 0)]))
    yield "gemma", characters(pre_tokenizers.Split(" ", "merged_with_previous"), replace, decoders.Sequence(steps))
    yield "metaspace", characters(pre_tokenizers.Metaspace("▁", "first"), normalizers.NFC(),
                                  decoders.Sequence([decoders.ByteFallback(), decoders.Metaspace("▁", "first")]))


def main():
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for name, tokenizer in seeds():
        text = json.dumps(json.loads(tokenizer.to_str()), ensure_ascii=False)
        (folder / f"{name}.json").write_text(text)
    whole = (folder / "llama2.json").read_text()
    (folder / "bad_cut.json").write_text(whole[: len(whole) // 2])
    (folder / "bad_id.json").write_text(whole.replace('"abc": 9', '"abc": 900000'))
    (folder / "bad_merge.json").write_text(whole.replace('["ab", "c"]', '["ab", "zz"]'))
    (folder / "bad_step.json").write_text(whole.replace('"Prepend"', '"Lowercase"'))


if __name__ == "__main__":
    main()
