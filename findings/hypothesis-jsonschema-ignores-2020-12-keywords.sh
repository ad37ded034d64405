#!/usr/bin/env bash
# hypothesis-jsonschema 0.23.1 with hypothesis 6.100.0, checked with jsonschema 4.26.0 (PyPI).
#
# Guess: from_schema() generates valid instances of a schema whose $schema is draft 2020-12, or says that it doesn't support a keyword.
# Behavior: it accepts the schema, and ignores prefixItems, unevaluatedProperties, dependentRequired and $dynamicRef without a
# warning: a property test runs mostly on invalid input. if/then/else and $anchor are followed.
# Output seen (invalid instances among the 50 generated):
#   prefixItems            50
#   unevaluatedProperties  43
#   dependentRequired      32
#   $dynamicRef            47
#   if                      0
#   $anchor                 0
#
# Exits with 0 if this is still so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv tools
tools/bin/pip install --quiet hypothesis-jsonschema==0.23.1 hypothesis==6.100.0 jsonschema==4.26.0 2>/dev/null
cat > generate.py <<'PYTHON'
from hypothesis import HealthCheck, given, seed, settings
from hypothesis_jsonschema import from_schema
from jsonschema import Draft202012Validator

text = {"type": "string"}
schemas = {
    "prefixItems": {"type": "array", "prefixItems": [text, {"type": "integer"}], "minItems": 2},
    "unevaluatedProperties": {"type": "object", "properties": {"a": text}, "unevaluatedProperties": False},
    "dependentRequired": {"type": "object", "properties": {"a": text, "b": text}, "required": ["a"], "dependentRequired": {"a": ["b"]}},
    "$dynamicRef": {"$dynamicAnchor": "node", "type": "object", "properties": {"child": {"$dynamicRef": "#node"}},
                    "additionalProperties": False},
    "if": {"type": "object", "properties": {"kind": {"enum": ["a", "b"]}}, "required": ["kind"],
           "if": {"properties": {"kind": {"const": "a"}}}, "then": {"required": ["x"]}, "else": {"required": ["y"]}},
    "$anchor": {"$defs": {"text": {"$anchor": "text", "type": "string"}}, "$ref": "#text"},
}
invalid = {}
for keyword, schema in schemas.items():
    schema["$schema"] = Draft202012Validator.META_SCHEMA["$id"]
    Draft202012Validator.check_schema(schema)
    found = []

    @seed(1)
    @settings(max_examples=50, database=None, deadline=None, suppress_health_check=list(HealthCheck))
    @given(from_schema(schema))
    def run(instance):
        found.append(not Draft202012Validator(schema).is_valid(instance))

    run()
    invalid[keyword] = sum(found)
    print(f"{keyword:22} {invalid[keyword]:2}")
assert [keyword for keyword, count in invalid.items() if count] == ["prefixItems", "unevaluatedProperties", "dependentRequired", "$dynamicRef"]
PYTHON
tools/bin/python generate.py
