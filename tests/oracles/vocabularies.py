"""Small vocabularies, trained here, and PyPI tokenizers made of them."""

from __future__ import annotations

import json
import pathlib
import random
from dataclasses import dataclass, field

from random_strings import CONTROLS, USER_DEFINED_TOKENS, random_string
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

# GGUF's token types.
NORMAL, UNKNOWN, CONTROL, USER_DEFINED, BYTE = 1, 2, 3, 4, 6

LLAMA3_MARKERS = ["<|begin_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"]


def smollm_pre_tokenizer():
    return pre_tokenizers.Sequence([
        pre_tokenizers.Digits(individual_digits=True),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True),
    ])


def gpt2_pre_tokenizer():
    return pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)


def split_by(pattern: str):
    """As the tokenizer.json of Llama 3 and Qwen 2 have it: the expression, then bytes spelled out."""
    return pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(pattern), "isolated"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
    ])


LLAMA3_PATTERN = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|"
                  r"\s*[\r\n]+|\s+(?!\S)|\s+")

PRE_TOKENIZERS = {
    "gpt2": gpt2_pre_tokenizer,
    "smollm": smollm_pre_tokenizer,
    "llama-bpe": lambda: split_by(LLAMA3_PATTERN),
    "qwen2": lambda: split_by(LLAMA3_PATTERN.replace("{1,3}", "")),
}


@dataclass
class Vocabulary:
    name: str
    pre_tokenizer: str
    tokens: list[str]
    merges: list[tuple[str, str]]
    kinds: list[int] = field(default_factory=list)
    bos: str | None = None
    eos: str | None = None

    def __post_init__(self):
        self.kinds = self.kinds or [NORMAL] * len(self.tokens)
        # What a pre-tokenizer's name stands for beside its expression.
        self.ignore_merges = self.pre_tokenizer == "llama-bpe"
        self.nfc = self.pre_tokenizer == "qwen2"

    def comes_back(self, texts: list[str]) -> list[bool]:
        """Whether decode(encode(text)) must be text."""
        normalize = normalizers.NFC().normalize_str if self.nfc else str
        return [has and normalize(text) == text for has, text in zip(self.has_bytes_of(texts), texts, strict=True)]

    def has_bytes_of(self, texts: list[str]) -> list[bool]:
        spell = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
        missing = set(pre_tokenizers.ByteLevel.alphabet()) - set(self.tokens)
        return [all(missing.isdisjoint(word) for word, _ in spell.pre_tokenize_str(text)) for text in texts]

    def control_ids(self) -> set[int]:
        return {i for i, kind in enumerate(self.kinds) if kind in (CONTROL, UNKNOWN)}

    def oracle(self, recognise_special: bool) -> Tokenizer:
        # Llama 3's special tokens are not in its model's vocabulary: as a whole word each would be a token.
        ids = {token: i for i, (token, kind) in enumerate(zip(self.tokens, self.kinds, strict=True))
               if kind == NORMAL or not self.ignore_merges}
        tokenizer = Tokenizer(models.BPE(ids, self.merges, ignore_merges=self.ignore_merges))
        if self.nfc:
            tokenizer.normalizer = normalizers.NFC()
        tokenizer.pre_tokenizer = PRE_TOKENIZERS[self.pre_tokenizer]()
        tokenizer.decoder = decoders.ByteLevel()
        return self.with_added_tokens(tokenizer, recognise_special)

    def with_added_tokens(self, tokenizer: Tokenizer, recognise_special: bool) -> Tokenizer:
        controls = [t for t, kind in zip(self.tokens, self.kinds, strict=True) if kind in (CONTROL, UNKNOWN)]
        tokenizer.add_special_tokens([AddedToken(t, normalized=False, special=True) for t in controls])
        defined = [t for t, kind in zip(self.tokens, self.kinds, strict=True) if kind == USER_DEFINED]
        tokenizer.add_tokens([AddedToken(t, normalized=False, special=False) for t in defined])
        tokenizer.encode_special_tokens = not recognise_special
        return tokenizer

    def write(self, path: pathlib.Path) -> None:
        path.write_text(json.dumps({
            "tokens": self.tokens,
            "kinds": self.kinds,
            "merges": [f"{left} {right}" for left, right in self.merges],
            "pre_tokenizer": self.pre_tokenizer,
            "whole_words": self.ignore_merges,
            "nfc": self.nfc,
            **self.named_ids(),
        }))

    def named_ids(self) -> dict[str, int]:
        return {name: self.tokens.index(token) for name, token in (("bos", self.bos), ("eos", self.eos)) if token}

    def write_folder(self, folder: pathlib.Path) -> None:
        self.oracle(True).save(str(folder / "tokenizer.json"))
        (folder / "tokenizer_config.json").write_text(json.dumps(
            {"bos_token": self.bos, "eos_token": {"content": self.eos} if self.eos else None}))

