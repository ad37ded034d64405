#!/usr/bin/env bash
# standard-version 9.5.0 and commit-and-tag-version 12.7.3 (npm), both with their defaults.
#
# Guess: the fork, "a drop-in replacement for standard-version", writes the same headings.
# Behavior: standard-version writes a patch's heading at level 3, as high as the headings inside the section ("### Bug Fixes").
# The fork writes it at level 2. A project that moved from one to the other has both in one file, for the same kind of version.
# Output seen:
#   standard-version:        ### [1.0.1](…)    ### Bug Fixes
#   commit-and-tag-version:  ## [1.0.1](…)     ### Bug Fixes
#
# Exits with 0 if this is still so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-fund --no-audit --prefix tools standard-version@9.5.0 commit-and-tag-version@12.7.3 >/dev/null
levels() {
    git init -q -b main "$1"
    cd "$1"
    git config user.name sam
    git config user.email sam@example.com
    git config commit.gpgsign false
    git remote add origin https://git.example.com/acme/widget.git
    echo '{"name": "widget", "version": "1.0.0"}' > package.json
    git add package.json
    git commit -q -m 'feat: first'
    git tag v1.0.0
    git commit -q --allow-empty -m 'fix: pair over Bluetooth'
    "../tools/node_modules/.bin/$1" >/dev/null
    grep -E '^#+ (\[1\.0\.1\]|Bug Fixes)' CHANGELOG.md | sed 's/(.*//'
    cd ..
}
old=$(levels standard-version)
new=$(levels commit-and-tag-version)
printf 'standard-version:\n%s\ncommit-and-tag-version:\n%s\n' "$old" "$new"
[ "$old" = "### [1.0.1]
### Bug Fixes" ]
[ "$new" = "## [1.0.1]
### Bug Fixes" ]
