"""`shipline buildmaster …`, `centercode …`, `v3 …`: a command for each operation of the three OpenAPI files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from shipline import lazy

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shipline.services.openapi import Operation, Parameter

_DESCRIPTIONS = {
    "buildmaster": "Releases, builds and deployments of BuildMaster, one operation at a time.",
    "centercode": "Releases, reports, listeners, imports and feedback of Centercode, one operation at a time.",
    "v3": "Releases and their files for customers, one operation at a time.",
}
SERVICES = tuple(_DESCRIPTIONS)
KEYS = {service: f"SHIPLINE_{service.upper()}_{'TOKEN' if service == 'v3' else 'API_KEY'}" for service in SERVICES}
"""The variable of each service's key."""
_SHOWN_TYPES = {"integer": "NUMBER", "number": "NUMBER", "boolean": "true|false", "object": "JSON", "array": "JSON"}
_AS_FORM = "send the file in a form (multipart/form-data), as servers of one's own installation want it"
_EXAMPLE_VALUE = {"integer": "1", "boolean": "true", "array": "[]", "object": "{}"}


class ServiceCommands(lazy.Command, click.Group):
    """The commands of one service, made from its OpenAPI file when they are asked for."""

    def __init__(self, service: str) -> None:
        self.service = service
        description = (
            f"{_DESCRIPTIONS[service]}\n\nThe address comes from --url or SHIPLINE_{service.upper()}_URL, the key from "
            f"{KEYS[service]}. Answers are JSON on standard output; exit codes are those of shipline run."
        )
        super().__init__(
            service, help=description, short_help=_DESCRIPTIONS[service], options=lambda: _connection(service)
        )
        self.callback = click.pass_context(_remember)

    def list_commands(self, ctx: click.Context) -> list[str]:
        from shipline.services import openapi

        del ctx
        return list(openapi.operations(self.service))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        from shipline.services import openapi

        del ctx
        operation = openapi.operations(self.service).get(cmd_name)
        return _command(operation) if operation else None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if self.get_command(ctx, name) is None and not name.startswith("-"):
            from difflib import get_close_matches

            close = get_close_matches(name, self.list_commands(ctx), 1)
            meant = f"did you mean {close[0]}?" if close else f"shipline {self.service} --help lists them"
            from shipline.services import openapi

            ctx.fail(f"{openapi.SERVICES[self.service]} has no operation {name}; {meant}")
        return super().resolve_command(ctx, args)


def _remember(ctx: click.Context, /, **_: Any) -> None:
    ctx.obj = ctx


def _connection(service: str, *, file_server: bool = False) -> list[click.Parameter]:
    """How the service is reached: on the service's command and on each operation's."""
    names = f"SHIPLINE_{service.upper()}"
    urls = [f"{names}_RELEASES_URL", f"{names}_URL"] if file_server else [f"{names}_URL"]
    http = "allow plain HTTP, and not only to this machine"
    times = (
        ("--connect-timeout", "10s", "how long a connection may take"),
        ("--read-timeout", "60s", "how long an answer may take"),
        ("--retry-for", "2m", "how long what can safely be sent again is retried"),
    )
    return [
        click.Option(["--url"], envvar=urls, show_envvar=True, help="the service's address"),
        click.Option(["--allow-http"], is_flag=True, envvar=f"{names}_ALLOW_HTTP", help=http),
        _network("--ca-bundle", "certificates to trust: a path, or PEM text"),
        _network("--client-certificate", "certificate of this client, with its key: the path of a PEM file"),
        *(_network(flag, f"{text} (default: {default})") for flag, default, text in times),
        click.Option(["-v", "--verbose"], is_flag=True, help="show each request"),
    ]


def _network(flag: str, text: str) -> click.Option:
    return click.Option([flag], envvar=f"SHIPLINE_NETWORK_{flag[2:].replace('-', '_').upper()}", help=text)


