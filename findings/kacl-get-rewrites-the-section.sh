#!/usr/bin/env bash
# python-kacl 0.7.7 (PyPI), command "kacl-cli get VERSION".
#
# Guess: it prints the section as it is in the file, or rejects one that it can't read.
# Behavior: it prints what it understood. The introduction below the version's heading is missing. Items that begin with "-" are
# kept; each other block becomes one new item: a list with "*" becomes a list inside a list, and a numbered list starts with
# "- 1." and continues outside of that item. It exits with 0.
# Output seen, for a section with an introduction, a "*" list of two items, and a numbered list of two:
#   ## 1.1.0 - 2026-02-02
#   ### Added
#   - * Turns both ways
#   * Stops at the end
#   ### Changed
#   - 1. Unplug it
#   2. Update it
#
# Exits with 0 if this is still so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv tools
tools/bin/pip install --quiet python-kacl==0.7.7 2>/dev/null
cat > CHANGELOG.md <<'TEXT'
# Changelog

## 1.1.0 - 2026-02-02

Needs new firmware.

### Added

* Turns both ways
* Stops at the end

### Changed

1. Unplug it
2. Update it
TEXT
found=$(tools/bin/kacl-cli -f CHANGELOG.md get 1.1.0 | grep -v '^$')
echo "$found"
[ "$found" = "## 1.1.0 - 2026-02-02
### Added
- * Turns both ways
* Stops at the end
### Changed
- 1. Unplug it
2. Update it" ]
