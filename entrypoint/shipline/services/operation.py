"""From an operation of an OpenAPI file to a call, and from its answer to data."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import field
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from shipline.errors import NotAuthorisedError, RefusedError
from shipline.record import dataclass
from shipline.services import answer, arguments, openapi
from shipline.text import Text
from shipline.transport.session import Key, Request, Session

if TYPE_CHECKING:
    from urllib.parse import SplitResult

    from shipline.pipeline import Network
    from shipline.services.openapi import Operation
    from shipline.transport.redaction import Secret
    from shipline.transport.upload import Upload

_PLACEHOLDER = re.compile(r"<[a-z0-9:-]+>")  # what the run will make, as Text shows it
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Call:
    """An operation with its values; ``Text`` values are filled when it is sent, so that a plan can show it before."""

    client: Client = field(repr=False, compare=False)
    operation: Operation
    path: Mapping[str, str | Text] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    upload: Upload | None = None

    def request(self, values: Mapping[str, str]) -> Request:
        """The request as it is sent, given what the run has made; what it hasn't is shown as ``<name>``."""
        path = self.operation.path
        for name, value in self.path.items():
            path = path.replace("{" + name + "}", _in_path(value, values))
        body = filled(self.body, values)
        form = self.operation.form
        return Request(
            self.operation.method,
            (self.client.file_server if self.operation.own_server else self.client.base) + path,
            form={k: arguments.as_text(v) for k, v in body.items()} if form and body else None,
            json=None if form else body,
            query=self.query,
            upload=self.upload,
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
        schema = openapi.with_definitions(self.operation.service, self.operation.body_schema)
        errors = Draft202012Validator(schema).iter_errors(filled(self.body, values))
        return [
            f"{error.json_path.removeprefix('$.')}: {arguments.message(error)}"
            for error in errors
            if not _PLACEHOLDER.fullmatch(str(error.instance))
        ]


def _in_path(value: str | Text, values: Mapping[str, str]) -> str:
    """Percent-encoded, but for the names of what the run hasn't made yet."""
    parts = value.parts if isinstance(value, Text) else (value,)
    encoded = Text(tuple(quote(part, safe="") if isinstance(part, str) else part for part in parts))
    return encoded.fill({name: quote(values[name], safe="") for name in encoded.names & values.keys()})


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


class Client:
    """Calls the operations of one service at one address (``url``, without the path that all of them begin with).

    ``file_server`` is the address of operations that the OpenAPI file gives a server of their own.
    """

    def __init__(self, service: str, url: str, key: Secret | None, network: Network, *, file_server: str = "") -> None:
        self.service = service
        self.base = url + openapi.prefix(service)
        self.file_server = file_server or url
        placed = Key(key, *openapi.key_place(service)) if key else None
        self._session = Session(openapi.SERVICES[service], network, placed, openapi.rate_limit(service))

    def call(
        self,
        operation_id: str,
        *,
        path: Mapping[str, str | Text] | None = None,
        query: Mapping[str, str] | None = None,
        body: Any = None,
        upload: Upload | None = None,
    ) -> Call:
        return Call(self, openapi.find(self.service, operation_id), path or {}, query or {}, body, upload)

    def send(self, operation: Operation, request: Request) -> Any:
        """The answer's data (None when it is empty). Raises a ShiplineError as the status and the body ask for."""
        where = f"{operation.service}: {operation.heading} ({request.method} {request.url})"
        try:
            return answer.read(where, operation, request, self._session.send(request))
        except NotAuthorisedError as error:
            error.todo = f"{error.todo} It comes from {self._session.key_name}; then run again"
            raise

    def listed(self, operation_id: str, query: Mapping[str, str], of: Callable[[Any], T]) -> list[T]:
        """The items of a list; a single object counts as one. Raises RefusedError for an answer that is no list."""
        data = self.get(operation_id, query=query)
        try:
            return [of(item) for item in ([data] if isinstance(data, dict) else data)]
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
            heading = openapi.find(self.service, operation_id).heading
            raise RefusedError(
                f"{self.service}: {heading} answered with something that is no list of what was asked for",
                why="the answer is empty" if data is None else "it lacks what is needed",
                todo="open the url in a browser: is this the API's address?",
            ) from None

    def get(
        self, operation_id: str, *, path: Mapping[str, str | Text] | None = None, query: Mapping[str, str] | None = None
    ) -> Any:
        return self.call(operation_id, path=path, query=query).send({})

    def send_to(self, operation_id: str, url: str, *, upload: Upload | None = None) -> Any:
        """Call an operation at an address that an answer gave.

        Raises RefusedError for an address that isn't this service's: the key isn't sent anywhere else.
        """
        operation = openapi.find(self.service, operation_id)
        bare, _, query = url.partition("?")
        if not self._is_ours(bare):
            raise RefusedError(
                f"{self.service}: the answer points to {answer.excerpt(bare)}, which isn't under {self.base}/",
                why="the key is only sent to the address it was given for",
                todo="is the url the one under which the service knows itself?",
            )
        _, name, _ = openapi.key_place(self.service)
        rest = {k: v for k, v in parse_qsl(query, keep_blank_values=True) if k.casefold() != name.casefold()}
        return self.send(operation, Request(operation.method, bare, query=rest, upload=upload))

    def _is_ours(self, url: str) -> bool:
        try:
            ours, other = urlsplit(self.base), urlsplit(url)
            same = _origin(ours) == _origin(other)
        except ValueError:  # a malformed host or port
            return False
        inside = other.path.startswith(f"{ours.path}/") and not {".", ".."} & set(unquote(other.path).split("/"))
        return same and inside and not other.username and not other.fragment and "\\" not in url


def _origin(url: SplitResult) -> tuple[str, str | None, int | None]:
    return url.scheme, url.hostname, url.port or {"https": 443, "http": 80}.get(url.scheme)
