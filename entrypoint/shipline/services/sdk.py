"""The three services for scripts: ``BuildMaster(url, key).create_build(release_id=4, variables={"Branch": "main"})``.

Each operation of a service's OpenAPI file is a method, named by its operation id; its parameters have the file's names
in snake case. ``services/__init__.pyi``, generated from the same files, gives the types. The commands of the services
use ``prepare`` and ``execute``.
"""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from shipline import values
from shipline.errors import InvalidInputError, Problem
from shipline.redaction import Secret, redact
from shipline.services import follow_up, openapi, parameters
from shipline.services.client import Call, Client
from shipline.services.parameters import Arguments
from shipline.services.registry import SERVICES, misread_key
from shipline.services.response import schema_drift_log
from shipline.transport.settings import Network

if TYPE_CHECKING:
    from collections.abc import Callable

    from shipline.services.openapi import Operation
    from shipline.transport.messages import Report


_OPTIONS = {
    "variables": "BuildMaster's variables by name",
    "data": "the body as a dictionary; other arguments add fields to it",
    "all_pages": "all pages in one response; none if one fails",
    "wait": "wait until the service has done what it queued",
    "timeout": "how many seconds to wait at most",
    "attach": "a path or several by file element, to upload to the new object; the response lists them as attachments",
    "check_allowed": "also request whether the license allows the release, as allowed in the answer",
    "as_form": "the file in a form (multipart/form-data), as a self-hosted server expects",
}


class Service:
    """One service at one address. Methods raise a ShiplineError (shipline.errors) with advice."""

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
        needs_key: bool = True,
    ) -> None:
        """``url`` as in the config file; ``file_server`` is v3's release server, its ``releases-url``.

        ``needs_key`` is false for operations that the service offers without a key. Raises InvalidInputError.
        """
        key = _text(key)
        secret = Secret(key, key_name)
        redact.register(secret)
        base = self._check_url(_text(url), allow_http=allow_http)
        files = self._check_url(file_server, allow_http=allow_http) if _text(file_server) else values.ServiceUrl()
        key_problem = "is missing: expected the service's key" if needs_key else ""
        if key:
            key_problem = misread_key(secret, self.service, SERVICES[self.service].key_variable, Path())
        by_argument = {url_name: base.problem, "file_server": files.problem, key_name: key_problem}
        if problems := [Problem(name, "", what) for name, what in by_argument.items() if what]:
            raise InvalidInputError(problems)
        self.warnings: tuple[str, ...] = tuple({checked.warning for checked in (base, files) if checked.warning})
        used = secret if key else None
        self.client = Client(self.service, base.base, used, network or Network(), file_server=files.base)

    def _check_url(self, url: str, *, allow_http: bool) -> values.ServiceUrl:
        if not url:
            return values.ServiceUrl(problem="is missing: expected the service's address, such as https://example.com")
        suffix = "/v3" if self.service == "v3" else openapi.prefix(self.service)
        return values.service_url(url, suffix=suffix, allow_http=allow_http or None)

    def prepare(self, operation: Operation, arguments: Arguments) -> Call:
        """Check the arguments and return the call, not sent. Raises InvalidArgumentsError with every problem."""
        return parameters.prepare(self.client, operation, arguments)

    def execute(self, call: Call, arguments: Arguments, report: Report | None = None) -> Any:
        """Send a prepared call and the requests that follow from it; return the data of the last response.

        ``report`` receives each new status while the call waits, and how far an upload is.
        """
        operation = call.operation
        if arguments.all_pages:
            return follow_up.all_pages(call)
        data = call.send({}, report)
        if unsaved := follow_up.unsaved(call, data):
            schema_drift_log.warning(
                "%s: accepted, but not saved: %s; check that the listener has it as a parameter of this type",
                operation.heading,
                ", ".join(unsaved),
            )
        if arguments.wait and operation.status_operation:
            status = operation.status_operation
            wait = follow_up.WAITS.get(operation.id, follow_up.poll)
            progress = report.progress if report else lambda _: None
            return wait(self.client, status, data, timeout=arguments.timeout, progress=progress)
        if arguments.check_allowed and data:
            return follow_up.with_allowed(call, data)
        if arguments.attach:
            attachments = follow_up.attach(self.client, data, arguments.attach)
            return {**data, "attachments": attachments}
        return data


def _text(given: object) -> str:
    """Text as it is; empty for anything else, such as the None of a variable that isn't set."""
    return given if isinstance(given, str) else ""


def _method(operation: Operation, class_name: str) -> Callable[..., Any]:
    """The method of an operation."""
    by_name = {p.python_name: p.name for p in operation.parameters}
    expected = (*by_name, *operation.options)

    def method(self: Service, **given: Any) -> Any:
        if unknown := given.keys() - {*expected}:
            takes = f"it takes {', '.join(expected)}"
            raise TypeError(f"{operation.id} takes no {', '.join(sorted(unknown))}; {takes}")
        options = {name: given[name] for name in operation.options if given.get(name) is not None}
        options["attach"] = parameters.listed(given.get("attach") or {})
        arguments = Arguments({name: given.get(python_name) for python_name, name in by_name.items()}, **options)
        return self.execute(self.prepare(operation, arguments), arguments)

    method.__name__ = operation.method_name
    method.__qualname__ = f"{class_name}.{operation.method_name}"
    method.__module__ = "shipline.services"
    method.__doc__ = _docstring(operation)
    method.__signature__ = _signature(operation)  # type: ignore[attr-defined]
    return method


def _signature(operation: Operation) -> inspect.Signature:
    keyword = inspect.Parameter.KEYWORD_ONLY
    required = [inspect.Parameter(p.python_name, keyword) for p in operation.parameters if operation.needs(p)]
    defaults = {p.python_name: None for p in operation.parameters if not operation.needs(p)}
    defaults |= {name: Arguments._field_defaults[name] if name != "attach" else None for name in operation.options}
    others = [inspect.Parameter(name, keyword, default=default) for name, default in defaults.items()]
    return inspect.Signature([inspect.Parameter("self", inspect.Parameter.POSITIONAL_ONLY), *required, *others])


def _docstring(operation: Operation) -> str:
    lines = [operation.description, ""]
    for parameter in sorted(operation.parameters, key=lambda p: not operation.needs(p)):
        must = " (required)" if parameter.required else ""
        lines.append(f"{parameter.python_name}: {parameter.description.rstrip('.')}{must}")
    lines += [f"{name}: {_OPTIONS[name]}" for name in operation.options]
    source = f'Source: {operation.service} document, "{operation.heading}".'
    return re.sub(r"\n\n+", "\n\n", "\n".join((*lines, "", source)))


def _class(service: str) -> type[Service]:
    name = SERVICES[service].class_name
    methods = {o.method_name: _method(o, name) for o in openapi.operations(service).values()}
    content = {"service": service, "__doc__": f"{name} at one address.", "__module__": "shipline.services", **methods}
    return type(name, (Service,), content)


CLASSES = {service: _class(service) for service in SERVICES}
