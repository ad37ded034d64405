"""What an answer means: its data, or the error that its status and body ask for."""

from __future__ import annotations

import contextlib
import gc
import json
import logging
from typing import TYPE_CHECKING, Any

from shipline.errors import NotAuthorisedError, RefusedError, ShiplineError, UnavailableError, UnknownOutcomeError
from shipline.services.openapi import with_definitions
from shipline.transport.redaction import redact

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shipline.services.openapi import Operation
    from shipline.transport.session import Answer, Request

drift = logging.getLogger("shipline.answers")
"""Gets a warning for what isn't as it was documented or given, and can be used all the same."""
drift.addHandler(logging.NullHandler())

_LONGEST_EXCERPT = 500
_MOST_WARNINGS = 5
_CREATED = (201, 202)
_CSV = "text/csv"


class MissingError(RefusedError):
    """404 or 405: the server has no such thing, or no such operation."""


class LostAnswerError(UnknownOutcomeError):
    """The request was accepted (2xx), and the rest of the answer was lost."""


class ConflictError(RefusedError):
    """409, or a 400 that speaks of something double; ``certain`` if it says that the thing itself is there already."""

    certain = False


def read(where: str, operation: Operation, request: Request, answer: Answer) -> Any:
    """The answer's data; None when it is empty, or created (201, 202) and unreadable. ``where`` names the call.

    CSV, where the operation may answer with it, and what an operation says that isn't described, are text.

    Raises NotAuthorisedError (401, 403), MissingError (404, 405), ConflictError (409, "already exists"), RefusedError
    (other 4xx, 3xx), UnavailableError (a look-up that failed, 429), and UnknownOutcomeError where a change may have
    been applied.
    """
    if not answer.ok:
        raise _refusal(where, operation, request, answer)
    if operation.statuses and answer.status not in operation.statuses:
        drift.warning("%s answered %s, documented is %s", where, answer.status, ", ".join(map(str, operation.statuses)))
    if answer.cut_off:
        raise LostAnswerError(
            f"{where} answered {answer.status}, and the rest of its answer was lost",
            todo="look at the service before running again",
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
        todo = "" if request.safe else "it was accepted: look at the service before sending it again"
        raise _useless(request)(f"{where}: the answer is nested too deep to be read", todo=todo) from None
    return data


def _refusal(where: str, operation: Operation, request: Request, answer: Answer) -> ShiplineError:
    status, why = answer.status, _said(answer)
    if not answer.body.strip() and status in operation.refusals:
        why = f"{why}; {status} means here: {operation.refusals[status]}"
    if status in (408, 429) or status >= 500:  # noqa: PLR2004
        return _overloaded(where, request, answer, why)
    if status in (401, 403):
        todo = (
            "check the key: is it this server's, enabled, allowed from this machine's address, "
            "and does it have the permission?"
        )
        return NotAuthorisedError(f"{where} answered {status}", why=why, todo=todo)
    if status in (404, 405):
        todo = "check the url and the names: does the server have this?"
        return MissingError(f"{where} answered {status}", why=why, todo=todo)
    if status == 409 or (status == 400 and any(words in why.lower() for words in ("already exist", "duplicate"))):  # noqa: PLR2004
        conflict = ConflictError(f"{where} answered {status}", why=why, todo="look at what is there already")
        conflict.certain = status == 409 or "already exist" in why.lower()  # noqa: PLR2004
        return conflict
    todo = "correct what it says and run again"
    if (status == 303 or status < 200) and not request.safe:  # noqa: PLR2004
        what = f"{where} answered {status}: the request may have been applied"
        return UnknownOutcomeError(what, why=why, todo="look at the service before running again")
    redirected = 300 <= status < 400  # noqa: PLR2004
    return _redirect(where, answer) if redirected else RefusedError(f"{where} answered {status}", why=why, todo=todo)


def _overloaded(where: str, request: Request, answer: Answer, why: str) -> ShiplineError:
    """408, 429 and 5xx: a limiter runs before the work, everything else may have failed after it."""
    if request.safe or answer.status == 429:  # noqa: PLR2004
        what = f"{where} answered {answer.status} until the retries ran out"
        return UnavailableError(what, why=why, todo="run again later: nothing was applied")
    what = f"{where} answered {answer.status}: the request may or may not have been applied"
    return UnknownOutcomeError(what, why=why, todo="look at the service before running again")


def _redirect(where: str, answer: Answer) -> ShiplineError:
    return RefusedError(
        f"{where} answered {answer.status}, a redirect to {excerpt(answer.headers.get('Location', 'another address'))}",
        why="a redirect is never followed: the key would go to wherever it points",
        todo="set the url to the address that answers without a redirect",
    )


def _not_json(where: str, request: Request, answer: Answer) -> ShiplineError:
    what = "a web page" if answer.html else "something that isn't JSON"
    why = "a license or log-in page, or a proxy in between, answers so" if answer.html else excerpt(answer.text)
    todo = "open the url in a browser: is the server activated, and is this its API's address?"
    return _useless(request)(f"{where} answered {answer.status} with {what}", why=why, todo=todo)


def _check_shape(where: str, operation: Operation, request: Request, data: Any) -> None:
    """Only what is needed must be there: servers add and omit fields from version to version."""
    from jsonschema import Draft202012Validator

    schema = with_definitions(operation.service, operation.answer_schema)
    warned = 0
    for error in Draft202012Validator(schema).iter_errors(data):
        what = excerpt(f"{error.json_path}: {error.message}")
        if error.validator in ("required", "anyOf", "oneOf") or (error.validator == "type" and not error.absolute_path):
            todo = "" if request.safe else "it was accepted: look at the service before sending it again"
            raise _useless(request)(f"{where}: the answer lacks what is needed", why=what, todo=todo)
        warned += 1
        if warned <= _MOST_WARNINGS:
            drift.warning("%s: the answer isn't as documented: %s", where, what)
    if warned > _MOST_WARNINGS:
        drift.warning("%s: the answer isn't as documented in %d more places", where, warned - _MOST_WARNINGS)


def _loaded(body: bytes) -> Any:
    """Halves of surrogate pairs, which no file and no later request could hold, become question marks."""
    with _nothing_collected():
        data = json.loads(body)
        if body.isascii() and b"\\" not in body:
            return data
        return json.loads(json.dumps(data, ensure_ascii=False).encode("utf-8", "replace"))


@contextlib.contextmanager
def _nothing_collected() -> Iterator[None]:
    """Finalizers of garbage would fail, with a traceback in the log, where an answer is nested too deep to be read."""
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()


def _useless(request: Request) -> type[ShiplineError]:
    """A 2xx that can't be used: after a change, the change may well have been made."""
    return RefusedError if request.safe else UnknownOutcomeError


def _said(answer: Answer) -> str:
    """The reason in an error answer, in whichever of the services' shapes it comes."""
    try:
        data = _loaded(answer.body)
        shown = str(data)
    except (ValueError, RecursionError):
        web_page = "the answer is a web page, perhaps a proxy's"
        return web_page if answer.html else excerpt(answer.text) or "the answer is empty"
    if not isinstance(data, dict):
        return excerpt(shown)
    parts = [str(data[name]) for name in ("code", "message", "description") if data.get(name)]
    invalid = data.get("invalidParameters")
    named = (p for p in invalid if isinstance(p, dict)) if isinstance(invalid, list) else ()
    parts.extend(f"{p.get('name')}: {p.get('description')}" for p in named)
    return excerpt("; ".join(parts) or "; ".join(f"{name}: {value}" for name, value in data.items()))


def excerpt(text: str) -> str:
    """What of a foreign text is shown: one line, secrets hidden, of bounded length."""
    text = redact(" ".join(text.split()))  # before it is cut: half a key can't be recognised
    return text if len(text) <= _LONGEST_EXCERPT else text[:_LONGEST_EXCERPT] + " …"
