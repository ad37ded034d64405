"""One operation from a command line: its values are read and checked, it is sent, and its answer is printed."""

from __future__ import annotations

import io
import json
import math
import os
import re
import stat
import sys
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from shipline import ci, values
from shipline.ci.local import Local
from shipline.errors import InvalidInputError, Problem, ShiplineError, bug
from shipline.operations import KEYS
from shipline.pipeline import Network
from shipline.record import dataclass
from shipline.report import Console, show_log
from shipline.services import api
from shipline.services.arguments import bare, from_text
from shipline.transport import proxies
from shipline.transport.redaction import Secret, redact

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shipline.services.api import Service
    from shipline.services.openapi import Operation

_SHOWN = 50  # characters
_CONTROL = re.compile(r"[\0-\x08\x0b-\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029]|\r(?!\n)")
_TIMES = ("connect_timeout", "read_timeout", "retry_for")


@dataclass(frozen=True, slots=True)
class _Given:
    """What a command line asks for, by parameter; read, and not checked against the operation yet."""

    parameters: dict[str, Any]
    variables: dict[str, str]
    data: Any
    attach: dict[str, list[str]]


class _Log(Local):
    """A plain log, in which a CI system finds no command either."""

    @property
    def _around(self) -> ci.System:
        return ci.system("", self.environ, self.workspace)

    def neutral(self, text: str) -> str:
        return self._around.neutral(text)

    @property
    def logs_output(self) -> bool:
        """Whether standard output ends up in a CI system's log or on a terminal, as far as can be told."""
        return sys.stdout.isatty() or (self._around.name != self.name and not _is_file(sys.stdout))

    def harmless(self, text: str) -> str:
        """``text`` with its lines as they are, and nothing in them that a terminal or the CI system would obey."""
        return self.neutral(_CONTROL.sub(lambda found: repr(found[0])[1:-1], text))


def main(operation: Operation, given: Mapping[str, Any]) -> int:
    """Carry out an operation with these flags (``p_`` before those of its parameters); the exit code."""
    proxies.mask(os.environ)
    for name in KEYS.values():  # those of the other services too
        redact.register(Secret(os.environ.get(name, ""), name))
    log = _Log(os.environ, Path.cwd())
    console = Console(log, out=sys.stderr)  # standard output is the answer's
    show_log(console, requests=given.get("verbose", False))
    try:
        _print(operation, _answer(operation, given, console), log)
    except ShiplineError as error:
        console.error(error)
        return error.exit_code
    except Exception as error:  # noqa: BLE001 - the last resort: a traceback must not print a secret
        changes = "it may have been sent: look at the service before sending it again"
        console.error(bug(error) if operation.method == "GET" else bug(error, then=changes))
        return 1
    return 0


def _answer(operation: Operation, given: Mapping[str, Any], console: Console) -> Any:
    request = _read(operation, given)
    service = _service(operation, given)
    for warning in service.warnings:
        console.warning(warning)
    further = api.Further(
        all_pages=given.get("all_pages", False),
        wait=given.get("wait", False),
        timeout=_seconds("--timeout", given["timeout"]) if given.get("timeout") else api.WAIT,
        attach=request.attach,
        as_form=given.get("as_form", False),
        progress=console.progress,
    )
    call = service.prepared(
        operation.id,
        request.parameters,
        variables=request.variables,
        data=request.data,
        further=further,
        flags=True,
    )
    if given.get("dry_run"):
        sent = call.request({})
        return {"method": sent.method, "url": sent.full_url, "body": sent.shown_body}
    return service.carry_out(call, further)


def _read(operation: Operation, given: Mapping[str, Any]) -> _Given:
    """Raises InvalidInputError with everything that can't be read."""
    problems: list[Problem] = []
    parameters: dict[str, Any] = {}
    for parameter in operation.parameters:
        value = given.get(f"p_{parameter.python_name}")
        if isinstance(value, tuple):
            value = [item for text in value for item in _items(text)] or None
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
        data = _json(given["data"]) if given.get("data") else None
    except (ValueError, OSError, RecursionError) as error:
        problems.append(Problem("--data", "", f"can't be read as JSON: {error}"))
    variables = {bare(name): value for name, value in pairs["var"]}
    times = Counter(bare(name) for name, _ in pairs["var"])
    problems += [Problem("--var", "", f"{name} is given twice") for name, count in times.items() if count > 1]
    if problems:
        raise InvalidInputError(problems)
    attach: dict[str, list[str]] = {}
    for name, path in pairs["attach"]:
        attach.setdefault(name, []).append(path)
    return _Given(parameters, variables, data, attach)


def _items(text: str) -> list[Any]:
    """Of a list of texts, as the main job reads one: a line or between commas each; or a list as JSON."""
    if text.lstrip().startswith("["):
        with suppress(ValueError, RecursionError):
            found: list[Any] = json.loads(text)
            return found
    return [item for item in map(str.strip, re.split(r"[\n,]", text)) if item]


def _json(text: str) -> dict[str, Any]:
    """What ``--data`` holds or points to. Raises ValueError for what JSON doesn't have, and for all but an object."""
    if text in ("-", "@-"):
        text = sys.stdin.read()
    elif text.startswith("@"):
        text = Path(text[1:]).read_text(encoding="utf-8-sig")
    data = json.loads(text, parse_constant=_number, parse_float=_number, object_pairs_hook=_object)
    if not isinstance(data, dict):
        raise ValueError(f"expected an object, {{…}}, found {text.strip()[:_SHOWN]}")  # noqa: TRY004
    return data


def _number(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is no number that JSON has")
    return number


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    for name, count in Counter(name for name, _ in pairs).items():
        if count > 1:
            raise ValueError(f"{name} is there {count} times")
    return dict(pairs)


def _service(operation: Operation, given: Mapping[str, Any]) -> Service:
    default = Network()
    times: dict[str, Any] = {name: getattr(default, name) for name in _TIMES}
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


def _print(operation: Operation, answer: Any, system: _Log) -> None:
    """JSON, in which no CI system finds a command of its own; CSV as it is, but in a log and on a terminal."""
    if isinstance(answer, str) and "text/csv" in operation.answer_media:
        if isinstance(sys.stdout, io.TextIOWrapper):
            sys.stdout.reconfigure(encoding="utf-8", newline="")
        text = system.harmless(answer) if system.logs_output else answer
    else:
        text = json.dumps(answer, indent=2).replace("##[", "\\u0023#[")
    with suppress(BrokenPipeError):
        click.echo(redact(text), nl=not text.endswith("\n"), color=True)  # or else click takes terminal codes out


def _is_file(stream: Any) -> bool:
    try:
        return stat.S_ISREG(os.fstat(stream.fileno()).st_mode)
    except (OSError, ValueError):  # no file at all
        return False
