"""The operations of a service, as its OpenAPI file (schemas/) describes them."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Literal, NamedTuple
from urllib.parse import urlsplit

from shipline import schemas, values
from shipline.redaction import redact
from shipline.transport.rate_limit import Limit

if TYPE_CHECKING:
    from jsonschema import ValidationError


Place = Literal["path", "query", "body", "file"]
VARIABLE_PATTERN = r"^\$"  # of the names under which a form carries BuildMaster's variables
_METHODS = ("get", "post", "put", "patch", "delete")
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
_MAX_MESSAGE_CHARACTERS = 200


class Parameter(NamedTuple):
    """A value that an operation takes. ``name`` is the OpenAPI file's own."""

    name: str
    place: Place
    required: bool
    description: str
    schema: Mapping[str, Any]
    example: Any = None

    @property
    def words(self) -> tuple[str, ...]:
        """The name's words in lower case: ``releaseId`` has ``release`` and ``id``."""
        return _words(self.name)

    @property
    def flag(self) -> str:
        """The name on a command line: ``--release-id``."""
        return flag(self.name)

    @property
    def python_name(self) -> str:
        """The name in a script: ``release_id``."""
        return python_name(self.name)

    @property
    def secret(self) -> bool:
        """True if its value is a key or a token."""
        return self.schema.get("format") == "password"

    @property
    def types(self) -> tuple[str, ...]:
        """The JSON types of its values; none: any."""
        types = self.schema.get("type", ())
        return (types,) if isinstance(types, str) else tuple(types)


class Operation(NamedTuple):
    """One operation of a service's OpenAPI file."""

    service: str
    id: str
    heading: str
    description: str
    method: str
    reads: bool  # it only reads, whatever its method
    path: str
    media: str  # of the request body; empty: no body
    body_schema: Mapping[str, Any]
    body_required: bool
    parameters: tuple[Parameter, ...]  # of the path, the query and the body's known fields
    statuses: tuple[int, ...]  # documented for success
    answer_schema: Mapping[str, Any]
    answer_media: tuple[str, ...]
    status_operation: str  # reports on what this operation queues; empty: it queues nothing
    paged: bool  # the response is one page of many
    takes_files: bool  # the response names the URLs to which files can be uploaded
    form_field: str  # the file's field on servers that require a form instead of a plain body; empty: no such servers
    allowed_operation: str  # whether a license allows the release that it returns; empty: it returns none for a license
    own_server: bool  # its URL is under the service's file server
    needs_key: bool
    refusals: Mapping[int, str]  # the meaning of error responses, by status

    @property
    def method_name(self) -> str:
        """The name of its method in ``shipline.services``."""
        return self.id.replace("-", "_")

    @property
    def form(self) -> bool:
        """True if the body is a form."""
        return self.media in _FORMS

    @property
    def variables(self) -> bool:
        """True if it takes variables, sent as ``$Name``."""
        return VARIABLE_PATTERN in self.body_schema.get("patternProperties", {})

    @property
    def takes_data(self) -> bool:
        """True if its body can be given as JSON."""
        return self.media.endswith("json")

    @property
    def takes_any_json(self) -> bool:
        """True if its body can be any JSON, not only an object."""
        return self.takes_data and "type" not in self.body_schema

    @property
    def file(self) -> Parameter | None:
        """The parameter that takes a file to upload, if any."""
        return next((p for p in self.parameters if p.place == "file"), None)

    @property
    def options(self) -> tuple[str, ...]:
        """The names of Shipline's own options that fit the operation (see ``parameters.Arguments``)."""
        offered = {
            "variables": self.variables,
            "data": self.takes_data,
            "all_pages": self.paged,
            "wait": self.status_operation,
            "timeout": self.status_operation,
            "attach": self.takes_files,
            "as_form": self.form_field,
            "check_allowed": self.allowed_operation,
        }
        return tuple(name for name, is_offered in offered.items() if is_offered)

    def needs(self, parameter: Parameter) -> bool:
        """True if the parameter must be given. A field of a JSON body may be part of the option ``data`` instead."""
        return parameter.required and not (self.takes_data and parameter.place == "body")


def _words(name: str) -> tuple[str, ...]:
    return tuple(word.lower() for word in re.findall(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])", name))


def flag(name: str) -> str:
    """A parameter's name on a command line: ``releaseId`` is ``--release-id``."""
    return "--" + "-".join(_words(name))


def python_name(name: str) -> str:
    """A parameter's name in a script: ``releaseId`` is ``release_id``."""
    return "_".join(_words(name))


@functools.cache
def operations(service: str) -> Mapping[str, Operation]:
    """Every operation of a service by its id, in the file's order."""
    return {operation.id: operation for operation in _read(service)}


def find(service: str, operation_id: str) -> Operation:
    """One operation. Raises KeyError for an id that the file doesn't have."""
    return operations(service)[operation_id]


