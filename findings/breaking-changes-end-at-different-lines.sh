#!/usr/bin/env bash
# Commit messages with a breaking change of two paragraphs and a further footer, read by @semantic-release/release-notes-generator
# 14.1.1 and release-please 17.9.0 (npm), commitizen 4.19.3 and python-semantic-release 10.7.0 (PyPI), with their defaults.
#
# Guess: all follow Conventional Commits: a footer's value may contain newlines, and it ends only at the next footer ("Reviewed-by:
# …").
# Behavior: none does. Three stop at the first empty line, and readers don't learn how to update. semantic-release goes on until the
# message ends, and publishes the reviewer's footer as part of the notes.
# Output seen (which of the three texts are in the notes):
#   semantic-release         first second reviewer
#   release-please           first
#   commitizen               first
#   python-semantic-release  first
#
# Exits with 0 if this is still so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-fund --no-audit --legacy-peer-deps --prefix tools \
    @semantic-release/release-notes-generator@14.1.1 release-please@17.9.0 >/dev/null 2>&1
python3 -m venv tools
tools/bin/pip install --quiet commitizen==4.19.3 python-semantic-release==10.7.0 2>/dev/null
git init -q -b main repository
cd repository
git config user.name sam
git config user.email sam@example.com
git config commit.gpgsign false
git remote add origin https://git.example.com/acme/widget.git
cat > pyproject.toml <<'TOML'
[tool.commitizen]
version = "1.0.0"
tag_format = "v$version"
[tool.semantic_release.remote]
type = "gitlab"
TOML
git add .
git commit -q -m 'feat: first'
git tag v1.0.0
git commit -q --allow-empty -m 'feat: new radio' -m 'BREAKING CHANGE: phones before 2019 stop working.' -m 'Update the phone first.' -m 'Reviewed-by: Kim'
cat > ../tools/generate.mjs <<'JS'
import {generateNotes} from '@semantic-release/release-notes-generator'
const commits = [{hash: 'a'.repeat(40), message: process.argv[2], committerDate: '2026-11-02'}]
console.log(await generateNotes({}, {
  cwd: '.', commits, options: {repositoryUrl: 'https://git.example.com/acme/widget.git'},
  lastRelease: {gitTag: 'v1.0.0', version: '1.0.0'}, nextRelease: {gitTag: 'v2.0.0', version: '2.0.0'},
}))
JS
cat > ../tools/please.cjs <<'JS'
const {parseConventionalCommits} = require('release-please/build/src/commit')
const {DefaultChangelogNotes} = require('release-please/build/src/changelog-notes/default')
const quiet = {debug() {}, info() {}, warn() {}, error() {}, trace() {}}
const commits = parseConventionalCommits([{sha: 'a'.repeat(40), message: process.argv[2], files: []}], quiet)
const options = {owner: 'acme', repository: 'widget', version: '2.0.0', currentTag: 'v2.0.0', targetBranch: 'main'}
new DefaultChangelogNotes().buildNotes(commits, options).then(console.log)
JS
message=$(git log -1 --format=%B)
show() {
    found=""
    grep -qi 'phones before 2019' <<< "$2" && found="$found first"
    grep -q 'Update the phone' <<< "$2" && found="$found second"
    grep -q 'Kim' <<< "$2" && found="$found reviewer"
    echo "$1:$found"
}
{
    show semantic-release "$(node ../tools/generate.mjs "$message")"
    show release-please "$(node ../tools/please.cjs "$message")"
    show commitizen "$(../tools/bin/cz changelog --dry-run)"
    ../tools/bin/semantic-release version --no-commit --no-tag --no-push --no-vcs-release --changelog >/dev/null 2>&1
    show python-semantic-release "$(cat CHANGELOG.md)"
} | tee ../found
[ "$(cat ../found)" = "semantic-release: first second reviewer
release-please: first
commitizen: first
python-semantic-release: first" ]
