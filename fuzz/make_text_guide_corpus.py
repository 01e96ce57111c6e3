"""Writes the seeds of the fuzzers of regular expressions and grammars: one for each thing that either can say.

    .venv/bin/python fuzz/make_text_guide_corpus.py fuzz/corpus/regex fuzz/corpus/grammar

The output does not change from run to run.
"""

import json
import pathlib
import sys

REGEXES = {
    "empty": "", "text": "abc", "alternatives": "a|bc||d", "classes": r"[a-z_][^0-9\s]\d\w\S.",
    "counts": "a{2}b{1,3}c{2,}d*e+?f?",
    "groups": "(?:ab)+(c(d))?(?<name>e)", "anchors": "^a$|^b|c$", "ahead": r"(?=.*\d)(?!x)[a-z0-9]{2,5}",
    "unicode": "[é-ü]+🐲.", "escapes": r"\t\n\x41é\u{1F432}\cJ\0\/\.", "property": r"\p{L}+\P{N}\p{ASCII}",
    "braces": "{a}x{", "star_of_stars": "((a*)*b*)*", "same_twice": "(a|a)*", "counted_twice": "((a?){50}){50}",
    "growing": "(a|b)*a(a|b){30}", "huge_count": "a{1000000}", "deep": "(" * 60 + "a" + ")" * 60, "nothing": "a[]b",
    "bad_group": "(a", "bad_count": "a{3,1}", "bad_range": "[z-a]", "bad_escape": r"\y", "back_reference": r"(a)\1",
    "behind": "(?<=a)b", "boundary": r"\bword\b", "date": r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])",
    "no_utf8": b"a\xff\xc3",
}

TOOL = {"type": "object", "properties": {"name": {"enum": ["a", "b"]}}, "required": ["name"],
        "additionalProperties": False}
GRAMMARS = {
    "text": "abc", "sequence": ["a", [], ["b", "c"]], "either": {"either": ["a", "ab", {"regex": "a+"}]},
    "repeat": {"repeat": {"regex": "[ab]"}, "least": 1, "most": 3}, "regex": {"regex": "[a-z]+"},
    "schema": {"schema": TOOL}, "number": [{"schema": {"type": "integer"}}, {"regex": "[0-9]*"}],
    "documents": {"repeat": {"either": [{"schema": {"enum": [1, 12]}}, {"schema": True}]}},
    "free": {"free": []}, "until": [{"free": [], "until": "</t>"}, {"schema": {"type": "null"}}],
    "tools": {"free": [{"trigger": "<t>", "then": [{"schema": TOOL}, "</t>"]}], "least": 1, "most": 4},
    "marks": {"free": [{"trigger": "aa", "then": "b"}, {"trigger": "ba", "then": ""}], "until": ["x", "yy"]},
    "nothing": {"either": [{"regex": "[]"}]}, "bad_part": 1, "bad_member": {"regexp": "a"},
    "bad_bounds": {"repeat": "a", "least": 2, "most": 1},
    "bad_marks": {"free": [{"trigger": "ab", "then": ""}], "until": "b"}, "bad_end": [{"free": []}, "a"],
    "bad_schema": {"schema": {"pattern": "(a)\\1"}}, "bad_regex": {"regex": "("},
    "huge": {"repeat": {"repeat": "a", "most": 1000}, "most": 1000},
}


def main():
    regexes, grammars = map(pathlib.Path, sys.argv[1:])
    for folder in (regexes, grammars):
        folder.mkdir(parents=True, exist_ok=True)
    for name, regex in REGEXES.items():
        (regexes / name).write_bytes(regex if isinstance(regex, bytes) else regex.encode())
    for name, grammar in GRAMMARS.items():
        (grammars / f"{name}.json").write_text(json.dumps(grammar))


if __name__ == "__main__":
    main()
