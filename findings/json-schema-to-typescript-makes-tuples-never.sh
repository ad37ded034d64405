#!/usr/bin/env bash
# json-schema-to-typescript 15.0.4 (npm).
#
# Guess: a tuple of draft 2020-12 ("prefixItems" with "items": false) becomes the type [string, number] with optional members, as
# the tuple of the older drafts does ("items": [...] with "additionalItems": false), or a wider type, such as unknown[].
# Behavior: prefixItems is ignored, and "items": false is taken as the type of all items: never[], which only an empty array
# has. "unevaluatedProperties": false is ignored too: the interface is open.
# Output seen:
#   draft-07:  pair?: [] | [string] | [string, number];
#   2020-12:   pair?: never[];
#              [k: string]: unknown;
#
# Exits with 0 if this is still so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-fund --no-audit --prefix tools json-schema-to-typescript@15.0.4 >/dev/null 2>&1
cat > old.json <<'JSON'
{
  "$schema": "http://json-schema.org/draft-07/schema#",
  "title": "Old",
  "type": "object",
  "properties": {"pair": {"type": "array", "items": [{"type": "string"}, {"type": "integer"}], "additionalItems": false}}
}
JSON
cat > new.json <<'JSON'
{
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "title": "New",
  "type": "object",
  "properties": {"pair": {"type": "array", "prefixItems": [{"type": "string"}, {"type": "integer"}], "items": false}},
  "unevaluatedProperties": false
}
JSON
old=$(tools/node_modules/.bin/json2ts old.json | grep -F '?:')
new=$(tools/node_modules/.bin/json2ts new.json | grep -F ': ')
printf 'draft-07:\n%s\n2020-12:\n%s\n' "$old" "$new"
[ "$old" = "  pair?: [] | [string] | [string, number];" ]
[ "$new" = "  pair?: never[];
  [k: string]: unknown;" ]
