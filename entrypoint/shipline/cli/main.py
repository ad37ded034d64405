"""The command line: the commands of the main job, the names of the others, and the end of one that can't be parsed."""

from __future__ import annotations

import re
import signal
import sys
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from shipline import __version__, early_signals
from shipline.cli import lazy, options
from shipline.display import nearest
from shipline.errors import DOCUMENTATION, RefusedError, bug
from shipline.services.registry import SERVICES

if TYPE_CHECKING:
    from shipline.cli.job import CommandName


_JOB_COMMANDS: dict[CommandName, str] = {
    "validate": "Check the configuration, without the network.",
    "plan": "Print what `run` will send. Sends only read-only requests.",
    "run": "Create the build, deploy it and announce the release. Safe to run again.",
    "rehearse": "Run the main job against a sandbox, twice. Needs no account, key or network.",
    "doctor": "Check the connections, keys and names. Sends only read-only requests.",
}
"""The commands whose options are the inputs, and what each does."""
_RELEASE_COMMANDS: tuple[CommandName, ...] = ("retract", "promote", "publish")
_OTHERS = ("init", "matrix", "schema", "explain", "completion", "help", "demo", "sandbox")


@click.group(
    cls=lazy.LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120},
    epilog=f"Documentation: {DOCUMENTATION}/",
)
@click.version_option(__version__, prog_name="shipline")
def cli() -> None:
    """Deploy a build with BuildMaster and announce it to testers (Centercode) and customers (v3 releases).

    Settings come from flags, the CI system's inputs, SHIPLINE_… variables and shipline.yml, in this order.
    Keys come only from the environment: SHIPLINE_BUILDMASTER_API_KEY, SHIPLINE_CENTERCODE_API_KEY, SHIPLINE_V3_TOKEN.
    """


def _main(command: CommandName, **given: Any) -> None:
    """Carry out a command with the options that are given. Config files may be given as arguments too.

    The wrappers can pass them only as the option, one a line.
    """
    configs = given.pop("configs", ())
    if configs and given.get("config"):
        raise click.UsageError("give config files as arguments or with --config, not both")
    if any(not path.strip() or "\n" in path for path in configs):
        raise click.UsageError("expected the path of a config file, or a glob")
    options.check_configs(command, configs)
    if configs:
        given["config"] = "\n".join(configs)
    from shipline.cli import job

    raise SystemExit(job.main(command, job.flags_of(given)))


def _for_version(command: CommandName) -> click.Command:
    """A command for a version that is given as an argument."""

    def call(*, version: str, **given: Any) -> None:
        from shipline.cli import job

        raise SystemExit(job.main(command, job.flags_of(given | ({"release-version": version} if version else {}))))

    text, params = options.RELEASE_COMMANDS[command]
    return lazy.LazyCommand(command, options=options.settings, help=text, callback=call, params=[*params])


def _created(name: str) -> click.Command:
    """A command of another module, which is loaded on the command's first use."""
    if name in SERVICES:
        from shipline.cli.service_commands import ServiceCommands

        return ServiceCommands(name)
    if name == "journal":
        from shipline.cli.journal_commands import journal

        return journal
    from shipline.cli import other_commands

    return other_commands.COMMANDS[name]


for _name, _text in _JOB_COMMANDS.items():
    _callback = partial(_main, _name)
    _params = [click.Argument(["configs"], metavar=options.CONFIGS, nargs=-1, shell_complete=lazy.files)]
    _params = [] if _name == "doctor" else _params
    cli.add_command(
        lazy.LazyCommand(_name, options=options.settings, help=_text, callback=_callback, params=[*_params])
    )
cli.factories = {name: partial(_created, name) for name in ("journal", *SERVICES, *_OTHERS)}
cli.factories |= {name: partial(_for_version, name) for name in (*_RELEASE_COMMANDS, "status")}


def main() -> None:
    """Carry out the command line, and exit. Usage errors exit with 2, as invalid input does."""
    if not _is_job():
        early_signals.end()  # the commands of the main job install their own handlers
    try:
        cli.main(standalone_mode=False)
    except click.ClickException as error:
        raise SystemExit(_end_usage_error(error)) from None
    except click.exceptions.Exit as stop:
        raise SystemExit(stop.exit_code) from None
    except (click.Abort, KeyboardInterrupt):
        raise SystemExit(128 + signal.SIGINT) from None
    except OSError as error:  # such as a full disk; jobs and operations handle their own
        if not isinstance(unwritable := bug(error), RefusedError):
            raise
        with suppress(OSError):
            click.echo(f"error: {unwritable}", err=True)
        raise SystemExit(unwritable.exit_code) from None


def _is_job() -> bool:
    return bool({*sys.argv[1:2]} & {*_JOB_COMMANDS, *_RELEASE_COMMANDS})


def _end_usage_error(error: click.ClickException) -> int:
    """End a command that click can't parse. Returns the exit code.

    The commands that pipelines call end as with any other invalid input: with outputs, and DONE, NOT DONE and NEXT.
    """
    if isinstance(error, click.NoSuchOption):
        error = _explain(error)
    if not _is_job():
        return _show(error)
    from shipline.cli import job

    as_json = re.search(r"--format[= ]json\b", " ".join(sys.argv))
    return job.usage_error(error.format_message(), f"shipline {sys.argv[1]}", {"format": "json"} if as_json else {})


def _show(error: click.ClickException) -> int:
    """Show a usage error: it quotes arguments, which may hold a key or commands to a terminal or a CI system."""
    import io
    import os

    from shipline.ci import detect
    from shipline.display import escape_controls
    from shipline.inputs.sources import Inputs

    inputs = Inputs.read({}, os.environ)
    text = io.StringIO()
    error.show(text)
    system = detect.system("", inputs.environ, Path.cwd())
    click.echo(system.escape_commands(escape_controls(text.getvalue())), err=True, nl=False)
    return error.exit_code


def _explain(error: click.NoSuchOption) -> click.NoSuchOption:
    """Return an error that names the nearest flag, or the variable for a secret, which has no flag."""
    from shipline.inputs import catalogue

    name = error.option_name.lstrip("-")
    setting = catalogue.by_name().get(name)
    if setting is None or not setting.secret:
        params = error.ctx.command.get_params(error.ctx) if error.ctx else []
        near = nearest(name, sorted(flag.lstrip("-") for param in params for flag in param.opts if flag[:2] == "--"))
        hint = f" Did you mean '--{near}'?" if near else ""
        return click.NoSuchOption(error.option_name, f"No such option '{error.option_name}'.{hint}", ctx=error.ctx)
    message = f"{setting.name} can't be a flag, since others could read it there: set the variable {setting.variable}"
    return click.NoSuchOption(error.option_name, message, ctx=error.ctx)
