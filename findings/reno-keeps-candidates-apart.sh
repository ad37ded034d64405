#!/usr/bin/env bash
# reno 4.1.0 (PyPI), with its defaults: collapse_pre_releases is true.
#
# Guess: "reno report" lists the notes of a release candidate below the final version, for the candidates that Python (1.4.0rc1) or
# SemVer (1.4.0-rc.1) define.
# Behavior: only for OpenStack's own form, with a number before the suffix (1.4.0.0rc1). Of the other two, the final version's
# section has only what came after the last candidate, without a warning. For most projects that is next to nothing.
# Output seen:
#   1.4.0.0rc1   1.4.0: 2 notes
#   1.4.0rc1     1.4.0: 1 note, 1.4.0rc1: 1 note
#   v1.4.0-rc.1  v1.4.0: 1 note, v1.4.0-rc.1: 1 note
#
# Exits with 0 if this is still so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv tools
tools/bin/pip install --quiet reno==4.1.0 2>/dev/null
for candidate in 1.4.0.0rc1 1.4.0rc1 v1.4.0-rc.1; do
    git init -q -b main "$candidate"
    git -C "$candidate" config user.name sam
    git -C "$candidate" config user.email sam@example.com
    git -C "$candidate" config commit.gpgsign false
    git -C "$candidate" config tag.gpgsign false
    mkdir -p "$candidate/releasenotes/notes"
    final=1.4.0
    [ "$candidate" != v1.4.0-rc.1 ] || final=v1.4.0
    for tag in "$candidate" "$final"; do
        printf -- '---\nfixes:\n  - Note of %s.\n' "$tag" > "$candidate/releasenotes/notes/note-$(printf %s "$tag" | md5sum | cut -c1-16).yaml"
        git -C "$candidate" add .
        git -C "$candidate" commit -q -m "Prepare $tag"
        git -C "$candidate" tag -a -m "$tag" "$tag"
    done
    echo "$candidate: $(tools/bin/reno -q report --no-show-source "$candidate" 2>/dev/null | grep -E '^(v?1\.4\.0.*|- Note.*)$' | paste -sd '|')"
done | tee found
[ "$(cat found)" = "1.4.0.0rc1: 1.4.0|- Note of 1.4.0.|- Note of 1.4.0.0rc1.
1.4.0rc1: 1.4.0|- Note of 1.4.0.|1.4.0rc1|- Note of 1.4.0rc1.
v1.4.0-rc.1: v1.4.0|- Note of v1.4.0.|v1.4.0-rc.1|- Note of v1.4.0-rc.1." ]
