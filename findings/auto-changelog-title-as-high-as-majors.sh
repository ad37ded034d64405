#!/usr/bin/env bash
# auto-changelog 2.7.0 (npm), default template.
#
# Guess: the file's title is a level-1 heading, and all version headings have one level below it.
# Behavior: the title is "### Changelog". A major version's heading has the title's own level (###), every other version's is
# one level lower (####). So a version's section can contain headings as high as the title, and the levels of two versions
# say nothing about which one belongs to which.
# Output seen:
#   ### Changelog
#   ### [v2.0.0](https://git.example.com/acme/widget/compare/v1.1.0...v2.0.0)
#   #### [v1.1.0](https://git.example.com/acme/widget/compare/v1.0.0...v1.1.0)
#   #### v1.0.0
#
# Exits with 0 if this is still so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-fund --no-audit --prefix tools auto-changelog@2.7.0 >/dev/null
git init -q -b main repository
cd repository
git config user.name sam
git config user.email sam@example.com
git config commit.gpgsign false
git remote add origin https://git.example.com/acme/widget.git
echo '{"name": "widget", "version": "2.0.0"}' > package.json
git add package.json
for version in 1.0.0 1.1.0 2.0.0; do
    git commit -q --allow-empty -m "Change of $version"
    git tag "v$version"
done
found=$(../tools/node_modules/.bin/auto-changelog --stdout | grep '^#' | cut -d' ' -f1,2 | sed 's/(.*//')
echo "$found"
[ "$found" = "### Changelog
### [v2.0.0]
#### [v1.1.0]
#### v1.0.0" ]
