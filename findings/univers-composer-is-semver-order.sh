#!/usr/bin/env bash
# univers 32.0.1 (PyPI), "a mostly universal library to parse and compare software package versions".
#
# Guess: its ComposerVersion has Composer's order of stabilities (dev < alpha < beta < RC < stable < patch), and its MavenVersion
# treats the qualifiers "final", "ga" and "release" alike, as Maven documents.
# Behavior: ComposerVersion compares as SemVer does, by characters: "RC1" is older than "beta2" (uppercase comes first), and the
# patch release 1.0.0-p1 is older than 1.0.0. MavenVersion takes 1.0.0.Final as 1.0.0, but 1.0.0.RELEASE as newer than it.
# Output seen:
#   ComposerVersion  1.0.0-RC1 < 1.0.0-beta2    1.0.0-p1 < 1.0.0
#   MavenVersion     1.0.0.Final = 1.0.0        1.0.0.RELEASE > 1.0.0
#
# Exits with 0 if this is still so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv tools
tools/bin/pip install --quiet univers==32.0.1 2>/dev/null
tools/bin/python - <<'PYTHON'
from univers.versions import ComposerVersion, MavenVersion

def compare(kind, left, right):
    sign = "<" if kind(left) < kind(right) else ">" if kind(left) > kind(right) else "="
    print(kind.__name__, left, sign, right)
    return sign

assert compare(ComposerVersion, "1.0.0-RC1", "1.0.0-beta2") == "<"
assert compare(ComposerVersion, "1.0.0-p1", "1.0.0") == "<"
assert compare(MavenVersion, "1.0.0.Final", "1.0.0") == "="
assert compare(MavenVersion, "1.0.0.GA", "1.0.0") == "="
assert compare(MavenVersion, "1.0.0.RELEASE", "1.0.0") == ">"
PYTHON
