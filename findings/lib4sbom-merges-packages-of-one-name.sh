#!/usr/bin/env bash
# lib4sbom 0.10.4 (PyPI), which reads CycloneDX and writes SPDX.
#
# Guess: the SPDX document has the packages, licenses and dependencies of the CycloneDX document.
# Behavior: the library stores packages by name and version, without their group, and writes relations by name alone. Of @acme/alpha
# and alpha, both 1.0.0, only the later one remains, without the other's license expression and hash. A dependency on alpha 2.0.0 is
# written as one on alpha 1.0.0: a search for users of a faulty version finds the wrong ones.
# Output seen:
#   components: @acme/alpha 1.0.0 (MIT OR Apache-2.0), alpha 1.0.0, alpha 2.0.0, beta 1.0.0; beta depends on alpha 2.0.0
#   packages: alpha 1.0.0, alpha 2.0.0, beta 1.0.0; beta 1.0.0 depends on alpha 1.0.0
#
# Exits with 0 if this is still so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv tools
tools/bin/pip install --quiet lib4sbom==0.10.4 2>/dev/null
cat > bom.json <<'JSON'
{"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1,
 "metadata": {"component": {"type": "application", "bom-ref": "widget", "name": "widget", "version": "1.4.0"}},
 "components": [
  {"type": "library", "bom-ref": "a", "group": "@acme", "name": "alpha", "version": "1.0.0",
   "purl": "pkg:npm/%40acme/alpha@1.0.0", "licenses": [{"expression": "MIT OR Apache-2.0"}],
   "hashes": [{"alg": "SHA-256", "content": "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}]},
  {"type": "library", "bom-ref": "b", "name": "alpha", "version": "1.0.0", "purl": "pkg:npm/alpha@1.0.0"},
  {"type": "library", "bom-ref": "c", "name": "alpha", "version": "2.0.0", "purl": "pkg:npm/alpha@2.0.0"},
  {"type": "library", "bom-ref": "d", "name": "beta", "version": "1.0.0", "purl": "pkg:npm/beta@1.0.0"}],
 "dependencies": [{"ref": "widget", "dependsOn": ["a", "b", "d"]}, {"ref": "d", "dependsOn": ["c"]}]}
JSON
cat > convert.py <<'PYTHON'
import json
from lib4sbom.generator import SBOMGenerator
from lib4sbom.parser import SBOMParser

parser = SBOMParser()
parser.parse_file("bom.json")
SBOMGenerator(sbom_type="spdx", format="json").generate("widget", parser.get_sbom(), filename="spdx.json")
made = json.load(open("spdx.json"))
names = {package["SPDXID"]: f"{package['name']} {package['versionInfo']}" for package in made["packages"]}
print("packages:", *sorted(names.values()), sep="|")
for relation in made["relationships"]:
    if relation["relationshipType"] == "DEPENDS_ON":
        print(names[relation["spdxElementId"]], "depends on", names[relation["relatedSpdxElement"]])
print("MIT OR Apache-2.0" in json.dumps(made))
PYTHON
found=$(tools/bin/python convert.py)
echo "$found"
[ "$found" = "packages:|alpha 1.0.0|alpha 2.0.0|beta 1.0.0
beta 1.0.0 depends on alpha 1.0.0
False" ]
