#!/usr/bin/env bash
# ajv 8.20.0 (npm, its 2020-12 class, strict mode), compared with jsonschema 4.26.0 and jsonschema-rs 0.61.2 (PyPI).
#
# Guess: all three agree on a schema of draft 2020-12 with "contains" and "unevaluatedItems": false. There, "contains" evaluates
# the items that match it, and the other items stay unevaluated.
# Behavior: with ajv one matching item is enough for all others to count as evaluated: ["a", 1] is valid. Both Python
# libraries reject it. An editor and a CI check of one file can disagree.
# Output seen ({"contains": {"type": "string"}, "unevaluatedItems": false}):
#                 ["a"]   ["a", 1]  [1]
#   ajv           true    true      false
#   jsonschema    true    false     false
#   jsonschema-rs true    false     false
#
# Exits with 0 if this is still so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-fund --no-audit --prefix tools ajv@8.20.0 >/dev/null 2>&1
python3 -m venv tools/python
tools/python/bin/pip install --quiet jsonschema==4.26.0 jsonschema-rs==0.61.2 2>/dev/null
cat > schema.json <<'JSON'
{"$schema": "https://json-schema.org/draft/2020-12/schema", "type": "array", "contains": {"type": "string"}, "unevaluatedItems": false}
JSON
cat > check.js <<'JS'
const Ajv = require('./tools/node_modules/ajv/dist/2020').default
const validate = new Ajv().compile(require('./schema.json'))
console.log([['a'], ['a', 1], [1]].map(instance => validate(instance)).join(' '))
JS
cat > check.py <<'PYTHON'
import json
import jsonschema
import jsonschema_rs
schema = json.load(open("schema.json"))
instances = [["a"], ["a", 1], [1]]
first = [jsonschema.Draft202012Validator(schema).is_valid(instance) for instance in instances]
second = [jsonschema_rs.is_valid(schema, instance) for instance in instances]
print("jsonschema", first, "jsonschema-rs", second)
assert first == second == [True, False, False]
PYTHON
found=$(node check.js)
echo "ajv $found"
[ "$found" = "true true false" ]
tools/python/bin/python check.py
