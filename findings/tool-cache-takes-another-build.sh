#!/usr/bin/env bash
# @actions/tool-cache 4.0.0 (npm), the library of actions that install tools on a runner.
#
# Guess: find() returns the folder of the version that cacheDir() was given, or "" if there is none. A name that find() can't look up
# is refused by cacheDir().
# Behavior: both drop build metadata. 1.4.0+build.5 is stored over 1.4.0, and who asks for 1.4.0 gets build 5. cacheDir() also stores
# what is no SemVer, such as 2026.01.02 and 1.4.0.2, and returns the folder, but find() never returns it: the action downloads the
# tool in every job.
# Output seen:
#   stored 1.4.0, then 1.4.0+build.5: find 1.4.0 -> build 5
#   stored 2026.01.02: find 2026.01.02 -> nothing
#   stored 1.4.0.2: find 1.4.0.2 -> nothing
#
# Exits with 0 if this is still so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-fund --no-audit @actions/tool-cache@4.0.0 >/dev/null 2>&1
cat > try.mjs <<'JS'
import fs from 'node:fs'
import {cacheDir, find} from '@actions/tool-cache'
const store = async (version, text) => {
  fs.mkdirSync('made', {recursive: true})
  fs.writeFileSync('made/name', text)
  return fs.existsSync(await cacheDir('made', 'widget', version))
}
const found = version => find('widget', version) && fs.readFileSync(find('widget', version) + '/name', 'utf8')
await store('1.4.0', 'release')
console.log('found 1.4.0:', found('1.4.0'))
await store('1.4.0+build.5', 'build 5')
console.log('found 1.4.0:', found('1.4.0'))
for (const version of ['2026.01.02', '1.4.0.2']) console.log('found', version + ':', await store(version, version), found(version) || 'nothing')
JS
RUNNER_TOOL_CACHE=$folder/cache RUNNER_TEMP=$folder/temp node try.mjs | grep '^found' | tee found
[ "$(cat found)" = "found 1.4.0: release
found 1.4.0: build 5
found 2026.01.02: true nothing
found 1.4.0.2: true nothing" ]
