#!/usr/bin/env bash
# bump-my-version 1.8.1 (PyPI), with the configuration that its documentation begins with: current_version and a file.
#
# Guess: "bump minor" replaces the version 1.4.0 where it is a version of its own, or reports that it occurs more than once.
# Behavior: it replaces the characters wherever they are, without a warning and with exit 0. In the same file, the pin of a dependency
# that contains them ("colour==11.4.0", "paint>=1.4.0.post2") becomes one for a version that may not exist.
# Output seen:
#   exit 0
#   version = "1.5.0"
#   dependencies = ["colour==11.5.0", "paint>=1.5.0.post2"]
#
# Exits with 0 if this is still so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv tools
tools/bin/pip install --quiet bump-my-version==1.8.1 2>/dev/null
mkdir project && cd project
cat > pyproject.toml <<'TOML'
[project]
name = "widget"
version = "1.4.0"
dependencies = ["colour==11.4.0", "paint>=1.4.0.post2"]

[tool.bumpversion]
current_version = "1.4.0"

[[tool.bumpversion.files]]
filename = "pyproject.toml"
TOML
../tools/bin/bump-my-version bump minor >../said 2>&1
echo "exit $?"
grep -E "^(version|dependencies)" pyproject.toml | tee ../seen
if grep -qi warn ../said; then echo "it warns"; exit 1; fi
grep -qx 'version = "1.5.0"' ../seen
grep -qx 'dependencies = \["colour==11.5.0", "paint>=1.5.0.post2"\]' ../seen
