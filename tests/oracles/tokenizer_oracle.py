#!/usr/bin/env python3
"""Compares the text layer with PyPI tokenizers and jinja2, token by token.

    .venv/bin/python tests/oracles/tokenizer_oracle.py build/release/bin/text_oracle [--strings N]

For each kind of tokenizer, through the vectors that a GGUF file holds and through a tokenizer.json, N strings
(default 50,000): random, multilingual, adversarial.
Tokens must be identical with special tokens recognised and not, decoding too, at once and token by
token; where the vocabulary has all bytes of x, decode(encode(x)) must be x. Then conversations:
the text must be jinja2's rendering of the template, the tokens those of that text, and no content may
make a control token.

The small vocabularies are trained here. SmolLM2's is read from a model file, the one that `espalier model path` names
(the program beside text_oracle); without one the test fails, unless ESPALIER_SKIP_REAL_MODEL is set.
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

from chat_templates import CHATML_CHATS, GEMMA_CHAT, LLAMA3_CHATS, MISTRAL_CHAT, Chat, random_conversation
from jinja2.sandbox import ImmutableSandboxedEnvironment
from random_strings import random_string
from vocabularies import (
    PRE_TOKENIZERS,
    SentencePiece,
    Vocabulary,
    gemma,
    llama2,
    mistral3,
    trained,
    with_chat_markers,
    without_bytes,
)


def find_model(binary: str) -> pathlib.Path | None:
    done = subprocess.run([pathlib.Path(binary).parent / "espalier", "model", "path"], capture_output=True, text=True)
    if done.returncode != 0:
        print(done.stderr.strip())
        return None
    return pathlib.Path(done.stdout.strip())


def read_model(path: pathlib.Path) -> tuple[Vocabulary, str | None]:
    from gguf import GGUFReader

    fields = GGUFReader(path).fields
    get = lambda key: fields[key].contents()  # noqa: E731
    if get("tokenizer.ggml.model") == "llama":
        tokens = get("tokenizer.ggml.tokens")
        pieces = SentencePiece(path.name, "whole", tokens, [], get("tokenizer.ggml.token_type"),
                               tokens[get("tokenizer.ggml.bos_token_id")], tokens[get("tokenizer.ggml.eos_token_id")],
                               get("tokenizer.ggml.scores"), get("tokenizer.ggml.add_space_prefix"))
        return pieces, fields["tokenizer.chat_template"].contents() if "tokenizer.chat_template" in fields else None
    tokens = get("tokenizer.ggml.tokens")
    bos, eos = (tokens[get(key)] if (key := f"tokenizer.ggml.{name}_token_id") in fields else None
                for name in ("bos", "eos"))
    vocabulary = Vocabulary(path.name, get("tokenizer.ggml.pre"), tokens,
                            [tuple(m.split(" ")) for m in get("tokenizer.ggml.merges")],
                            get("tokenizer.ggml.token_type"), bos, eos)
    return vocabulary, get("tokenizer.chat_template")


def ask(binary: str, vocabulary: Vocabulary, requests: list[dict], way: str = "vectors") -> list[dict]:
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder)
        if way == "vectors":
            path /= "vocabulary.json"
            vocabulary.write(path)
        else:
            vocabulary.write_folder(path)
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
    comes_back = vocabulary.comes_back(strings)
    for special in (True, False):
        oracle = vocabulary.oracle(special)
        expected = [encoding.ids for encoding in oracle.encode_batch(strings, add_special_tokens=False)]
        decoded = oracle.decode_batch(expected, skip_special_tokens=False)
        for way in ("vectors", "tokenizer.json"):
            answers = ask(binary, vocabulary, [{"encode": text, "special": special} for text in strings], way)
            for text, ids, whole, answer, returns in zip(strings, expected, decoded, answers, comes_back, strict=True):
                if answer["ids"] != ids:
                    fail(vocabulary, f"tokens ({way}, special={special})", text, ids, answer["ids"])
                if answer["text"] != whole:
                    fail(vocabulary, "decoded tokens", text, repr(whole), repr(answer["text"]))
                if answer["streamed"] != whole:
                    fail(vocabulary, "streamed tokens", text, repr(whole), repr(answer["streamed"]))
                if returns and answer["text"] != text:
                    fail(vocabulary, "decode(encode(x))", text, repr(text), repr(answer["text"]))
    print(f"{vocabulary.name} ({vocabulary.pre_tokenizer}): {len(strings):,} strings, by vectors and by "
          "tokenizer.json, with special tokens and without: tokens, decoded and streamed text identical; "
          f"{sum(comes_back):,} come back whole", flush=True)


def compare_decoding(binary: str, vocabulary: Vocabulary, count: int, rng: random.Random) -> None:
    """Tokens that no text has: a model may make any."""
    bytes_first = [i for i, kind in enumerate(vocabulary.kinds) if kind == 6]
    sequences = []
    for _ in range(count):
        pool = bytes_first if rng.random() < 0.5 else range(len(vocabulary.tokens))
        sequences.append([rng.choice(pool if rng.random() < 0.8 else range(len(vocabulary.tokens)))
                          for _ in range(rng.randrange(1, 12))])
    for special in (True, False):
        expected = vocabulary.oracle(True).decode_batch(sequences, skip_special_tokens=not special)
        answers = ask(binary, vocabulary, [{"decode": ids, "special": special} for ids in sequences])
        for ids, text, answer in zip(sequences, expected, answers, strict=True):
            for how in ("text", "streamed"):
                if answer[how] != text:
                    fail(vocabulary, f"{how} (special={special})", str(ids), repr(text), repr(answer[how]))
    print(f"{vocabulary.name}: {count:,} random sequences of tokens: decoded and streamed text identical", flush=True)


def compare_conversations(binary: str, vocabulary: Vocabulary, chat: Chat, rng: random.Random) -> None:
    # As transformers sets jinja2 up for chat templates.
    rendered_by = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True).from_string(chat.template)
    requests = [{"template": chat.template, "messages": random_conversation(rng, chat), "prompt": rng.random() < 0.5}
                for _ in range(2000)]
    answers = ask(binary, vocabulary, requests)
    oracle = vocabulary.oracle(recognise_special=True)
    controls = vocabulary.control_ids()

    def render(messages: list[dict], prompt: bool) -> str:
        return rendered_by.render(messages=messages, add_generation_prompt=prompt, bos_token=vocabulary.bos,
                                  eos_token=vocabulary.eos)

    harmless = 0
    for request, answer in zip(requests, answers, strict=True):
        messages, prompt = request["messages"], request["prompt"]
        text = render(messages, prompt)
        if answer["text"] != text:
            fail(vocabulary, f"{chat.name} rendering", str(request), repr(text), repr(answer["text"]))
        # The control tokens of the same conversation without a word in it.
        wordless = oracle.encode(render([{"role": m["role"], "content": ""} for m in messages], prompt),
                                 add_special_tokens=False).ids
        found = [i for i in answer["ids"] if i in controls]
        if found != [i for i in wordless if i in controls]:
            fail(vocabulary, f"{chat.name}: control tokens", str(request), wordless, found)
        if any("<" in message["content"] or "[" in message["content"] for message in messages):
            continue
        # Where [/INST] is text, a template's answer may join with it; a model's own stands by itself.
        if "[INST]" in text and "[INST]" not in vocabulary.tokens and any(m["role"] == "assistant" for m in messages):
            continue
        harmless += 1
        ids = oracle.encode(text, add_special_tokens=False).ids
        if answer["ids"] != ids:
            fail(vocabulary, f"{chat.name} tokens", text, ids, answer["ids"])
    print(f"{vocabulary.name}: {len(requests):,} conversations by the {chat.name} template: text identical to "
          f"jinja2's; no content made a control token; {harmless:,} of them with harmless contents: "
          "tokens identical", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary", help="the built text_oracle")
    parser.add_argument("--strings", type=int, default=50_000)
    parser.add_argument("--gguf", type=pathlib.Path, help="compare with the vocabulary of this file only")
    parser.add_argument("--seed", type=int, default=20250717)
    arguments = parser.parse_args()
    rng = random.Random(arguments.seed)
    if arguments.gguf:
        vocabulary, _ = read_model(arguments.gguf)
        compare_tokens(arguments.binary, vocabulary, [random_string(rng) for _ in range(arguments.strings)])
        compare_decoding(arguments.binary, vocabulary, arguments.strings // 5, rng)
        return
    strings = [random_string(rng) for _ in range(arguments.strings)]

    for pre_tokenizer in PRE_TOKENIZERS:
        whole = trained(pre_tokenizer, rng)
        compare_tokens(arguments.binary, whole, strings)
        compare_tokens(arguments.binary, without_bytes(whole, rng), strings[: arguments.strings // 5])
        chats = {"qwen2": CHATML_CHATS, "llama-bpe": LLAMA3_CHATS}.get(pre_tokenizer, CHATML_CHATS[:2])
        for chat in chats:
            compare_conversations(arguments.binary, with_chat_markers(whole), chat, rng)

    for pieces, chat in ((llama2(rng), MISTRAL_CHAT), (gemma(rng), GEMMA_CHAT)):
        compare_tokens(arguments.binary, pieces, strings)
        compare_decoding(arguments.binary, pieces, arguments.strings // 5, rng)
        compare_conversations(arguments.binary, pieces, chat, rng)
    compare_conversations(arguments.binary, mistral3(rng), MISTRAL_CHAT, rng)

    model = find_model(arguments.binary)
    if model is None:
        if not os.environ.get("ESPALIER_SKIP_REAL_MODEL"):
            sys.exit("FAILED: no model to read the real vocabulary from: set ESPALIER_MODEL or run "
                     "build/release/bin/espalier model install (ESPALIER_SKIP_REAL_MODEL=1 leaves this part out)")
        print("SKIPPED the real vocabulary: ESPALIER_SKIP_REAL_MODEL is set, and no model is here")
        return
    vocabulary, template = read_model(model)
    compare_tokens(arguments.binary, vocabulary, strings)
    compare_conversations(arguments.binary, vocabulary, Chat("model's own", template), rng)


if __name__ == "__main__":
    main()
