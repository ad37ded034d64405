"""The command line: `shipline validate`, `plan`, `run` and their neighbours."""

from __future__ import annotations

import re
import signal
import sys
from typing import TYPE_CHECKING, Any

import click

from shipline import __version__, lazy
from shipline.operations import SERVICES, ServiceCommands

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from shipline.catalogue import Leaf
    from shipline.commands import CommandName

# The program's own options that are switches on the command line.
_SWITCHES = frozenset({"quiet", "verbose", "fail-fast"})
_NOT_FLAGS = frozenset({"command"})
_CONFIGS = click.argument("configs", metavar="[FILE OR GLOB]...", nargs=-1)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120})
@click.version_option(__version__, prog_name="shipline")
def cli() -> None:
    """Deploy a build with BuildMaster and announce it to testers (Centercode) and customers (v3 releases).

    Settings come from flags, the CI system's inputs, SHIPLINE_… variables and shipline.yml, in this order.
    Keys come only from the environment: SHIPLINE_BUILDMASTER_API_KEY, SHIPLINE_CENTERCODE_API_KEY, SHIPLINE_V3_TOKEN.
    """


def _settings() -> Iterator[click.Option]:
    """The options of validate, plan, run and doctor: one for each input of the catalogue."""
    from shipline import catalogue

    for leaf in catalogue.options():
        if leaf.name not in _NOT_FLAGS:
            names = [f"--{leaf.name}", *(["-v"] if leaf.name == "verbose" else ["-q"] if leaf.name == "quiet" else [])]
            yield click.Option(names, is_flag=leaf.name in _SWITCHES, help=_help(leaf))
    for leaf in catalogue.settings():
        if leaf.flag is not None:
            yield click.Option([leaf.flag], metavar="TEXT", help=_help(leaf))


def _help(leaf: Leaf) -> str:
    """The first sentence of the description, the choices, and the default."""
    first = leaf.description.partition(". ")[0].rstrip(".")
    choices = f" [{'|'.join(str(value).lower() for value in leaf.enum)}]" if leaf.enum else ""
    default = f" (default: {leaf.default})" if leaf.default not in (None, "") and leaf.name not in _SWITCHES else ""
    return f"{first}{choices}{default}"


@cli.command(cls=lazy.Command, options=_settings, spared=True)
@_CONFIGS
def validate(**given: Any) -> None:
    """Check everything that can be checked without a network."""
    _main("validate", given)


@cli.command(cls=lazy.Command, options=_settings, spared=True)
@_CONFIGS
def plan(**given: Any) -> None:
    """Print what `run` would send; look-ups only, nothing is changed."""
    _main("plan", given)


@cli.command(cls=lazy.Command, options=_settings, spared=True)
@_CONFIGS
def run(**given: Any) -> None:
    """Create the build, deploy it, and announce the release; safe to run again."""
    _main("run", given)


def _answers() -> Iterator[click.Option]:
    """An option for each question of init; its variable gives the answer too."""
    from shipline import catalogue
    from shipline.starter.questions import QUESTIONS

    for question in QUESTIONS:
        leaf = catalogue.by_name()[question.name]
        names = [f"--{name}" for name in (leaf.name, question.short) if name]
        name = leaf.name.replace("-", "_")
        yield click.Option([*names, name], envvar=leaf.variable, metavar="TEXT", help=_help(leaf))


@cli.command(cls=lazy.Command, options=_answers)
@click.option(
    "--ci",
    "system",
    type=click.Choice(["github", "gitlab", "jenkins"]),
    help="The CI system; default: what the project tells",
)
@click.option("--yes", is_flag=True, help="Ask nothing: what isn't given is assumed, and told")
@click.option("--force", is_flag=True, help="Replace files that are there")
def init(*, system: str | None, yes: bool, force: bool, **given: str | None) -> None:
    """Write a first shipline.yml and the pipeline that calls it."""
    from shipline import init as beginning

    answers = {name.replace("_", "-"): text for name, text in given.items() if text}
    raise SystemExit(beginning.main(answers, system=system or "", yes=yes, force=force))


@cli.command(cls=lazy.Command, options=_settings, spared=True)
def doctor(**given: Any) -> None:
    """Check that each service can be reached, and say what is wrong; look-ups only."""
    _main("doctor", given)


@cli.command()
@_CONFIGS
@click.option("--tag", default="", help="the tag that is released, if it isn't the one of this checkout or run")
@click.option("--shard", default="", help="only the products of this part: 2/4 is the second of four")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "github", "gitlab", "jenkins"]),
    help="default: the CI system's own, else text",
)
@click.option("--include", default="", help="GitLab: the template's URL, PROJECT@REF, or path in this repository")
@click.option("--needs", multiple=True, help="GitLab: a job of this pipeline whose files the products need")
def matrix(*, form: str | None, **given: Any) -> None:
    """Print the products that a tag releases as jobs of the CI system; needs no key and no network."""
    from shipline.fleet import matrix as products

    raise SystemExit(products.main(products.Wanted(form=form or "", **given)))


