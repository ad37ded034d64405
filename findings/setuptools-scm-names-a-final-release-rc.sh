#!/usr/bin/env bash
# setuptools-scm 10.3.4 and dunamai 1.26.5 (PyPI), with git's describe.
#
# Guess: a commit has the tags v1.4.0-rc.1 and v1.4.0, as after a release candidate that became the release unchanged. Both tools
# name it 1.4.0: the final version is the newer one.
# Behavior: setuptools-scm takes what "git describe" prefers, and that is an annotated tag. A release made on the page of a git host
# is a lightweight tag, so beside an annotated tag of the candidate the final release is built as 1.4.0rc1. dunamai compares
# the versions and takes 1.4.0. If both tags are of one kind, both tools take 1.4.0.
# Output seen:
#   candidate annotated, release lightweight: setuptools-scm 1.4.0rc1, dunamai 1.4.0
#   both annotated: setuptools-scm 1.4.0, dunamai 1.4.0
#   both lightweight: setuptools-scm 1.4.0, dunamai 1.4.0
#
# Exits with 0 if this is still so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv tools
tools/bin/pip install --quiet setuptools-scm==10.3.4 dunamai==1.26.5 2>/dev/null
export GIT_CONFIG_GLOBAL=/dev/null GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@example.com
export GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@example.com
git init --quiet project && cd project
git commit --quiet --allow-empty --message "Add the widget"
candidate() { GIT_COMMITTER_DATE="2026-01-01T00:00:00Z" git tag "$@" v1.4.0-rc.1; }
release() { GIT_COMMITTER_DATE="2026-01-08T00:00:00Z" git tag "$@" v1.4.0; }
named() {
  echo "$1: setuptools-scm $(../tools/bin/python -m setuptools_scm 2>/dev/null), dunamai $(../tools/bin/dunamai from git)"
  git tag --delete v1.4.0-rc.1 v1.4.0 >/dev/null
}
candidate --annotate --message candidate
release
named "candidate annotated, release lightweight" | tee ../seen
candidate --annotate --message candidate
release --annotate --message release
named "both annotated" | tee -a ../seen
candidate
release
named "both lightweight" | tee -a ../seen
grep -qx "candidate annotated, release lightweight: setuptools-scm 1.4.0rc1, dunamai 1.4.0" ../seen
grep -qx "both annotated: setuptools-scm 1.4.0, dunamai 1.4.0" ../seen
grep -qx "both lightweight: setuptools-scm 1.4.0, dunamai 1.4.0" ../seen
