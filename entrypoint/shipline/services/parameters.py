"""The arguments of a call: checked all at once before anything is sent, and put where they belong."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from os import PathLike
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from shipline.errors import InvalidInputError, Problem
from shipline.redaction import HIDDEN, Secret, redact
from shipline.services.openapi import Operation, Parameter, message, python_name, violations
from shipline.services.registry import SERVICES
from shipline.services.response import schema_drift_log
from shipline.transport.upload import Upload
from shipline.values import as_text

if TYPE_CHECKING:
    from jsonschema import ValidationError

    from shipline.services.client import Call, Client

MAX_FORM_BYTES = 2_000_000_000  # Centercode API reference, "Upload File Attachment": requests under 2gb
_OPTIONS = ("variables", "data", "allPages", "timeout", "attach")  # that problems can name, spelled as parameters are
_INTEGER = r"-?(?:0|[1-9][0-9]{0,17})"


class Arguments(NamedTuple):
    """What a caller gives for one call: ``values`` by the OpenAPI file's names, and Shipline's own options."""

    values: Mapping[str, Any]  # None: not given
    variables: Any = None  # BuildMaster's variables by name
    data: Any = None  # a JSON body; single values are added to an object
    all_pages: bool = False
    wait: bool = False  # until what the call queues has ended
    timeout: float = 600.0  # seconds of wait
    attach: Any = MappingProxyType({})  # lists of paths by file element
    as_form: bool = False  # send the file in a form, not as the body
    check_allowed: bool = False  # also request whether the license allows the release

    def of(self, parameter: Parameter) -> Any:
        """The value of a parameter, also if it is part of ``data``."""
        value = self.values.get(parameter.name)
        if value is None and parameter.place == "body" and isinstance(self.data, Mapping):
            return self.data.get(parameter.name)
        return value


class ArgumentProblem(NamedTuple):
    """One thing wrong with the arguments. ``name`` and ``others`` are the OpenAPI file's names of parameters."""

    name: str
    what: str
    path: str = ""  # inside the value
    element: str = ""  # the file element, of ``attach``
    others: tuple[str, ...] = ()  # parameters to list after ``what``

    def renamed(self, names: Mapping[str, str]) -> Problem:
        """The problem in the caller's names."""
        place = f"{names.get(self.name, self.name)} {self.element}".strip()
        others = ", ".join(names.get(name, name) for name in self.others)
        return Problem(place, self.path, f"{self.what} {others}".strip())


class InvalidArgumentsError(InvalidInputError):
    """The arguments of a call are wrong, and nothing was sent. Names parameters as scripts do by default."""

    def __init__(
        self,
        operation: Operation,
        found: Sequence[ArgumentProblem],
        name_of: Callable[[str], str] = python_name,
        todo: str = "",
    ) -> None:
        names = {name: name_of(name) for name in (*(p.name for p in operation.parameters), *_OPTIONS)}
        method = f"{SERVICES[operation.service].class_name}.{operation.method_name}"
        super().__init__([problem.renamed(names) for problem in found], todo=todo or f"see help({method})")
        self.operation = operation
        self.found = found

    def renamed(self, name_of: Callable[[str], str], todo: str) -> InvalidArgumentsError:
        """The same problems in another caller's names of parameters."""
        return InvalidArgumentsError(self.operation, self.found, name_of, todo)


def prepare(client: Client, operation: Operation, arguments: Arguments) -> Call:
    """Return the call with these arguments, not sent. Raises InvalidArgumentsError with every problem."""
    for parameter in operation.parameters:
        value = arguments.of(parameter)
        if parameter.secret and isinstance(value, str):
            redact.register(Secret(value, parameter.name))
    given = {
        parameter.name: value
        for parameter in operation.parameters
        if not _is_unset(operation, parameter, value := arguments.values.get(parameter.name))
    }
    path, query, fields = (
        {p.name: given[p.name] for p in operation.parameters if p.place == place and p.name in given}
        for place in ("path", "query", "body")
    )
    body = _body(operation, fields, arguments)
    upload = _upload(operation, given, as_form=arguments.as_form)
    problems = [*_option_problems(operation, arguments), *_value_problems(operation, given, arguments)]
    if arguments.data is not None and not isinstance(arguments.data, Mapping):
        if not operation.takes_any_json:
            problems.append(ArgumentProblem("data", "is no JSON object: expected {…}"))
        elif fields:
            problems.append(ArgumentProblem("data", "must be a JSON object together with", others=(*fields,)))
        else:
            problems += _body_problems(operation, body)
    else:
        problems += _body_problems(operation, body)
        if upload and operation.file and (what := upload_problem(upload, limited=operation.form)):
            problems.append(ArgumentProblem(operation.file.name, what))
    if problems:
        raise InvalidArgumentsError(operation, problems)
    return client.call(
        operation.id,
        path={name: str(value) for name, value in path.items()},
        query={name: as_text(value) for name, value in query.items()},
        body=body,
        upload=upload,
    )


