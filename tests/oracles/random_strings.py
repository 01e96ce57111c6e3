"""Strings that try a tokenizer: random, multilingual, adversarial."""

from __future__ import annotations

import random

# Control tokens that overlap, so that leftmost and longest matter.
CONTROLS = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|im_", "<|im_start|>system", "<<", "<<<|x|>"]
USER_DEFINED_TOKENS = ["<tool>", "\t\t ", "é\n"]

# Fragments that strings are put together from; each is there for a rule it tries.
FRAGMENTS = {
    "contractions": "'ſ 'ſt 'LL 'Ve 'rE 'D 'M 's 't 're 've 'm 'll 'd 'S 'T 'RE 'Ll ’s '' ' 'x "
                    "don't we'll they'd 'r 'v 'l it's' ''s".split(),
    "white space": [" ", "  ", "   ", "\n", "\n\n", "\r\n", "\t", "\v", "\f", "\x1c", "\x1f", "\x85", "\xa0",
                    "\u1680", "\u2003", "\r", " \n ", "\n \n",
                    "\u2028", "\u2029", "\u202f", "\u205f", "\u3000", "\u200b", "\ufeff", "\u180e"],
    "numbers": ["0", "7", "42", "1234567", "3.14", "1,000", "²", "½", "Ⅷ", "٣", "५", "一", "三", "①", "𝟘", "௧௨",
                "\U00011de0", "\U00016ff4", "〇", "1st", "x86", "½cup"],
    "punctuation": list("!\"#$%&()*+,-./:;<=>?@[\\]^_`{|}~") + ["...", "—", "«", "»", "¿", "、", "。", "!!!", "=>",
                                                              "//"],
    "special": CONTROLS + USER_DEFINED_TOKENS + ["<|", "|>", "<|im", "<|im_star", "im_end|>", "<", "<<|x|>",
                                                "<|im_end|"],
    "marks": ["\u0301", "e\u0301", "n\u0303", "\u0915\u094d\u0937", "\u0e01\u0e33", "\u200d", "\ufe0f",
              "👩‍👩‍👧", "🇫🇷", "👍🏽"],
    "controls": ["\0", "\x01", "\x04", "\x06", "\x13", "\x14", "\x16", "\x1d", "\x7f", "\x80", "\x9f"],
    "edges": ["\x7f\x80", "\u07ff\u0800", "\uffff\U00010000", "\ud7ff\ue000", "\ufffd", "\U0010ffff", "\U00040000",
              "\U000323af\U000323b0"],
    "words": "the of and to that in he shall unto for I his LORD they be is him not them it with all thou Café naïve "
             "Straße ΑΘΗΝΑ Ελλάδα Москва привет мир ирония שלום עולם مرحبا بالعالم नमस्ते दुनिया สวัสดีชาวโลก 你好 世界 "
             "こんにちは カタカナ 안녕하세요 세계 Tiếng Việt žluťoučký kůň İstanbul ǅ ʰ ª º 𝒳 ꟑ "
             "antidisestablishmentarianism".split(),
}


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
