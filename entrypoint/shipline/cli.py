"""The command line: `shipline validate`, `plan`, `run` and their neighbours."""

from __future__ import annotations

import json
import signal
from typing import TYPE_CHECKING, Any

import click

from shipline import __version__, catalogue
from shipline.operations import ServiceCommands
from shipline.services.openapi import SERVICES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from shipline.commands import CommandName

# The program's own options that are switches on the command line.
_SWITCHES = frozenset({"quiet", "verbose"})
_NOT_FLAGS = frozenset({"command"})


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120})
@click.version_option(__version__, prog_name="shipline")
def cli() -> None:
    """Deploy a build with BuildMaster and announce it to testers (Centercode) and customers (v3 releases).

    Settings come from flags, the CI system's inputs, SHIPLINE_… variables and shipline.yml, in this order.
    Keys come only from the environment: SHIPLINE_BUILDMASTER_API_KEY, SHIPLINE_CENTERCODE_API_KEY, SHIPLINE_V3_TOKEN.
    """


def _settings(function: Callable[..., Any]) -> Callable[..., Any]:
    """The options of validate, plan and run: one for each input of the catalogue."""
    for leaf in reversed(catalogue.settings()):
        if leaf.flag is not None:
            function = click.option(leaf.flag, metavar="TEXT", help=_help(leaf))(function)
    for leaf in reversed(catalogue.options()):
        if leaf.name in _NOT_FLAGS:
            continue
        names = [f"--{leaf.name}", *(["-v"] if leaf.name == "verbose" else ["-q"] if leaf.name == "quiet" else [])]
        function = click.option(*names, is_flag=leaf.name in _SWITCHES, help=_help(leaf))(function)
    return function


def _help(leaf: catalogue.Leaf) -> str:
    """The first sentence of the description, the choices, and the default."""
    first = leaf.description.partition(". ")[0].rstrip(".")
    choices = f" [{'|'.join(str(value).lower() for value in leaf.enum)}]" if leaf.enum else ""
    default = f" (default: {leaf.default})" if leaf.default not in (None, "") and leaf.name not in _SWITCHES else ""
    return f"{first}{choices}{default}"


@cli.command()
@_settings
def validate(**given: Any) -> None:
    """Check everything that can be checked without a network."""
    _main("validate", given)


@cli.command()
@_settings
def plan(**given: Any) -> None:
    """Print what `run` would send; look-ups only, nothing is changed."""
    _main("plan", given)


@cli.command()
@_settings
def run(**given: Any) -> None:
    """Create the build, deploy it, and announce the release; safe to run again."""
    _main("run", given)


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

    set_ones = {name.replace("_", "-"): value for name, value in given.items() if value not in (None, False)}
    flags = {name: "true" if value is True else value for name, value in set_ones.items()}
    raise SystemExit(commands.main(command, flags))


def main() -> None:
    """The console script. Usage errors exit with 2, as invalid input does."""
    try:
        cli.main(standalone_mode=False)
    except click.NoSuchOption as error:
        _about(error).show()
        raise SystemExit(error.exit_code) from None
    except click.ClickException as error:
        error.show()
        raise SystemExit(error.exit_code) from None
    except click.exceptions.Exit as stop:
        raise SystemExit(stop.exit_code) from None
    except (click.Abort, KeyboardInterrupt):
        raise SystemExit(128 + signal.SIGINT) from None


def _about(error: click.NoSuchOption) -> click.NoSuchOption:
    leaf = catalogue.by_name().get(error.option_name.lstrip("-"))
    if leaf is None or not leaf.secret:
        return error
    message = f"{leaf.name} can't be a flag, since others could read it there: set the variable {leaf.variable}"
    return click.NoSuchOption(error.option_name, message, ctx=error.ctx)
