#!/usr/bin/env bash
# towncrier 26.9.0 (PyPI), a Markdown changelog, otherwise its defaults.
#
# Guess: a release job that runs again, when its first run has already written the version and removed the fragments, fails with "It
# seems you've already produced newsfiles for this version?" (towncrier's message), or changes nothing.
# Behavior: only a project that sets title_format has this check. With the default title, the second run exits with 0 and adds a
# second heading of the same version, with "No significant changes.", above the first one. Whoever reads the first section of the
# version finds that sentence instead of the changes.
# Output seen:
#   default title: exit 0, 2 headings, the first one with "No significant changes."
#   title_format: exit 1, 1 heading
#
# Exits with 0 if this is still so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv tools
tools/bin/pip install --quiet towncrier==26.9.0 2>/dev/null
build() {
    (cd "$1" && ../tools/bin/towncrier build --yes --version 1.4.0 --date 2026-11-02 >/dev/null 2>&1)
}
for name in default title_format; do
    git init -q -b main "$name"
    git -C "$name" config user.name sam
    git -C "$name" config user.email sam@example.com
    git -C "$name" config commit.gpgsign false
    mkdir "$name/changes"
    printf '[tool.towncrier]\nname = "Widget"\ndirectory = "changes"\nfilename = "CHANGELOG.md"\n' > "$name/pyproject.toml"
    printf 'Turn both ways.\n' > "$name/changes/12.feature.md"
    git -C "$name" add .
    git -C "$name" commit -q -m 'Turn both ways'
done
echo 'title_format = "# {name} {version} ({project_date})"' >> title_format/pyproject.toml
for name in default title_format; do
    build "$name"
    code=0
    build "$name" || code=$?
    printf '%s: exit %s, %s\n' "$name" "$code" "$(grep -c '^# Widget 1\.4\.0 ' "$name/CHANGELOG.md")"
done | tee found
[ "$(cat found)" = "default: exit 0, 2
title_format: exit 1, 1" ]
[ "$(grep -v '^$' default/CHANGELOG.md | sed -n 2p)" = "No significant changes." ]