@cli.command()
@click.argument("name", type=click.Choice(["pipeline", "receipt", "buildmaster", "centercode", "v3"]))
def schema(name: str) -> None:
    """Print a schema: the config file's, the receipt's, or a service's OpenAPI description."""
    from shipline import schemas

    click.echo(schemas.path(name).read_text(encoding="utf-8"), nl=False)


@cli.command()
@click.option("--keep", is_flag=True, help="leave the sandbox running, to look around")
def demo(*, keep: bool) -> None:
    """Run the main job on a sample project against a sandbox of the three services."""
    from shipline import demo as demonstration

    raise SystemExit(demonstration.main(keep=keep))


@cli.command()
@click.option("--port", default=0, show_default=True, help="0 takes a free one")
@click.option(
    "--data", type=click.Path(dir_okay=False), help="SQLite file to keep the state in; default: forgotten at the end"
)
@click.option("--speed", default=1.0, show_default=True, help="how much faster than real deployments go")
@click.option("--fault", "faults", multiple=True, help="a fault to inject, as JSON (docs/sandbox.md)")
@click.option("--ready-file", type=click.Path(dir_okay=False), help="gets the sandbox's URL when it listens")
def sandbox(*, port: int, data: str | None, speed: float, faults: tuple[str, ...], ready_file: str | None) -> None:
    """Serve the three services, emulated, on this machine."""
    import json

    try:
        from shipline_sandbox import server
    except ImportError:
        raise click.ClickException("the sandbox isn't installed: pip install 'shipline[sandbox]'") from None
    try:
        rules = [json.loads(fault) for fault in faults]
        server.serve(port=port, data=data, speed=speed, faults=rules, ready_file=ready_file, on_ready=_say_ready)
    except (ValueError, OSError) as error:
        raise click.UsageError(str(error)) from None


def _say_ready(url: str) -> None:
    click.echo(f"the sandbox listens on {url} and takes keys that begin with sandbox-; Ctrl-C ends it")


for _service in SERVICES:
    cli.add_command(ServiceCommands(_service))


def _main(command: CommandName, given: Mapping[str, Any]) -> None:
    from shipline import commands

    given = _with_config(dict(given))
    set_ones = {name.replace("_", "-"): value for name, value in given.items() if value not in (None, False)}
    flags = {name: "true" if value is True else value for name, value in set_ones.items()}
    raise SystemExit(commands.main(command, flags))


def _with_config(given: dict[str, Any]) -> dict[str, Any]:
    """Arguments are config files; the wrappers can pass them only as the option, one a line."""
    configs = given.pop("configs", ())
    if configs and given.get("config"):
        raise click.UsageError("config files are given as arguments or with --config, not both")
    if any(not path.strip() or "\n" in path for path in configs):
        raise click.UsageError("expected the path of a config file, or a glob")
    return given | ({"config": "\n".join(configs)} if configs else {})


def main() -> None:
    """Carry out the command line. Usage errors exit with 2, as invalid input does."""
    try:
        cli.main(standalone_mode=False)
    except click.ClickException as error:
        raise SystemExit(_misused(error)) from None
    except click.exceptions.Exit as stop:
        raise SystemExit(stop.exit_code) from None
    except (click.Abort, KeyboardInterrupt):
        raise SystemExit(128 + signal.SIGINT) from None


def _misused(error: click.ClickException) -> int:
    """What a pipeline calls ends as with any other wrong input: with outputs, and what was done."""
    if isinstance(error, click.NoSuchOption):
        error = _about(error)
    if not {*sys.argv[1:2]} & {"validate", "plan", "run", "doctor"}:
        return _shown(error)
    from shipline import commands

    as_json = re.search(r"--format[= ]json\b", " ".join(sys.argv))
    return commands.misused(error.format_message(), f"shipline {sys.argv[1]}", {"format": "json"} if as_json else {})


def _shown(error: click.ClickException) -> int:
    """It quotes arguments, which may hold a key or something that a terminal or a CI system would obey."""
    import io
    import os
    from pathlib import Path

    from shipline import ci, inputs
    from shipline.report import visible

    inputs.mask({}, os.environ)
    text = io.StringIO()
    error.show(text)
    click.echo(ci.system("", os.environ, Path.cwd()).neutral(visible(text.getvalue())), err=True, nl=False)
    return error.exit_code


def _about(error: click.NoSuchOption) -> click.NoSuchOption:
    from shipline import catalogue

    leaf = catalogue.by_name().get(error.option_name.lstrip("-"))
    if leaf is None or not leaf.secret:
        return error
    message = f"{leaf.name} can't be a flag, since others could read it there: set the variable {leaf.variable}"
    return click.NoSuchOption(error.option_name, message, ctx=error.ctx)
