"""Options of the commands, one for each input of the catalog, and the check of config files as arguments."""

from __future__ import annotations

import glob
from contextlib import suppress
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

import click

from shipline.cli import lazy
from shipline.display import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from shipline.inputs.catalogue import Setting


CONFIGS = "[FILE OR GLOB]..."
"""How the help shows config files as arguments."""

_SWITCHES = frozenset(
    {"quiet", "verbose", "any-version", "fail-fast", "comment"}
)  # options of the program that take no value
_NOT_FLAGS = frozenset({"command", "to-stage", "yes"})  # the last two are flags of the commands that they are for
# The last parts of names that are paths.
_FILES = frozenset(
    {"config", "receipt", "report", "file", "ca-bundle", "client-certificate", "artifacts", "extends", "base-dir"}
)
_SECTIONS = {
    "release": "Release",
    "buildmaster": "BuildMaster",
    "v3": "v3 (Cryptlex)",
    "centercode": "Centercode",
    "notify": "Comments and macros in Centercode",
    "journal": "Shared journal",
    "network": "Network",
}
_METAVARS = {"integer": "NUMBER", "map": "NAME=VALUE", "list": "LIST", "artifacts": "GLOB"}


def settings() -> Iterator[click.Option]:
    """Yield the options of validate, plan, run and doctor: one for each input of the catalog."""
    from shipline.inputs import catalogue

    for setting in catalogue.options():
        if setting.name not in _NOT_FLAGS:
            names = [
                f"--{setting.name}",
                *(["-v"] if setting.name == "verbose" else ["-q"] if setting.name == "quiet" else []),
            ]
            yield _option(names, setting, "Shipline")
    for setting in catalogue.settings():
        if setting.flag is not None:
            yield _option([setting.flag], setting, _SECTIONS.get(setting.path[0], "Pipeline"))


def _option(names: list[str], setting: Setting, section: str) -> click.Option:
    return lazy.SettingOption(
        names,
        section=section,
        common=setting.shown == "common",
        is_flag=setting.name in _SWITCHES or None,  # False: its value is optional
        metavar=_metavar(setting),
        values="file" if setting.path[-1] in _FILES else _values(setting),
        help=help_text(setting),
    )


def _values(setting: Setting) -> list[str]:
    """The values to choose from; none if any text may be one."""
    return ["true", "false"] if setting.kind == "boolean" else [str(value).lower() for value in setting.enum]


def _metavar(setting: Setting) -> str | None:
    """The placeholder of the value: its kind, or the last word of its name."""
    if setting.name in _SWITCHES:
        return None
    if values := _values(setting):
        return "|".join(values)
    word = "PATH" if setting.path[-1] in _FILES else setting.path[-1].rpartition("-")[2].upper()
    return _METAVARS.get(setting.kind, word if setting.kind == "text" else setting.kind.upper())


def help_text(setting: Setting) -> str:
    """Return the first sentence of the description, and the default."""
    first = setting.description.partition(". ")[0].rstrip(".")
    default = (
        f" (default: {setting.default})" if setting.default not in (None, "") and setting.name not in _SWITCHES else ""
    )
    return f"{first}{default}"


def check_configs(command: str, configs: Iterable[str]) -> None:
    """Raise UsageError for what isn't a config file, such as the artifact or the version to release."""
    for path in configs:
        suffix = PurePath(path).suffix
        if suffix in {"", ".yml", ".yaml", ".json"}:
            continue
        from shipline import version
        from shipline.inputs import config_file
        from shipline.inputs.document import Problems

        found = next(iter(sorted(glob.glob(path))), path)  # noqa: PTH207 - the path may be absolute
        if config_file.read(Path(found), found, Problems()) is not None:
            continue
        what = f"{command} takes config files, and {printable(path)} isn't one"
        with suppress(ValueError):
            raise click.UsageError(f"{what}: for a version, pass --release-version {version.parse(path).text}")
        raise click.UsageError(f"{what}: artifacts go into shipline.yml, as artifacts: [{printable(path)}]")


def _stage(flag: str, text: str) -> click.Option:
    return click.Option([flag, "to_stage"], multiple=True, metavar="STAGE", help=text)


_VERSION = click.Argument(["version"])
RELEASE_COMMANDS: Mapping[str, tuple[str, Sequence[click.Parameter]]] = {
    "retract": (
        "Take a release back. Deletes its v3 draft and rejects its build; prompts first on a terminal.",
        [
            _VERSION,
            _stage("--redeploy", "deploy the build before it there"),
            click.Option(["--yes"], is_flag=True, help="don't prompt"),
        ],
    ),
    "promote": (
        "Deploy the existing build of a version to one more stage.",
        [_VERSION, _stage("--to-stage", "where to deploy it")],
    ),
    "publish": ("Publish the v3 draft of a version. Makes the same checks as run.", [_VERSION]),
    "status": (
        "Show the stages, drafts and releases of a version. Without a version, show the newest few.",
        [click.Argument(["version"], default="", metavar="[VERSION]")],
    ),
}
"""The help of each command that takes a version, and its own parameters."""
