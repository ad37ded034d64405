#!/usr/bin/env bash
# scriv 1.8.0 (PyPI), format = md, otherwise its defaults.
#
# Guess: "scriv collect" copies the headings of the fragments into the changelog as they are written.
# Behavior: it writes them anew, one level below its version heading, which has level 1: "### Added" in a fragment (the level that
# Keep a Changelog uses, and that scriv's own template for fragments has) becomes "## Added". The version heading is
# directly below an anchor, without a blank line.
# Output seen:
#   <a id='changelog-1.4.0'></a>
#   # 1.4.0 — 2026-11-02
#
#   ## Added
#
# Exits with 0 if this is still so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv tools
tools/bin/pip install --quiet scriv==1.8.0 2>/dev/null
git init -q -b main repository
cd repository
git config user.name sam
git config user.email sam@example.com
mkdir changelog.d
printf '[scriv]\nformat = md\nversion = 1.4.0\n' > changelog.d/scriv.ini
printf '### Added\n\n- Turns both ways.\n' > changelog.d/20261102_sam.md
../tools/bin/scriv collect >/dev/null 2>&1
cat CHANGELOG.md
grep -A1 "^<a id='changelog-1.4.0'></a>\$" CHANGELOG.md | grep -q '^# 1\.4\.0 — '
grep -q '^## Added$' CHANGELOG.md
! grep -q '^### Added$' CHANGELOG.md