def from_text(parameter: Parameter, text: str) -> Any:
    """A value from a command line, converted to the parameter's type; unchanged if that fails.

    Text of digits is a number if the parameter allows both.
    """
    types = set(parameter.types)
    if "integer" in types and re.fullmatch(_INTEGER, text):
        return int(text)
    if "string" in types or not types:
        return text
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return value


def bare(variable: Any) -> str:
    """A variable's name, with or without its ``$``."""
    return str(variable).removeprefix("$")


def listed(files: Any) -> Any:
    """Files to attach, as a list of paths for each file element; anything but a mapping unchanged."""
    if not isinstance(files, Mapping):
        return files

    def several(given: object) -> list[Any]:
        return [*given] if isinstance(given, Iterable) and not isinstance(given, str | PathLike) else [given]

    return {str(element): several(given) for element, given in files.items()}


def upload_problem(upload: Upload, *, limited: bool = True) -> str:
    """The reason why a file can't be uploaded; empty if it can. ``limited``: forms must be smaller than 2 GB."""
    try:
        size = upload.size if upload.path.is_file() or not upload.path.exists() else None
    except OSError as error:
        return f"{upload.path} is unreadable: {error.strerror}"
    except ValueError:
        return f"{str(upload.path)!r} is no path"
    if size is None:
        return f"{upload.path} is unreadable: it isn't a file"
    if limited and upload.field and size >= MAX_FORM_BYTES:
        return f"{upload.path}: the request would have {size} bytes, expected under {MAX_FORM_BYTES}"
    return ""


def _is_unset(operation: Operation, parameter: Parameter, value: Any) -> bool:
    """True if no value is given. An empty text counts as none, but a text field of a JSON body can be emptied."""
    if value != "":
        return value is None
    return "integer" in parameter.types or parameter.place == "query" or operation.form


def _body(operation: Operation, fields: Mapping[str, Any], arguments: Arguments) -> Any:
    """The body to send; None if there is none."""
    if not operation.media or operation.file:
        return None
    if operation.takes_any_json and not isinstance(arguments.data, Mapping | None):
        return arguments.data
    data, variables = (given if isinstance(given, Mapping) else {} for given in (arguments.data, arguments.variables))
    body = {**data, **fields, **{f"${bare(name)}": value for name, value in variables.items()}}
    for parameter in operation.parameters:
        if parameter.schema.get("contentMediaType") == "text/html" and isinstance(body.get(parameter.name), str):
            body[parameter.name] = _sanitized(operation, parameter.name, body[parameter.name])
    return body if body or operation.body_required else None


def _sanitized(operation: Operation, name: str, html: str) -> str:
    """Return HTML without scripts, forms and other active parts; a warning if there were any."""
    from shipline import sanitizer

    clean, removed = sanitizer.sanitize(html)
    if removed:
        schema_drift_log.warning("%s: removed from the HTML in %s: %s", operation.heading, name, ", ".join(removed))
    return clean if removed else html


def _upload(operation: Operation, given: Mapping[str, Any], *, as_form: bool) -> Upload | None:
    file = operation.file
    path = given.get(file.name) if file else None
    if file is None or not isinstance(path, str | PathLike):
        return None
    field = file.name if operation.form else operation.form_field if as_form else ""
    return Upload(Path(path), field, str(given.get("filename", "")))


