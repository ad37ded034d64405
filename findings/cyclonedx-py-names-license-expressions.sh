#!/usr/bin/env bash
# cyclonedx-bom 7.5.0 (PyPI), command "cyclonedx-py environment", and a package with the license "LicenseRef-Acme AND MIT", the form
# that SPDX and Python's packaging standard (PEP 639) have for terms without an SPDX id.
#
# Guess: the component's license is an SPDX expression, as for "MIT OR Apache-2.0": setuptools and packaging accept both.
# Behavior: an expression that contains LicenseRef-… counts as invalid, and the whole text becomes the name of one license
# (license.name). A policy that looks for MIT or for an expression finds neither. A "+" ("Apache-2.0+ OR MIT") has the same effect.
# Output seen:
#   MIT OR Apache-2.0        expression
#   LicenseRef-Acme AND MIT  name
#   Apache-2.0+ OR MIT       name
#
# Exits with 0 if this is still so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv tools
tools/bin/pip install --quiet cyclonedx-bom==7.5.0 packaging==26.4 2>/dev/null
python3 -m venv --without-pip environment
tools/bin/pip --python environment/bin/python install --quiet setuptools==84.2.1 2>/dev/null
number=0
for license in 'MIT OR Apache-2.0' 'LicenseRef-Acme AND MIT' 'Apache-2.0+ OR MIT'; do
    tools/bin/python -c 'import sys; from packaging.licenses import canonicalize_license_expression as check
assert check(sys.argv[1]) == sys.argv[1]' "$license"
    number=$((number + 1))
    mkdir "widget$number"
    cat > "widget$number/pyproject.toml" <<TOML
[build-system]
requires = ["setuptools"]
build-backend = "setuptools.build_meta"
[project]
name = "widget$number"
version = "1.4.0"
license = "$license"
[tool.setuptools]
packages = []
TOML
done
tools/bin/pip --python environment/bin/python install --quiet --no-build-isolation --no-deps ./widget1 ./widget2 ./widget3 2>/dev/null
tools/bin/cyclonedx-py environment environment/bin/python 2>/dev/null > bom.json
found=$(tools/bin/python -c 'import json
for component in json.load(open("bom.json"))["components"]:
    if component["name"].startswith("widget"):
        for license in component["licenses"]:
            print(license.get("expression") or license["license"]["name"], "expression" if "expression" in license else "name", sep=": ")')
echo "$found"
[ "$found" = "MIT OR Apache-2.0: expression
LicenseRef-Acme AND MIT: name
Apache-2.0+ OR MIT: name" ]
