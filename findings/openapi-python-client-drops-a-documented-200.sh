#!/usr/bin/env bash
# openapi-python-client 0.29.1 (PyPI).
#
# Guess: an array without "items" (any JSON array, by JSON Schema) becomes list[Any] in the generated client.
# Behavior: the generator warns and exits with 0. It leaves out the whole schema that has such a property, and the response
# of that schema too: the client raises UnexpectedStatus for the documented 200 (with raise_on_unexpected_status), or
# returns None.
# Output seen:
#   exit 0
#   Warning(s) encountered while generating. Client was generated, but some pieces may be missing
#   the model: missing
#   200: UnexpectedStatus
#
# Exits with 0 if this is still so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv tools
tools/bin/pip install --quiet openapi-python-client==0.29.1 2>/dev/null
cat > openapi.json <<'JSON'
{
  "openapi": "3.1.0",
  "info": {"title": "widgets", "version": "1"},
  "paths": {"/widget": {"get": {"operationId": "get-widget", "responses": {"200": {
    "description": "A widget", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Widget"}}}}}}}},
  "components": {"schemas": {"Widget": {"type": "object", "required": ["id"], "properties": {
    "id": {"type": "integer"}, "tags": {"type": "array"}}}}}
}
JSON
PATH="$PWD/tools/bin:$PATH" tools/bin/openapi-python-client generate --path openapi.json --output-path client --meta none >said 2>&1
echo "exit $?"
grep -m 1 -i "warning" said
if compgen -G "client/models/widget.py" >/dev/null; then echo "the model: made"; exit 1; fi
echo "the model: missing"
cat > ask.py <<'PYTHON'
import httpx
from client import Client, errors
from client.api.default import get_widget

answer = httpx.MockTransport(lambda request: httpx.Response(200, json={"id": 1}))
client = Client(base_url="http://localhost", raise_on_unexpected_status=True, httpx_args={"transport": answer})
try:
    print("200:", get_widget.sync_detailed(client=client).parsed)
except errors.UnexpectedStatus as error:
    print(f"{error.status_code}: UnexpectedStatus")
PYTHON
tools/bin/python ask.py | tee asked
grep -qx "200: UnexpectedStatus" asked
