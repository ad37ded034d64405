"""From an operation and its values to a request (``Call``), and from the response to data (``Client``)."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeVar
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlsplit

from shipline.display import excerpt, nearest_first
from shipline.errors import CanceledError, RefusedError, ShiplineError
from shipline.interpolation import Template
from shipline.services import openapi, response
from shipline.services.registry import SERVICES
from shipline.transport.messages import Credential, Report, Request
from shipline.transport.session import Session
from shipline.values import as_text

if TYPE_CHECKING:
    from shipline.redaction import Secret
    from shipline.services.openapi import Operation
    from shipline.transport.settings import Network
    from shipline.transport.upload import Upload


PAGE_SIZE = 100  # items that are requested for a page of a v3 list, the most that v3 allows
_PLACEHOLDER = r"<[a-z0-9:-]+>"  # a value that the run hasn't produced yet, as Template shows it
T = TypeVar("T")


class Account(Protocol):
    """The base URL and key of a service, as the pipeline's sections have them."""

    @property
    def url(self) -> str: ...
    @property
    def key(self) -> Secret | None: ...


class Call(NamedTuple):
    """An operation with its values. ``Template`` values are filled when it is sent, so that a plan can show it."""

    client: Client
    operation: Operation
    path: Mapping[str, str | Template]
    query: Mapping[str, str]
    body: Any = None
    upload: Upload | None = None

    def request(self, values: Mapping[str, str]) -> Request:
        """The request to send, given the values that the run has produced; others are shown as ``<name>``."""
        path = self.operation.path
        for name, value in self.path.items():
            path = path.replace("{" + name + "}", _quoted(value, values))
        body = filled(self.body, values)
        form = self.operation.form
        return Request(
            self.operation.method,
            (self.client.file_server if self.operation.own_server else self.client.base) + path,
            form={k: as_text(v) for k, v in body.items()} if form and body else None,
            json=None if form else body,
            query=self.query,
            upload=self.upload,
            reads=self.operation.reads,
        )

    @property
    def open_names(self) -> frozenset[str]:
        """The names that must have a value before the call is sent."""
        return _names(self.path) | _names(self.body)

    def send(self, values: Mapping[str, str], report: Report | None = None) -> Any:
        """Send the request and return the response's data; see ``Client.send``."""
        return self.client.send(self.operation, self.request(values), report)

    def problems(self, values: Mapping[str, str]) -> list[str]:
        """Violations of the body's schema, as ``field: what is wrong``."""
        if self.body is None:
            return []
        body = filled(self.body, values)
        return [
            f"{error.json_path.removeprefix('$.')}: {openapi.message(error)}"
            for error in openapi.violations(self.operation.service, self.operation.body_schema, body)
            if not re.fullmatch(_PLACEHOLDER, str(error.instance))
        ]


def _quoted(value: str | Template, values: Mapping[str, str]) -> str:
    """A part of a path, percent-encoded except for the names of values that the run hasn't produced yet."""
    parts = value.parts if isinstance(value, Template) else (value,)
    encoded = Template(tuple(quote(part, safe="") if isinstance(part, str) else part for part in parts))
    return encoded.fill({name: quote(values[name], safe="") for name in encoded.names & values.keys()})


