"""Values for an operation: checked all at once before anything is sent, and put where they belong."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shipline.errors import InvalidInputError, Problem
from shipline.services.answer import drift
from shipline.services.openapi import Parameter, with_definitions
from shipline.transport.redaction import redact

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from jsonschema import ValidationError

    from shipline.services.openapi import Operation
    from shipline.services.operation import Call, Client
    from shipline.transport.upload import Upload

LARGEST_FORM = 2_000_000_000  # bytes; Centercode API reference, "Upload File Attachment": requests under 2gb
_LONGEST_MESSAGE = 200
_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]{0,17})")


def own(name: str) -> Parameter:
    """What is ours and no document's, to be called as the caller calls parameters."""
    return Parameter(name, "body", required=False, description="", schema={})


DATA, VARIABLES = own("data"), own("variables")


def call(
    client: Client,
    operation: Operation,
    values: Mapping[str, Any],
    *,
    variables: Mapping[str, str] | None = None,
    data: Any = None,
    shown: Callable[[Parameter], str] = lambda parameter: parameter.name,
    see: str = "",
    more: Iterable[Problem] = (),
    as_form: bool = False,
) -> Call:
    """The call with these values (by the document's names). ``data`` is a JSON body, to which single fields are added.

    ``as_form``: a file goes in a form, and not as the body.

    Raises InvalidInputError with every problem, ``more`` before those found here; ``shown`` says what the caller calls
    a parameter, ``see`` where help is.
    """
    given = {p.name: values[p.name] for p in operation.parameters if not _is_unset(operation, p, values.get(p.name))}
    placed = {
        place: {p.name: given[p.name] for p in operation.parameters if p.place == place and p.name in given}
        for place in ("path", "query", "body", "file")
    }
    problems = [*more, *_of_variables(variables, shown), *_single(operation, given, shown)]
    body = _body(operation, placed["body"], variables if isinstance(variables, Mapping) else {}, data)
    upload = _upload(operation, placed["file"], placed["path"], as_form=as_form)
    if data is None or isinstance(data, Mapping):
        problems += [*_of_body(operation, body, shown), *_of_file(operation, upload, shown)]
    else:
        problems.append(Problem(shown(DATA), "", "is no JSON object: expected {…}"))
    if problems:
        raise InvalidInputError(problems, todo=see)
    return client.call(
        operation.id,
        path={name: str(value) for name, value in placed["path"].items()},
        query={name: as_text(value) for name, value in placed["query"].items()},
        body=body,
        upload=upload,
    )


def _is_unset(operation: Operation, parameter: Parameter, value: Any) -> bool:
    """What is empty, as a variable that isn't set gives it, is none; a JSON body's text may be meant to be emptied."""
    if value != "":
        return value is None
    return "integer" in parameter.types or parameter.place == "query" or operation.form


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


def bare(variable: Any) -> str:
    """A variable's name, with or without its ``$``."""
    return str(variable).removeprefix("$")


def _body(operation: Operation, fields: Mapping[str, Any], variables: Mapping[str, str], data: Any) -> Any:
    if not operation.media or operation.file:
        return None
    named = {f"${bare(name)}": value for name, value in variables.items()}
    body = {**(data if isinstance(data, Mapping) else {}), **fields, **named}
    for parameter in operation.parameters:
        if parameter.schema.get("contentMediaType") == "text/html" and isinstance(body.get(parameter.name), str):
            body[parameter.name] = _harmless(operation, parameter.name, body[parameter.name])
    return body if body or operation.body_required else None


def _harmless(operation: Operation, name: str, html: str) -> str:
    """HTML that was given, without scripts, forms and the like; what was taken out is reported."""
    from shipline import notes

    clean, changed = notes.sanitised(html)
    if changed:
        drift.warning(
            "%s: scripts, forms or other active parts were taken out of the HTML in %s", operation.heading, name
        )
    return clean if changed else html


def _upload(operation: Operation, given: Mapping[str, Any], path: Mapping[str, Any], *, as_form: bool) -> Upload | None:
    file = operation.file
    if file is None or not isinstance(given.get(file.name), str | PathLike):
        return None
    from shipline.transport.upload import Upload

    field = file.name if operation.form else operation.form_field if as_form else ""
    return Upload(Path(given[file.name]), field, str(path.get("filename", "")))


def _of_variables(variables: Any, shown: Callable[[Parameter], str]) -> Iterator[Problem]:
    if variables is None:
        return
    if not isinstance(variables, Mapping):
        yield Problem(shown(VARIABLES), "", "expected texts by name, such as {'Branch': 'main'}")
        return
    twice = [name for name, count in Counter(map(bare, variables)).items() if count > 1]
    yield from (Problem(shown(VARIABLES), "", f"{name} is given twice") for name in twice)


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
            if not isinstance(given[parameter.name], str | PathLike):
                yield Problem(shown(parameter), "", f"{given[parameter.name]!r} is no path")
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
    yield from _not_json(body, names) if operation.takes_data else ()


def _not_json(body: Any, names: Mapping[str, str]) -> Iterator[Problem]:
    for name, value in (body or {}).items():
        try:
            json.dumps(value, allow_nan=False)
        except (TypeError, ValueError, RecursionError) as error:
            yield Problem(names.get(name, name), "", f"can't be sent as JSON: {error}")


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
    limited = operation.form  # a server's own form has the limit that its administrator gave it
    if upload is not None and operation.file is not None and (what := unsendable(upload, limited=limited)):
        yield Problem(shown(operation.file), "", what)


def unsendable(upload: Upload, *, limited: bool = True) -> str:
    """Why a file can't be uploaded; empty if it can. ``limited``: as Centercode's forms are."""
    try:
        size = upload.size if upload.path.is_file() or not upload.path.exists() else None
    except OSError as error:
        return f"{upload.path} can't be read: {error.strerror}"
    except ValueError:
        return f"{str(upload.path)!r} is no path"
    if size is None:
        return f"{upload.path} can't be read: it is no file"
    if limited and upload.field and size >= LARGEST_FORM:
        return f"{upload.path}: the request would have {size} bytes, expected under {LARGEST_FORM}"
    return ""


def message(error: ValidationError) -> str:
    """What a schema has against a value, in bounded words."""
    if error.validator == "maxLength":
        return f"{len(str(error.instance))} characters are too many: expected at most {error.validator_value}"
    told = error.message
    if error.validator == "pattern" and isinstance(error.schema, Mapping) and "description" in error.schema:
        told = f"{error.instance!r} does not match: {error.schema['description']}"
    return redact(told)[:_LONGEST_MESSAGE]  # before it is cut: half a secret can't be recognised
