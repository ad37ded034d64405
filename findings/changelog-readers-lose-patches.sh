#!/usr/bin/env bash
# changelog-parser 3.0.1 (npm) and keepachangelog 2.0.0 (PyPI), reading what standard-version 9.5.0 (npm, its defaults) wrote.
#
# Guess: both find the three versions, or say that they can't read the file.
# Behavior: standard-version gives a patch a heading of level 3, and both readers take level 2 only for versions. The newest version,
# a patch, is missing. An older patch becomes an empty group of changes of the release above it, and its fix becomes one
# of that release's changes. keepachangelog also keeps the whole link "[1.1.0](…)" in the version's name, and strips "**" off a change
# that begins with a scope ("**core:** turn"). Neither fails.
# Output seen:
#   written:           1.1.1, 1.1.0, 1.0.1
#   changelog-parser:  1.1.0 with the changes: core: turn both ways, stop at the end
#   keepachangelog:    1.1.0](https://git.example.com/…) with the changes: core:** turn both ways, stop at the end
#
# Exits with 0 if this is still so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-fund --no-audit --prefix tools standard-version@9.5.0 changelog-parser@3.0.1 >/dev/null
python3 -m venv reader
reader/bin/pip install --quiet keepachangelog==2.0.0 2>/dev/null
git init -q -b main repository
cd repository
git config user.name sam
git config user.email sam@example.com
git config commit.gpgsign false
git remote add origin https://git.example.com/acme/widget.git
echo '{"name": "widget", "version": "1.0.0"}' > package.json
git add package.json
git commit -q -m 'feat: first'
git tag v1.0.0
for change in 'fix: stop at the end' 'feat(core): turn both ways' 'fix: pair over Bluetooth'; do
    git commit -q --allow-empty -m "$change"
    ../tools/node_modules/.bin/standard-version >/dev/null
done
grep -E '^#+ \[' CHANGELOG.md
cat > ../read.js <<'JS'
const parse = require('./tools/node_modules/changelog-parser')
parse('repository/CHANGELOG.md').then(({versions}) => {
  for (const {version, parsed} of versions)
    console.log(version + '|' + parsed._.map(change => change.replace(/ \(.*/, '').replaceAll('*', '').trim()).join('|'))
})
JS
cat > ../read.py <<'PYTHON'
import keepachangelog
for version, groups in keepachangelog.to_dict("repository/CHANGELOG.md").items():
    changes = [change.split(" (")[0] for group, found in groups.items() if group != "metadata" for change in found]
    print(version.split("//")[0], *changes, sep="|")
PYTHON
cd ..
first=$(node read.js)
second=$(reader/bin/python read.py)
printf 'changelog-parser: %s\nkeepachangelog: %s\n' "$first" "$second"
grep -q '^### \[1\.1\.1\]' repository/CHANGELOG.md
[ "$first" = "1.1.0|core: turn both ways|stop at the end" ]
[ "$second" = "1.1.0](https:|core:** turn both ways|stop at the end" ]