def _option_problems(operation: Operation, arguments: Arguments) -> Iterator[ArgumentProblem]:
    """What is wrong with Shipline's own options, except ``data``."""
    for parameter in operation.parameters if arguments.all_pages else ():
        if parameter.name in ("page", "limit") and arguments.values.get(parameter.name) is not None:
            yield ArgumentProblem(parameter.name, "doesn't go together with", others=("allPages",))
    timeout: object = arguments.timeout
    if not isinstance(timeout, int | float) or isinstance(timeout, bool) or timeout < 0:
        yield ArgumentProblem("timeout", f"{timeout!r} is no time to wait: expected seconds, such as 600")
    if not isinstance(arguments.attach, Mapping):
        yield ArgumentProblem("attach", "expected paths by file element, such as {'Screenshot': ['a.png']}")
    else:
        for element, paths in arguments.attach.items():
            for path in paths:
                usable = isinstance(path, str | PathLike)
                if what := upload_problem(Upload(Path(path), "file")) if usable else f"{path!r} is no path":
                    yield ArgumentProblem("attach", what, element=element)
    if isinstance(arguments.variables, Mapping):
        counts = Counter(map(bare, arguments.variables))
        yield from (
            ArgumentProblem("variables", f"{name} appears twice") for name, count in counts.items() if count > 1
        )
    elif arguments.variables is not None:
        yield ArgumentProblem("variables", "expected texts by name, such as {'Branch': 'main'}")


def _value_problems(operation: Operation, given: Mapping[str, Any], arguments: Arguments) -> Iterator[ArgumentProblem]:
    """What is wrong with values of the path and the query, with the path of a file, and with masks for secrets."""
    for parameter in operation.parameters:
        name, value = parameter.name, given.get(parameter.name)
        if parameter.secret and arguments.of(parameter) == HIDDEN:  # from a response that Shipline printed
            yield ArgumentProblem(name, "is how Shipline shows a secret: expected the secret itself, or nothing")
        if parameter.place == "body":
            continue
        if name not in given:
            if parameter.required:
                yield ArgumentProblem(name, f"is missing: {parameter.description or 'it is required'}")
        elif parameter.place == "file":
            if not isinstance(value, str | PathLike):
                yield ArgumentProblem(name, f"{value!r} is no path")
        else:
            for error in violations(operation.service, parameter.schema, value):
                yield ArgumentProblem(name, message(error))
            if parameter.place == "path" and value in ("", ".", ".."):
                yield ArgumentProblem(name, "isn't a name: expected text that fits into a path")


def _body_problems(operation: Operation, body: Any) -> Iterator[ArgumentProblem]:
    if not operation.media or operation.file or (body is None and not operation.body_required):
        return
    for error in violations(operation.service, operation.body_schema, {} if body is None else body):
        path = [str(part) for part in error.absolute_path]
        if error.validator == "required" and not path:
            yield ArgumentProblem(error.message.split("'")[1], "is missing")
        elif error.validator in ("oneOf", "anyOf") and not path:
            yield _alternatives(error)
        elif error.validator == "not":
            parts = [str(part) for part in error.absolute_schema_path]
            other = parts[parts.index("dependentSchemas") + 1] if "dependentSchemas" in parts else ""
            what = "doesn't go together with" if other else "doesn't exist"
            yield ArgumentProblem(path[0], what, others=(other,) if other else ())
        else:
            yield ArgumentProblem(path[0] if path else "", message(error), ".".join(path[1:]))
    members = body.items() if isinstance(body, Mapping) else [("data", body)]
    for name, value in members if operation.takes_data else ():
        try:
            json.dumps(value, allow_nan=False)
        except (TypeError, ValueError, RecursionError) as error:
            yield ArgumentProblem(name, f"can't be sent as JSON: {error}")


def _alternatives(error: ValidationError) -> ArgumentProblem:
    """The sets of parameters of which one is expected."""
    branches: Any = error.validator_value
    first = dict.fromkeys(name for branch in branches for name in branch.get("required", ())[:1])
    described = str(error.schema.get("description", "")) if isinstance(error.schema, dict) else ""
    if not first:
        return ArgumentProblem("", described or message(error))
    return ArgumentProblem("", f"{described + ': ' if described else ''}expected exactly one of", others=tuple(first))