def filled(value: Any, values: Mapping[str, str]) -> Any:
    """A copy of ``value`` (JSON data) with each Template in it filled."""
    if isinstance(value, Template):
        return value.fill(values)
    if isinstance(value, Mapping):
        return {key: filled(item, values) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [filled(item, values) for item in value]
    return value


def _names(value: Any) -> frozenset[str]:
    if isinstance(value, Template):
        return value.names
    items = value.values() if isinstance(value, Mapping) else value if isinstance(value, list | tuple) else ()
    return frozenset().union(*map(_names, items))


def new_items(
    fetch: Callable[[int], Iterable[T]], identity: Callable[[T], str], *, smallest_full_page: int
) -> Iterator[list[T]]:
    """Yield the items of each page of a v3 list that no earlier page had.

    ``fetch`` returns a page by its number, from 1 on. The list ends with a page that has nothing new or fewer than
    ``smallest_full_page`` items. A page below the limit doesn't end it: no header for the number of pages is
    documented, and a server may allow smaller pages than the limit requests.
    """
    seen: set[str] = set()
    for number in itertools.count(1):
        page = [*fetch(number)]
        fresh = {key: item for item in page if (key := identity(item)) not in seen}
        yield [*fresh.values()]
        seen |= fresh.keys()
        if not fresh or len(page) < smallest_full_page:
            return


class Client:
    """Calls the operations of one service at one address (``url``, without the path that all of them begin with).

    ``file_server`` is the address of operations that the OpenAPI file gives a server of their own.
    """

    def __init__(self, service: str, url: str, key: Secret | None, network: Network, *, file_server: str = "") -> None:
        self.service = service
        self.base = url + openapi.prefix(service)
        self.file_server = file_server or url
        credential = Credential(key, *openapi.key_place(service)) if key else None
        self._session = Session(SERVICES[service].title, network, credential, openapi.rate_limit(service))

    def call(
        self,
        operation_id: str,
        *,
        path: Mapping[str, str | Template] | None = None,
        query: Mapping[str, str] | None = None,
        body: Any = None,
        upload: Upload | None = None,
    ) -> Call:
        """A call of an operation, not sent. Raises KeyError for an id that the OpenAPI file doesn't have."""
        return Call(self, openapi.find(self.service, operation_id), path or {}, query or {}, body, upload)

    def send(self, operation: Operation, request: Request, report: Report | None = None) -> Any:
        """Send a request and return the response's data (None if it is empty).

        ``report`` receives how far an upload is. Raises what ``Session.send`` and ``response.read`` raise.
        """
        where = f"{operation.service}: {operation.heading} ({request.method} {request.url})"
        with request.reported(report):
            received = self._session.send(request)
        return response.read(where, operation, request, received, self._session.key_name)

    def listed(self, operation_id: str, filters: Mapping[str, str], of: Callable[[Any], T]) -> list[T]:
        """The items of a list, each read by ``of``; a single object counts as a list of one.

        Raises RefusedError for a response that is no list, and what ``send`` raises.
        """
        operation = openapi.find(self.service, operation_id)
        query, form = ({}, filters) if operation.form else (filters, None)
        data = Call(self, operation, {}, query, form).send({})
        try:
            return [of(item) for item in ([data] if isinstance(data, dict) else data)]
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
            heading = openapi.find(self.service, operation_id).heading
            raise RefusedError(
                f"{self.service}: {heading} responded with something other than the requested list",
                why="the response is empty" if data is None else "it lacks what is needed",
                todo="open the URL in a browser: check that it is the API's address",
            ) from None

    def name_advice(self, call: Call | None = None) -> str:
        """What to do if a name in the call is none that this key can see; without a call, a name in the settings.

        Empty if it is one of them, or if nothing shows which there are.
        """
        try:
            setting, name, known = self._names(call)
        except CanceledError:
            raise
        except ShiplineError:
            return ""
        return f"check {setting}; this key can see: {nearest_first(name, known)}" if known and name not in known else ""

    def _names(self, call: Call | None) -> tuple[str, str, frozenset[str]]:
        """A setting, the name in it, and the names of its kind that the service shows to this key."""
        return "", "", frozenset()

    def send_to(self, operation_id: str, url: str, *, upload: Upload | None = None) -> Any:
        """Call an operation at a URL from an earlier response and return the response's data.

        Raises RefusedError for a URL outside of this service: the key isn't sent anywhere else.
        """
        operation = openapi.find(self.service, operation_id)
        bare, _, query = url.partition("?")
        if not self._is_ours(bare):
            raise RefusedError(
                f"{self.service}: the response points to {excerpt(bare)}, which isn't under {self.base}/",
                why="Shipline sends the key only to the configured address",
                todo="set the URL to the service's own base URL",
            )
        _, name, _ = openapi.key_place(self.service)
        rest = {k: v for k, v in parse_qsl(query, keep_blank_values=True) if k.casefold() != name.casefold()}
        return self.send(operation, Request(operation.method, bare, query=rest, upload=upload, reads=operation.reads))

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
