#!/usr/bin/env python3
"""Compares the text layer with PyPI tokenizers and jinja2, token by token.

    .venv/bin/python tests/oracles/tokenizer_oracle.py build/release/bin/text_oracle [--strings N]

For each vocabulary and pre-tokenizer, N strings (default 50,000): random, multilingual, adversarial.
Tokens must be identical with special tokens recognised and not, decoding too, at once and token by
token; where the vocabulary has all bytes of x, decode(encode(x)) must be x. Then conversations:
the text must be jinja2's rendering of the template, the tokens those of that text, and no content may
make a control token.

The small vocabularies are trained here. SmolLM2's is read from a model file: ESPALIER_MODEL, else
$XDG_DATA_HOME/espalier/models/*.gguf; without one the test fails, unless ESPALIER_SKIP_REAL_MODEL is set.
"""

from __future__ import annotations

import argparse
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field

from jinja2.sandbox import ImmutableSandboxedEnvironment
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

NORMAL, CONTROL, USER_DEFINED = 1, 3, 4

# Control tokens that overlap, so that leftmost and longest matter.
CONTROLS = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|im_", "<|im_start|>system", "<<", "<<<|x|>"]
USER_DEFINED_TOKENS = ["<tool>", "\t\t ", "é\n"]

SMOLLM2_TEMPLATE = (
    "{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}"
    "{{ '<|im_start|>system\nYou are a helpful AI assistant named SmolLM, trained by Hugging Face<|im_end|>\n' }}"
    "{% endif %}{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
PLAIN_CHATML_TEMPLATE = (
    "{% for message in messages %}{{'<|im_start|>' + message['role'] + '\\n' + message['content'] + "
    "'<|im_end|>' + '\\n'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)

# Fragments that strings are put together from; each is there for a rule it tries.
FRAGMENTS = {
    "contractions": "'ſ 'ſt 'LL 'Ve 'rE 'D 'M 's 't 're 've 'm 'll 'd 'S 'T 'RE 'Ll ’s '' ' 'x don't we'll they'd 'r 'v 'l it's' ''s".split(),
    "white space": [" ", "  ", "   ", "\n", "\n\n", "\r\n", "\t", "\v", "\f", "\x1c", "\x1f", "\x85", "\xa0",
                    "\u1680", "\u2003", "\r", " \n ", "\n \n", "\u2028", "\u2029", "\u202f", "\u205f", "\u3000", "\u200b", "\ufeff", "\u180e"],
    "numbers": ["0", "7", "42", "1234567", "3.14", "1,000", "²", "½", "Ⅷ", "٣", "५", "一", "三", "①", "𝟘", "௧௨",
                "\U00011de0", "\U00016ff4", "〇", "1st", "x86", "½cup"],
    "punctuation": list("!\"#$%&()*+,-./:;<=>?@[\\]^_`{|}~") + ["...", "—", "«", "»", "¿", "、", "。", "!!!", "=>", "//"],
    "special": CONTROLS + USER_DEFINED_TOKENS + ["<|", "|>", "<|im", "<|im_star", "im_end|>", "<", "<<|x|>",
                                                "<|im_end|"],
    "marks": ["\u0301", "e\u0301", "n\u0303", "\u0915\u094d\u0937", "\u0e01\u0e33", "\u200d", "\ufe0f",
              "👩‍👩‍👧", "🇫🇷", "👍🏽"],
    "controls": ["\0", "\x01", "\x04", "\x06", "\x13", "\x14", "\x16", "\x1d", "\x7f", "\x80", "\x9f"],
    "edges": ["\x7f\x80", "\u07ff\u0800", "\uffff\U00010000", "\ud7ff\ue000", "\ufffd", "\U0010ffff", "\U00040000",
              "\U000323af\U000323b0"],
    "words": "the of and to that in he shall unto for I his LORD they be is him not them it with all thou Café naïve "
             "Straße ΑΘΗΝΑ Ελλάδα Москва привет мир ирония שלום עולם مرحبا بالعالم नमस्ते दुनिया สวัสดีชาวโลก 你好 世界 "
             "こんにちは カタカナ 안녕하세요 세계 Tiếng Việt žluťoučký kůň İstanbul ǅ ʰ ª º 𝒳 ꟑ antidisestablishmentarianism".split(),
}


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

    def __post_init__(self):
        self.kinds = self.kinds or [NORMAL] * len(self.tokens)

    def has_bytes_of(self, texts: list[str]) -> list[bool]:
        spell = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
        missing = set(pre_tokenizers.ByteLevel.alphabet()) - set(self.tokens)
        return [all(missing.isdisjoint(word) for word, _ in spell.pre_tokenize_str(text)) for text in texts]

    def control_ids(self) -> set[int]:
        return {i for i, kind in enumerate(self.kinds) if kind == CONTROL}

    def oracle(self, recognise_special: bool) -> Tokenizer:
        ids = {token: i for i, token in enumerate(self.tokens)}
        tokenizer = Tokenizer(models.BPE(ids, self.merges))
        tokenizer.pre_tokenizer = PRE_TOKENIZERS[self.pre_tokenizer]()
        tokenizer.decoder = decoders.ByteLevel()
        controls = [t for t, kind in zip(self.tokens, self.kinds) if kind == CONTROL]
        tokenizer.add_special_tokens([AddedToken(t, normalized=False, special=True) for t in controls])
        defined = [t for t, kind in zip(self.tokens, self.kinds) if kind == USER_DEFINED]
        tokenizer.add_tokens([AddedToken(t, normalized=False, special=False) for t in defined])
        tokenizer.encode_special_tokens = not recognise_special
        return tokenizer

    def write(self, path: pathlib.Path) -> None:
        path.write_text(json.dumps({
            "tokens": self.tokens,
            "kinds": self.kinds,
            "merges": [f"{left} {right}" for left, right in self.merges],
            "pre_tokenizer": self.pre_tokenizer,
        }))


def random_character(rng: random.Random) -> str:
    """Any scalar value; small ones as often as large ones."""
    while True:
        code_point = rng.randrange(1 << rng.choice([7, 8, 11, 12, 14, 16, 17, 18, 21]))
        if code_point < 0x110000 and not 0xD800 <= code_point <= 0xDFFF:
            return chr(code_point)


def random_string(rng: random.Random) -> str:
    style = rng.random()
    if style < 0.15:
        return "".join(random_character(rng) for _ in range(rng.randrange(1, 40)))
    if style < 0.25:  # long runs: look-ahead and many equal merges
        return "".join(rng.choice([" ", "a", "ab", "the", "\n", "1", "-", "é", "한"]) * rng.randrange(1, 60)
                       for _ in range(rng.randrange(1, 4)))
    if style < 0.55:  # prose
        return " ".join(rng.choice(FRAGMENTS["words"]) for _ in range(rng.randrange(1, 25)))
    pieces = []
    for _ in range(rng.randrange(1, 16)):
        pieces.append(rng.choice(FRAGMENTS[rng.choice(list(FRAGMENTS))]))
        if rng.random() < 0.3:
            pieces.append(" ")
    return "".join(pieces)


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
    kinds = [CONTROL] * len(CONTROLS) + [USER_DEFINED] * len(USER_DEFINED_TOKENS) + [NORMAL] * len(tokens)
    return Vocabulary("trained-2k", pre_tokenizer, added + tokens, merges, kinds)


def without_bytes(whole: Vocabulary, rng: random.Random) -> Vocabulary:
    """Loses 30 bytes and every merge that needs them: what happens to text the vocabulary lacks."""
    lost = set(rng.sample(sorted(pre_tokenizers.ByteLevel.alphabet()), 30))
    merges = [m for m in whole.merges if not lost & set(m[0] + m[1])]
    kept = [(t, k) for t, k in zip(whole.tokens, whole.kinds) if k != NORMAL or not lost & set(t)]
    tokens, kinds = [t for t, _ in kept], [k for _, k in kept]
    return Vocabulary("trained-2k-minus-30-bytes", whole.pre_tokenizer, tokens, merges, kinds)


def with_chatml_only(whole: Vocabulary) -> Vocabulary:
    """The overlapping special tokens would split the format's markers; no real vocabulary does that."""
    chatml = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    kinds = [CONTROL if token in chatml else NORMAL for token in whole.tokens]
    return Vocabulary(whole.name, whole.pre_tokenizer, whole.tokens, whole.merges, kinds)


def find_model() -> pathlib.Path | None:
    if named := os.environ.get("ESPALIER_MODEL"):
        return pathlib.Path(named)
    data = pathlib.Path(os.environ.get("XDG_DATA_HOME") or pathlib.Path.home() / ".local/share")
    return next(iter(sorted((data / "espalier/models").glob("*.gguf"))), None)


def read_model(path: pathlib.Path) -> tuple[Vocabulary, str]:
    from gguf import GGUFReader

    fields = GGUFReader(path).fields
    get = lambda key: fields[key].contents()  # noqa: E731
    vocabulary = Vocabulary(path.name, get("tokenizer.ggml.pre"), get("tokenizer.ggml.tokens"),
                            [tuple(m.split(" ")) for m in get("tokenizer.ggml.merges")],
                            get("tokenizer.ggml.token_type"))
    return vocabulary, get("tokenizer.chat_template")


def ask(binary: str, vocabulary: Vocabulary, requests: list[dict]) -> list[dict]:
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "vocabulary.json"
        vocabulary.write(path)
        lines = "".join(json.dumps(request) + "\n" for request in requests)
        done = subprocess.run([binary, path], input=lines, capture_output=True, text=True, encoding="utf-8")
    if done.returncode != 0:
        sys.exit(f"text_oracle failed ({done.returncode}): {done.stderr.strip()}")
    answers = [json.loads(line) for line in done.stdout.split("\n") if line]
    assert len(answers) == len(requests), f"{len(requests)} questions, {len(answers)} answers"
    return answers


def fail(vocabulary: Vocabulary, what: str, text: str, theirs, ours) -> None:
    sys.exit(f"FAILED {vocabulary.name} ({vocabulary.pre_tokenizer}): {what} of {text!r}\n"
             f"  tokenizers: {theirs}\n  espalier:   {ours}")


def compare_tokens(binary: str, vocabulary: Vocabulary, strings: list[str]) -> None:
    has_bytes = vocabulary.has_bytes_of(strings)
    for special in (True, False):
        oracle = vocabulary.oracle(special)
        expected = [encoding.ids for encoding in oracle.encode_batch(strings, add_special_tokens=False)]
        decoded = oracle.decode_batch(expected, skip_special_tokens=False)
        answers = ask(binary, vocabulary, [{"encode": text, "special": special} for text in strings])
        for text, ids, whole, answer, returns in zip(strings, expected, decoded, answers, has_bytes):
            if answer["ids"] != ids:
                fail(vocabulary, f"tokens (special={special})", text, ids, answer["ids"])
            if answer["text"] != whole:
                fail(vocabulary, "decoded tokens", text, repr(whole), repr(answer["text"]))
            if answer["streamed"] != whole:
                fail(vocabulary, "streamed tokens", text, repr(whole), repr(answer["streamed"]))
            if returns and answer["text"] != text:
                fail(vocabulary, "decode(encode(x))", text, repr(text), repr(answer["text"]))
    print(f"{vocabulary.name} ({vocabulary.pre_tokenizer}): {len(strings):,} strings, with special tokens and "
          f"without: tokens, decoded and streamed text identical; {sum(has_bytes):,} come back whole, the others "
          "have bytes that the vocabulary lacks", flush=True)


def random_conversation(rng: random.Random) -> list[dict]:
    roles = [*(["system"] if rng.random() < 0.4 else []), *(["user", "assistant"] * 3)[: rng.randrange(7)]]
    if rng.random() < 0.2:
        roles.append("tool")
    hostile = rng.random() < 0.5
    messages = []
    for role in roles:
        # White space in front is where a careless split of role and content shows.
        content = rng.choice(["", "", "  ", "\n", "\n\n "]) + random_string(rng)
        messages.append({"role": role, "content": content if hostile else content.replace("<", "")})
    return messages


def compare_conversations(binary: str, vocabulary: Vocabulary, template: str, name: str, rng: random.Random) -> None:
    # As transformers sets jinja2 up for chat templates.
    rendered_by = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True).from_string(template)
    requests = [{"template": template, "messages": random_conversation(rng), "prompt": rng.random() < 0.5}
                for _ in range(2000)]
    answers = ask(binary, vocabulary, requests)
    oracle = vocabulary.oracle(recognise_special=True)
    controls = vocabulary.control_ids()
    harmless = 0
    for request, answer in zip(requests, answers):
        text = rendered_by.render(messages=request["messages"], add_generation_prompt=request["prompt"])
        if answer["text"] != text:
            fail(vocabulary, f"{name} rendering", str(request), repr(text), repr(answer["text"]))
        first = request["messages"][0]["role"] if request["messages"] else "system"
        implied = first != "system" and "named SmolLM" in template
        markers = 2 * (len(request["messages"]) + implied) + request["prompt"]
        found = sum(i in controls for i in answer["ids"])
        if found != markers:
            fail(vocabulary, f"{name}: control tokens", str(request), markers, found)
        if any("<" in message["content"] for message in request["messages"]):
            continue
        harmless += 1
        ids = oracle.encode(text, add_special_tokens=False).ids
        if answer["ids"] != ids:
            fail(vocabulary, f"{name} tokens", text, ids, answer["ids"])
    print(f"{vocabulary.name}: {len(requests):,} conversations by the {name} template: text identical to jinja2's; no "
          f"content made a control token; {harmless:,} of them without '<': tokens identical", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary", help="the built text_oracle")
    parser.add_argument("--strings", type=int, default=50_000)
    parser.add_argument("--seed", type=int, default=20250717)
    arguments = parser.parse_args()
    rng = random.Random(arguments.seed)
    strings = [random_string(rng) for _ in range(arguments.strings)]

    for pre_tokenizer in PRE_TOKENIZERS:
        whole = trained(pre_tokenizer, rng)
        compare_tokens(arguments.binary, whole, strings)
        compare_tokens(arguments.binary, without_bytes(whole, rng), strings[: arguments.strings // 5])
        chatml = with_chatml_only(whole)
        compare_conversations(arguments.binary, chatml, SMOLLM2_TEMPLATE, "SmolLM2", rng)
        compare_conversations(arguments.binary, chatml, PLAIN_CHATML_TEMPLATE, "plain ChatML", rng)

    model = find_model()
    if model is None:
        if not os.environ.get("ESPALIER_SKIP_REAL_MODEL"):
            sys.exit("FAILED: no model to read the real vocabulary from: set ESPALIER_MODEL or run "
                     "build/release/bin/espalier model install (ESPALIER_SKIP_REAL_MODEL=1 leaves this part out)")
        print("SKIPPED the real vocabulary: ESPALIER_SKIP_REAL_MODEL is set, and no model is here")
        return
    vocabulary, template = read_model(model)
    compare_tokens(arguments.binary, vocabulary, strings)
    compare_conversations(arguments.binary, vocabulary, template, "model's own", rng)


if __name__ == "__main__":
    main()
