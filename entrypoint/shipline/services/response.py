"""From a response to its data, or to the error that its status and body mean."""

from __future__ import annotations

import contextlib
import gc
import json
import logging
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from shipline.display import excerpt
from shipline.errors import NotAuthorisedError, RefusedError, ShiplineError, UnavailableError, UnknownOutcomeError
from shipline.services.openapi import Operation, rate_limit, violations
from shipline.transport import prefetch
from shipline.transport.rate_limit import is_own_refusal
from shipline.transport.retry import seconds_to_wait

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shipline.transport.messages import Request, Response


schema_drift_log = logging.getLogger("shipline.answers")
"""Gets a warning for each difference from the documentation that doesn't prevent the use of a response or argument."""
schema_drift_log.addHandler(logging.NullHandler())
schema_drift_log.addFilter(prefetch.keep)

_MAX_WARNINGS = 5  # for one response
_CREATED = (HTTPStatus.CREATED, HTTPStatus.ACCEPTED)
_CSV = "text/csv"


class MissingError(RefusedError):
    """404 or 405: the server doesn't have the object or the operation."""


class LimitedError(UnavailableError):
    """429 to a change, which a program in between may have sent twice: whether it was applied has to be looked up.

    ``pause``: seconds to wait before it is sent again, if the response has them.
    """

    def __init__(self, what: str, *, why: str = "", todo: str = "", pause: float | None = None) -> None:
        super().__init__(what, why=why, todo=todo)
        self.pause = pause


class LostAnswerError(UnknownOutcomeError):
    """The server accepted the request (2xx), and the rest of the response was lost."""


class ConflictError(RefusedError):
    """409, or a 400 that reports a duplicate. ``certain`` is true if the response says that the object exists."""

    def __init__(self, what: str, *, why: str = "", todo: str = "", certain: bool = False) -> None:
        super().__init__(what, why=why, todo=todo)
        self.certain = certain


def read(where: str, operation: Operation, request: Request, answer: Response, key_name: str = "nowhere") -> Any:
    """The response's data; None if it is empty, or created (201, 202) and unreadable.

    ``where`` names the call, ``key_name`` the origin of the key. CSV (if documented for the operation) and an
    undocumented body that isn't JSON are returned as text.

    Raises NotAuthorisedError (401, 403), MissingError (404, 405), ConflictError (409, "already exists"), RefusedError
    (other 4xx, 3xx), UnavailableError (a failed read-only request, 429), LimitedError (429 to a change that a read
    has to settle), and UnknownOutcomeError if a change may have been applied.
    """
    if not answer.ok:
        raise _error(where, operation, request, answer, key_name)
    if operation.statuses and answer.status not in operation.statuses:
        schema_drift_log.warning(
            "%s responded %s, expected %s", where, answer.status, ", ".join(map(str, operation.statuses))
        )
    if answer.cut_off:
        raise LostAnswerError(
            f"{where} responded {answer.status}, and the rest of the response was lost",
            todo=f"the service accepted it: check {request.origin} for the result before you send it again",
        )
    if not answer.body.strip():
        return None
    if answer.media == _CSV and _CSV in operation.answer_media:
        return answer.text
    try:
        data = _loaded(answer.body)
    except (ValueError, RecursionError):
        if answer.status in _CREATED and not answer.html:
            return None
        if not operation.answer_media and not answer.html:
            return answer.text
        raise _not_json(where, request, answer) from None
    try:
        _check_shape(where, operation, request, data)
    except RecursionError:
        raise _unusable(request, f"{where}: the response has too many levels") from None
    return data


def _error(where: str, operation: Operation, request: Request, answer: Response, key_name: str) -> ShiplineError:
    """The error that a status outside of 2xx means."""
    status, why = answer.status, _server_message(answer)
    what = f"{where} responded {status}"
    if not answer.body.strip() and status in operation.refusals:
        why = f"{why}; {status} means here: {operation.refusals[status]}"
    if status in (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS) or status >= 500:  # noqa: PLR2004
        return _overloaded(operation, request, answer, what, why)
    if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        todo = (
            "check that the key belongs to this server, is enabled, has the permission, and is allowed from this "
            f"IP address (the key is from {key_name}); then run again"
        )
        return NotAuthorisedError(what, why=why, todo=todo)
    if status in (HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED):
        return MissingError(what, why=why, todo="check the URL and the names")
    conflict, exists = status == HTTPStatus.CONFLICT, "already exist" in why.lower()
    if conflict or (status == HTTPStatus.BAD_REQUEST and (exists or "duplicate" in why.lower())):
        return ConflictError(what, why=why, todo="check the existing object", certain=conflict or exists)
    if status < HTTPStatus.BAD_REQUEST:
        return _redirect(request, answer, what, why)
    return RefusedError(what, why=why, todo="fix what the response names and run again")