@dataclass
class SentencePiece(Vocabulary):
    """Characters with byte fallback. `merges` is not used: the scores say what is merged."""

    scores: list[float] = field(default_factory=list)
    space_prefix: bool = True
    user_defined_score: float = 0.0

    def comes_back(self, texts: list[str]) -> list[bool]:
        return ["\u2581" not in text and not (self.space_prefix and any(t in text for t in self.specials()))
                for text in texts]

    def specials(self) -> list[str]:
        return [t for t, kind in zip(self.tokens, self.kinds, strict=True) if kind in (CONTROL, USER_DEFINED)]

    def merges_of_scores(self) -> list[tuple[str, str]]:
        """As transformers 5 makes them: every split of every piece into pieces, the highest score first."""
        ids = {token: i for i, token in enumerate(self.tokens)}
        found = []
        for token, kind, score in zip(self.tokens, self.kinds, self.scores, strict=True):
            if kind not in (NORMAL, USER_DEFINED):
                continue
            splits = [(token[:i], token[i:]) for i in range(1, len(token))]
            splits = [(left, right, score) for left, right in splits if left in ids and right in ids]
            found += sorted(splits, key=lambda split: (ids[split[0]], ids[split[1]]))
        found.sort(key=lambda split: (split[2], len(split[0]), len(split[1])), reverse=True)
        return [(left, right) for left, right, _ in found]

    def oracle(self, recognise_special: bool) -> Tokenizer:
        ids = {token: i for i, token in enumerate(self.tokens)}
        tokenizer = Tokenizer(models.BPE(ids, self.merges_of_scores(), unk_token="<unk>", fuse_unk=True,
                                         byte_fallback=True))
        replace = normalizers.Replace(" ", "\u2581")
        steps = [decoders.Replace("\u2581", " "), decoders.ByteFallback(), decoders.Fuse()]
        if self.space_prefix:  # Llama 2
            tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("\u2581"), replace])
            steps.append(decoders.Strip(" ", 1, 0))
        else:  # Gemma
            tokenizer.normalizer = replace
            tokenizer.pre_tokenizer = pre_tokenizers.Split(" ", "merged_with_previous")
        tokenizer.decoder = decoders.Sequence(steps)
        return self.with_added_tokens(tokenizer, recognise_special)

    def write(self, path: pathlib.Path) -> None:
        path.write_text(json.dumps({
            "tokens": self.tokens,
            "kinds": self.kinds,
            "scores": self.scores,
            "space_prefix": self.space_prefix,
            "unknown": self.tokens.index("<unk>"),
            **self.named_ids(),
        }))


