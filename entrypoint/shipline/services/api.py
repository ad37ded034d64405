"""The three services for scripts: ``BuildMaster(url, key).create_build(release_id=4, variables={"Branch": "main"})``.

Each operation of a service's OpenAPI file is a method, named after the document's heading; its parameters have the
document's names in snake case. ``services/__init__.pyi``, generated from the same files, gives the types.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping
from dataclasses import field
from typing import TYPE_CHECKING, Any, ClassVar

from shipline import values
from shipline.errors import InvalidInputError, Problem
from shipline.pipeline import Network
from shipline.record import dataclass
from shipline.services import arguments, following, openapi
from shipline.services.answer import drift
from shipline.services.operation import Client
from shipline.transport.redaction import Secret, redact

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from shipline.services.following import Files
    from shipline.services.openapi import Operation, Parameter
    from shipline.services.operation import Call

WAIT = 600.0  # seconds, for what was queued
_ALL_PAGES, _TIMEOUT, _ATTACH = map(arguments.own, ("allPages", "timeout", "attach"))
_FURTHER = {
    "variables": "BuildMaster's variables by name",
    "data": "the body as a dictionary, to which single fields are added",
    "all_pages": "every page in one answer; none if one fails",
    "wait": "wait until what is queued has been carried out",
    "timeout": "how many seconds to wait at most",
    "attach": "a path or several by file element, uploaded to what was made; the answer has them as attachments",
    "as_form": "the file in a form (multipart/form-data), as servers of one's own installation want it",
}


@dataclass(frozen=True, slots=True)
class Further:
    """What to do beyond the one request."""

    all_pages: bool = False
    wait: bool = False  # for what is queued
    timeout: float = WAIT  # seconds
    attach: Files = field(default_factory=dict)
    as_form: bool = False
    progress: Callable[[str], None] = lambda _text: None

    def problems(
        self, operation: Operation, given: Mapping[str, Any], shown: Callable[[Parameter], str]
    ) -> Iterator[Problem]:
        """What is wrong with it, found before anything is sent."""
        for parameter in operation.parameters if self.all_pages else ():
            if parameter.name in ("page", "limit") and given.get(parameter.name) is not None:
                yield Problem(shown(parameter), "", f"must not be given beside {shown(_ALL_PAGES)}")
        if not _is_time(self.timeout):
            yield Problem(shown(_TIMEOUT), "", f"{self.timeout!r} is no time to wait: expected seconds, such as 600")
        yield from following.unattachable(self.attach, shown(_ATTACH))


def _is_time(given: object) -> bool:
    return isinstance(given, int | float) and not isinstance(given, bool) and given >= 0


def _text(given: object) -> str:
    """Empty for anything else, such as the None of a variable that isn't set."""
    return given if isinstance(given, str) else ""


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
        """``url`` as in the config file; ``file_server`` is v3's release server, its ``releases-url``.

        Raises InvalidInputError.
        """
        self.warnings: tuple[str, ...] = ()
        url, key = _text(url), _text(key)
        secret = Secret(key, key_name)
        redact.register(secret)
        problems = [*self._of_url(url, url_name, allow_http=allow_http)]
        if file_server := _text(file_server):
            problems += self._of_url(file_server, "file_server", allow_http=allow_http)
        if not key:
            problems.append(Problem(key_name, "", "is missing: expected the service's key"))
        elif secret.malformed:
            problems.append(Problem(key_name, "", secret.malformed))
        if problems:
            raise InvalidInputError(problems)
        base, files = map(self._base, (url, file_server))
        self.client = Client(self.service, base, secret, network or Network(), file_server=files)

    def _base(self, url: str) -> str:
        suffix = "/v3" if self.service == "v3" else openapi.prefix(self.service)
        return url.rstrip("/").removesuffix(suffix).rstrip("/")

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
        further: Further | None = None,
        flags: bool = False,
    ) -> Call:
        """A call with these values, checked and not sent; see arguments.call. ``flags``: what parameters are called."""
        operation = openapi.find(self.service, operation_id)
        for parameter in operation.parameters:
            value = given.get(parameter.name)
            if value is None and isinstance(data, Mapping) and parameter.place == "body":
                value = data.get(parameter.name)
            if parameter.schema.get("format") == "password" and isinstance(value, str):
                redact.register(Secret(value, parameter.name))

        def shown(parameter: Parameter) -> str:
            return parameter.flag if flags else parameter.python_name

        name = f"{type(self).__name__}.{_name(operation)}"
        return arguments.call(
            self.client,
            operation,
            given,
            variables=variables,
            data=data,
            shown=shown,
            see=f"see shipline {self.service} {operation.id} --help" if flags else f"see help({name})",
            more=(further or Further()).problems(operation, given, shown),
            as_form=(further or Further()).as_form,
        )

    def carry_out(self, call: Call, further: Further) -> Any:
        """Send a prepared call and what follows from it; the last answer."""
        operation = call.operation
        if further.all_pages:
            return following.all_pages(call)
        answer = call.send({})
        if unsaved := following.unsaved(call, answer):
            drift.warning(
                "%s: accepted, and not saved: %s; is the listener set up for it, and for a value of this type?",
                operation.heading,
                ", ".join(unsaved),
            )
        if further.wait and operation.status_operation:
            return following.outcome(
                self.client, operation.status_operation, answer, limit=further.timeout, progress=further.progress
            )
        if further.attach:
            attached = following.attach(self.client, answer, further.attach)
            return {**answer, "attachments": attached}
        return answer


