"""Writes the schema fuzzer's seeds: each keyword as schemas have it, and schemas that cost others time or memory.

    .venv/bin/python fuzz/make_schema_corpus.py fuzz/corpus/schema

The output does not change from run to run.
"""

import json
import pathlib
import sys

DRAFT = "$schema"
SCHEMAS = {
    "any": True,
    "none": False,
    "person": {"type": "object",
               "properties": {"name": {"type": "string", "minLength": 1}, "age": {"type": "integer", "minimum": 0}},
               "required": ["name"], "additionalProperties": False},
    "tree": {"$defs": {"t": {"type": "object", "properties": {"a": {"$ref": "#/$defs/t"}}, "required": ["b"]}},
             "$ref": "#/$defs/t"},
    "union": {"oneOf": [{"type": "object", "properties": {"kind": {"const": "a"}}, "required": ["kind"]},
                        {"type": "object", "properties": {"kind": {"const": "b"}}, "required": ["kind"]}]},
    "condition": {"if": {"properties": {"a": {"const": 1}}, "required": ["a"]}, "then": {"required": ["b"]},
                  "else": {"required": ["c"]}},
    "negation": {"not": {"type": ["object", "null"], "properties": {"a": {"enum": [1, "x"]}}}},
    "strings": {"type": "string", "pattern": "^(?=.{2,6}$)[a-c]+|\\u00e9*$", "maxLength": 9, "format": "date-time"},
    "numbers": {"type": "number", "minimum": -1.5, "exclusiveMaximum": 20, "multipleOf": 0.25},
    "arrays": {"type": "array", "prefixItems": [{"type": "null"}], "items": {"enum": [1, 2, 3]}, "minItems": 2,
               "maxItems": 5, "uniqueItems": True},
    "contains": {"type": "array", "contains": {"type": "string"}, "minContains": 1, "maxContains": 2, "maxItems": 4},
    "patterns": {"type": "object", "patternProperties": {"^a": {"type": "integer"}, "b$": {"maximum": 3}},
                 "propertyNames": {"maxLength": 4}, "minProperties": 1, "maxProperties": 3},
    "dependent": {"dependentRequired": {"a": ["b"]}, "dependentSchemas": {"c": {"required": ["d"]}},
                  "dependencies": {"e": ["f"], "g": {"required": ["h"]}}},
    "unevaluated": {"anyOf": [{"properties": {"a": True}, "required": ["a"]}, {"properties": {"b": True}}],
                    "unevaluatedProperties": False, "unevaluatedItems": False, "prefixItems": [True]},
    "anchors": {"$id": "http://a.test/x.json", "$ref": "#here", "$defs": {"y": {"$anchor": "here", "type": "null"}}},
    "draft4": {DRAFT: "http://json-schema.org/draft-04/schema#", "id": "http://a.test/", "minimum": 1,
               "exclusiveMinimum": True, "definitions": {"a": {}}, "items": [{"$ref": "#/definitions/a"}],
               "additionalItems": False},
    "draft7": {DRAFT: "http://json-schema.org/draft-07/schema#", "$id": "http://a.test/", "items": [{}],
               "contains": {}},
    "bad_type": {"type": "strin"},
    "bad_ref": {"$ref": "#/$defs/none"},
    "bad_cycle": {"$ref": "#"},
    "bad_pattern": {"pattern": "(a|(b)\\1"},
    "bad_bound": {"minLength": -1, "maximum": "3"},
    "hostile_any_of": {"allOf": [{"anyOf": [{"required": [f"k{i}"]}, {"properties": {f"k{i}": {"type": "null"}}}]}
                                 for i in range(12)]},
    "hostile_one_of": {"oneOf": [{"properties": {f"k{i}": {"type": "integer"}}} for i in range(12)]},
    "hostile_pattern": {"pattern": "^(a|a)*(b?){40}[^]{0,60}c(([ab]*a)[ab]{12})$",
                        "not": {"pattern": "^(.*a.{9}|b+)*$"}},
    "hostile_repeat": {"pattern": "^((a{9}){9}){9}$", "minLength": 1000000},
    "hostile_enum": {"enum": [f"value {i * 7919 % 1000}" for i in range(300)], "maxLength": 9},
    "hostile_depth": {"not": {"not": {"not": {"not": {"not": {"not": {"not": {"not": {"items": {"not": {}}}}}}}}}}},
    "hostile_numbers": {"multipleOf": 0.00977, "minimum": 1e-30, "maximum": 12345678901234567890123},
    "hostile_regions": {"patternProperties": {f"[{chr(97 + i)}]": {"minimum": i} for i in range(8)}},
    "hostile_counts": {"contains": {"minimum": 1}, "minContains": 30,
                       "allOf": [{"contains": {"maximum": i}} for i in range(6)]},
}


def main():
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for name, schema in SCHEMAS.items():
        (folder / f"{name}.json").write_text(json.dumps(schema))


if __name__ == "__main__":
    main()
