#!/usr/bin/env bash
# openapi-core 0.23.1 (PyPI), OpenAPI 3.1.
#
# Guess: a list of types ("type": ["string", "null"], JSON Schema's own form, which OpenAPI 3.1 adopted) works wherever a schema
# does. A request that omits such an optional field is valid.
# Behavior: in a JSON body it works. In a form body or a query parameter every request to that operation raises TypeError, also one
# that omits the field. It isn't one of the library's own errors, so a server that handles those returns 500. "anyOf" with
# the same two types works.
# Output seen:
#   JSON body, type list: {'id': 7}
#   form body, type list: TypeError: Expected a string value, got <class 'list'>
#   form body, anyOf: {'id': 7}
#   query, type list: TypeError: Expected a string value, got <class 'list'>
#   query, anyOf: {'id': 7}
#
# Exits with 0 if this is still so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv tools
tools/bin/pip install --quiet openapi-core==0.23.1 2>/dev/null
cat > read.py <<'PYTHON'
from openapi_core import OpenAPI
from openapi_core.testing import MockRequest

TYPE_LIST = {"type": ["string", "null"]}
ANY_OF = {"anyOf": [{"type": "string"}, {"type": "null"}]}
JSON, FORM = "application/json", "application/x-www-form-urlencoded"


def read(kind, optional):
    number, operation = {"type": "integer"}, {"responses": {"200": {"description": "done"}}}
    if kind == "query":
        parameters = {"id": number, "endDate": optional}
        operation["parameters"] = [{"name": n, "in": "query", "schema": s} for n, s in parameters.items()]
        request = MockRequest("http://localhost", "post", "/release", args={"id": "7"})
    else:
        schema = {"type": "object", "properties": {"id": number, "endDate": optional}}
        operation["requestBody"] = {"content": {kind: {"schema": schema}}}
        data = b'{"id": 7}' if kind == JSON else b"id=7"
        request = MockRequest("http://localhost", "post", "/release", data=data, content_type=kind)
    document = {"openapi": "3.1.0", "info": {"title": "releases", "version": "1"}}
    document["paths"] = {"/release": {"post": operation}}
    try:
        result = OpenAPI.from_dict(document).unmarshal_request(request)
    except TypeError as error:
        return f"TypeError: {error}"
    return result.parameters.query if kind == "query" else result.body


print("JSON body, type list:", read(JSON, TYPE_LIST))
print("form body, type list:", read(FORM, TYPE_LIST))
print("form body, anyOf:", read(FORM, ANY_OF))
print("query, type list:", read("query", TYPE_LIST))
print("query, anyOf:", read("query", ANY_OF))
PYTHON
tools/bin/python read.py | tee seen
grep -qx "JSON body, type list: {'id': 7}" seen
grep -q "^form body, type list: TypeError" seen
grep -qx "form body, anyOf: {'id': 7}" seen
grep -q "^query, type list: TypeError" seen
