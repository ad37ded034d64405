"""One operation from a command line: read its flags, call it through the Python API, and print the response."""

from __future__ import annotations

import io
import json
import math
import os
import stat
import sys
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from shipline import redaction, values
from shipline.ci import detect
from shipline.ci.local import Local
from shipline.cli.printed_data import hide_keys, hide_keys_in_csv, mask_fields
from shipline.display import escape_controls, escape_json
from shipline.errors import InvalidInputError, Problem, bug, invalid_input
from shipline.inputs.parsing import list_items
from shipline.inputs.sources import read_key
from shipline.redaction import Redactor, Secret, redact
from shipline.reporting.console import Console, show_log
from shipline.services import openapi, sdk
from shipline.services.parameters import Arguments, InvalidArgumentsError, bare, from_text
from shipline.services.registry import SERVICES
from shipline.transport.settings import Network

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shipline.services.openapi import Operation, Parameter
    from shipline.services.sdk import Service


_MAX_QUOTED_CHARACTERS = 50
_TIMES = ("connect_timeout", "read_timeout", "retry_for")


class _PlainLog(Local):
    """A plain log, in which a CI system finds no command either."""

    def __init__(self, environ: Mapping[str, str], workspace: Path) -> None:
        super().__init__(environ, workspace)
        self._system = detect.system("", environ, workspace)

    def escape_commands(self, text: str) -> str:
        """Escape what the CI system around this process would take for a command."""
        return self._system.escape_commands(text)

    @property
    def has_output(self) -> bool:
        """True if standard output is probably shown: on a terminal, or in a CI system's log."""
        return sys.stdout.isatty() or (self._system.name != self.name and not _is_file(sys.stdout))

    def escape(self, text: str) -> str:
        """Keep the lines of ``text``, and escape in them what a terminal or the CI system would obey."""
        return self.escape_commands("\r\n".join(map(escape_controls, text.split("\r\n"))))


def main(operation: Operation, given: Mapping[str, Any]) -> int:
    """Carry out an operation and print the response's data; return the exit code.

    ``given`` has the value of each option that is set; names of the operation's parameters begin with ``p_``.
    """
    keys = Redactor()
    for redactor in (redact, keys):
        redaction.mask(os.environ, redactor)
        for info in SERVICES.values():  # an environment also holds the keys of the other services
            redactor.register(Secret(read_key(os.environ, info.key_variable).text, info.key_variable))
    for parameter in operation.parameters:  # but not of the body: the data show such a secret in its own field only
        if parameter.secret and parameter.place == "query":
            secret = Secret(given.get(f"p_{parameter.python_name}") or "", parameter.flag)
            keys.register(secret)
    log = _PlainLog(os.environ, Path.cwd())
    console = Console(log, out=sys.stderr)  # standard output has nothing but the data
    show_log(console, requests=given.get("verbose", False))
    try:
        _print(operation, _execute(operation, given, console), log, keys)
    except Exception as error:  # noqa: BLE001 - the last resort: a traceback must not print a secret
        changes = "it may have been sent: check the service before you send it again"
        console.error(failure := bug(error) if operation.reads else bug(error, then=changes))
        return failure.exit_code
    return 0


def _execute(operation: Operation, given: Mapping[str, Any], console: Console) -> Any:
    """Send the call and return the response's data; with --dry-run, the request."""
    arguments = _arguments(operation, given)
    service = _service(operation, given)
    for warning in service.warnings:
        console.warning(warning)
    try:
        call = service.prepare(operation, arguments)
    except InvalidArgumentsError as error:
        raise error.renamed(openapi.flag, f"see shipline {operation.service} {operation.id} --help") from None
    if given.get("dry_run"):
        request = call.request({})
        body = mask_fields(operation.service, operation.body_schema, request.shown_body)
        return {"method": request.method, "url": request.full_url, "body": body}
    data = service.execute(call, arguments, console)
    return mask_fields(operation.service, operation.answer_schema, data)


