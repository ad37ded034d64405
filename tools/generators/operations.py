"""Generate docs/operations.md and the types of shipline.services from the services' OpenAPI files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from shipline import schemas
from shipline.cli.service_commands import example
from shipline.services import follow_up, openapi
from shipline.services.registry import SERVICES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from shipline.services.openapi import Operation, Parameter

_LONGEST_EXAMPLE = 9  # words
_PATH = "str | PathLike[str]"
_OPTIONS = {
    "variables": "Mapping[str, str] | None",
    "all_pages": "bool",
    "wait": "bool",
    "timeout": "float",
    "attach": f"Mapping[str, {_PATH} | Sequence[{_PATH}]] | None",
    "as_form": "bool",
    "check_allowed": "bool",
}
_TYPES = {"string": "str", "integer": "int", "number": "float", "boolean": "bool", "null": "None"}

INTRODUCTION = """\
<!-- Written by tools/generate.py from schemas/*.openapi.json; change those and run `make generate`. -->
# Operations

For authors of scripts: every operation of the three services, as a command and as a method of `shipline.services`
(see examples/python).

The address is `--url` or `SHIPLINE_BUILDMASTER_URL`, `SHIPLINE_CENTERCODE_URL`, `SHIPLINE_V3_URL`; the key is
`SHIPLINE_BUILDMASTER_API_KEY`, `SHIPLINE_CENTERCODE_API_KEY`, `SHIPLINE_V3_TOKEN`. If an operation has its own `--url`,
put the service's first:
`shipline v3 --url https://api.example.com create-release-file --url https://dl.example.com/widget.zip …`.

Below, add a flag for each name in braces: `--status-id` for `{statusId}`. `shipline v3 create-release --help` lists all
flags, with a full example. `--dry-run` prints the request and sends nothing.

Standard output is the response's JSON or CSV; to a CI system's log, without the commands that the system obeys. See
[errors.md](errors.md) for exit codes. Shipline repeats a change only if the service provably didn't apply it.

Each known field of a JSON body has a flag, which overrides `--data` (JSON, `@FILE`, or `-` for standard input). Comment
and data listeners accept any JSON but null. Repeat a flag for a list, or use commas. An empty flag counts as none, but
empties a field of a JSON body. `--var NAME=value` is a variable of BuildMaster.

- `--all-pages` returns all pages as one response, and none if one of them fails.
- `--wait` waits until a queued operation ends (exit 5 if it failed, 6 after `--timeout`).
- `--attach ELEMENT=PATH` uploads files to the new feedback.
- `--as-form` uploads a release file as self-hosted release servers expect.
- `--check-allowed` adds `allowed` to an update check: whether the license allows that release.

If a data listener accepts data without saving it, Shipline shows a warning.

`***` replaces a webhook's token in its field, and a key within a text. A key in a number or in a field's name is an
error (exit 4). Shipline changes no other data.

"""


def reference() -> str:
    """The text of docs/operations.md."""
    parts = [INTRODUCTION]
    for service in sorted(SERVICES):
        parts.append(f"## {SERVICES[service].title}\n\n")
        for operation in openapi.operations(service).values():
            request = f"{operation.method} {openapi.prefix(service)}{operation.path}"
            parts.append(f"- `{_short_example(operation)}`<br>`{request}`: {operation.description}\n")
        parts.append("\n")
    return "".join(parts).rstrip() + "\n"


def _short_example(operation: Operation) -> str:
    """The command, without names in its path, and the optional fields of a long JSON body: ``--help`` shows all."""
    operation = operation._replace(parameters=tuple(p for p in operation.parameters if p.place != "path"))
    full = example(operation)
    if not operation.takes_data or len(full.split()) <= _LONGEST_EXAMPLE:
        return full
    needed = tuple(p for p in operation.parameters if p.required or p.place != "body")
    return f"{example(operation._replace(parameters=needed))} …"


def types() -> str:
    """The text of entrypoint/shipline/services/__init__.pyi."""
    lines = [
        "# Written by tools/generate.py from schemas/*.openapi.json.",
        "from collections.abc import Mapping, Sequence",
        "from os import PathLike",
        "from typing import Any, TypedDict, overload",
        "",
        "from shipline.transport.settings import Network",
    ]
    for service in sorted(SERVICES):
        name = SERVICES[service].class_name
        for schema_name, schema in schemas.load(service)["components"]["schemas"].items():
            if _is_record(schema):
                lines += ["", *_record(service, f"{name}{schema_name}", schema)]
    for service in sorted(SERVICES):
        for operation in openapi.operations(service).values():
            if name := _extended(operation):
                lines += [
                    "",
                    f"class {name}({_type(service, operation.answer_schema)}, total=False):",
                    _added(operation),
                ]
    for service in sorted(SERVICES):
        lines += ["", f"class {SERVICES[service].class_name}:"]
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
    """True if the schema becomes a TypedDict: its properties are known, and their names are Python names."""
    names = schema.get("properties", {})
    return bool(names) and all(name.isidentifier() for name in names)


def _record(service: str, name: str, schema: Mapping[str, Any]) -> Iterator[str]:
    """Yield the lines of a TypedDict."""
    yield f"class {name}(TypedDict, total=False):"
    yield from (f"    {field}: {_type(service, given)}" for field, given in schema["properties"].items())


def _extended(operation: Operation) -> str:
    """The name of the type of a response to which an option adds a member; empty if none does."""
    added = "WithAttachments" if operation.takes_files else "WithAllowed" if operation.allowed_operation else ""
    return f"{_type(operation.service, operation.answer_schema)}{added}" if added else ""


def _added(operation: Operation) -> str:
    """The line of the member that an option adds: the uploads' responses, or whether the license allows the release."""
    if operation.allowed_operation:
        return "    allowed: bool"
    upload = openapi.find(operation.service, follow_up.UPLOAD)
    return f"    attachments: list[{_type(operation.service, upload.answer_schema)}]"


def _methods(operation: Operation) -> Iterator[str]:
    """Yield the lines of a method. It has two forms if a body's required fields can also be part of ``data``."""
    if any(p.required and not operation.needs(p) for p in operation.parameters):
        yield "    @overload"
        yield from _method(operation, fields=True)
        yield "    @overload"
        yield from _method(operation, fields=False)
    else:
        yield from _method(operation, fields=False)


def _method(operation: Operation, *, fields: bool) -> Iterator[str]:
    """Yield the lines of one form of a method. ``fields``: the body's required fields are parameters."""
    needed = [p for p in operation.parameters if operation.needs(p) or (fields and p.required)]
    others = [p for p in operation.parameters if p not in needed]
    parameters = [_needed(operation.service, p) for p in needed]
    either = not fields and any(p.required for p in others)
    if operation.takes_data:
        data = "data: Mapping[str, Any]" if either else "data: Mapping[str, Any] | None = ..."
        data = "data: Any = ..." if operation.takes_any_json else data
        parameters.append(data)
    parameters += [_optional(operation.service, p) for p in others]
    parameters += [f"{name}: {_OPTIONS[name]} = ..." for name in operation.options if name != "data"]
    listed = f", *, {', '.join(parameters)}" if parameters else ""
    answers = [_type(operation.service, operation.answer_schema)] if operation.answer_schema else ["Any"]
    if name := _extended(operation):
        answers = [name]
    if "text/csv" in operation.answer_media:
        answers.append("str")
    if operation.status_operation:
        followed = openapi.find(operation.service, operation.status_operation)
        answer = _type(operation.service, followed.answer_schema)
        answers += [answer] if answer not in answers[0].split(" | ") else []
    yield f"    def {operation.method_name}(self{listed}) -> {' | '.join(dict.fromkeys(answers))}:"
    yield f'        """{operation.description.partition(". ")[0].rstrip(".")}."""'


def _kind(service: str, parameter: Parameter) -> str:
    """The Python type of a parameter."""
    return _PATH if parameter.place == "file" else _type(service, parameter.schema, given=True)


def _needed(service: str, parameter: Parameter) -> str:
    return f"{parameter.python_name}: {_kind(service, parameter)}"


def _optional(service: str, parameter: Parameter) -> str:
    kind = _kind(service, parameter)
    return f"{parameter.python_name}: {kind} | None = ..." if kind != "Any" else f"{parameter.python_name}: Any = ..."


def _type(service: str, schema: Any, *, given: bool = False) -> str:
    """The Python type for a schema. ``given``: of an argument, which can be any Mapping or Sequence."""
    if not isinstance(schema, dict):
        return "Any"
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        target = openapi.resolved(service, schema)
        return (
            f"{SERVICES[service].class_name}{name}"
            if _is_record(target) and not given
            else _type(service, target, given=given)
        )
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