def _overloaded(operation: Operation, request: Request, answer: Response, what: str, why: str) -> ShiplineError:
    """408, 429 and 5xx. A rate limit (429) applies before the work; after others the work may have been done.

    A 429 proves that nothing was applied only in the service's own form; else a read-only request shows it.
    """
    limited, limit = answer.status == HTTPStatus.TOO_MANY_REQUESTS, rate_limit(operation.service)
    if request.safe or (limited and is_own_refusal(limit, answer)):
        todo = "run again later: nothing was applied"
        return UnavailableError(f"{what} until the retries ran out", why=why, todo=todo)
    if limited and not (limit and limit.refusal):
        todo = (
            "run again later; before you send it by hand, check whether it was applied: a proxy may have sent it twice"
        )
        return LimitedError(what, why=why, todo=todo, pause=seconds_to_wait(answer.headers))
    todo = request.check
    return UnknownOutcomeError(f"{what}: the request may or may not have been applied", why=why, todo=todo)


def _redirect(request: Request, answer: Response, what: str, why: str) -> ShiplineError:
    """3xx and 1xx. After a change, 303 leads to its result."""
    if (answer.status == HTTPStatus.SEE_OTHER or answer.status < HTTPStatus.OK) and not request.safe:
        todo = request.check
        return UnknownOutcomeError(f"{what}: the request may have been applied", why=why, todo=todo)
    return RefusedError(
        f"{what}, a redirect to {excerpt(answer.headers.get('Location', 'another address'))}",
        why="Shipline never follows a redirect: its target would get the key",
        todo="set the URL to the address that responds without a redirect",
    )


def _not_json(where: str, request: Request, answer: Response) -> ShiplineError:
    what = "a web page" if answer.html else "something that isn't JSON"
    why = "it may be a license or log-in page, or a proxy's" if answer.html else excerpt(answer.text)
    todo = "open the URL in a browser: check that the server is active, and that this is its API's address"
    return _unusable(request, f"{where} responded {answer.status} with {what}", why=why, todo=todo)


def _check_shape(where: str, operation: Operation, request: Request, data: Any) -> None:
    """Raise an error for missing required data, and log other differences: servers' fields change with the version."""
    warned = 0
    for error in violations(operation.service, operation.answer_schema, data):
        what = excerpt(f"{error.json_path}: {error.message}")
        if error.validator in ("required", "anyOf", "oneOf") or (error.validator == "type" and not error.absolute_path):
            raise _unusable(request, f"{where}: the response lacks required fields", why=what)
        warned += 1
        if warned <= _MAX_WARNINGS:
            schema_drift_log.warning("%s: the response isn't as documented: %s", where, what)
    if warned > _MAX_WARNINGS:
        schema_drift_log.warning(
            "%s: the response isn't as documented in %d more places", where, warned - _MAX_WARNINGS
        )


def _unusable(request: Request, what: str, *, why: str = "", todo: str = "") -> ShiplineError:
    """The error for a 2xx response that can't be used: a change has probably been made."""
    if request.safe:
        return RefusedError(what, why=why, todo=todo)
    accepted = f"the service accepted it: check {request.origin} for the result before you send it again"
    return UnknownOutcomeError(what, why=why, todo=f"{todo}; {accepted}" if todo else accepted)


def _loaded(body: bytes) -> Any:
    """Parse JSON. Lone surrogates, which no file and no later request could hold, become question marks."""
    with _without_garbage_collection():
        data = json.loads(body)
        if body.isascii() and b"\\" not in body:
            return data
        return json.loads(json.dumps(data, ensure_ascii=False).encode("utf-8", "replace"))


@contextlib.contextmanager
def _without_garbage_collection() -> Iterator[None]:
    """Keep finalizers from running close to the recursion limit, where they fail with a traceback in the log."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _server_message(answer: Response) -> str:
    """The reason in an error response, in any of the three services' formats."""
    try:
        data = _loaded(answer.body)
        shown = str(data)
    except (ValueError, RecursionError):
        web_page = "the response is a web page, perhaps a proxy's"
        return web_page if answer.html else excerpt(answer.text) or "the response is empty"
    if not isinstance(data, dict):
        return excerpt(shown)
    parts = [str(data[name]) for name in ("code", "message", "description") if data.get(name)]
    invalid = data.get("invalidParameters")
    named = (p for p in invalid if isinstance(p, dict)) if isinstance(invalid, list) else ()
    parts.extend(f"{p.get('name')}: {p.get('description')}" for p in named)
    return excerpt("; ".join(parts) or "; ".join(f"{name}: {value}" for name, value in data.items()))
