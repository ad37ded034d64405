#!/usr/bin/env bash
# dunamai 1.26.5, semver 3.1.2 and packaging 26.4 (PyPI).
#
# Guess: "dunamai from git --style semver" names a commit after the tag v1.0.0 so that it is newer than 1.0.0, as --style pep440
# does.
# Behavior: the styles write the same parts. What PEP 440 sorts above the release (1.0.0.post1.dev0) is a prerelease in
# SemVer (1.0.0-post.1), and sorts below it: whoever installs the newest version gets the older build. A tag v1.0.0.post1 turns
# into the same 1.0.0-post.1. Only --bump keeps the order (1.0.1-pre.1).
# Output seen:
#   pep440  1.0.0.post1.dev0  newer than 1.0.0
#   semver  1.0.0-post.1      older than 1.0.0
#
# Exits with 0 if this is still so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv tools
tools/bin/pip install --quiet dunamai==1.26.5 semver==3.1.2 packaging==26.4 2>/dev/null
git init -q -b main repository
cd repository
git config user.name sam
git config user.email sam@example.com
git config commit.gpgsign false
git commit -q --allow-empty -m 'First'
git tag v1.0.0
git commit -q --allow-empty -m 'Stop at the end'
pep440=$(../tools/bin/dunamai from git --no-metadata --style pep440)
semver=$(../tools/bin/dunamai from git --no-metadata --style semver)
bumped=$(../tools/bin/dunamai from git --no-metadata --style semver --bump)
git tag v1.0.0.post1
tagged=$(../tools/bin/dunamai from git --style semver)
echo "pep440 $pep440, semver $semver, bumped $bumped, tagged $tagged"
[ "$pep440" = 1.0.0.post1.dev0 ]
[ "$semver" = 1.0.0-post.1 ]
[ "$bumped" = 1.0.1-pre.1 ]
[ "$tagged" = 1.0.0-post.1 ]
../tools/bin/python - "$pep440" "$semver" "$bumped" <<'PYTHON'
import sys
from packaging.version import Version as Python
from semver import Version
pep440, semver, bumped = sys.argv[1:]
assert Python(pep440) > Python("1.0.0")
assert Version.parse(semver) < Version.parse("1.0.0") < Version.parse(bumped)
PYTHON