def _command(operation: Operation) -> click.Command:
    own = [_option(parameter) for parameter in operation.parameters]
    if operation.variables:
        own.append(click.Option(["--var"], multiple=True, metavar="NAME=VALUE", help="a variable; can be repeated"))
    if operation.takes_data:
        own.append(click.Option(["--data"], metavar="JSON", help="the body as JSON, @FILE, or - for standard input"))
    if operation.paged:
        own.append(click.Option(["--all-pages"], is_flag=True, help="every page in one answer; none if one fails"))
    if operation.status_operation:
        own.append(click.Option(["--wait"], is_flag=True, help="wait until what is queued has been carried out"))
        own.append(click.Option(["--timeout"], default="10m", show_default=True, help="how long --wait waits"))
    if operation.takes_files:
        own.append(click.Option(["--attach"], multiple=True, metavar="ELEMENT=PATH", help="a file for a file element"))
    if operation.form_field:
        own.append(click.Option(["--as-form"], is_flag=True, help=_AS_FORM))
    own.append(click.Option(["--dry-run"], is_flag=True, help="print the request, without its key, and send nothing"))
    taken = {flag for option in own for flag in option.opts}
    connection = _connection(operation.service, file_server=operation.own_server)
    shared = [p for p in connection if not taken & set(p.opts)]
    return click.Command(
        operation.id,
        help=f"{operation.description}\n\n\b\nExample:\n  {example(operation)}",
        short_help=operation.heading,
        params=[*own, *shared],
        callback=click.pass_context(lambda ctx, /, **_: _run(operation, _given(ctx))),
    )


def _given(ctx: click.Context) -> dict[str, Any]:
    """What is set. A flag goes before any variable, and the operation's own before those of its service's command."""
    flags: dict[str, Any] = {}
    variables: dict[str, Any] = {}
    for context in (ctx.obj, ctx):
        for name, value in context.params.items():
            if value not in (None, False, ()):
                by_flag = context.get_parameter_source(name) == click.core.ParameterSource.COMMANDLINE
                (flags if by_flag else variables)[name] = value
    return {**variables, **flags}


def _option(parameter: Parameter) -> click.Option:
    lists = parameter.types == ("array",) and parameter.schema.get("items", {}).get("type") == "string"
    kind = next(
        (_SHOWN_TYPES[t] for t in parameter.types if t in _SHOWN_TYPES and "string" not in parameter.types), "TEXT"
    )
    kind = "PATH" if parameter.place == "file" else "JSON" if parameter.types == ("array",) and not lists else kind
    choices = parameter.schema.get("enum")
    note = f" [{'|'.join(map(str, choices))}]" if choices else ""
    must = " (required)" if parameter.required else "; can be repeated" if lists else ""
    return click.Option(
        [parameter.flag, f"p_{parameter.python_name}"],
        multiple=lists,
        metavar=kind,
        help=f"{parameter.description.rstrip('.')}{note}{must}",
    )


def example(operation: Operation) -> str:
    """A command line with the document's own values."""
    import shlex

    words = ["shipline", operation.service, operation.id]
    for parameter in operation.parameters:
        if parameter.example is None and not parameter.required:
            continue
        shown = parameter.example
        for value in shown if isinstance(shown, list) and shown and isinstance(shown[0], str) else [shown]:
            words += [parameter.flag, _shown(value, parameter)]
    if operation.variables:
        words += ["--var", "Branch=main"]
    return shlex.join(words)


def _shown(value: Any, parameter: Parameter) -> str:
    import json

    if value is None:
        return next((_EXAMPLE_VALUE[t] for t in parameter.types if t in _EXAMPLE_VALUE), parameter.words[-1].upper())
    return value if isinstance(value, str) else json.dumps(value)


def _run(operation: Operation, given: Mapping[str, Any]) -> None:
    from shipline import one_operation

    raise SystemExit(one_operation.main(operation, given))
