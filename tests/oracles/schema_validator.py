"""An independent judge of JSON Schema: PyPI jsonschema, given what the standard says and it leaves to Python.

Patterns are ECMA-262's (PyPI regress), numbers are exact (Decimal), formats are asserted. A schema without $schema is
of draft 2020-12, with the older spellings that do not clash with it.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import jsonschema
import regress
from jsonschema import FormatChecker, ValidationError, validators

DRAFTS = {
    "json-schema.org/draft-04/schema": jsonschema.Draft4Validator,
    "json-schema.org/draft-06/schema": jsonschema.Draft6Validator,
    "json-schema.org/draft-07/schema": jsonschema.Draft7Validator,
    "json-schema.org/draft/2019-09/schema": jsonschema.Draft201909Validator,
    "json-schema.org/draft/2020-12/schema": jsonschema.Draft202012Validator,
}


@functools.lru_cache(maxsize=4096)
def expression(pattern: str) -> regress.Regex:
    try:
        return regress.Regex(pattern, "u")
    except regress.RegressError:  # \- and the like, which Unicode mode forbids and many write
        return regress.Regex(pattern, "")


class EcmaPatterns:
    """Stands for the module `re` in jsonschema, which uses its search() only."""

    @staticmethod
    def search(pattern: str, text: str) -> Any:
        return expression(pattern).find(text)


for module in (jsonschema._keywords, jsonschema._legacy_keywords, jsonschema._utils):
    module.re = EcmaPatterns


def is_number(_: Any, value: Any) -> bool:
    return isinstance(value, int | Decimal) and not isinstance(value, bool)


def is_integer(checker: Any, value: Any) -> bool:
    return is_number(checker, value) and (isinstance(value, int) or value == value.to_integral_value())


def divides(divisor: int | Decimal, value: int | Decimal) -> bool:
    """Exactly, and without writing out what 1e999999 stands for."""
    _, divisor_digits, divisor_exponent = Decimal(divisor).as_tuple()
    _, digits, exponent = Decimal(value).as_tuple()
    shift = max(0, -divisor_exponent)
    whole_divisor = int("".join(map(str, divisor_digits))) * 10 ** (divisor_exponent + shift)
    number = int("".join(map(str, digits)))
    exponent += shift
    if exponent < 0:
        if number != 0 and -exponent >= len(digits):
            return False
        number, rest = divmod(number, 10 ** min(-exponent, len(digits)))
        return rest == 0 and number % whole_divisor == 0
    return number * pow(10, exponent, whole_divisor) % whole_divisor == 0


def multiple_of(validator: Any, divisor: Any, value: Any, _: Any) -> Iterator[ValidationError]:
    if validator.is_type(value, "number") and not divides(divisor, value):
        yield ValidationError(f"{value} is no multiple of {divisor}")


def items(validator: Any, rule: Any, value: Any, schema: dict) -> Iterator[ValidationError]:
    """As it was up to 2019-09 where it is a list, else as it is."""
    if not isinstance(rule, list):
        yield from jsonschema._keywords.items(validator, rule, value, schema)
    elif validator.is_type(value, "array"):
        for index, (item, each) in enumerate(zip(value, rule, strict=False)):
            yield from validator.descend(item, each, path=index, schema_path=index)
        for index, item in enumerate(value[len(rule):], len(rule)):
            yield from validator.descend(item, schema.get("additionalItems", True), path=index)


def bound(keyword: str, exclusive: str, breaks: Any) -> Any:
    """minimum or maximum, with draft 4's boolean beside it."""
    def check(validator: Any, limit: Any, value: Any, schema: dict) -> Iterator[ValidationError]:
        if validator.is_type(value, "number") and (breaks(value, limit)
                                                   or (schema.get(exclusive) is True and value == limit)):
            yield ValidationError(f"{value} breaks {keyword} {limit}")
    return check


def own_bound(breaks: Any) -> Any:
    """exclusiveMinimum or exclusiveMaximum; a boolean speaks to its neighbour."""
    def check(validator: Any, limit: Any, value: Any, _: dict) -> Iterator[ValidationError]:
        if not isinstance(limit, bool) and validator.is_type(value, "number") and (breaks(value, limit)
                                                                                   or value == limit):
            yield ValidationError(f"{value} is not within {limit}")
    return check


def below(value: Any, limit: Any) -> bool:
    return value < limit


def above(value: Any, limit: Any) -> bool:
    return value > limit


OLDER_SPELLINGS = {
    "dependencies": jsonschema._legacy_keywords.dependencies_draft4_draft6_draft7,
    "items": items,
    "minimum": bound("minimum", "exclusiveMinimum", below),
    "maximum": bound("maximum", "exclusiveMaximum", above),
    "exclusiveMinimum": own_bound(below),
    "exclusiveMaximum": own_bound(above),
}


def with_exact_numbers(draft: Any, more: dict[str, Any] | None = None) -> Any:
    types = draft.TYPE_CHECKER.redefine("number", is_number)
    if draft is not jsonschema.Draft4Validator:  # to which 1.0 is no integer
        types = types.redefine("integer", is_integer)
    return validators.extend(draft, {"multipleOf": multiple_of, **(more or {})}, type_checker=types)


