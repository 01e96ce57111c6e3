"""JSON values with exact numbers: read, written, spelled in other ways, and changed by one edit.

Integers are int, all other numbers Decimal, so that 0.07 is a multiple of 0.01 and 1.0 stays "1.0".
"""

from __future__ import annotations

import copy
import json
import random
import sys
from decimal import Decimal, InvalidOperation
from typing import Any

sys.set_int_max_str_digits(0)

BLANKS = " \t\n\r"
MOST_BLANKS = 64  # in a row, as SchemaOptions::blanks says


def unique_members(members: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(members)
    if len(value) != len(members):
        raise ValueError(f"a key appears twice among {[key for key, _ in members]}")
    return value


def no_constant(text: str) -> None:
    raise ValueError(f"{text} is no JSON")


def decimal(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:  # an exponent of twenty digits, which no number beside a rule has: any such will do
        return Decimal("1E+999999")


def read(text: str) -> Any:
    return json.loads(text, parse_float=decimal, parse_constant=no_constant, object_pairs_hook=unique_members)


def write(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(key)}:{write(member)}" for key, member in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(write, value)) + "]"
    return str(value) if isinstance(value, Decimal) else json.dumps(value, ensure_ascii=False)


def escaped(character: str, rng: random.Random) -> str:
    short = {'"': '\\"', "\\": "\\\\", "/": "\\/", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
    if character in short and rng.random() < 0.5:
        return short[character]
    units = character.encode("utf-16-be")
    codes = [units[i:i + 2].hex() for i in range(0, len(units), 2)]
    return "".join("\\u" + (code.upper() if rng.random() < 0.5 else code) for code in codes)


def spell_string(text: str, rng: random.Random) -> str:
    share = rng.choice([0.0, 0.1, 1.0])
    return '"' + "".join(escaped(c, rng) if c in '"\\' or c < " " or rng.random() < share else c for c in text) + '"'


def blanks(rng: random.Random) -> str:
    count = rng.choice([0, 0, 0, 1, 1, 3, MOST_BLANKS if rng.random() < 0.05 else 0])
    return "".join(rng.choice(BLANKS) for _ in range(count))


def spell(value: Any, rng: random.Random, outermost: bool = True) -> str:
    """Another way to write the value: keys permuted, blanks, escapes. Numbers stay as they are; none is behind it."""
    if isinstance(value, dict):
        members = [f"{blanks(rng)}{spell_string(key, rng)}{blanks(rng)}:{spell(member, rng, False)}"
                   for key, member in rng.sample(list(value.items()), len(value))]
        text = "{" + ",".join(members or [blanks(rng)]) + "}"
    elif isinstance(value, list):
        text = "[" + ",".join([spell(item, rng, False) for item in value] or [blanks(rng)]) + "]"
    else:
        text = spell_string(value, rng) if isinstance(value, str) else write(value)
    return blanks(rng) + text + ("" if outermost else blanks(rng))


def places(value: Any) -> list[tuple[Any, Any]]:
    """All places in a value but the root: their container, and their key or index in it."""
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [place for key, member in members for place in [(value, key), *places(member)]]


def any_value(rng: random.Random) -> Any:
    return copy.deepcopy(rng.choice([None, True, False, 0, 1, -1, 7, Decimal("0.5"), Decimal("1.0"), 10**20, "", "a",
                                     "a\n", "é🐲", "2024-02-30", [], [1, 1], [None], {}, {"a": 1}]))


def edited_string(text: str, rng: random.Random) -> str:
    at = rng.randrange(len(text) + 1)
    return rng.choice([text[:at] + rng.choice("aZ0 -_.:/@\n\"\\é🐲") + text[at:], text[:at] + text[at + 1:],
                       text + "\n", text * 2, text.swapcase(), text[::-1], ""])


def edited_number(number: int | Decimal, rng: random.Random) -> int | Decimal:
    return rng.choice([lambda: number + 1, lambda: number - 1, lambda: -number, lambda: number * 10,
                       lambda: number + Decimal("0.5"), lambda: number + Decimal("0.001"),
                       lambda: number * 1000003, lambda: Decimal(f"{number}.0") if isinstance(number, int) else 0])()


def edited_list(items: list, rng: random.Random) -> list:
    at = rng.randrange(len(items) + 1)
    new = copy.deepcopy(rng.choice(items)) if items and rng.random() < 0.5 else any_value(rng)
    if not items or rng.random() < 0.5:
        return [*items[:at], new, *items[at:]]
    return items[:at] + items[at + 1:] if rng.random() < 0.7 else items[::-1]


def edited_dict(members: dict, rng: random.Random, names: list[str]) -> dict:
    changed = dict(members)
    if members and rng.random() < 0.5:
        value = changed.pop(rng.choice(list(members)))
        if rng.random() < 0.3:
            changed[edited_string(rng.choice(list(members)), rng)] = value
        return changed
    key = rng.choice(names) if names and rng.random() < 0.7 else edited_string("key", rng)
    old = members and rng.random() < 0.4
    changed[key] = copy.deepcopy(rng.choice(list(members.values()))) if old else any_value(rng)
    return changed


def edited(value: Any, rng: random.Random, names: list[str]) -> Any:
    if rng.random() < 0.15:
        return any_value(rng)
    if isinstance(value, dict):
        return edited_dict(value, rng, names)
    if isinstance(value, list):
        return edited_list(value, rng)
    if isinstance(value, str):
        return edited_string(value, rng)
    if value is None or isinstance(value, bool):
        return any_value(rng) if value is None or rng.random() < 0.3 else not value
    return edited_number(value, rng)


def mutate(value: Any, rng: random.Random, names: list[str]) -> Any:
    """A copy of the value with one edit somewhere. New keys are often one of `names`."""
    root = [copy.deepcopy(value)]
    container, key = rng.choice(places(root))
    container[key] = edited(container[key], rng, names)
    return root[0]
