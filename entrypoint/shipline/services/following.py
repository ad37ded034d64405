"""What an operation's answer leads on to: further pages, the outcome of what it queued, files for what it made."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Iterable, Mapping
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shipline.errors import (
    Problem,
    QueuedFailedError,
    RefusedError,
    ShiplineError,
    TimedOutError,
    UnavailableError,
    UnknownOutcomeError,
)
from shipline.services.arguments import unsendable
from shipline.transport.upload import Upload

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from shipline.services.operation import Call, Client

    Files = Mapping[str, str | PathLike[str] | Iterable[str | PathLike[str]]]  # by file element

PAGE_SIZE = 100  # of v3 lists, the most they give
_SHORTEST_PAUSE, _LONGEST_PAUSE = 1.0, 10.0  # seconds
_LATER = "don't send it again, it goes on by itself: ask for its status later"
UPLOAD = "upload-file-attachment"


def all_pages(call: Call) -> Any:
    """The answer with the data of every page: a data package's ``data``, or the items of a list.

    Raises what a page that can't be had raises: there is no partial answer.
    """
    pages: Iterator[Any] = _packages(call) if "paging" in _properties(call) else _lists(call)
    first: Any = next(pages)
    if isinstance(first, list):
        return [*first, *(item for page in pages for item in page)]
    return {**first, "data": [*_rows(first), *(row for page in pages for row in _rows(page))]}


def unsaved(call: Call, answer: Any) -> list[str]:
    """The parameters that were sent to a data listener, and that the answer says weren't saved.

    Source: Centercode API reference, "ListenerDataSaved": what isn't configured, or is of another type, isn't matched.
    """
    fields = answer.get("fields") if isinstance(answer, Mapping) and "fields" in _properties(call) else None
    if not isinstance(fields, list) or not isinstance(call.body, Mapping):
        return []
    told = {_text(one, "parameter").casefold() for one in fields if _member(one, "matched") is False}
    return [name for name in call.body if name.casefold() in told]


def _rows(page: Mapping[str, Any]) -> list[Any]:
    return page.get("data") or []


def _properties(call: Call) -> Mapping[str, Any]:
    from shipline.services.openapi import resolved

    found: Mapping[str, Any] = resolved(call.operation.service, call.operation.answer_schema).get("properties", {})
    return found


def _packages(call: Call) -> Iterator[Mapping[str, Any]]:
    """Source: Centercode API reference, "DataPackage": the first page tells how many there are."""
    number, last = 1, 1
    while number <= last:
        page = _page(call, page=str(number))
        if not isinstance(page, Mapping):
            raise _no_count(call, "answers with CSV" if page else "gave an empty answer")
        try:
            last = int((page.get("paging") or {}).get("totalPages") or 1)
        except (TypeError, ValueError, AttributeError):
            raise _no_count(call, "answers with no number of pages") from None
        yield page
        number += 1


def _no_count(call: Call, what: str) -> RefusedError:
    return RefusedError(
        f"{call.operation.service}: {call.operation.heading} {what}",
        why="it doesn't say how many pages there are",
        todo="ask for one page at a time, or have the report element give JSON",
    )


def _lists(call: Call) -> Iterator[list[Any]]:
    """Nothing documented tells how many pages there are, and a server may give fewer items than the limit asks for: the
    end is a page that is empty or brings nothing new."""
    seen: set[str] = set()
    for number in itertools.count(1):
        page = _page(call, page=str(number), limit=str(PAGE_SIZE)) or []
        fresh = {key: item for item in page if (key := _identity(item)) not in seen}
        yield [*fresh.values()]
        seen |= fresh.keys()
        if not fresh:
            return


def _identity(item: Any) -> str:
    known = item.get("id") if isinstance(item, Mapping) else None
    return str(known) if known else json.dumps(item, sort_keys=True)


def _page(call: Call, **query: str) -> Any:
    return replace(call, query={**call.query, **query}).send({})


def outcome(client: Client, operation_id: str, accepted: Any, *, limit: float, progress: Callable[[str], None]) -> Any:
    """Ask the ``statusEndpoint`` of an accepted request until it has succeeded; the last answer.

    ``operation_id`` is the status operation's, ``limit`` in seconds. Raises QueuedFailedError, TimedOutError, what the
    status operation raises, RefusedError for an endpoint on another server, and UnknownOutcomeError where the answers
    don't tell. Source: Centercode API reference, "Asynchronous Operations".
    """
    endpoint = _text(accepted, "statusEndpoint")
    if not endpoint:
        raise _untold(client, "the answer doesn't say where its status is", "look in Centercode")
    until = time.monotonic() + limit
    shown = endpoint.partition("?")[0]  # a key may stand in its query
    pause = _SHORTEST_PAUSE
    before = ""
    while True:
        answer = _status(client, operation_id, endpoint, shown)
        now = str(answer["status"])
        if now == "Succeeded":
            return answer
        if now == "Failed":
            raise QueuedFailedError(
                f"{client.service}: what was accepted has failed ({shown})",
                why="Centercode doesn't say why",
                todo="look at the listener's or the source's log in Centercode",
            )
        if now != before:
            progress(f"{now}: {shown}")
            before = now
        if time.monotonic() + pause > until:
            raise TimedOutError(
                f"{client.service}: it is still {now} after {limit:.0f} s ({shown})",
                todo=_LATER,
            )
        time.sleep(pause)
        pause = min(pause * 1.5, _LONGEST_PAUSE)


def _status(client: Client, operation_id: str, endpoint: str, shown: str) -> Mapping[str, Any]:
    try:
        answer = client.send_to(operation_id, endpoint)
    except UnavailableError as error:  # whose exit code says that nothing was applied
        raise TimedOutError(
            f"{client.service}: it was accepted, and its status can't be had: {error.what}", why=error.why, todo=_LATER
        ) from None
    except ShiplineError as error:
        error.todo = f"don't send it again, it was accepted. {error.todo}"
        raise
    if not _text(answer, "status"):
        raise _untold(client, "the answer about its status is empty", f"ask {shown} for its status")
    found: Mapping[str, Any] = answer
    return found


def _untold(client: Client, why: str, then: str) -> UnknownOutcomeError:
    return UnknownOutcomeError(
        f"{client.service}: it was accepted, but what came of it is not known",
        why=why,
        todo=f"don't send it again: {then}",
    )


def _member(answer: Any, name: str) -> Any:
    return answer.get(name) if isinstance(answer, Mapping) else None


def _text(answer: Any, name: str) -> str:
    """A member of an answer, which may lack it, or be empty."""
    return str(_member(answer, name) or "")


def unattachable(files: object, name: str) -> Iterator[Problem]:
    """What is wrong with files to attach, before anything is sent; ``name`` is what the caller calls them."""
    if not isinstance(files, Mapping):
        yield Problem(name, "", "expected paths by file element, such as {'Screenshot': ['a.png']}")
        return
    for element, given in files.items():
        for path in _one_or_more(given):
            usable = isinstance(path, str | PathLike)
            what = unsendable(_upload(path)) if usable else f"{path!r} is no path"
            if what:
                yield Problem(f"{name} {element}", "", what)


def listed(files: Any) -> Any:
    """Files with a list of paths for each element, so that they can be gone through more than once."""
    return {key: _one_or_more(given) for key, given in files.items()} if isinstance(files, Mapping) else files


def _one_or_more(given: Any) -> list[Any]:
    return [*given] if isinstance(given, Iterable) and not isinstance(given, str | PathLike) else [given]


def _upload(path: str | PathLike[str]) -> Upload:
    return Upload(Path(path), "file")


def attach(client: Client, made: Any, files: Files) -> list[Any]:
    """Upload files to what ``made`` describes; the answers, in order.

    Raises RefusedError, before anything is uploaded, for an element that isn't there or takes one file only; and what
    an upload raises, which says what was made and what is still to be attached.
    Source: Centercode API reference, "Create Feedback" and "Upload File Attachment".
    """
    what = f"{_text(made, 'key') or 'the feedback'} was made"
    todo = (
        f"attach the files to {_text(made, 'url') or 'it'} with shipline centercode {UPLOAD}: to create it again would "
        "double it"
    )
    offered = (made.get("fileElements") if isinstance(made, Mapping) else None) or []
    elements = {_text(e, "key"): e for e in offered if _text(e, "url")}
    paths = [(str(key), path) for key, given in files.items() for path in _one_or_more(given)]
    wrong = _unwanted(elements, [key for key, _ in paths])
    if wrong:
        raise RefusedError(
            f"{client.service}: {what}, but the files can't be attached", why="; ".join(sorted(wrong)), todo=todo
        )
    answers = []
    for count, (key, path) in enumerate(paths):
        try:
            answers.append(client.send_to(UPLOAD, elements[key]["url"], upload=_upload(path)))
        except ShiplineError as error:
            error.what = f"{client.service}: {what}, but {path} wasn't attached to {key}: {error.what}"
            left = ", ".join(f"{key}={path}" for key, path in paths[count:])
            unknown = ", the first perhaps without need: look" if isinstance(error, UnknownOutcomeError) else ""
            error.todo = f"{todo}; still to be attached: {left}{unknown}"
            raise
    return answers


def _unwanted(elements: Mapping[str, Any], keys: list[str]) -> list[str]:
    if not elements:
        return ["the answer names no file elements"]
    wrong = [f"there is no file element {key}, only {', '.join(elements)}" for key in {*keys} - {*elements}]
    return wrong + [
        f"{key} takes one file, and {keys.count(key)} are given"
        for key in {*keys} & {*elements}
        if keys.count(key) > 1 and elements[key].get("acceptsMultipleAttachments") is False
    ]
