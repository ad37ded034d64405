"""docs/options.md: every setting, its names, its default and what it is."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from shipline import catalogue, schemas

if TYPE_CHECKING:
    from collections.abc import Iterable

    from shipline.catalogue import Leaf

INTRODUCTION = """\
<!-- Written by tools/generate.py from schemas/pipeline.schema.json; change that and run `make generate`. -->
# Options

A setting's place in the config file gives all its names: `buildmaster.build-number` in `shipline.yml` is the input
`buildmaster-build-number` in GitHub and GitLab, the flag `--buildmaster-build-number`, the variable
`SHIPLINE_BUILDMASTER_BUILD_NUMBER`, and `buildmasterBuildNumber` in Jenkins.

Where a setting is given more than once, the first of these counts: flag, input, variable, config file, what the CI
system says about the run, default. The empty string is the same as unset. In inputs, flags and variables a list is one
item a line (those marked "commas too" accept commas), a mapping is `name=value` lines, and a boolean is exactly `true`
or `false`. In the config file, text that looks like a number is quoted: `release: "1.10"`.

Text may use names in braces: `{version}`, `{major}`, `{minor}`, `{patch}`, `{prerelease}`, `{prerelease_number}`,
`{tag}`, `{branch}`, `{sha}`, `{short_sha}`, `{run_id}`, `{run_number}`, `{run_url}`, `{repository}` and `{actor}`; in
artifacts also `{filename}` and `{path}`; in BuildMaster's variables `{artifact_url}` and `{artifact_sha256}` of the
first artifact; in what is sent after the build exists `{application}`, `{release_number}` and `{build_number}`; and in
comments `{feedback}` and `{release_url}`. Any other brace is plain text, and `{{version}}` gives `{version}`. Text that
begins with a brace is quoted in the config file. Notes are never filled in.

Secrets are taken from variables and inputs only, never from the config file or a flag.

If the config file has a list of `v3`, `centercode` or `notify` entries, each setting is given there, in its entry; only
`centercode-if-exists` and `centercode-on-unknown` may be given outside, for every Centercode target.

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
    parts = [INTRODUCTION, *_section("The program's own options", _options_description(), catalogue.options())]
    for name, entry in properties.items():
        leaves = [leaf for leaf in catalogue.settings() if leaf.path[0] == name]
        if len(leaves) == 1 and leaves[0].path == (name,):
            continue
        parts += _section(f"`{name}`", entry["description"], leaves)
    single = [leaf for leaf in catalogue.settings() if len(leaf.path) == 1]
    parts += _section("At the top of the file", "Settings that are in no section.", single)
    parts += ["### One entry of `artifacts`\n\n", *_entry(properties["artifacts"]["items"]["properties"])]
    return "".join(parts).rstrip() + "\n"


def _options_description() -> str:
    return str(schemas.load("pipeline")["$defs"]["options"]["description"])


def _section(title: str, description: str, leaves: Iterable[Leaf]) -> list[str]:
    rows = [_row(leaf) for leaf in leaves]
    head = "| Setting | Variable | Default | What it is |\n| --- | --- | --- | --- |\n"
    return [f"## {title}\n\n{description}\n\n{head}", *rows, "\n"]


def _row(leaf: Leaf) -> str:
    kind = " or ".join(f"`{_shown(value)}`" for value in leaf.enum) or KINDS[leaf.kind]
    kind = "secret" if leaf.secret else f"{kind}, commas too" if leaf.commas else kind
    default = "" if leaf.default is None else f"`{_shown(leaf.default)}`"
    example = "" if leaf.secret or leaf.enum or leaf.kind == "boolean" else f" Example: `{_shown(leaf.examples[0])}`."
    return f"| `{leaf.dotted}` | `{leaf.variable}` | {default} | {leaf.description} ({kind}){example} |\n"


def _entry(properties: dict[str, Any]) -> list[str]:
    head = "| Setting | What it is |\n| --- | --- |\n"
    return [
        head,
        *(f"| `{n}` | {p['description']} Example: `{_shown(p['examples'][0])}`. |\n" for n, p in properties.items()),
    ]


def _shown(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text.replace("|", "\\|")
