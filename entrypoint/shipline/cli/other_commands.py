"""Commands beside the main job and the services: init, matrix, schema, explain, completion, help, demo and sandbox."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from shipline.cli import lazy, options
from shipline.errors import InvalidInputError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from click.shell_completion import CompletionItem

    from shipline_sandbox.server import Running


def _answers() -> Iterator[click.Option]:
    """Yield an option for each question of init; its variable gives the answer too."""
    from shipline.init.questions import QUESTIONS
    from shipline.inputs import catalogue

    for question in QUESTIONS:
        setting = catalogue.by_name()[question.name]
        names = [f"--{name}" for name in (setting.name, question.short) if name]
        name = setting.name.replace("-", "_")
        yield click.Option([*names, name], envvar=setting.variable, metavar="TEXT", help=options.help_text(setting))


@click.command(cls=lazy.LazyCommand, options=_answers)
@click.option(
    "--ci",
    "system",
    type=click.Choice(["github", "gitlab", "jenkins"]),
    help="The CI system; default: detected from the project",
)
@click.option("--yes", is_flag=True, help="Use defaults for anything not given, and list them")
@click.option("--force", is_flag=True, help="Replace existing files")
@click.option(
    "--sandbox",
    metavar="[URL]",
    is_flag=False,
    flag_value="http://127.0.0.1:8622",
    help="Use the sandbox's names and this address of it; default: http://127.0.0.1:8622",
)
def init(*, system: str | None, yes: bool, force: bool, sandbox: str | None, **given: str | None) -> None:
    """Write a first shipline.yml and the pipeline that calls it."""
    from shipline.init import command, questions

    answers = {name.replace("_", "-"): text for name, text in given.items() if text}
    if sandbox:
        answers, yes = questions.of_sandbox(sandbox) | answers, True
    raise SystemExit(command.main(answers, system=system or "", yes=yes, force=force))


@click.command()
@click.argument("configs", metavar=options.CONFIGS, nargs=-1, shell_complete=lazy.files)
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
    """Print the products of a tag as jobs of the CI system. Needs no key and no network."""
    from shipline.fleet import matrix as fleet_matrix

    options.check_configs("matrix", given["configs"])
    raise SystemExit(fleet_matrix.main(fleet_matrix.MatrixOptions(form=form or "", **given)))


@click.command()
@click.argument("name", type=click.Choice(["pipeline", "receipt", "buildmaster", "centercode", "v3"]))
def schema(name: str) -> None:
    """Print a schema. That of a service is its OpenAPI description."""
    from shipline import schemas

    click.echo(schemas.path(name).read_text(encoding="utf-8"), nl=False)


@click.command()
@click.argument("what", metavar="CODE|MESSAGE|RECEIPT", shell_complete=lazy.files)
def explain(what: str) -> None:
    """Explain an exit code, a message or a receipt. Works offline."""
    from shipline.cli import explain as cli_explain

    try:
        raise SystemExit(cli_explain.main(what))
    except InvalidInputError as error:
        raise click.UsageError(str(error)) from None


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print the completion script of a shell. It completes commands, options, values and files."""
    click.echo((Path(__file__).with_name("completion") / shell).read_text(encoding="utf-8"), nl=False)


def _names(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    found = ctx.find_root().command
    for name in ctx.params.get("command") or ():
        found = (found.get_command(ctx, name) if isinstance(found, click.Group) else None) or found
    return found.shell_complete(click.Context(found), incomplete) if isinstance(found, click.Group) else []


@click.command("help")
@click.argument("command", nargs=-1, shell_complete=_names)
@click.pass_context
def help_(ctx: click.Context, command: tuple[str, ...]) -> None:
    """Show the help of a command."""
    ctx = ctx.find_root()
    for name in command:
        found = ctx.command.get_command(ctx, name) if isinstance(ctx.command, click.Group) else None
        if found is None:
            raise click.UsageError(f"no such command: {' '.join(command)}")
        ctx = click.Context(found, parent=ctx, info_name=name)
    click.echo(ctx.get_help())


@click.command()
@click.option("--keep", is_flag=True, help="keep the sandbox running, to look at the result")
def demo(*, keep: bool) -> None:
    """Release a sample project to a sandbox."""
    from shipline.cli import demo as cli_demo

    raise SystemExit(cli_demo.main(keep=keep))


@click.command()
@click.option("--port", default=0, show_default=True, help="0: a free port")
@click.option(
    "--data", type=click.Path(dir_okay=False), help="SQLite file to keep the state in; default: forgotten at the end"
)
@click.option("--speed", default=1.0, show_default=True, help="how much faster than real deployments go")
@click.option("--fault", "faults", multiple=True, help="a fault to inject, as JSON (docs/sandbox.md)")
@click.option("--tls", is_flag=True, help="serve HTTPS; prints the certificate of its authority (needs openssl)")
@click.option("--ready-file", type=click.Path(dir_okay=False), help="gets the sandbox's URL when it listens")
def sandbox(*, faults: tuple[str, ...], **given: Any) -> None:
    """Serve the three services, emulated, on this machine."""
    import json

    from shipline.cli.demo import sandbox_server

    server = sandbox_server()
    try:
        rules = [json.loads(fault) for fault in faults]
        server.serve(faults=rules, on_ready=_show_sandbox, **given)
    except (ValueError, OSError) as error:
        raise click.UsageError(str(error)) from None


def _show_sandbox(sandbox: Running) -> None:
    click.echo(f"the sandbox listens on {sandbox.url} and accepts keys that begin with sandbox-; Ctrl-C ends it")
    from shipline_sandbox import welcome

    click.echo(f"\n{welcome.text(sandbox.url)}")
    if sandbox.authority:
        click.echo(f"its certificate is signed by this authority, which clients have to trust:\n{sandbox.authority}")


COMMANDS = {command.name: command for command in (init, matrix, schema, explain, completion, help_, demo, sandbox)}
