"""The three services for scripts: ``BuildMaster(url, key).create_build(release_id=4, variables={"Branch": "main"})``.

Each operation of a service's OpenAPI file is a method, named after the document's heading; its parameters have the
document's names in snake case. ``services/__init__.pyi``, generated from the same files, gives the types.
"""

from __future__ import annotations

import inspect
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from shipline import values
from shipline.errors import InvalidInputError, Problem
from shipline.pipeline import Network
from shipline.services import arguments, following, openapi
from shipline.services.operation import Client
from shipline.transport.redaction import Secret, redact

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from shipline.services.openapi import Operation, Parameter
    from shipline.services.operation import Call

WAIT = 600.0  # seconds, for what was queued


@dataclass(frozen=True, slots=True)
class Further:
    """What to do beyond the one request."""

    all_pages: bool = False
    wait: float | None = None  # seconds to wait for what is queued; None: don't
    attach: Mapping[str, list[str]] = field(default_factory=dict)  # paths by file element
    progress: Callable[[str], None] = lambda _text: None


class Service:
    """One service at one address. Methods raise a ShiplineError (shipline.errors), which says what to do."""

    service: ClassVar[str]

    def __init__(
        self,
        url: str,
        key: str,
        *,
        network: Network | None = None,
        allow_http: bool = False,
        file_server: str = "",
        key_name: str = "key",
        url_name: str = "url",
    ) -> None:
        """``url`` as in the config file; ``file_server`` is v3's release server. Raises InvalidInputError."""
        self.warnings: tuple[str, ...] = ()
        secret = Secret(key, key_name)
        redact.register(secret)
        problems = [*self._of_url(url, url_name, allow_http=allow_http)]
        if not key:
            problems.append(Problem(key_name, "", "is missing: expected the service's key"))
        elif secret.malformed:
            problems.append(Problem(key_name, "", secret.malformed))
        if problems:
            raise InvalidInputError(problems)
        base = url.rstrip("/").removesuffix(openapi.prefix(self.service) or "/v3").rstrip("/")
        self.client = Client(self.service, base, secret, network or Network(), file_server=file_server.rstrip("/"))

    def _of_url(self, url: str, name: str, *, allow_http: bool) -> list[Problem]:
        if not url:
            return [Problem(name, "", "is missing: expected the service's address, such as https://example.com")]
        try:
            values.base_url(url)
        except ValueError as error:
            return [Problem(name, "", str(error))]
        if not values.in_the_clear(url):
            return []
        if not allow_http:
            return [Problem(name, "", "plain HTTP would show the key to everyone on the way: expected https://")]
        self.warnings = ("plain HTTP: everyone on the way can read the key and what is sent",)
        return []

    def prepared(
        self,
        operation_id: str,
        given: Mapping[str, Any],
        *,
        variables: Mapping[str, str] | None = None,
        data: Any = None,
        shown: Callable[[Parameter], str] = lambda parameter: parameter.python_name,
    ) -> Call:
        """A call with these values, checked and not sent; see arguments.call."""
        operation = openapi.find(self.service, operation_id)
        for parameter in operation.parameters:
            if parameter.schema.get("format") == "password" and isinstance(given.get(parameter.name), str):
                redact.register(Secret(given[parameter.name], parameter.name))
        return arguments.call(self.client, operation, given, variables=variables, data=data, shown=shown)

    def carry_out(self, call: Call, further: Further) -> Any:
        """Send a call and what follows from it; the last answer."""
        operation = call.operation
        problems = following.unattachable(further.attach)
        if problems:
            raise InvalidInputError(problems)
        if further.all_pages:
            return following.all_pages(call)
        answer = call.send({})
        if further.wait is not None and operation.status_operation:
            return following.outcome(
                self.client, operation.status_operation, answer, limit=further.wait, progress=further.progress
            )
        if further.attach:
            return {**answer, "attachments": following.attach(self.client, answer, further.attach)}
        return answer


def _method(operation: Operation) -> Callable[..., Any]:
    """The method of an operation."""
    by_name = {p.python_name: p.name for p in operation.parameters}
    further = _further(operation)

    def method(self: Service, **given: Any) -> Any:
        unknown = given.keys() - by_name.keys() - further.keys()
        if unknown:
            expected = ", ".join((*by_name, *further))
            raise TypeError(f"{operation.id} takes no {', '.join(sorted(unknown))}; it takes {expected}")
        call = self.prepared(
            operation.id,
            {name: given.get(python_name) for python_name, name in by_name.items()},
            variables=given.get("variables"),
            data=given.get("data"),
        )
        return self.carry_out(
            call,
            Further(
                all_pages=given.get("all_pages", False),
                wait=given.get("timeout", WAIT) if given.get("wait") else None,
                attach={key: [str(path) for path in paths] for key, paths in (given.get("attach") or {}).items()},
            ),
        )

    method.__name__ = operation.id.replace("-", "_")
    method.__doc__ = f'{operation.description}\n\nSource: {operation.service} document, "{operation.heading}".'
    kind = inspect.Parameter.KEYWORD_ONLY
    names = [
        *(inspect.Parameter(p.python_name, kind) for p in operation.parameters if p.required and p.place == "path"),
        *(
            inspect.Parameter(p.python_name, kind, default=None)
            for p in operation.parameters
            if not (p.required and p.place == "path")
        ),
        *(inspect.Parameter(name, kind, default=default) for name, default in further.items()),
    ]
    own = inspect.Parameter("self", inspect.Parameter.POSITIONAL_ONLY)
    method.__signature__ = inspect.Signature([own, *names])  # type: ignore[attr-defined]
    return method


def _further(operation: Operation) -> dict[str, Any]:
    """The parameters that aren't the document's, with their defaults."""
    names: dict[str, Any] = {}
    if operation.variables:
        names["variables"] = None
    if operation.takes_data:
        names["data"] = None
    if operation.paged:
        names["all_pages"] = False
    if operation.status_operation:
        names |= {"wait": False, "timeout": WAIT}
    if operation.takes_files:
        names["attach"] = None
    return names


def _class(service: str) -> type[Service]:
    methods = {o.id.replace("-", "_"): _method(o) for o in openapi.operations(service).values()}
    name = {"v3": "V3"}.get(service, openapi.SERVICES[service])
    return type(name, (Service,), {"service": service, "__doc__": f"{name} at one address.", **methods})


CLASSES = {service: _class(service) for service in openapi.SERVICES}
