"""docs/options.md: every setting, its names, its default and what it is."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from shipline import schemas
from shipline.inputs import catalogue

if TYPE_CHECKING:
    from collections.abc import Iterable

    from shipline.inputs.catalogue import Setting

INTRODUCTION = """\
<!-- Written by tools/generate.py from schemas/pipeline.schema.json; change that and run `make generate`. -->
# Options

For everyone who writes a `shipline.yml` or a job that runs Shipline: every setting, its names and its default.

A setting's place in the config file gives all its names. `buildmaster.build-number` in `shipline.yml` is:

- the input `buildmaster-build-number` in GitHub and GitLab
- the flag `--buildmaster-build-number`
- the variable `SHIPLINE_BUILDMASTER_BUILD_NUMBER`
- `buildmasterBuildNumber` in Jenkins

If you set it more than once, the first of these counts: flag, input, variable, config file, the facts of the CI run,
default. The empty string is the same as unset.

In inputs, flags and variables:

- A list has one item a line (those marked "commas too" accept commas), or is a JSON array of texts.
- A mapping is `name=value` lines.
- A boolean is exactly `true` or `false`.

In the config file, put text that looks like a number in quotes: `release: "1.10"`.

Shipline refuses some items of a list as mistakes:

- an item that begins with `[`, with `- ` or with a quote
- a stage, a platform or a channel with a comma

## Names in braces

Shipline replaces these names in the texts of settings:

| where | names |
| --- | --- |
| everywhere | `{version}`, `{major}`, `{minor}`, `{patch}`, `{prerelease}`, `{prerelease_number}` |
| everywhere | `{tag}`, `{branch}`, `{sha}`, `{short_sha}`, `{repository}` |
| everywhere | `{run_id}`, `{run_number}`, `{run_url}`, `{actor}` |
| artifacts | also `{filename}`, `{path}` |
| BuildMaster's variables | also `{artifact_url}`, `{artifact_sha256}` of the first artifact |
| texts sent after the build exists | also `{application}`, `{release_number}`, `{build_number}` |
| comments | also `{feedback}`, `{release_url}` |

Any other brace is plain text, and `{{version}}` gives `{version}`. In the config file, put text that begins with a
brace in quotes. Shipline replaces names in the notes' header and footer, never in the notes.

## Secrets

Set secrets with variables and inputs, never in the config file or with a flag. A variable with `_FILE` after its
name, such as `SHIPLINE_V3_TOKEN_FILE`, names a file that contains the secret. Shipline removes one line ending at the
file's end. If you set both variables, their values must be equal.

## Lists of targets

If the config file has a list of `v3`, `centercode` or `notify` entries, set each setting in its entry. Only
`centercode-if-exists` and `centercode-on-unknown` also work outside, for every Centercode target.

"""

KINDS = {
    "text": "text",
    "boolean": "true or false",
    "integer": "whole number",
    "duration": "duration, such as 90s, 30m or 1h30m",
    "instant": "date and time with an offset",
    "url": "URL",
    "list": "list",
    "map": "mapping",
    "artifacts": "list",
}


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
    parts += _section("At the top of the file", "Settings outside any section.", single)
    parts += ["### One entry of `artifacts`\n\n", *_entry(properties["artifacts"]["items"]["properties"])]
    return "".join(parts).rstrip() + "\n"


def _options_description() -> str:
    return str(schemas.load("pipeline")["$defs"]["options"]["description"])


def _section(title: str, description: str, leaves: Iterable[Setting]) -> list[str]:
    rows = [_row(leaf) for leaf in leaves]
    head = "| Setting | Variable | Default | Description |\n| --- | --- | --- | --- |\n"
    return [f"## {title}\n\n{description}\n\n{head}", *rows, "\n"]


def _row(leaf: Setting) -> str:
    kind = " or ".join(f"`{_shown(value)}`" for value in leaf.enum) or KINDS[leaf.kind]
    kind = "secret" if leaf.secret else f"{kind}, commas too" if leaf.commas else kind
    default = "" if leaf.default is None else f"`{_shown(leaf.default)}`"
    example = "" if leaf.secret or leaf.enum or leaf.kind == "boolean" else f" Example: `{_shown(leaf.examples[0])}`."
    return f"| `{leaf.dotted}` | `{leaf.variable}` | {default} | {leaf.description} ({kind}){example} |\n"


def _entry(properties: dict[str, Any]) -> list[str]:
    head = "| Setting | Description |\n| --- | --- |\n"
    return [
        head,
        *(f"| `{n}` | {p['description']} Example: `{_shown(p['examples'][0])}`. |\n" for n, p in properties.items()),
    ]


def _shown(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text.replace("|", "\\|")
