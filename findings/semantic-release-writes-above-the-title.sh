#!/usr/bin/env bash
# @semantic-release/changelog 6.0.3 with @semantic-release/release-notes-generator 14.1.1 (npm), both with their defaults, and a
# CHANGELOG.md that was kept by hand (Keep a Changelog). Its readers: changelog-parser 3.0.1 (npm) and keepachangelog 2.0.0 (PyPI).
#
# Guess: the new version's section goes below the file's title and introduction, above the newest version.
# Behavior: it goes above the title. Later releases go above it as well, so the title and the introduction stay in the middle of the
# file. A minor version's heading is as high as the title, so by the levels both belong to that version. changelog-parser takes the
# new version for the file's title, and the old title for a release without a version. keepachangelog doesn't find the new version.
# Neither fails. The option changelogTitle prevents it, if it has the title.
# Output seen:
#   # [1.1.0](…) (2026-…)
#   ### Features
#   # Changelog
#   ## [1.0.0] - 2026-10-01
#   changelog-parser: null 1.0.0
#   keepachangelog: 1.0.0
#
# Exits with 0 if this is still so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-fund --no-audit --legacy-peer-deps --prefix tools \
    @semantic-release/changelog@6.0.3 @semantic-release/release-notes-generator@14.1.1 changelog-parser@3.0.1 >/dev/null 2>&1
python3 -m venv reader
reader/bin/pip install --quiet keepachangelog==2.0.0 2>/dev/null
cat > CHANGELOG.md <<'TEXT'
# Changelog

All notable changes to this project will be documented in this file.

## [1.0.0] - 2026-10-01

### Added

- Turns left.
TEXT
cat > tools/release.mjs <<'JS'
import {generateNotes} from '@semantic-release/release-notes-generator'
import {prepare} from '@semantic-release/changelog'
const logger = {log() {}}
const commits = [{hash: 'a'.repeat(40), message: 'feat: turn both ways', committerDate: '2026-11-02'}]
const context = {
  cwd: '..', logger, commits,
  options: {repositoryUrl: 'https://git.example.com/acme/widget.git'},
  lastRelease: {gitTag: 'v1.0.0', gitHead: 'b'.repeat(40), version: '1.0.0'},
  nextRelease: {gitTag: 'v1.1.0', gitHead: 'a'.repeat(40), version: '1.1.0'},
}
context.nextRelease.notes = await generateNotes({}, context)
await prepare({}, context)
JS
cat > tools/read.cjs <<'JS'
require('changelog-parser')('../CHANGELOG.md').then(({versions}) => console.log(...versions.map(({version}) => version)))
JS
(cd tools && node release.mjs)
headings=$(grep '^#' CHANGELOG.md | sed 's/(.*//; s/ *$//')
first=$(cd tools && node read.cjs)
second=$(reader/bin/python -c 'import keepachangelog; print(*keepachangelog.to_dict("CHANGELOG.md"))')
printf '%s\nchangelog-parser: %s\nkeepachangelog: %s\n' "$headings" "$first" "$second"
[ "$headings" = "# [1.1.0]
### Features
# Changelog
## [1.0.0] - 2026-10-01
### Added" ]
[ "$first" = "null 1.0.0" ]
[ "$second" = "1.0.0" ]
