"""docs/options.md: every setting, its names, its default and what it is."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from shipline import schemas
from shipline.inputs import catalogue

if TYPE_CHECKING:
    from collections.abc import Iterable

    from shipline.inputs.catalogue import Setting

INTRODUCTION = """\
<!-- Written by tools/generate.py from schemas/pipeline.schema.json; change that and run `make generate`. -->
# Options

For everyone who writes a `shipline.yml` or its job: every setting.

The setting `buildmaster.build-number` is the input `buildmaster-build-number` (in Jenkins `buildmasterBuildNumber`),
the flag `--buildmaster-build-number` and the variable `SHIPLINE_BUILDMASTER_BUILD_NUMBER`.

The first of these counts: flag, input, variable, config file, the facts of the CI run, default. An empty text is unset.

In inputs, flags and variables:

- A list is one item a line, or a JSON array of texts; where marked, also with commas.
- A mapping is `name=value` lines, a boolean `true` or `false`, a duration such as `90s` or `1h30m`.

In the config file, quote text that looks like a number or begins with a brace: `release: "1.10"`. Shipline refuses list
items that begin with `[`, `- ` or a quote, and a stage, platform or channel with a comma.

## Names in braces

Shipline replaces these names in texts (not in the notes, but in their header and footer):

- everywhere `{version}`, `{major}`, `{minor}`, `{patch}`, `{prerelease}`, `{prerelease_number}`, `{tag}`, `{branch}`,
  `{sha}`, `{short_sha}`, `{repository}`, `{run_id}`, `{run_number}`, `{run_url}`, `{actor}`
- in artifacts `{filename}`, `{path}`
- in BuildMaster's variables `{artifact_url}`, `{artifact_sha256}` of the first artifact
- in texts sent after the build exists `{application}`, `{release_number}`, `{build_number}`
- in comments `{feedback}`, `{release_url}`

Any other brace is plain text, and `{{version}}` gives `{version}`.

## Secrets

Set a secret with a variable or an input, never in the config file or with a flag. For a key in a file, add `_FILE` to
the variable's name (`SHIPLINE_V3_TOKEN_FILE`); Shipline drops one line ending. If you set both, they must be equal.

## Lists of targets

`v3`, `centercode` and `notify` may each be a list; then set each setting in its entry. Only `centercode-if-exists` and
`centercode-on-unknown` also work outside, for all of them.

"""

HEAD = "Setting | Default | Example | Description\n--- | --- | --- | ---\n"
BOOLEANS = {"boolean": (True, False)}


def options() -> str:
    """docs/options.md."""
    properties = schemas.load("pipeline")["properties"]
    parts = [INTRODUCTION, *_section("Options of the program", _options_description(), catalogue.options())]
    for name, entry in properties.items():
        leaves = [leaf for leaf in catalogue.settings() if leaf.path[0] == name]
        if all(leaf.path == (name,) for leaf in leaves):
            continue
        parts += _section(f"`{name}`", entry["description"], leaves)
    single = [leaf for leaf in catalogue.settings() if len(leaf.path) == 1]
    parts += _section("At the top of the file", "Outside any section.", single)
    parts += ["### One entry of `artifacts`\n\n", *_entry(properties["artifacts"]["items"]["properties"])]
    return "".join(parts).rstrip() + "\n"


def _options_description() -> str:
    return str(schemas.load("pipeline")["$defs"]["options"]["description"])


def _section(title: str, description: str, leaves: Iterable[Setting]) -> list[str]:
    rows = [_row(leaf) for leaf in leaves if not _is_targets_notes(leaf)]
    return [f"## {title}\n\n{description}\n\n{HEAD}", *rows, "\n"]


def _is_targets_notes(leaf: Setting) -> bool:
    """True for settings of a target's notes, except the first: they are those of the release's notes."""
    return leaf.path[1:2] == ("notes",) and leaf.path[0] != "release" and leaf.path[2] != "file"


def _row(leaf: Setting) -> str:
    described, default = _parted(leaf.description)
    default = default if leaf.default is None else f"`{_shown(leaf.default)}`"
    values = (f"`{_shown(value)}`" for value in (*leaf.examples, *leaf.enum, *BOOLEANS.get(leaf.kind, ())))
    example = "secret" if leaf.secret else next((value for value in values if value != default), "")
    if leaf.path[1:] == ("notes", "file") and leaf.path[0] != "release":
        return f"`{leaf.dotted.removesuffix('.file')}` | `release.notes` | {example} | This target's notes\n"
    others = [f"`{_shown(value)}`" for value in leaf.enum if f"`{_shown(value)}`" not in leaf.description]
    notes = [", ".join(others) if len(leaf.enum) > 1 else "", "with commas" if leaf.commas else ""]
    described = " ".join([described, *(f"({note})" for note in notes if note)])
    return f"`{leaf.dotted}` | {default} | {example} | {described}\n"


def _parted(description: str) -> tuple[str, str]:
    """A description without its default, and the default."""
    match = re.search(r"(?:^| )Default: (.*?)\.(?= [A-Z`]|$)", description)
    if not match:
        return description.rstrip("."), ""
    return f"{description[: match.start()]}{description[match.end() :]}".strip().rstrip("."), match[1]


def _entry(properties: dict[str, Any]) -> list[str]:
    rows = []
    for name, entry in properties.items():
        described, default = _parted(entry["description"])
        rows.append(f"`{name}` | {default} | `{_shown(entry['examples'][0])}` | {described}\n")
    return [HEAD, *rows]


def _shown(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text.replace("|", "\\|")
