"""From an operation of an OpenAPI file to a call, and from its answer to data."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote

from shipline import schemas
from shipline.errors import NotAuthorisedError, RefusedError
from shipline.services import answer
from shipline.text import Text
from shipline.transport.session import Request

if TYPE_CHECKING:
    from jsonschema import ValidationError

    from shipline.transport.session import Session

_LONGEST_MESSAGE = 200
_PLACEHOLDER = re.compile(r"<[a-z0-9:-]+>")  # what the run will make, as Text shows it
T = TypeVar("T")
_METHODS = ("get", "post", "put", "patch", "delete")


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of a service's OpenAPI file."""

    service: str
    id: str
    heading: str
    method: str
    path: str
    media: str  # of the request body; empty: none
    body_schema: Mapping[str, Any]
    answer_schema: Mapping[str, Any]


@functools.cache
def find(service: str, operation_id: str) -> Operation:
    """Raises KeyError for an operation the file doesn't have."""
    document = schemas.load(service)
    for path, item in document["paths"].items():
        for method in _METHODS:
            entry = item.get(method, {})
            if entry.get("operationId") != operation_id:
                continue
            contents: dict[str, dict[str, Any]] = entry.get("requestBody", {}).get("content", {})
            media = next(iter(contents), "")
            success: dict[str, Any] = next((a for code, a in entry["responses"].items() if code.startswith("2")), {})
            content: dict[str, Any] = next(iter(success.get("content", {}).values()), {})
            return Operation(
                service,
                operation_id,
                entry["summary"],
                method.upper(),
                path,
                media,
                contents.get(media, {}).get("schema", {}),
                content.get("schema", {}),
            )
    raise KeyError(f"{service} has no operation {operation_id}")


@dataclass(frozen=True, slots=True)
class Call:
    """An operation with its values; ``Text`` values are filled when it is sent, so that a plan can show it before."""

    client: Client = field(repr=False, compare=False)
    operation: Operation
    path: Mapping[str, str | Text] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, Any] | None = None

    def request(self, values: Mapping[str, str]) -> Request:
        """The request as it is sent, given what the run has made; what it hasn't is shown as ``<name>``."""
        path = self.operation.path
        for name, value in self.path.items():
            text = value.fill(values) if isinstance(value, Text) else value
            path = path.replace("{" + name + "}", text if text.startswith("<") else quote(text, safe=""))
        body = filled(self.body, values)
        form = self.operation.media == "application/x-www-form-urlencoded"
        return Request(
            self.operation.method,
            self.client.base + path,
            form={k: _form_value(v) for k, v in body.items()} if form and body else None,
            json=None if form else body,
            query=self.query,
        )

    @property
    def open_names(self) -> frozenset[str]:
        """The names that must have a value before it is sent."""
        return _names(self.path) | _names(self.body)

    def send(self, values: Mapping[str, str]) -> Any:
        """Send it; see Client.send."""
        return self.client.send(self.operation, self.request(values))

    def problems(self, values: Mapping[str, str]) -> list[str]:
        """What the operation's schema has against the body: ``field: what is wrong``."""
        from jsonschema import Draft202012Validator

        if self.body is None:
            return []
        schema = _with_definitions(self.operation.service, self.operation.body_schema)
        errors = Draft202012Validator(schema).iter_errors(filled(self.body, values))
        return [_problem(error) for error in errors if not _PLACEHOLDER.fullmatch(str(error.instance))]


def _problem(error: ValidationError) -> str:
    where = error.json_path.removeprefix("$.")
    if error.validator == "maxLength":
        return f"{where}: {len(str(error.instance))} characters are too many: expected at most {error.validator_value}"
    return f"{where}: {error.message[:_LONGEST_MESSAGE]}"


def filled(value: Any, values: Mapping[str, str]) -> Any:
    """``value`` with each Text in it filled."""
    if isinstance(value, Text):
        return value.fill(values)
    if isinstance(value, Mapping):
        return {key: filled(item, values) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [filled(item, values) for item in value]
    return value


def _names(value: Any) -> frozenset[str]:
    if isinstance(value, Text):
        return value.names
    items = value.values() if isinstance(value, Mapping) else value if isinstance(value, list | tuple) else ()
    return frozenset().union(*map(_names, items))


def _form_value(value: Any) -> str:
    return ("false", "true")[value] if isinstance(value, bool) else str(value)


class Client:
    """Calls the operations of one service at one address."""

    def __init__(self, service: str, base: str, session: Session) -> None:
        self.service = service
        self.base = base
        self._session = session

    def call(
        self,
        operation_id: str,
        *,
        path: Mapping[str, str | Text] | None = None,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> Call:
        return Call(self, find(self.service, operation_id), path or {}, query or {}, body)

    def send(self, operation: Operation, request: Request) -> Any:
        """The answer's data (None when it is empty). Raises a ShiplineError as the status and the body ask for."""
        where = f"{operation.service}: {operation.heading} ({request.method} {request.url})"
        schema = _with_definitions(operation.service, operation.answer_schema)
        try:
            return answer.read(where, request, self._session.send(request), schema)
        except NotAuthorisedError as error:
            error.todo = f"{error.todo} It comes from {self._session.key_name}; then run again"
            raise

    def listed(self, operation_id: str, query: Mapping[str, str], of: Callable[[Any], T]) -> list[T]:
        """The items of a list; a single object counts as one. Raises RefusedError for an answer that is no list."""
        data = self.get(operation_id, query=query)
        try:
            return [of(item) for item in ([data] if isinstance(data, dict) else data)]
        except (KeyError, TypeError, ValueError, AttributeError):
            heading = find(self.service, operation_id).heading
            raise RefusedError(
                f"{self.service}: {heading} answered with something that is no list of what was asked for",
                why="the answer is empty" if data is None else "it lacks what is needed",
                todo="open the url in a browser: is this the API's address?",
            ) from None

    def get(
        self, operation_id: str, *, path: Mapping[str, str | Text] | None = None, query: Mapping[str, str] | None = None
    ) -> Any:
        return self.call(operation_id, path=path, query=query).send({})


def _with_definitions(service: str, schema: Mapping[str, Any]) -> Mapping[str, Any]:
    return {**schema, "components": schemas.load(service).get("components", {})}
