#!/usr/bin/env bash
# @actions/languageservice 0.3.61 (npm), with which GitHub's editor extension checks workflows and actions, and check-jsonschema
# 0.39.0 (PyPI) with its schema of actions.
#
# Guess: a misspelled key in action.yml is reported wherever it is, as in a workflow.
# Behavior: it is reported at the top level and in runs, steps, branding and outputs, but not in inputs: "requird: true" passes, and
# the input is optional. A composite action that reads an input that it doesn't declare passes too. The same two mistakes in a
# reusable workflow are reported, and the schema reports the first one in an action.
# Output seen (languageservice; for the first case also check-jsonschema):
#   action, inputs: requird          nothing    (schema: reported)
#   action, outputs: val             reported
#   action, reads inputs.versoin     nothing
#   workflow, inputs: requird        reported
#   workflow, reads inputs.versoin   reported
#
# Exits with 0 if this is still so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-fund --no-audit @actions/languageservice@0.3.61 vscode-languageserver-textdocument@1.0.12 >/dev/null 2>&1
python3 -m venv tools
tools/bin/pip install --quiet check-jsonschema==0.39.0 2>/dev/null
# Node.js 20 imports no JSON without an attribute, which the package leaves to bundlers.
cat > json.mjs <<'JS'
import fs from 'node:fs'
export const load = (url, context, next) => !url.endsWith('.json') ? next(url, context)
  : {format: 'module', shortCircuit: true, source: 'export default ' + fs.readFileSync(new URL(url), 'utf8')}
JS
cat > check.mjs <<'JS'
import fs from 'node:fs'
import {register} from 'node:module'
register('./json.mjs', import.meta.url)
const {validate} = await import('@actions/languageservice')
const {TextDocument} = await import('vscode-languageserver-textdocument')
const action = (inputs, outputs, text) => `name: Widget
description: Turns
inputs: {version: {description: Version, ${inputs}: true}}
outputs: {result: {description: Result, ${outputs}: "x"}}
runs: {using: composite, steps: [{run: "echo \${{ inputs.${text} }}", shell: bash}]}
`
const workflow = (inputs, text) => `on: {workflow_call: {inputs: {version: {type: string, ${inputs}: true}}}}
jobs: {turn: {runs-on: ubuntu-latest, steps: [{run: "echo \${{ inputs.${text} }}"}]}}
`
const cases = {
  'action, right': action('required', 'value', 'version'),
  'action, inputs: requird': action('requird', 'value', 'version'),
  'action, outputs: val': action('required', 'val', 'version'),
  'action, reads inputs.versoin': action('required', 'value', 'versoin'),
  'workflow, right': workflow('required', 'version'),
  'workflow, inputs: requird': workflow('requird', 'version'),
  'workflow, reads inputs.versoin': workflow('required', 'versoin'),
}
fs.writeFileSync('action.yml', cases['action, inputs: requird'])
for (const [at, [name, text]] of Object.entries(cases).entries()) {
  const path = name.startsWith('action') ? `${at}/action.yml` : `.github/workflows/${at}.yml`
  const found = await validate(TextDocument.create(`file:///repository/${path}`, 'yaml', 1, text))
  console.log(name + ':', found.length ? 'reported' : 'nothing')
}
JS
found=$(node check.mjs)
code=0
tools/bin/check-jsonschema --builtin-schema vendor.github-actions action.yml >/dev/null || code=$?
printf '%s\nschema, requird: exit %s\n' "$found" "$code"
[ "$code" = 1 ]
[ "$found" = "action, right: nothing
action, inputs: requird: nothing
action, outputs: val: reported
action, reads inputs.versoin: nothing
workflow, right: nothing
workflow, inputs: requird: reported
workflow, reads inputs.versoin: reported" ]
