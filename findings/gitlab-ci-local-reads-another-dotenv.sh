#!/usr/bin/env bash
# gitlab-ci-local 4.70.0 (npm), artifacts:reports:dotenv, shell executor.
#
# Guess: a job that needs the report gets what GitLab gives it. GitLab's parser takes all text after the first "=", without
# blanks around it: quotes and "#" are part of the value, and an empty line or a comment makes GitLab reject the report.
# Behavior: gitlab-ci-local reads the report with the rules of the npm package dotenv. It removes quotes, turns \n in double quotes
# into a line break, and cuts the value at a "#", even without a blank before it: an address loses its fragment. It accepts empty
# lines and comments. A pipeline that works there can fail, or get other values, on GitLab.
# Output seen:
#   NOTES=https://a.example/notes#v1    arrives as  https://a.example/notes
#   TITLE=Fix #12                       arrives as  Fix
#   QUOTED="a b"                        arrives as  a b
#
# Exits with 0 if this is still so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-fund --no-audit --prefix tools gitlab-ci-local@4.70.0 >/dev/null 2>&1
git init -q -b main repository
cd repository
git config user.name sam
git config user.email sam@example.com
git config commit.gpgsign false
git remote add origin https://git.example.com/acme/widget.git
cat > .gitlab-ci.yml <<'YAML'
make:
  script:
    - |
      cat > build.env <<'TEXT'
      # a comment, and an empty line

      NOTES=https://a.example/notes#v1
      TITLE=Fix #12
      QUOTED="a b"
      TEXT
  artifacts:
    reports:
      dotenv: build.env
use:
  needs: [make]
  script:
    - printf 'found <%s>\n' "$NOTES" "$TITLE" "$QUOTED"
YAML
git add .
git commit -q -m 'First'
found=$(../tools/node_modules/.bin/gitlab-ci-local --force-shell-executor 2>/dev/null | grep -o 'found <.*' | grep -v '%s')
echo "$found"
[ "$found" = "found <https://a.example/notes>
found <Fix>
found <a b>" ]
