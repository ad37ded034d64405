#!/usr/bin/env bash
# check-jsonschema 0.39.0 (PyPI), --builtin-schema vendor.gitlab-ci.
#
# Guess: the check for GitLab CI files reads a template with inputs, which GitLab requires to be two YAML documents: the header
# "spec:", a line "---", and the jobs. Each component of GitLab's CI/CD catalog has this form.
# Behavior: "Failed to parse", since the reader takes one document. The same jobs without the header pass, so the check can't be
# used for the very files that a catalog shares.
# Output seen:
#   with the header: exit 1, ComposerError: expected a single document in the stream
#   without the header: exit 0
#
# Exits with 0 if this is still so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv tools
tools/bin/pip install --quiet check-jsonschema==0.39.0 2>/dev/null
printf 'announce:\n  stage: deploy\n  script: [echo announced]\n' >jobs.yml
printf 'spec:\n  inputs:\n    version:\n      type: string\n---\n' | cat - jobs.yml >template.yml
code=0
tools/bin/check-jsonschema --builtin-schema vendor.gitlab-ci template.yml >said 2>&1 || code=$?
echo "with the header: exit $code, $(grep -o 'ComposerError: .*' said)"
[ "$code" = 1 ]
grep -q "ComposerError: expected a single document in the stream" said
tools/bin/check-jsonschema --builtin-schema vendor.gitlab-ci jobs.yml >/dev/null
echo "without the header: exit 0"