def _arguments(operation: Operation, given: Mapping[str, Any]) -> Arguments:
    """Read the flags' values. Raises InvalidInputError with each value that can't be read."""
    variables, attachments = ([text.partition("=") for text in given.get(name, ())] for name in ("var", "attach"))
    problems = [
        Problem(flag, "", "expected a name, an = and a value, such as Branch=main")
        for flag, pairs in (("--var", variables), ("--attach", attachments))
        for name, equals, _ in pairs
        if not name or not equals
    ]
    data = None
    try:
        data = _json(given["data"], any_json=operation.takes_any_json) if given.get("data") else None
    except (ValueError, OSError, RecursionError) as error:
        problems.append(Problem("--data", "", f"isn't JSON: {error}"))
    counts = Counter(bare(name) for name, _, _ in variables)
    problems += [Problem("--var", "", f"{name} appears twice") for name, count in counts.items() if count > 1]
    if problems:
        raise InvalidInputError(problems)
    files: dict[str, list[str]] = {}
    for element, _, path in attachments:
        files.setdefault(element, []).append(path)
    options = {name: given[name] for name in ("all_pages", "wait", "as_form", "check_allowed") if name in given}
    if "timeout" in given:
        options["timeout"] = _seconds("--timeout", given["timeout"])
    return Arguments(
        {p.name: _value(p, given.get(f"p_{p.python_name}")) for p in operation.parameters},
        variables={bare(name): value for name, _, value in variables},
        data=data,
        attach=files,
        **options,
    )


def _value(parameter: Parameter, given: str | tuple[str, ...] | None) -> Any:
    """The value of a flag, or of all its repetitions; None: not given."""
    if isinstance(given, tuple):
        return [item for text in given for item in _items(text)] or None
    return None if given is None else from_text(parameter, given)


def _items(text: str) -> list[Any]:
    """The items of a list: as JSON, which may be of any type, else as the main job reads them."""
    with suppress(ValueError, RecursionError):
        found = json.loads(text)
        if isinstance(found, list):
            return found
    return list_items(text, commas=True)


def _json(text: str, *, any_json: bool) -> Any:
    """The JSON that ``--data`` holds or refers to. Raises ValueError for NaN, repeated names, null and no object.

    ``any_json``: it need not be an object.
    """
    if text in ("-", "@-"):
        text = sys.stdin.read()
    elif text.startswith("@"):
        text = Path(text[1:]).read_text(encoding="utf-8-sig")
    data = json.loads(text, parse_constant=_number, parse_float=_number, object_pairs_hook=values.unique_members)
    if data is None or not (any_json or isinstance(data, dict)):
        raise ValueError(f"expected an object, {{…}}, found {text.strip()[:_MAX_QUOTED_CHARACTERS]}")
    return data


def _number(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is no number that JSON has")
    return number


def _service(operation: Operation, given: Mapping[str, Any]) -> Service:
    """The service with the connection that the flags describe. Raises InvalidInputError."""
    times: dict[str, Any] = {
        name: _seconds(f"--{name.replace('_', '-')}", given[name]) for name in _TIMES if name in given
    }
    info = SERVICES[operation.service]
    key = read_key(os.environ, info.key_variable)
    if key.problem:
        raise invalid_input(key.source, key.problem)
    if any(parameter.flag == "--url" for parameter in operation.parameters):
        url_name = f"{info.url_variable}, or --url before {operation.id}"
    else:
        url_name = f"--url, or {info.url_variable}"
    return sdk.CLASSES[operation.service](
        given.get("url", ""),
        key.text,
        key_name=key.source,
        url_name=url_name,
        needs_key=operation.needs_key,
        allow_http=str(given.get("allow_http", False)).lower() == "true",
        network=Network(**times, ca_bundle=given.get("ca_bundle"), client_certificate=given.get("client_certificate")),
    )


def _seconds(flag: str, text: str) -> float:
    try:
        return values.duration(text)
    except ValueError as error:
        raise invalid_input(flag, str(error)) from None


def _print(operation: Operation, data: Any, log: _PlainLog, keys: Redactor) -> None:
    """Print JSON, in which no CI system finds a command, or CSV, unchanged except in a log and on a terminal.

    ``keys``: what they must not show. Raises RefusedError if a key's text is where it can't be masked.
    """
    if isinstance(data, str) and "text/csv" in operation.answer_media:
        if isinstance(sys.stdout, io.TextIOWrapper):
            sys.stdout.reconfigure(encoding="utf-8", newline="")
        text = hide_keys_in_csv(keys, data)
        text = log.escape(text) if log.has_output else text
    else:
        text = escape_json(json.dumps(hide_keys(keys, data), indent=2))
    with suppress(BrokenPipeError):
        click.echo(text, nl=not text.endswith("\n"), color=True)  # without it, click removes terminal codes


def _is_file(stream: Any) -> bool:
    try:
        return stat.S_ISREG(os.fstat(stream.fileno()).st_mode)
    except (OSError, ValueError):  # a stream without a file
        return False