def _name(operation: Operation) -> str:
    return operation.id.replace("-", "_")


def _method(operation: Operation, class_name: str) -> Callable[..., Any]:
    """The method of an operation."""
    by_name = {p.python_name: p.name for p in operation.parameters}
    own = _further(operation)

    def method(self: Service, **given: Any) -> Any:
        unknown = given.keys() - by_name.keys() - own.keys()
        if unknown:
            expected = ", ".join((*by_name, *own))
            raise TypeError(f"{operation.id} takes no {', '.join(sorted(unknown))}; it takes {expected}")
        settings = {
            name: given[name] for name in ("all_pages", "wait", "timeout", "as_form") if given.get(name) is not None
        }
        further = Further(**settings, attach=following.listed(given.get("attach") or {}))
        call = self.prepared(
            operation.id,
            {name: given.get(python_name) for python_name, name in by_name.items()},
            variables=given.get("variables"),
            data=given.get("data"),
            further=further,
        )
        return self.carry_out(call, further)

    method.__name__ = _name(operation)
    method.__qualname__ = f"{class_name}.{_name(operation)}"
    method.__module__ = "shipline.services"
    method.__doc__ = _docstring(operation, own)
    kind = inspect.Parameter.KEYWORD_ONLY
    needed = [inspect.Parameter(p.python_name, kind) for p in operation.parameters if operation.needs(p)]
    others = [
        inspect.Parameter(p.python_name, kind, default=None) for p in operation.parameters if not operation.needs(p)
    ]
    ours = [inspect.Parameter(name, kind, default=default) for name, default in own.items()]
    this = inspect.Parameter("self", inspect.Parameter.POSITIONAL_ONLY)
    method.__signature__ = inspect.Signature([this, *needed, *others, *ours])  # type: ignore[attr-defined]
    return method


def _docstring(operation: Operation, own: Mapping[str, Any]) -> str:
    lines = [operation.description, ""]
    for parameter in sorted(operation.parameters, key=lambda p: not operation.needs(p)):
        must = " (required)" if parameter.required else ""
        lines.append(f"{parameter.python_name}: {parameter.description.rstrip('.')}{must}")
    lines += [f"{name}: {_FURTHER[name]}" for name in own]
    source = f'Source: {operation.service} document, "{operation.heading}".'
    return re.sub(r"\n\n+", "\n\n", "\n".join((*lines, "", source)))


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
    if operation.form_field:
        names["as_form"] = False
    return names


def _class(service: str) -> type[Service]:
    name = {"v3": "V3"}.get(service, openapi.SERVICES[service])
    methods = {_name(o): _method(o, name) for o in openapi.operations(service).values()}
    content = {"service": service, "__doc__": f"{name} at one address.", "__module__": "shipline.services", **methods}
    return type(name, (Service,), content)


CLASSES = {service: _class(service) for service in openapi.SERVICES}
