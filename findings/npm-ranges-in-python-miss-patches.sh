#!/usr/bin/env bash
# semantic-version 2.10.0 (NpmSpec, "NPM-based specifications") and node-semver 0.9.1 ("a port of node-semver") from PyPI, compared
# with semver 7.8.6 (npm).
#
# Guess: the three agree, at least on ranges that name a release candidate, as npm documents them.
# Behavior: after "~1.4.0-rc.1" NpmSpec accepts 1.4.0, but none of its patches. A range that ends at a candidate ("- 1.4.0-rc.2")
# excludes the candidates and includes the final 1.4.0 above its end. "<=1.4" includes 1.5.0-rc.1. NpmSpec refuses a blank after an
# operator. The port agrees, but with include_prerelease ">=1.4.0" includes 1.4.0-rc.1, which is older.
# Output seen (npm, NpmSpec; then npm, node-semver with prereleases included):
#   1.4.1       ~1.4.0-rc.1          true   False
#   1.4.0-rc.1  1.2.3 - 1.4.0-rc.2   true   False
#   1.4.0       1.2.3 - 1.4.0-rc.2   false  True
#   1.5.0-rc.1  <=1.4                false  True
#   1.4.0       >= 1.4.0             true   ValueError
#   1.4.0-rc.1  >= 1.4.0             false  True
#
# Exits with 0 if this is still so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-fund --no-audit semver@7.8.6 >/dev/null
python3 -m venv tools
tools/bin/pip install --quiet semantic-version==2.10.0 node-semver==0.9.1 2>/dev/null
cat > compare.py <<'PYTHON'
import json, subprocess
import nodesemver
from semantic_version import NpmSpec, Version

def npm(version, text, included=False):
    code = "const [v, r, includePrerelease] = JSON.parse(process.argv[1]); console.log(require('semver').satisfies(v, r, {includePrerelease}))"
    return subprocess.run(["node", "-e", code, json.dumps([version, text, included])], capture_output=True, text=True, check=True).stdout.strip()

def spec(version, text):
    try:
        return NpmSpec(text).match(Version(version))
    except ValueError as error:
        return type(error).__name__

for version, text in [("1.4.0", "~1.4.0-rc.1"), ("1.4.1", "~1.4.0-rc.1"), ("1.4.0-rc.1", "1.2.3 - 1.4.0-rc.2"),
                      ("1.4.0", "1.2.3 - 1.4.0-rc.2"), ("1.5.0-rc.1", "<=1.4"), ("1.4.0", ">= 1.4.0")]:
    print(version, text, npm(version, text), spec(version, text), sep="|")
version, text = "1.4.0-rc.1", ">=1.4.0"
print(version, text, npm(version, text, True), nodesemver.satisfies(version, text, False, True), sep="|")
PYTHON
found=$(tools/bin/python compare.py)
echo "$found"
[ "$found" = "1.4.0|~1.4.0-rc.1|true|True
1.4.1|~1.4.0-rc.1|true|False
1.4.0-rc.1|1.2.3 - 1.4.0-rc.2|true|False
1.4.0|1.2.3 - 1.4.0-rc.2|false|True
1.5.0-rc.1|<=1.4|false|True
1.4.0|>= 1.4.0|true|ValueError
1.4.0-rc.1|>=1.4.0|false|True" ]
