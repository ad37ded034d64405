#!/usr/bin/env bash
# dulwich 1.2.21, compared with pygit2 1.21.0 (PyPI) and git itself.
#
# Guess: dulwich's porcelain.describe() writes what "git describe" writes: the nearest annotated tag, and the number of commits since it.
# Behavior: on a straight line it does. After a merge, its number is how many commits it saw before the tag by date: commits that the tag
# doesn't contain, but that are older than it, aren't counted. A build number made from it is lower than git's, and can stay the
# same or fall when commits are added by a merge. It also takes lightweight tags, as "git describe --tags" does.
# Output seen:
#   straight: git v1.0.0-2, pygit2 v1.0.0-2, dulwich v1.0.0-2
#   a lightweight tag nearer: git v1.0.0-2, pygit2 v1.0.0-2, dulwich nightly-1
#   after a merge: git v1.0.1-3, pygit2 v1.0.1-3, dulwich v1.0.1-1
#
# Exits with 0 if this is still so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv tools
tools/bin/pip install --quiet dulwich==1.2.21 pygit2==1.21.0 2>/dev/null
export GIT_CONFIG_GLOBAL=/dev/null GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@example.com
export GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@example.com
git init --quiet --initial-branch main project && cd project
at=1767225600
later() { at=$((at + 60)) && export GIT_COMMITTER_DATE="@$at +0000"; }
commit() { later && git commit --quiet --allow-empty --message "$1"; }
described() {
  ../tools/bin/python - "$1" <<'PYTHON'
import subprocess
import sys

import pygit2
from dulwich import porcelain

texts = {
    "git": subprocess.check_output(["git", "describe"], text=True).strip(),
    "pygit2": pygit2.Repository(".").describe(),
    "dulwich": porcelain.describe("."),
}
print(f"{sys.argv[1]}: " + ", ".join(f"{name} {text.rpartition('-g')[0]}" for name, text in texts.items()))
PYTHON
}
commit "Add the widget"
git tag --annotate --message release v1.0.0
commit "Turn the widget"
commit "Paint the widget"
described straight | tee ../seen
git tag nightly main~1
described "a lightweight tag nearer" | tee -a ../seen
git tag --delete nightly >/dev/null
git checkout --quiet -b fixes v1.0.0
commit "Fix the widget"
git tag --annotate --message release v1.0.1
git checkout --quiet main
later && git merge --quiet --no-ff --message "Merge the fixes" fixes
described "after a merge" | tee -a ../seen
grep -qx "straight: git v1.0.0-2, pygit2 v1.0.0-2, dulwich v1.0.0-2" ../seen
grep -qx "after a merge: git v1.0.1-3, pygit2 v1.0.1-3, dulwich v1.0.1-1" ../seen
grep -qx "a lightweight tag nearer: git v1.0.0-2, pygit2 v1.0.0-2, dulwich nightly-1" ../seen
