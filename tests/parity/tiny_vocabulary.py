"""The fixtures' tokenizer: byte-level BPE with 3 special tokens, 256 bytes and 13 merges.

Laid out like SmolLM2's: special tokens first, then one token per byte (spelled in GPT-2's printable
alphabet), then what the merges make, in the merges' order. No BOS is asked for.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from gguf import GGUFWriter

SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
UNKNOWN, BOS, EOS = 0, 1, 2

# U+0120 spells the space byte.
MERGES = [("t", "h"), ("th", "e"), ("\u0120", "the"), ("i", "n"), ("a", "n"), ("an", "d"), ("\u0120", "and"),
          ("e", "r"), ("o", "n"), ("\u0120", "a"), ("h", "e"), ("in", "g"), ("\u0120", "s")]

CHAT_TEMPLATE = (
    "{% for message in messages %}{{'<|im_start|>' + message['role'] + '\n' + message['content'] + "
    "'<|im_end|>' + '\n'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)


def byte_spellings() -> list[str]:
    """GPT-2's alphabet: printable Latin-1 bytes spell themselves, the others get U+0100 and up."""
    printable = {*range(ord("!"), ord("~") + 1), *range(0xA1, 0xAC + 1), *range(0xAE, 0xFF + 1)}
    spellings, spare = [], 0x100
    for byte in range(256):
        if byte in printable:
            spellings.append(chr(byte))
        else:
            spellings.append(chr(spare))
            spare += 1
    return spellings


TOKENS = SPECIAL + byte_spellings() + [left + right for left, right in MERGES]
SIZE = len(TOKENS)
assert SIZE == len(set(TOKENS)) <= 320


def add_to(writer: GGUFWriter) -> None:
    """Writes the tokenizer and the chat template as llama.cpp's converter does for SmolLM2."""
    from gguf import TokenType

    control, normal = int(TokenType.CONTROL), int(TokenType.NORMAL)
    writer.add_add_space_prefix(False)
    writer.add_add_bos_token(False)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("smollm")
    writer.add_token_list(TOKENS)
    writer.add_token_types([control] * len(SPECIAL) + [normal] * (SIZE - len(SPECIAL)))
    writer.add_token_merges([f"{left} {right}" for left, right in MERGES])
    writer.add_bos_token_id(BOS)
    writer.add_eos_token_id(EOS)
    writer.add_unk_token_id(UNKNOWN)
    writer.add_pad_token_id(EOS)
    writer.add_chat_template(CHAT_TEMPLATE)


def write_folder(folder: Path) -> None:
    """The same as tokenizer.json and tokenizer_config.json, spelled by PyPI tokenizers."""
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

    tokenizer = Tokenizer(models.BPE(vocab={token: i for i, token in enumerate(TOKENS)}, merges=MERGES))
    tokenizer.add_special_tokens([AddedToken(token, special=True) for token in SPECIAL])
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)])
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.save(str(folder / "tokenizer.json"), pretty=False)
    settings = {"bos_token": SPECIAL[BOS], "eos_token": SPECIAL[EOS], "unk_token": SPECIAL[UNKNOWN],
                "pad_token": SPECIAL[EOS], "add_bos_token": False, "chat_template": CHAT_TEMPLATE}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings, indent=2) + "\n")
