#!/usr/bin/env bash
# @renovatebot/pep440 4.2.4 (npm), with which Renovate compares Python versions, and packaging 26.4 (PyPI).
#
# Guess: they agree on ranges of PEP 440: ">1.4.0a1" accepts the later 1.4.0rc1 and 1.4.0, ">1.4.0.post1" accepts 1.4.0.post2 (PEP
# 440: a post-release is excluded unless the specifier names one itself), and "==1.4.0+a" needs exactly that local version.
# Behavior: the npm package excludes every version with the same numbers from > and <, even the final release, and takes the local
# version of "==" as a prefix. With { prereleases: true } as well.
# Output seen (packaging, @renovatebot/pep440):
#   >1.4.0a1      1.4.0        True   false
#   >1.4.0.post1  1.4.0.post2  True   false
#   <1.4.0rc1     1.4.0a1      True   false
#   ==1.4.0+a     1.4.0+a.2    False  true
#
# Exits with 0 if this is still so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-fund --no-audit @renovatebot/pep440@4.2.4 >/dev/null 2>&1
python3 -m venv tools
tools/bin/pip install --quiet packaging==26.4 2>/dev/null
cat > compare.js <<'JS'
const {satisfies} = require('@renovatebot/pep440')
const [version, range] = process.argv.slice(2)
console.log(satisfies(version, range, {prereleases: true}))
JS
while read -r range version; do
    echo "$range $version $(tools/bin/python -c 'import sys; from packaging.specifiers import SpecifierSet
print(SpecifierSet(sys.argv[1]).contains(sys.argv[2], prereleases=True))' "$range" "$version") $(node compare.js "$version" "$range")"
done <<'TEXT' | tee found
>1.4.0a1 1.4.1
>1.4.0a1 1.4.0
>1.4.0.post1 1.4.0.post2
<1.4.0rc1 1.4.0a1
==1.4.0+a 1.4.0+a.2
TEXT
[ "$(cat found)" = ">1.4.0a1 1.4.1 True true
>1.4.0a1 1.4.0 True false
>1.4.0.post1 1.4.0.post2 True false
<1.4.0rc1 1.4.0a1 True false
==1.4.0+a 1.4.0+a.2 False true" ]
