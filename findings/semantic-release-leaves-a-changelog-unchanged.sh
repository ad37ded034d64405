#!/usr/bin/env bash
# python-semantic-release 10.7.0 (PyPI), with its defaults and a CHANGELOG.md that another tool began.
#
# Guess: "semantic-release version --changelog" adds the new version to an existing CHANGELOG.md, or fails.
# Behavior: since version 10 the default mode is "update", which inserts below the line "<!-- version list -->". Without that line
# it releases the version, leaves the file as it is, and exits with 0, even with --strict.
# Output seen: exit code 0; CHANGELOG.md is unchanged and doesn't contain 1.1.0; pyproject.toml has version 1.1.0.
#
# Exits with 0 if this is still so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv tools
tools/bin/pip install --quiet python-semantic-release==10.7.0 2>/dev/null
git init -q -b main repository
cd repository
git config user.name sam
git config user.email sam@example.com
git config commit.gpgsign false
git remote add origin https://git.example.com/acme/widget.git
printf '[project]\nname = "widget"\nversion = "1.0.0"\n[tool.semantic_release]\nversion_toml = ["pyproject.toml:project.version"]\n' > pyproject.toml
printf '# Changelog\n\n## 1.0.0\n\n- First\n' > CHANGELOG.md
cp CHANGELOG.md ../before.md
git add .
git commit -q -m 'feat: first'
git tag v1.0.0
git commit -q --allow-empty -m 'feat: turn both ways'
../tools/bin/semantic-release --strict version --changelog --no-push --no-vcs-release --skip-build
cat CHANGELOG.md
grep -q '^version = "1.1.0"' pyproject.toml
cmp CHANGELOG.md ../before.md
