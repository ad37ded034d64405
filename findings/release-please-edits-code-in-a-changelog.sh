#!/usr/bin/env bash
# release-please 17.9.0 (npm), its updater for CHANGELOG.md, and a file with headings such as "## Widget 1.0.0" (as towncrier writes
# them, with a level lower) and a shell command in a code block.
#
# Guess: the new section goes above the newest version, and the rest of the file stays as it is.
# Behavior: it accepts a version heading only if a digit, "v" and a digit, or "[" begin it. Without one it writes its own title and
# section first, and lowers all lines of the old file that begin with "# ", also those in code: the shell comment becomes "## install
# it". The old title becomes a heading of the versions' level, between them. With a heading "## [Unreleased]", which it takes for a
# version's, the released version goes above that.
# Output seen:
#   # Changelog / ## [1.1.0](…) (2026-11-02) / ## Changes / ## install it / ## Widget 1.0.0
#   # Changelog / ## [1.1.0](…) (2026-11-02) / ## [Unreleased] / ## [1.0.0]
#
# Exits with 0 if this is still so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-fund --no-audit release-please@17.9.0 >/dev/null 2>&1
cat > update.cjs <<'JS'
const {Changelog} = require('release-please/build/src/updaters/changelog')
const {Version} = require('release-please/build/src/version')
const changelogEntry = '## [1.1.0](https://git.example.com) (2026-11-02)\n\n\n### Features\n\n* turn both ways'
const updater = new Changelog({version: Version.parse('1.1.0'), changelogEntry})
for (const text of [
  '# Changes\n\n```sh\n# install it\npip install widget\n```\n\n## Widget 1.0.0\n\n- First.\n',
  '# Changelog\n\n## [Unreleased]\n\n- Soon.\n\n## [1.0.0]\n\n- First.\n',
]) console.log(updater.updateContent(text).split('\n').filter(line => /^##? /.test(line)).join(' / ').replace(/\(http[^)]*\)/, '(…)'))
JS
found=$(node update.cjs)
echo "$found"
[ "$found" = "# Changelog / ## [1.1.0](…) (2026-11-02) / ## Changes / ## install it / ## Widget 1.0.0
# Changelog / ## [1.1.0](…) (2026-11-02) / ## [Unreleased] / ## [1.0.0]" ]
