"""What follows from the services' OpenAPI files: docs/operations.md, and the types of shipline.services."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from shipline import schemas
from shipline.operations import example
from shipline.services import following, openapi

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from shipline.services.openapi import Operation, Parameter

CLASSES = {"buildmaster": "BuildMaster", "centercode": "Centercode", "v3": "V3"}
_TYPES = {"string": "str", "integer": "int", "number": "float", "boolean": "bool", "null": "None"}

INTRODUCTION = """\
<!-- Written by tools/generate.py from schemas/*.openapi.json; change those and run `make generate`. -->
# Operations

Every operation of the three services is a command, and a method for scripts (`shipline.services`, see
examples/python). The address comes from `--url` or `SHIPLINE_BUILDMASTER_URL`, `SHIPLINE_CENTERCODE_URL`,
`SHIPLINE_V3_URL`; the key from `SHIPLINE_BUILDMASTER_API_KEY`, `SHIPLINE_CENTERCODE_API_KEY`, `SHIPLINE_V3_TOKEN`.
Where an operation has a `--url` of its own, the service's address stands before the operation's name:
`shipline v3 --url https://api.example.com create-release-file --url https://dl.example.com/widget.zip …`.

Answers are JSON on standard output, so they can be piped into `jq`; CSV is passed on as it is, save that on a CI system
whose log obeys commands none is left in it unless it goes to a file. Everything else is on standard error; exit codes
are those of [errors.md](errors.md). `--dry-run` prints the request and sends nothing. A request that
changes something is sent once: it is repeated only where it provably wasn't applied.

A JSON body is a flag for each known field, `--data` (JSON, `@FILE`, or `-` for standard input), or both: a flag goes
before the same field of `--data`. `--var NAME=value` is a variable of BuildMaster's. A flag that is a list is given
several times, or once with commas. An empty flag is the same as none, but for a field of a JSON body, which it empties.

`--all-pages` gives every page as one answer, and none if one of them fails. `--wait` asks for the status of what was
queued until it has been carried out (exit 5 if that failed, 6 after `--timeout`). `--attach ELEMENT=PATH` uploads files
to the feedback that was made. `--as-form` uploads a release file as release servers of one's own want it. What a data
listener accepts and doesn't save is told as a warning.

"""


def reference() -> str:
    """docs/operations.md."""
    parts = [INTRODUCTION]
    for service, name in openapi.SERVICES.items():
        parts.append(f"## {name}\n\n")
        for operation in openapi.operations(service).values():
            parts.append(f"### {operation.heading}\n\n{operation.description}\n\n")
            parts.append(f"`{operation.method} {openapi.prefix(service)}{operation.path}`\n\n")
            parts.append(f"```sh\n{example(operation)}\n```\n\n")
    return "".join(parts).rstrip() + "\n"


def types() -> str:
    """entrypoint/shipline/services/__init__.pyi."""
    lines = [
        "# Written by tools/generate.py from schemas/*.openapi.json.",
        "from collections.abc import Mapping, Sequence",
        "from os import PathLike",
        "from typing import Any, TypedDict, overload",
        "",
        "from shipline.pipeline import Network",
    ]
    for service, name in CLASSES.items():
        for schema_name, schema in schemas.load(service)["components"]["schemas"].items():
            if _is_record(schema):
                lines += ["", *_record(service, f"{name}{schema_name}", schema)]
    for service in CLASSES:
        for operation in openapi.operations(service).values():
            if operation.takes_files:
                lines += ["", *_with_attachments(operation)]
    for service, name in CLASSES.items():
        lines += ["", f"class {name}:"]
        lines += ["    warnings: tuple[str, ...]"]
        lines += [f"    def __init__({', '.join(_CONSTRUCTOR)}) -> None: ..."]
        for operation in openapi.operations(service).values():
            lines += _methods(operation)
    return "\n".join(lines) + "\n"


_CONSTRUCTOR = (
    "self",
    "url: str",
    "key: str",
    "*",
    "network: Network | None = ...",
    "allow_http: bool = ...",
    "file_server: str = ...",
    "key_name: str = ...",
    "url_name: str = ...",
)


def _is_record(schema: Mapping[str, Any]) -> bool:
    names = schema.get("properties", {})
    return bool(names) and all(name.isidentifier() for name in names)


def _record(service: str, name: str, schema: Mapping[str, Any]) -> Iterator[str]:
    yield f"class {name}(TypedDict, total=False):"
    yield from (f"    {field}: {_type(service, given)}" for field, given in schema["properties"].items())


def _attached(operation: Operation) -> str:
    return f"{_type(operation.service, operation.answer_schema)}WithAttachments"


def _with_attachments(operation: Operation) -> Iterator[str]:
    """What an operation answers once files have been uploaded to what it made."""
    upload = openapi.find(operation.service, following.UPLOAD)
    yield f"class {_attached(operation)}({_type(operation.service, operation.answer_schema)}, total=False):"
    yield f"    attachments: list[{_type(operation.service, upload.answer_schema)}]"


def _methods(operation: Operation) -> Iterator[str]:
    """A method; where a body's required fields may stand in ``data`` instead, it has two forms."""
    if any(p.required and not operation.needs(p) for p in operation.parameters):
        yield "    @overload"
        yield from _method(operation, fields=True)
        yield "    @overload"
        yield from _method(operation, fields=False)
    else:
        yield from _method(operation, fields=False)


def _method(operation: Operation, *, fields: bool) -> Iterator[str]:
    """``fields``: the body's required fields are given singly."""
    needed = [p for p in operation.parameters if operation.needs(p) or (fields and p.required)]
    others = [p for p in operation.parameters if p not in needed]
    parameters = [_needed(operation.service, p) for p in needed]
    either = not fields and any(p.required for p in others)
    if operation.takes_data:
        data = "data: Mapping[str, Any]" if either else "data: Mapping[str, Any] | None = ..."
        parameters.append(data)
    parameters += [_optional(operation.service, p) for p in others]
    if operation.variables:
        parameters.append("variables: Mapping[str, str] | None = ...")
    if operation.paged:
        parameters.append("all_pages: bool = ...")
    if operation.status_operation:
        parameters += ["wait: bool = ...", "timeout: float = ..."]
    if operation.takes_files:
        path = "str | PathLike[str]"
        parameters.append(f"attach: Mapping[str, {path} | Sequence[{path}]] | None = ...")
    if operation.form_field:
        parameters.append("as_form: bool = ...")
    listed = f", *, {', '.join(parameters)}" if parameters else ""
    answers = [_type(operation.service, operation.answer_schema)] if operation.answer_schema else ["Any"]
    if operation.takes_files:
        answers = [_attached(operation)]
    if "text/csv" in operation.answer_media:
        answers.append("str")
    if operation.status_operation:
        followed = openapi.find(operation.service, operation.status_operation)
        answers.append(_type(operation.service, followed.answer_schema))
    yield f"    def {operation.id.replace('-', '_')}(self{listed}) -> {' | '.join(dict.fromkeys(answers))}:"
    yield f'        """{operation.description.partition(". ")[0].rstrip(".")}."""'


def _kind(service: str, parameter: Parameter) -> str:
    return "str | PathLike[str]" if parameter.place == "file" else _type(service, parameter.schema, given=True)


def _needed(service: str, parameter: Parameter) -> str:
    return f"{parameter.python_name}: {_kind(service, parameter)}"


def _optional(service: str, parameter: Parameter) -> str:
    kind = _kind(service, parameter)
    return f"{parameter.python_name}: {kind} | None = ..." if kind != "Any" else f"{parameter.python_name}: Any = ..."


def _type(service: str, schema: Any, *, given: bool = False) -> str:
    if not isinstance(schema, dict):
        return "Any"
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        target = openapi.resolved(service, schema)
        return f"{CLASSES[service]}{name}" if _is_record(target) and not given else _type(service, target, given=given)
    types = schema.get("type")
    either = schema.get("anyOf", schema.get("oneOf", ())) if types is None else ()
    if isinstance(types, list):
        either = [{**schema, "type": one} for one in types]
    if either:
        return " | ".join(dict.fromkeys(_type(service, one, given=given) for one in either))
    if types == "array":
        item = _type(service, schema.get("items", {}), given=given)
        return f"{'Sequence' if given else 'list'}[{item}]"
    if types == "object":
        return "Mapping[str, Any]" if given else "dict[str, Any]"
    return _TYPES.get(str(types), "Any")