def prefix(service: str) -> str:
    """The path under a service's address that every operation's path is relative to; may be empty."""
    url: str = schemas.load(service)["servers"][0]["url"]
    return urlsplit(url).path.rstrip("/")


def key_place(service: str) -> tuple[Literal["header", "query"], str, str]:
    """Where a request carries the key: header or query, the name there, and the text before the key."""
    (scheme,) = schemas.load(service)["components"]["securitySchemes"].values()
    if scheme["type"] == "http":
        return "header", "Authorization", "Bearer "
    return ("query" if scheme["in"] == "query" else "header"), scheme["name"], ""


def rate_limit(service: str) -> Limit | None:
    """The documented limit for one IP address; None if there is none."""
    given = schemas.load(service)["info"].get("x-rate-limit")
    if not given:
        return None
    return Limit(given["requests"], given["seconds"], given["per"], tuple(given.get("refusal", ())))


def resolved(service: str, entry: Mapping[str, Any]) -> Mapping[str, Any]:
    """The target of a ``$ref`` within the service's file; any other entry unchanged."""
    while "$ref" in entry:
        found: Any = schemas.load(service)
        for part in entry["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        entry = found
    return entry


def with_definitions(service: str, schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """A schema of the service's file that is complete by itself: with the definitions that it refers to."""
    return {**schema, "components": schemas.load(service).get("components", {})}


def violations(service: str, schema: Mapping[str, Any], value: Any) -> Iterator[ValidationError]:
    """Yield what makes ``value`` invalid by a schema of the service's file."""
    from jsonschema import Draft202012Validator

    yield from Draft202012Validator(with_definitions(service, schema)).iter_errors(value)


def message(error: ValidationError) -> str:
    """A schema violation in at most 200 characters, without secrets."""
    if error.validator == "maxLength":
        return f"{len(str(error.instance))} characters are too many: expected at most {error.validator_value}"
    text = error.message
    schema = error.schema if isinstance(error.schema, Mapping) else {}
    if error.validator == "pattern" and schema.get("x-kind") == "instant":
        return f"{schema['description'].partition(': ')[0]}; {values.instant_hint(str(error.instance))}"
    if error.validator == "pattern" and "description" in schema:
        text = f"{error.instance!r} does not match: {schema['description']}"
    return redact(text)[:_MAX_MESSAGE_CHARACTERS]  # redacted first: the redactor doesn't find half a secret


def _read(service: str) -> Iterator[Operation]:
    for path, item in schemas.load(service)["paths"].items():
        for method in _METHODS:
            if "operationId" in item.get(method, {}):  # else it is the same operation by another method
                yield _operation(service, path, method, item[method], item.get("parameters", []))


def _operation(
    service: str, path: str, method: str, entry: Mapping[str, Any], shared: list[Mapping[str, Any]]
) -> Operation:
    body = resolved(service, entry.get("requestBody", {}))
    bodies: dict[str, Any] = body.get("content", {})
    media = next(iter(bodies), "")
    content = bodies.get(media, {})
    body_schema = resolved(service, content.get("schema", {}))
    responses = {int(code): resolved(service, response) for code, response in entry["responses"].items()}
    successes = [code for code in responses if code // 100 == 2]  # noqa: PLR2004
    contents: dict[str, Any] = responses[successes[0]].get("content", {}) if successes else {}
    return Operation(
        service=service,
        id=entry["operationId"],
        heading=entry["summary"],
        description=entry["description"],
        method=method.upper(),
        reads=method == "get" or entry.get("x-reads", False),
        path=path,
        media=media,
        body_schema=body_schema,
        body_required=body.get("required", False),
        parameters=(
            *(_parameter(resolved(service, given)) for given in (*shared, *entry.get("parameters", []))),
            *_body_parameters(service, media, body_schema, _example(content)),
        ),
        statuses=tuple(successes),
        answer_schema=contents.get("application/json", {}).get("schema", {}),
        answer_media=tuple(contents),
        status_operation=entry.get("x-status", ""),
        paged=bool(entry.get("x-paging")),
        takes_files=entry.get("x-follow") == "fileElements",
        form_field=entry.get("x-form-field", ""),
        allowed_operation=entry.get("x-allowed", ""),
        own_server=bool(entry.get("servers")),
        needs_key=entry.get("security") != [],
        refusals={code: response["description"] for code, response in responses.items() if code // 100 in (4, 5)},
    )


def _parameter(given: Mapping[str, Any]) -> Parameter:
    place: Place = "path" if given["in"] == "path" else "query"
    return Parameter(
        given["name"], place, given.get("required", False), given["description"], given["schema"], given.get("example")
    )


def _body_parameters(service: str, media: str, schema: Mapping[str, Any], example: Any) -> Iterator[Parameter]:
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
