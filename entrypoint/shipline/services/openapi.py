"""The operations of a service, as its OpenAPI file describes them."""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

from shipline import schemas
from shipline.record import dataclass
from shipline.transport.pacing import Limit

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Place = Literal["path", "query", "body", "file"]
SERVICES = {"buildmaster": "BuildMaster", "centercode": "Centercode", "v3": "v3"}
_METHODS = ("get", "post", "put", "patch", "delete")
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
VARIABLE_PATTERN = r"^\$"  # of the names under which a form carries BuildMaster's variables


@dataclass(frozen=True, slots=True)
class Parameter:
    """A value that an operation takes. ``name`` is the document's own."""

    name: str
    place: Place
    required: bool
    description: str
    schema: Mapping[str, Any]
    example: Any = None

    @property
    def words(self) -> tuple[str, ...]:
        """The name's words in lower case: ``releaseId`` has ``release`` and ``id``."""
        return tuple(word.lower() for word in re.findall(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])", self.name))

    @property
    def flag(self) -> str:
        return "--" + "-".join(self.words)

    @property
    def python_name(self) -> str:
        return "_".join(self.words)

    @property
    def types(self) -> tuple[str, ...]:
        """The JSON types it may have; none: any."""
        types = self.schema.get("type", ())
        return (types,) if isinstance(types, str) else tuple(types)


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of a service's OpenAPI file."""

    service: str
    id: str
    heading: str
    description: str
    method: str
    path: str
    media: str  # of the request body; empty: none
    body_schema: Mapping[str, Any]
    body_required: bool
    parameters: tuple[Parameter, ...]  # of the path, the query and the body's known fields
    statuses: tuple[int, ...]  # documented for success
    answer_schema: Mapping[str, Any]
    answer_media: tuple[str, ...]
    status_operation: str  # tells what came of what this one queued; empty: it queues nothing
    paged: bool  # the answer is one page of many
    takes_files: bool  # the answer says where files can be attached to what was made
    form_field: str  # under which some servers want the file in a form, and not as the body; empty: none does
    own_server: bool  # it isn't at the service's address, but at that of its file server
    refusals: Mapping[int, str]  # what an error answer means, by its status

    @property
    def form(self) -> bool:
        return self.media in _FORMS

    @property
    def variables(self) -> bool:
        """Whether it takes variables, sent as ``$Name``."""
        return VARIABLE_PATTERN in self.body_schema.get("patternProperties", {})

    @property
    def takes_data(self) -> bool:
        """Whether its body can be given as JSON."""
        return self.media.endswith("json")

    @property
    def file(self) -> Parameter | None:
        return next((p for p in self.parameters if p.place == "file"), None)

    def needs(self, parameter: Parameter) -> bool:
        """Whether the parameter must be given; a field of a body may also stand in what is given as JSON."""
        return parameter.required and not (self.takes_data and parameter.place == "body")


@functools.cache
def operations(service: str) -> Mapping[str, Operation]:
    """Every operation of a service by its id, in the file's order."""
    return {operation.id: operation for operation in _read(service)}


def find(service: str, operation_id: str) -> Operation:
    """Raises KeyError for an operation the file doesn't have."""
    return operations(service)[operation_id]


def prefix(service: str) -> str:
    """The path under a service's address that every operation's path is relative to."""
    url: str = schemas.load(service)["servers"][0]["url"]
    return urlsplit(url).path.rstrip("/")


def key_place(service: str) -> tuple[Literal["header", "query"], str, str]:
    """Where the service wants its key: header or query, the name there, and what stands before the key."""
    (scheme,) = schemas.load(service)["components"]["securitySchemes"].values()
    if scheme["type"] == "http":
        return "header", "Authorization", "Bearer "
    return ("query" if scheme["in"] == "query" else "header"), scheme["name"], ""


def rate_limit(service: str) -> Limit | None:
    """What the service allows one address."""
    given = schemas.load(service)["info"].get("x-rate-limit")
    return Limit(given["requests"], given["seconds"], given["per"]) if given else None


def resolved(service: str, entry: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a ``$ref`` within the service's file points to; anything else as it is."""
    while "$ref" in entry:
        found: Any = schemas.load(service)
        for part in entry["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        entry = found
    return entry


def with_definitions(service: str, schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """A schema of the service's file, to be used by itself."""
    return {**schema, "components": schemas.load(service).get("components", {})}


def _read(service: str) -> Iterator[Operation]:
    for path, item in schemas.load(service)["paths"].items():
        for method in _METHODS:
            if method in item:
                yield _operation(service, path, method, item[method], item.get("parameters", []))


def _operation(
    service: str, path: str, method: str, entry: Mapping[str, Any], shared: list[Mapping[str, Any]]
) -> Operation:
    body = resolved(service, entry.get("requestBody", {}))
    bodies: dict[str, Any] = body.get("content", {})
    media = next(iter(bodies), "")
    content = bodies.get(media, {})
    body_schema = resolved(service, content.get("schema", {}))
    successes = {
        int(code): resolved(service, answer) for code, answer in entry["responses"].items() if code.startswith("2")
    }
    contents: dict[str, Any] = next(iter(successes.values()), {}).get("content", {})
    return Operation(
        service,
        entry["operationId"],
        entry["summary"],
        entry["description"],
        method.upper(),
        path,
        media,
        body_schema,
        body.get("required", False),
        (
            *(_parameter(resolved(service, given)) for given in (*shared, *entry.get("parameters", []))),
            *_fields(service, media, body_schema, _example(content)),
        ),
        tuple(successes),
        contents.get("application/json", {}).get("schema", {}),
        tuple(contents),
        entry.get("x-status", ""),
        bool(entry.get("x-paging")),
        entry.get("x-follow") == "fileElements",
        entry.get("x-form-field", ""),
        bool(entry.get("servers")),
        {int(c): resolved(service, a)["description"] for c, a in entry["responses"].items() if c[0] in "45"},
    )


def _parameter(given: Mapping[str, Any]) -> Parameter:
    place: Place = "path" if given["in"] == "path" else "query"
    return Parameter(
        given["name"], place, given.get("required", False), given["description"], given["schema"], given.get("example")
    )


def _fields(service: str, media: str, schema: Mapping[str, Any], example: Any) -> Iterator[Parameter]:
    if media == "application/octet-stream":
        yield Parameter("file", "file", required=True, description="The file to send", schema={}, example=example)
    required = schema.get("required", ())
    examples = example if isinstance(example, dict) else {}
    for name, given in schema.get("properties", {}).items():
        field = resolved(service, given)
        place: Place = "file" if field.get("format") == "binary" else "body"
        description = given.get("description", field.get("description", ""))
        shown = examples.get(name, next(iter(field.get("examples", ())), None))
        yield Parameter(name, place, name in required, description, field, shown)


def _example(content: Mapping[str, Any]) -> Any:
    named: Mapping[str, Any] = next(iter(content.get("examples", {}).values()), {})
    return content.get("example", named.get("value"))
