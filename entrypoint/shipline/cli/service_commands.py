"""`shipline buildmaster …`, `centercode …`, `v3 …`: one command for each operation of the three OpenAPI files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from shipline.cli import lazy
from shipline.display import nearest
from shipline.services.registry import SERVICES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shipline.services.openapi import Operation, Parameter

_SHOWN_TYPES = {"integer": "NUMBER", "number": "NUMBER", "boolean": "true|false", "object": "JSON", "array": "JSON"}
_EXAMPLE_VALUE = {"integer": "1", "boolean": "true", "array": "[]", "object": "{}"}
_OPTIONS: dict[str, tuple[str, dict[str, Any]]] = {
    "variables": (
        "--var",
        {"multiple": True, "metavar": "NAME=VALUE", "help": "a variable; repeat the option for more"},
    ),
    "data": ("--data", {"metavar": "JSON", "help": "the body as JSON, @FILE, or - for standard input"}),
    "all_pages": ("--all-pages", {"is_flag": True, "help": "all pages in one response; none if one fails"}),
    "wait": ("--wait", {"is_flag": True, "help": "wait until the service has done what it queued"}),
    "timeout": ("--timeout", {"default": "10m", "show_default": True, "help": "how long --wait waits"}),
    "attach": ("--attach", {"multiple": True, "metavar": "ELEMENT=PATH", "help": "a file for a file element"}),
    "check_allowed": (
        "--check-allowed",
        {"is_flag": True, "help": "also request whether the license allows the release: allowed in the answer"},
    ),
    "as_form": (
        "--as-form",
        {"is_flag": True, "help": "send the file in a form (multipart/form-data), as a self-hosted server expects"},
    ),
}
"""The flag of each of Shipline's own options (see ``services.parameters.Arguments``)."""


class ServiceCommands(lazy.LazyCommand, click.Group):
    """The commands of one service, created from its OpenAPI file when one is looked up."""

    def __init__(self, service: str) -> None:
        self.service = service
        info = SERVICES[service]
        description = (
            f"{info.description}\n\nThe address comes from --url or {info.url_variable}, the key from "
            f"{info.key_variable}. Responses are JSON on standard output. Exit codes are those of shipline run."
        )
        super().__init__(service, help=description, short_help=info.description, options=lambda: _connection(service))
        self.callback = click.pass_context(_keep_context)

    def list_commands(self, ctx: click.Context) -> list[str]:
        from shipline.services import openapi

        return list(openapi.operations(self.service))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        from shipline.services import openapi

        operation = openapi.operations(self.service).get(cmd_name)
        return _command(operation) if operation else None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if self.get_command(ctx, name) is None and not name.startswith("-"):
            close = nearest(name, self.list_commands(ctx))
            meant = f"did you mean {close}?" if close else f"shipline {self.service} --help lists them"
            ctx.fail(f"{SERVICES[self.service].title} has no operation {name}; {meant}")
        return super().resolve_command(ctx, args)


def _keep_context(ctx: click.Context, /, **_: Any) -> None:
    """Let the operation's command find the options of the service's command."""
    ctx.obj = ctx


def _connection(service: str, *, file_server: bool = False) -> list[click.Parameter]:
    """The options for the connection, of the service's command and of each operation's."""
    names = f"SHIPLINE_{service.upper()}"
    urls = [f"{names}_RELEASES_URL", f"{names}_URL"] if file_server else [f"{names}_URL"]
    http = "allow plain HTTP, and not only to this machine"
    times = (
        ("--connect-timeout", "10s", "how long a connection may take"),
        ("--read-timeout", "60s", "the longest time to wait for a response"),
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
    own += [click.Option([flag], **settings) for flag, settings in map(_OPTIONS.__getitem__, operation.options)]
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
    """The options that are set, by name.

    Flags override variables, and options of the operation override those of the service's command.
    """
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
    must = " (required)" if parameter.required else "; repeatable" if lists else ""
    return click.Option(
        [parameter.flag, f"p_{parameter.python_name}"],
        multiple=lists,
        metavar=kind,
        help=f"{parameter.description.rstrip('.')}{note}{must}",
    )


def example(operation: Operation) -> str:
    """A command line with the OpenAPI file's example values."""
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
    from shipline.cli import call_operation

    raise SystemExit(call_operation.main(operation, given))
