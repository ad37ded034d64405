#!/usr/bin/env bash
# semver 3.1.2 (PyPI), compared with semver 7.8.6 (npm).
#
# Guess: bump_prerelease("beta") goes from 1.4.0-alpha.2 to the first beta, as npm's inc("prerelease", "beta") does, and the result
# is newer than the version it is called on.
# Behavior: the name counts only if the version has no pre-release yet. From an alpha it makes another alpha. From the final 1.4.0 it
# makes 1.4.0-beta.1, which is older. next_version("prerelease", "beta") of the same library is right in both cases.
# Output seen:
#   from           bump_prerelease  next_version  npm
#   1.4.0-alpha.2  1.4.0-alpha.3    1.4.0-beta.1  1.4.0-beta.0
#   1.4.0          1.4.0-beta.1     1.4.1-beta.1  1.4.1-beta.0
#
# Exits with 0 if this is still so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-fund --no-audit semver@7.8.6 >/dev/null
python3 -m venv tools
tools/bin/pip install --quiet semver==3.1.2 2>/dev/null
for version in 1.4.0-alpha.2 1.4.0; do
    tools/bin/python -c 'import sys; from semver import Version
version = Version.parse(sys.argv[1])
print(version, version.bump_prerelease("beta"), version.next_version("prerelease", "beta"), end=" ")' "$version"
    node -p 'require("semver").inc(process.argv[1], "prerelease", "beta")' "$version"
done | tee found
[ "$(cat found)" = "1.4.0-alpha.2 1.4.0-alpha.3 1.4.0-beta.1 1.4.0-beta.0
1.4.0 1.4.0-beta.1 1.4.1-beta.1 1.4.1-beta.0" ]
