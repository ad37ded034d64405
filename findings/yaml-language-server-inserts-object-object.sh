#!/usr/bin/env bash
# yaml-language-server 1.25.0 (npm), which VS Code and other editors run, with a JSON Schema.
#
# Guess: completing a property whose schema has a default inserts that default as YAML, whatever its type.
# Behavior: a default that is a list of mappings is inserted as the text "[object Object]", and a list of lists loses its inner
# brackets: [["a", "b"]] becomes one text, "a,b". Both are valid YAML of another type than the schema's. A list of texts is right.
# Output seen:
#   [{"name":"a"}]: pages:\n  - ${1:[object Object]}
#   [["a","b"]]: pages:\n  - ${1:a,b}
#   ["a"]: pages:\n  - ${1:a}
#
# Exits with 0 if this is still so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init --yes >/dev/null
npm install --silent --no-audit --no-fund yaml-language-server@1.25.0 >/dev/null
cat > complete.js <<'JAVASCRIPT'
const { getLanguageService } = require('yaml-language-server');
const { TextDocument } = require('vscode-languageserver-textdocument');

async function completed(value) {
  const schema = { type: 'object', properties: { pages: { type: 'array', items: {}, default: value } } };
  const service = getLanguageService({
    schemaRequestService: async () => JSON.stringify(schema),
    workspaceContext: { resolveRelativePath: (path) => path },
  });
  service.configure({ completion: true, schemas: [{ uri: 'file:///schema.json', fileMatch: ['*.yml'], schema }] });
  const file = TextDocument.create('file:///settings.yml', 'yaml', 0, '');
  const { items } = await service.doComplete(file, { line: 0, character: 0 }, false);
  return JSON.stringify(items.find((item) => item.label === 'pages').insertText).slice(1, -1);
}

(async () => {
  for (const value of [[{ name: 'a' }], [['a', 'b']], ['a']]) {
    console.log(`${JSON.stringify(value)}: ${await completed(value)}`);
  }
})();
JAVASCRIPT
node complete.js | tee seen
# shellcheck disable=SC2016 # the editor's placeholders, for no shell
{
  grep -qxF '[{"name":"a"}]: pages:\n  - ${1:[object Object]}' seen
  grep -qxF '[["a","b"]]: pages:\n  - ${1:a,b}' seen
  grep -qxF '["a"]: pages:\n  - ${1:a}' seen
}
