#!/usr/bin/env bash
# packageurl-python 0.17.6 (PyPI) and packageurl-js 2.0.1 (npm), both from the package-url project.
#
# Guess: a purl has one canonical form, so both write the same text for the same parts, and SBOMs can be joined by it.
# Behavior: they differ on "+" in a version (SemVer's build metadata, PEP 440's local versions), and on "/" and ":" in a qualifier's value
# (each address in repository_url, download_url or vcs_url; each checksum). Each reads the other's text back to the same parts.
# Output seen:
#   Python      pkg:npm/widget@1.0.0%2Bbuild.5?repository_url=https://a.example/npm
#   JavaScript  pkg:npm/widget@1.0.0+build.5?repository_url=https%3A%2F%2Fa.example%2Fnpm
#
# Exits with 0 if this is still so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-fund --no-audit --prefix tools packageurl-js@2.0.1 >/dev/null 2>&1
python3 -m venv tools/python
tools/python/bin/pip install --quiet packageurl-python==0.17.6 2>/dev/null
cat > write.js <<'JS'
const { PackageURL } = require('./tools/node_modules/packageurl-js')
const other = PackageURL.fromString(process.argv[2])
if (other.version !== '1.0.0+build.5' || other.qualifiers.repository_url !== 'https://a.example/npm') process.exit(1)
console.log(new PackageURL('npm', null, 'widget', '1.0.0+build.5', { repository_url: 'https://a.example/npm' }).toString())
JS
cat > write.py <<'PYTHON'
import sys
from packageurl import PackageURL
purl = PackageURL("npm", None, "widget", "1.0.0+build.5", {"repository_url": "https://a.example/npm"})
if len(sys.argv) > 1:
    assert PackageURL.from_string(sys.argv[1]) == purl
print(purl.to_string())
PYTHON
python=$(tools/python/bin/python write.py)
javascript=$(node write.js "$python")
tools/python/bin/python write.py "$javascript" >/dev/null
printf 'Python      %s\nJavaScript  %s\n' "$python" "$javascript"
[ "$python" = 'pkg:npm/widget@1.0.0%2Bbuild.5?repository_url=https://a.example/npm' ]
[ "$javascript" = 'pkg:npm/widget@1.0.0+build.5?repository_url=https%3A%2F%2Fa.example%2Fnpm' ]
