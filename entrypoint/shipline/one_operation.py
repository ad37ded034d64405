"""One operation from a command line: its values are read and checked, it is sent, and its answer is printed."""

from __future__ import annotations

import json
import os
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from shipline import ci, values
from shipline.errors import InvalidInputError, Problem, ShiplineError, bug
from shipline.operations import KEYS
from shipline.pipeline import Network
from shipline.report import Console, show_log
from shipline.services import api
from shipline.services.arguments import from_text
from shipline.transport.budget import Budget
from shipline.transport.redaction import redact

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shipline.services.api import Service
    from shipline.services.openapi import Operation

_TIMES = ("connect_timeout", "read_timeout", "retry_for")


@dataclass(frozen=True, slots=True)
class _Given:
    """What a command line asks for, by parameter; read, and not checked against the operation yet."""

    parameters: dict[str, Any]
    variables: dict[str, str]
    data: Any
    attach: dict[str, list[str]]


def main(operation: Operation, given: Mapping[str, Any]) -> int:
    """Carry out an operation with these flags (``p_`` before those of its parameters); the exit code."""
    console = Console(ci.system("local", os.environ, Path.cwd()))
    show_log(console, requests=given.get("verbose", False))
    try:
        _print(_answer(operation, given, console))
    except ShiplineError as error:
        console.error(error)
        return error.exit_code
    except Exception as error:  # noqa: BLE001 - the last resort: a traceback must not print a secret
        console.error(bug(error))
        return 1
    return 0


def _answer(operation: Operation, given: Mapping[str, Any], console: Console) -> Any:
    request = _read(operation, given)
    service = _service(operation, given)
    for warning in service.warnings:
        console.warning(warning)
    call = service.prepared(
        operation.id, request.parameters, variables=request.variables, data=request.data, shown=lambda p: p.flag
    )
    if given.get("dry_run"):
        sent = call.request({})
        return {"method": sent.method, "url": sent.full_url, "body": sent.shown_body}
    return service.carry_out(
        call,
        api.Further(
            all_pages=given.get("all_pages", False),
            wait=_seconds("--timeout", given["timeout"]) if given.get("wait") else None,
            attach=request.attach,
            progress=lambda text: click.echo(text, err=True),
        ),
    )


def _read(operation: Operation, given: Mapping[str, Any]) -> _Given:
    """Raises InvalidInputError with everything that can't be read."""
    problems: list[Problem] = []
    parameters: dict[str, Any] = {}
    for parameter in operation.parameters:
        value = given.get(f"p_{parameter.python_name}")
        if isinstance(value, tuple):
            value = list(value)
        parameters[parameter.name] = from_text(parameter, value) if isinstance(value, str) else value
    pairs: dict[str, list[tuple[str, str]]] = {"var": [], "attach": []}
    for flag, found in pairs.items():
        for text in given.get(flag, ()):
            name, equals, value = text.partition("=")
            if not equals or not name:
                problems.append(Problem(f"--{flag}", "", "expected a name, an = and a value, such as Branch=main"))
            found.append((name, value))
    data = None
    try:
        data = _json(given.get("data"))
    except (ValueError, OSError, RecursionError) as error:
        problems.append(Problem("--data", "", f"can't be read as JSON: {error}"))
    variables = dict(pairs["var"])
    problems += [
        Problem("--var", "", f"{n} is given twice") for n in variables if [x for x, _ in pairs["var"]].count(n) > 1
    ]
    if problems:
        raise InvalidInputError(problems)
    attach: dict[str, list[str]] = {}
    for name, path in pairs["attach"]:
        attach.setdefault(name, []).append(path)
    return _Given(parameters, variables, data, attach)


def _json(text: str | None) -> Any:
    if text is None:
        return None
    if text == "-":
        return json.load(sys.stdin)
    if text.startswith("@"):
        with open(text[1:], encoding="utf-8") as file:  # noqa: PTH123 - a path as it was given
            return json.load(file)
    return json.loads(text)


def _service(operation: Operation, given: Mapping[str, Any]) -> Service:
    default = Network()
    times = {name: getattr(default, name) for name in _TIMES}
    times |= {name: _seconds(f"--{name.replace('_', '-')}", given[name]) for name in _TIMES if given.get(name)}
    key = KEYS[operation.service]
    return api.CLASSES[operation.service](
        given.get("url", ""),
        os.environ.get(key, ""),
        key_name=key,
        url_name=_url_name(operation),
        allow_http=str(given.get("allow_http", False)).lower() == "true",
        network=Network(
            **times,
            ca_bundle=given.get("ca_bundle"),
            client_certificate=given.get("client_certificate"),
            budget=Budget(),
        ),
    )


def _url_name(operation: Operation) -> str:
    """What a message calls the service's address."""
    own = any(parameter.flag == "--url" for parameter in operation.parameters)
    variable = f"SHIPLINE_{operation.service.upper()}_URL"
    return f"{variable}, or --url before {operation.id}" if own else f"--url, or {variable}"


def _seconds(flag: str, text: str) -> float:
    try:
        return values.duration(text)
    except ValueError as error:
        raise InvalidInputError([Problem(flag, "", str(error))]) from None


def _print(answer: Any) -> None:
    """JSON, in which no CI system finds a command of its own; CSV as it is."""
    if isinstance(answer, str) and "\n" in answer:
        text = answer
    else:
        text = json.dumps(answer, indent=2).replace("##[", "\\u0023#[")
    with suppress(BrokenPipeError):
        click.echo(redact(text))