def sentence_piece(name: str, rng: random.Random, *, space_prefix: bool, controls: list[str], defined: list[str],
                   bos: str, eos: str) -> SentencePiece:
    """Laid out as Llama 2's and Gemma's: controls, user-defined tokens, bytes, pieces by score, characters."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace("\u2581", "always", split=True)
    trainer = trainers.BpeTrainer(vocab_size=3000, limit_alphabet=250, initial_alphabet=["\u2581"],
                                  show_progress=False)
    # Line ends are bytes or tokens of their own; without "<" and "[", no piece can be a special token.
    texts = (random_string(rng).translate({ord(c): None for c in "<[\n"}) for _ in range(6000))
    tokenizer.train_from_iterator(texts, trainer)
    model = json.loads(tokenizer.to_str())["model"]
    by_id = sorted(model["vocab"], key=model["vocab"].get)
    pieces = [t for t in by_id if len(t) > 1] + [t for t in by_id if len(t) == 1]
    pieces = [t for t in pieces if t not in defined]
    head = [*controls, *defined]
    tokens = [*head, *(f"<0x{byte:02X}>" for byte in range(256)), *pieces]
    kinds = ([CONTROL] * len(controls) + [USER_DEFINED] * len(defined) + [BYTE] * 256 + [NORMAL] * len(pieces))
    kinds[controls.index("<unk>")] = UNKNOWN
    scores = [0.0] * (len(head) + 256) + [-float(i + 1) for i in range(len(pieces))]
    for i, token in enumerate(defined):
        scores[len(controls) + i] = 1.0 + len(token)  # runs grow from the left, as with one score for all
    return SentencePiece(name, "whole", tokens, [], kinds, bos, eos, scores, space_prefix)


def llama2(rng: random.Random) -> SentencePiece:
    return sentence_piece("llama-2 style", rng, space_prefix=True, controls=["<unk>", "<s>", "</s>"], defined=[],
                          bos="<s>", eos="</s>")


def mistral3(rng: random.Random) -> SentencePiece:
    """As llama2, but what marks instructions is a token."""
    controls = ["<unk>", "<s>", "</s>", "[INST]", "[/INST]"]
    return sentence_piece("mistral-v3 style", rng, space_prefix=True, controls=controls, defined=[], bos="<s>",
                          eos="</s>")


def gemma(rng: random.Random) -> SentencePiece:
    runs = ["\n" * i for i in range(1, 9)] + ["\u2581" * i for i in range(2, 9)] + ["<table>", "</b>", "\t"]
    return sentence_piece("gemma style", rng, space_prefix=False, defined=runs, bos="<bos>", eos="<eos>",
                          controls=["<pad>", "<eos>", "<bos>", "<unk>", "<start_of_turn>", "<end_of_turn>"])


def trained(pre_tokenizer: str, rng: random.Random) -> Vocabulary:
    """A vocabulary of 2,000 tokens with every byte and overlapping special tokens."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = PRE_TOKENIZERS[pre_tokenizer]()
    trainer = trainers.BpeTrainer(vocab_size=2000, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
                                  limit_alphabet=256, show_progress=False)
    # Without "<", no merge can make a special token.
    tokenizer.train_from_iterator((random_string(rng).replace("<", "") for _ in range(4000)), trainer)
    model = json.loads(tokenizer.to_str())["model"]
    tokens = sorted(model["vocab"], key=model["vocab"].get)
    merges = [tuple(merge) for merge in model["merges"]]
    added = CONTROLS + USER_DEFINED_TOKENS
    assert not set(added) & set(tokens), "a special token is a merge's result too"
    kinds = [CONTROL] * len(CONTROLS) + [USER_DEFINED] * len(USER_DEFINED_TOKENS)
    normal = [NORMAL] * len(tokens)
    if pre_tokenizer == "llama-bpe":
        return Vocabulary("trained-2k", pre_tokenizer, tokens + added, merges, normal + kinds)
    return Vocabulary("trained-2k", pre_tokenizer, added + tokens, merges, kinds + normal)


def without_bytes(whole: Vocabulary, rng: random.Random) -> Vocabulary:
    """Loses 30 bytes and every merge that needs them: what happens to text the vocabulary lacks."""
    lost = set(rng.sample(sorted(pre_tokenizers.ByteLevel.alphabet()), 30))
    merges = [m for m in whole.merges if not lost & set(m[0] + m[1])]
    kept = [(t, k) for t, k in zip(whole.tokens, whole.kinds, strict=True) if k != NORMAL or not lost & set(t)]
    tokens, kinds = [t for t, _ in kept], [k for _, k in kept]
    return Vocabulary("trained-2k-minus-30-bytes", whole.pre_tokenizer, tokens, merges, kinds)


def with_chat_markers(whole: Vocabulary) -> Vocabulary:
    """The overlapping special tokens would split the formats' markers; no real vocabulary does that."""
    normal = [token for token, kind in zip(whole.tokens, whole.kinds, strict=True) if kind == NORMAL]
    markers = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", *LLAMA3_MARKERS]
    tokens, kinds = normal + markers, [NORMAL] * len(normal) + [CONTROL] * len(markers)
    return Vocabulary(whole.name, whole.pre_tokenizer, tokens, whole.merges, kinds, "<|begin_of_text|>", "<|im_end|>")
