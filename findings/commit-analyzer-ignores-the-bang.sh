#!/usr/bin/env bash
# @semantic-release/commit-analyzer 13.0.1 (npm), with its default preset (angular) and rules.
#
# Guess: "feat!: …" and a footer "BREAKING-CHANGE: …" (Conventional Commits: the same as "BREAKING CHANGE") release a major version,
# and a type counts in whatever case.
# Behavior: the default preset doesn't know "!": the header has no type for it, and the commit releases nothing at all, not even
# a minor version. "BREAKING-CHANGE:" isn't a breaking change. The types feat and FEAT count, but Feat doesn't: the default rules name
# "FEAT" and "FIX" for JSHint's commits.
# Output seen:
#   feat: …                      minor
#   feat!: …                     null
#   feat: … / BREAKING CHANGE:   major
#   feat: … / BREAKING-CHANGE:   minor
#   FEAT: …                      minor
#   Feat: …                      null
#
# Exits with 0 if this is still so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-fund --no-audit --prefix tools @semantic-release/commit-analyzer@13.0.1 \
    conventional-changelog-angular@8.3.1 conventional-commits-parser@6.4.0 >/dev/null 2>&1
cat > analyze.mjs <<'JS'
import { analyzeCommits } from './tools/node_modules/@semantic-release/commit-analyzer/index.js'
const messages = ['feat: turn', 'feat!: turn', 'feat: turn\n\nBREAKING CHANGE: no USB', 'feat: turn\n\nBREAKING-CHANGE: no USB', 'FEAT: turn', 'Feat: turn']
const context = { cwd: process.cwd() + '/tools', logger: { log() {} } }
for (const message of messages)
  console.log(await analyzeCommits({}, { ...context, commits: [{ hash: '1', message }] }), JSON.stringify(message))
JS
found=$(node analyze.mjs)
echo "$found"
[ "$(cut -d' ' -f1 <<< "$found" | xargs)" = "minor null major minor minor null" ]
