#!/usr/bin/env bash
# datamodel-code-generator 0.89.0 (PyPI), pydantic v2 models, and jsonschema 4.26.0 for the schema's own answer.
#
# Guess: an object with "properties", "patternProperties" (such as the "^x-" of OpenAPI's extensions) and "additionalProperties":
# false becomes a model that accepts both, or at least one that accepts too much.
# Behavior: alone, patternProperties becomes a dict with constrained keys. Beside properties it is dropped, while
# additionalProperties: false still becomes extra="forbid": the model rejects valid documents.
# Output seen, for {"id": "a", "x-order": 1}:
#   jsonschema  valid
#   the model   x-order: extra_forbidden
#
# Exits with 0 if this is still so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv tools
tools/bin/pip install --quiet datamodel-code-generator==0.89.0 pydantic==2.13.4 jsonschema==4.26.0 2>/dev/null
cat > schema.json <<'JSON'
{
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "title": "Widget",
  "type": "object",
  "properties": {"id": {"type": "string"}},
  "patternProperties": {"^x-": {"type": "integer"}},
  "additionalProperties": false
}
JSON
tools/bin/datamodel-codegen --input schema.json --input-file-type jsonschema --output-model-type pydantic_v2.BaseModel \
    --output widget.py 2>/dev/null
tools/bin/python - <<'PYTHON'
import json
import jsonschema
from pydantic import ValidationError
from widget import Widget

document = {"id": "a", "x-order": 1}
jsonschema.Draft202012Validator(json.load(open("schema.json"))).validate(document)
print("jsonschema: valid")
try:
    Widget.model_validate(document)
except ValidationError as error:
    found = [(problem["loc"], problem["type"]) for problem in error.errors()]
    print("the model:", found)
assert found == [(("x-order",), "extra_forbidden")]
PYTHON