EXACT = {uri: with_exact_numbers(draft) for uri, draft in DRAFTS.items()}
# FormatChecker's own are of several drafts: its "time" is that of draft 3.
LATEST_FORMATS = jsonschema.Draft202012Validator.FORMAT_CHECKER.checkers


def with_year_zero(check: Any) -> Any:
    """RFC 3339 begins with the year 0000, Python's dates with 0001. 0400 has the same days."""
    def checked(value: Any) -> Any:
        has_it = isinstance(value, str) and value.startswith("0000-")
        return check(f"0400{value[4:]}" if has_it else value)
    return checked


def with_astral_letters(check: Any) -> Any:
    """RFC 3987 has letters above U+FFFF, which rfc3987-syntax does not know: others of their kinds stand in."""
    def stand_in(letter: str) -> str:
        code = ord(letter)
        if code < 0x10000 or code & 0xFFFE == 0xFFFE or 0xE0000 <= code < 0xE1000:
            return letter
        return "\u00e9" if code < 0xF0000 else "\ue000"

    def checked(value: Any) -> Any:
        return check("".join(map(stand_in, value)) if isinstance(value, str) else value)
    return checked


MENDED = {"date": with_year_zero, "date-time": with_year_zero, "iri": with_astral_letters,
          "iri-reference": with_astral_letters}
FORMATS = {name: (MENDED.get(name, lambda check: check)(check), raises)
           for name, (check, raises) in LATEST_FORMATS.items()}
UNDECLARED = with_exact_numbers(jsonschema.Draft202012Validator, OLDER_SPELLINGS)


def in_one_dialect(schema: Any) -> Any:
    """Without $schema, at which jsonschema would take a validator of its own: where it begins no resource, and where
    "#" leads back to the root."""
    if isinstance(schema, list):
        return [in_one_dialect(value) for value in schema]
    if not isinstance(schema, dict):
        return schema
    return {key: value if key in ("const", "enum") else in_one_dialect(value) for key, value in schema.items()
            if key != "$schema" or not isinstance(value, str)}


def judge_of(schema: Any, asserted: list[str]) -> Any:
    """The validator of a schema, which asserts the formats named."""
    uri = schema.get("$schema") if isinstance(schema, dict) else None
    name = uri.rstrip("#").partition("//")[2] if isinstance(uri, str) else None
    checker = FormatChecker([])
    checker.checkers = {name: check for name, check in FORMATS.items() if name in asserted}
    return EXACT.get(name, UNDECLARED)(in_one_dialect(schema), format_checker=checker)


# What jsonschema by itself gets wrong, or leaves out: schema, value, whether it is valid.
PROMISES = [
    ({"type": "integer"}, Decimal("1.0"), True),
    ({"$schema": "http://json-schema.org/draft-04/schema#", "type": "integer"}, Decimal("1.0"), False),
    ({"items": {"$schema": "http://json-schema.org/draft-04/schema#", "type": "integer"}}, [Decimal("1.0")], True),
    ({"$schema": "http://json-schema.org/draft-07/schema#", "type": ["array", "integer"], "items": {"$ref": "#"}},
     [Decimal("1.0")], True),
    ({"multipleOf": Decimal("0.01")}, Decimal("0.07"), True),
    ({"multipleOf": 11}, Decimal("1E+999999"), False),
    ({"multipleOf": 8}, Decimal("-1E+999999"), True),
    ({"multipleOf": Decimal("0.25")}, Decimal("1E-999999"), False),
    ({"multipleOf": Decimal("1E+2")}, Decimal("1200.00"), True),
    ({"multipleOf": 5}, Decimal("0.0"), True),
    ({"enum": [1]}, Decimal("1.0"), True),
    ({"uniqueItems": True}, [1, Decimal("1.0")], False),
    ({"pattern": "^a$"}, "a\n", False),
    ({"pattern": "^\\d$"}, "\u0663", False),
    ({"patternProperties": {"^a$": False}}, {"a\n": 1}, True),
    ({"format": "time"}, "12:00:00Z", True),
    ({"format": "time"}, "12:00:00", False),
    ({"format": "date"}, "0000-02-29", True),
    ({"format": "date-time"}, "0000-02-30T00:00:00Z", False),
    ({"format": "date-time"}, "0000-11-15T00:21:38Z", True),
    ({"format": "iri"}, "https:/\U0001f432/x", True),
    ({"format": "iri"}, "https:/\U0001ffff/x", False),
    ({"format": "iri"}, "https:/x?\U000f0000", True),
    ({"format": "iri-reference"}, "\U000f0000", False),
    ({"minimum": 1, "exclusiveMinimum": True}, 1, False),
    ({"items": [{"type": "null"}], "additionalItems": False}, [None, 1], False),
    ({"dependencies": {"a": ["b"]}}, {"a": 1}, False),
]


def check_itself() -> None:
    wrong = [(schema, value) for schema, value, valid in PROMISES
             if judge_of(schema, ["date", "date-time", "iri", "iri-reference", "time"]).is_valid(value) != valid]
    assert not wrong, f"the judge is wrong about {wrong}"
