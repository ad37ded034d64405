#!/usr/bin/env bash
# git-cliff 2.14.2 (PyPI), its default configuration.
#
# Guess: a commit has the tags v1.4.0-rc.1 and v1.4.0, as after a release candidate that became the release unchanged. The section of the
# commit is 1.4.0; with --ignore-tags for candidates it is 1.4.0 at least then, as --current is for a checked-out tag.
# Behavior: git-cliff keeps one tag a commit, and here it is the candidate. --latest heads the final release's notes "1.4.0-rc.1", and
# --bumped-version goes on from the candidate. --ignore-tags removes the commit's one tag: the notes become "unreleased".
# --current reports that the commit has no tag. With v1.4.0 alone, each gives 1.4.0.
# Output seen:
#   both tags, --latest: ## [1.4.0-rc.1]
#   both tags, --current: No tag exists for the current commit
#   both tags, --ignore-tags rc --latest: ## [unreleased]
#   both tags, --bumped-version: v1.4.0-rc.1
#   one tag, --latest: ## [1.4.0]
#   one tag, --current: ## [1.4.0]
#
# Exits with 0 if this is still so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv tools
tools/bin/pip install --quiet git-cliff==2.14.2 2>/dev/null
export GIT_CONFIG_GLOBAL=/dev/null GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@example.com
export GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@example.com
git init --quiet project && cd project
git commit --quiet --allow-empty --message "feat: add the widget"
git tag v1.3.0
git commit --quiet --allow-empty --message "feat: turn the widget"
git tag v1.4.0-rc.1
git tag v1.4.0
shown() {
  local name=$1
  shift
  echo "$name, $*: $(NO_COLOR=1 ../tools/bin/git-cliff "$@" 2>&1 | grep -oE -m 1 '^## \[[^]]*\]|No tag exists[a-z ]*|^v[0-9].*')"
}
{
  shown "both tags" --latest
  shown "both tags" --current
  shown "both tags" --ignore-tags rc --latest
  shown "both tags" --bumped-version
  git tag --delete v1.4.0-rc.1 >/dev/null
  shown "one tag" --latest
  shown "one tag" --current
} | tee ../seen
grep -qxF "both tags, --latest: ## [1.4.0-rc.1]" ../seen
grep -qxF "both tags, --current: No tag exists for the current commit" ../seen
grep -qxF "both tags, --ignore-tags rc --latest: ## [unreleased]" ../seen
grep -qxF "both tags, --bumped-version: v1.4.0-rc.1" ../seen
grep -qxF "one tag, --latest: ## [1.4.0]" ../seen
grep -qxF "one tag, --current: ## [1.4.0]" ../seen
