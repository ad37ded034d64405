#!/usr/bin/env bash
# cyclonedx-bom 7.5.0 (PyPI), command "cyclonedx-py requirements", and a requirement with the hashes of its wheel and its sdist, as
# pip-compile and uv write them.
#
# Guess: the hashes are there without an address, or with the address of the file that each belongs to.
# Behavior: both belong to one external reference of the type "distribution", whose address is the index page of the project. The
# page doesn't have these hashes, and no file has two of one algorithm: a check of references against their hashes fails.
# Output seen:
#   distribution https://pypi.example.com/simple/widget/ SHA-256 1111… SHA-256 2222…
#
# Exits with 0 if this is still so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv tools
tools/bin/pip install --quiet cyclonedx-bom==7.5.0 2>/dev/null
first=$(printf '1%.0s' {1..64})
second=$(printf '2%.0s' {1..64})
cat > requirements.txt <<TEXT
--index-url https://pypi.example.com/simple
widget==1.4.0 \\
    --hash=sha256:$first \\
    --hash=sha256:$second
TEXT
tools/bin/cyclonedx-py requirements requirements.txt > bom.json 2>/dev/null
found=$(tools/bin/python -c 'import json
for reference in json.load(open("bom.json"))["components"][0]["externalReferences"]:
    hashes = [text for found in reference["hashes"] for text in (found["alg"], found["content"][:4])]
    print(reference["type"], reference["url"], *hashes)')
echo "$found"
[ "$found" = "distribution https://pypi.example.com/simple/widget/ SHA-256 1111 SHA-256 2222" ]
