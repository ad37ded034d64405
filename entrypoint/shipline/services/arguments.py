"""Values for an operation: checked all at once before anything is sent, and put where they belong."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shipline.errors import InvalidInputError, Problem
from shipline.services.openapi import with_definitions
from shipline.transport.upload import Upload

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from jsonschema import ValidationError

    from shipline.services.openapi import Operation, Parameter
    from shipline.services.operation import Call, Client

LARGEST_FORM = 2_000_000_000  # bytes; Centercode API reference, "Upload File Attachment": requests under 2gb
_LONGEST_MESSAGE = 200
_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]{0,17})")


def call(
    client: Client,
    operation: Operation,
    values: Mapping[str, Any],
    *,
    variables: Mapping[str, str] | None = None,
    data: Any = None,
    shown: Callable[[Parameter], str] = lambda parameter: parameter.name,
) -> Call:
    """The call with these values (by the document's names). ``data`` is a JSON body, to which single fields are added.

    Raises InvalidInputError with every problem; ``shown`` says what the caller calls a parameter.
    """
    given = {p.name: values[p.name] for p in operation.parameters if values.get(p.name) is not None}
    placed = {
        place: {p.name: given[p.name] for p in operation.parameters if p.place == place and p.name in given}
        for place in ("path", "query", "body", "file")
    }
    body = _body(operation, placed["body"], variables or {}, data)
    upload = _upload(operation, placed["file"], placed["path"])
    problems = [
        *_single(operation, given, shown),
        *_of_body(operation, body, shown),
        *_of_file(operation, upload, shown),
    ]
    if data is not None and placed["body"] and not isinstance(data, dict):
        problems.append(Problem("--data", "", "is no JSON object: single fields can't be added to it"))
    if problems:
        raise InvalidInputError(problems, todo=f"see shipline {operation.service} {operation.id} --help")
    return client.call(
        operation.id,
        path={name: str(value) for name, value in placed["path"].items()},
        query={name: as_text(value) for name, value in placed["query"].items()},
        body=body,
        upload=upload,
    )


def from_text(parameter: Parameter, text: str) -> Any:
    """A value from a command line: what its type says, as it is if that fails; text that is a number may be either."""
    types = set(parameter.types)
    if "integer" in types and _INTEGER.fullmatch(text):
        return int(text)
    if "string" in types or not types:
        return text
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return value


def as_text(value: Any) -> str:
    """A value in a query or form: booleans as ``true`` and ``false``."""
    return ("false", "true")[value] if isinstance(value, bool) else str(value)


def _body(operation: Operation, fields: Mapping[str, Any], variables: Mapping[str, str], data: Any) -> Any:
    if not operation.media or operation.file:
        return None
    named = {f"${name.removeprefix('$')}": value for name, value in variables.items()}
    if data is not None and not isinstance(data, dict):
        return data
    body = {**(data or {}), **fields, **named}
    return body if body or operation.body_required else None


def _upload(operation: Operation, given: Mapping[str, Any], path: Mapping[str, Any]) -> Upload | None:
    file = operation.file
    if file is None or file.name not in given:
        return None
    field = file.name if operation.form else ""
    return Upload(Path(given[file.name]), field, str(path.get("filename", "")))


def _single(operation: Operation, given: Mapping[str, Any], shown: Callable[[Parameter], str]) -> Iterator[Problem]:
    """What is wrong with values of the path and the query, and with a file that is missing."""
    from jsonschema import Draft202012Validator

    for parameter in operation.parameters:
        if parameter.place == "body":
            continue
        if parameter.name not in given:
            if parameter.required:
                yield Problem(shown(parameter), "", f"is missing: {parameter.description or 'it is required'}")
            continue
        if parameter.place == "file":
            continue
        schema = with_definitions(operation.service, parameter.schema)
        for error in Draft202012Validator(schema).iter_errors(given[parameter.name]):
            yield Problem(shown(parameter), "", message(error))
        if parameter.place == "path" and given[parameter.name] in ("", ".", ".."):
            yield Problem(shown(parameter), "", "is no name: expected text that can stand in a path")


def _of_body(operation: Operation, body: Any, shown: Callable[[Parameter], str]) -> Iterator[Problem]:
    from jsonschema import Draft202012Validator

    if not operation.media or operation.file or (body is None and not operation.body_required):
        return
    names = {p.name: shown(p) for p in operation.parameters if p.place == "body"}
    schema = with_definitions(operation.service, operation.body_schema)
    for error in Draft202012Validator(schema).iter_errors({} if body is None else body):
        path = [str(part) for part in error.absolute_path]
        if error.validator == "required" and not path:
            missing = error.message.split("'")[1]
            yield Problem(names.get(missing, missing), "", "is missing")
        elif error.validator in ("oneOf", "anyOf") and not path:
            yield Problem("", "", _alternatives(error, names))
        elif error.validator == "not":
            yield Problem(names.get(path[0], path[0]), "", f"must not be given {_beside(error, names)}".rstrip())
        else:
            yield Problem(names.get(path[0], path[0]) if path else "", ".".join(path[1:]), message(error))


def _alternatives(error: ValidationError, names: Mapping[str, str]) -> str:
    """Which of several sets of parameters is expected, in the caller's names."""
    branches: Any = error.validator_value
    first = [names.get(name, name) for branch in branches for name in branch.get("required", ())[:1]]
    described = error.schema.get("description", "") if isinstance(error.schema, dict) else ""
    if not first:
        return str(described) or message(error)
    return f"{described + ': ' if described else ''}expected exactly one of {', '.join(dict.fromkeys(first))}"


def _beside(error: ValidationError, names: Mapping[str, str]) -> str:
    """With which parameter another must not be given."""
    path = [str(part) for part in error.absolute_schema_path]
    other = path[path.index("dependentSchemas") + 1] if "dependentSchemas" in path else ""
    return f"beside {names.get(other, other)}" if other else ""


def _of_file(operation: Operation, upload: Upload | None, shown: Callable[[Parameter], str]) -> Iterator[Problem]:
    file = operation.file
    if upload is None or file is None:
        return
    try:
        size = upload.size
    except OSError as error:
        yield Problem(shown(file), "", f"{upload.path} can't be read: {error.strerror}")
        return
    if operation.form and size >= LARGEST_FORM:
        yield Problem(
            shown(file), "", f"{upload.path}: the request would have {size} bytes, expected under {LARGEST_FORM}"
        )


def message(error: ValidationError) -> str:
    """What a schema has against a value, in bounded words."""
    if error.validator == "maxLength":
        return f"{len(str(error.instance))} characters are too many: expected at most {error.validator_value}"
    return error.message[:_LONGEST_MESSAGE]
