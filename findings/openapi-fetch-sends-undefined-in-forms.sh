#!/usr/bin/env bash
# openapi-fetch 0.17.0 (npm) and openapi-python-client 0.29.1 (PyPI), one operation with an application/x-www-form-urlencoded body.
#
# Guess: both clients send a form as OpenAPI defines it: a list is repeated (explode is true), and a member without a value is
# absent. For an object, where OpenAPI's defaults are less common, they send JSON or its members, or refuse it.
# Behavior: openapi-fetch gives the body to URLSearchParams. A list becomes one value with commas, an optional member that is
# undefined arrives as the text "undefined", null as "null", and an object as "[object Object]". openapi-python-client repeats lists
# and omits what is unset, but writes an object as Python's own text of a dict. Neither warns.
# Output seen:
#   openapi-fetch          platforms=windows,linux & note=undefined & title=null & variables=[object Object]
#   openapi-python-client  platforms=windows & platforms=linux & title= & variables={'channel': 'beta'}
#
# Exits with 0 if this is still so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-fund --no-audit openapi-fetch@0.17.0 >/dev/null 2>&1
python3 -m venv tools
tools/bin/pip install --quiet openapi-python-client==0.29.1 ruff==0.17.6 2>/dev/null
cat > openapi.json <<'JSON'
{"openapi": "3.0.3", "info": {"title": "widget", "version": "1"}, "paths": {"/release": {"post": {
  "operationId": "createRelease", "responses": {"200": {"description": "ok"}},
  "requestBody": {"content": {"application/x-www-form-urlencoded": {"schema": {"type": "object", "properties": {
    "platforms": {"type": "array", "items": {"type": "string"}}, "note": {"type": "string"},
    "title": {"type": "string", "nullable": true},
    "variables": {"type": "object", "additionalProperties": {"type": "string"}}}}}}}}}}}
JSON
PATH="$folder/tools/bin:$PATH" tools/bin/openapi-python-client generate --path openapi.json --output-path client --meta none >/dev/null
cat > send.mjs <<'JS'
import createClient from 'openapi-fetch'
const show = async request => {
  console.log('openapi-fetch:', decodeURIComponent((await request.text()).replaceAll('&', ' & ')))
  return new Response(null, {status: 204})
}
await createClient({baseUrl: 'https://api.example.com', fetch: show}).POST('/release', {
  headers: {'Content-Type': 'application/x-www-form-urlencoded'},
  body: {platforms: ['windows', 'linux'], note: undefined, title: null, variables: {channel: 'beta'}},
})
JS
cat > send.py <<'PYTHON'
from urllib.parse import unquote_plus
import httpx
from client import Client
from client.api.default import create_release
from client.models import CreateReleaseBody, CreateReleaseBodyVariables

def show(request):
    print("openapi-python-client:", unquote_plus(request.content.decode().replace("&", " & ")))
    return httpx.Response(200)

client = Client(base_url="https://api.example.com", httpx_args={"transport": httpx.MockTransport(show)})
variables = CreateReleaseBodyVariables.from_dict({"channel": "beta"})
body = CreateReleaseBody(platforms=["windows", "linux"], title=None, variables=variables)
create_release.sync_detailed(client=client, body=body)
PYTHON
found=$(node send.mjs && tools/bin/python send.py)
echo "$found"
[ "$found" = "openapi-fetch: platforms=windows,linux & note=undefined & title=null & variables=[object+Object]
openapi-python-client: platforms=windows & platforms=linux & title= & variables={'channel': 'beta'}" ]
