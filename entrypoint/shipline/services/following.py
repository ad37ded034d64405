"""What an operation's answer leads on to: further pages, the outcome of what it queued, files for what it made."""

from __future__ import annotations

import itertools
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shipline.errors import Problem, QueuedFailedError, RefusedError, TimedOutError
from shipline.transport.upload import Upload

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from shipline.services.operation import Call, Client

PAGE_SIZE = 100  # of v3 lists, the most they give
_SHORTEST_PAUSE, _LONGEST_PAUSE = 1.0, 10.0  # seconds
_UPLOAD = "upload-file-attachment"


def all_pages(call: Call) -> Any:
    """The answer with the data of every page: a data package's ``data``, or the items of a list.

    Raises what a page that can't be had raises: there is no partial answer.
    """
    pages: Iterator[Any] = _packages(call) if "paging" in _properties(call) else _lists(call)
    first: Any = next(pages)
    if isinstance(first, list):
        return [*first, *(item for page in pages for item in page)]
    return {**first, "data": [*first["data"], *(row for page in pages for row in page["data"])]}


def _properties(call: Call) -> Mapping[str, Any]:
    from shipline.services.openapi import resolved

    found: Mapping[str, Any] = resolved(call.operation.service, call.operation.answer_schema).get("properties", {})
    return found


def _packages(call: Call) -> Iterator[dict[str, Any]]:
    """Source: Centercode API reference, "DataPackage": the first page tells how many there are."""
    number, last = 1, 1
    while number <= last:
        page = _page(call, page=str(number))
        if isinstance(page, str):
            raise RefusedError(
                f"{call.operation.service}: {call.operation.heading} answers with CSV",
                why="it doesn't say how many pages there are",
                todo="ask for one page at a time, or have the report element give JSON",
            )
        last = int(page.get("paging", {}).get("totalPages") or 1)
        yield page
        number += 1


def _lists(call: Call) -> Iterator[list[Any]]:
    """Nothing documented tells how many pages there are: the end is one that isn't full, or brings nothing new."""
    seen: set[str] = set()
    for number in itertools.count(1):
        page = _page(call, page=str(number), limit=str(PAGE_SIZE))
        fresh = [item for item in page if str(item.get("id")) not in seen]
        yield fresh
        seen |= {str(item.get("id")) for item in fresh}
        if len(page) < PAGE_SIZE or not fresh:
            return


def _page(call: Call, **query: str) -> Any:
    return replace(call, query={**call.query, **query}).send({})


def outcome(
    client: Client, operation_id: str, accepted: Mapping[str, Any], *, limit: float, progress: Callable[[str], None]
) -> Any:
    """Ask the ``statusEndpoint`` of an accepted request until it has succeeded; the last answer.

    ``operation_id`` is the status operation's, ``limit`` in seconds. Raises QueuedFailedError, TimedOutError, and
    RefusedError for an endpoint on another server. Source: Centercode API reference, "Asynchronous Operations".
    """
    until = time.monotonic() + limit
    pause = _SHORTEST_PAUSE
    before = ""
    while True:
        answer = client.send_to(operation_id, accepted["statusEndpoint"])
        status = str(answer["status"])
        if status == "Succeeded":
            return answer
        if status == "Failed":
            raise QueuedFailedError(
                f"{client.service}: what was accepted has failed ({accepted['statusEndpoint']})",
                why="Centercode doesn't say why",
                todo="look at the listener's or the source's log in Centercode",
            )
        if status != before:
            progress(f"{status}: {accepted['statusEndpoint']}")
            before = status
        if time.monotonic() + pause > until:
            raise TimedOutError(
                f"{client.service}: it is still {status} after {limit:.0f} s ({accepted['statusEndpoint']})",
                todo="it goes on by itself: ask for its status later",
            )
        time.sleep(pause)
        pause = min(pause * 1.5, _LONGEST_PAUSE)


def unattachable(files: Mapping[str, list[str]]) -> list[Problem]:
    """What is wrong with files to attach, before anything is sent."""
    return [
        Problem(f"--attach {element}", "", f"{path} can't be read: expected a file")
        for element, paths in files.items()
        for path in paths
        if not Path(path).is_file()
    ]


def attach(client: Client, made: Mapping[str, Any], files: Mapping[str, list[str]]) -> list[Any]:
    """Upload files (paths by file element) to what ``made`` describes; the answers, in order.

    Raises RefusedError, before anything is uploaded, for an element that isn't there or takes one file only.
    Source: Centercode API reference, "Create Feedback" and "Upload File Attachment".
    """
    elements = {str(e["key"]): e for e in made.get("fileElements") or []}
    wrong = [f"there is no file element {key}, only {', '.join(elements) or 'none'}" for key in files.keys() - elements]
    wrong += [
        f"{key} takes one file, and {len(paths)} are given"
        for key, paths in files.items()
        if len(paths) > 1 and elements.get(key, {}).get("acceptsMultipleAttachments") is False
    ]
    if wrong:
        raise RefusedError(
            f"{client.service}: {made.get('key')} was made, but the files can't be attached",
            why="; ".join(sorted(wrong)),
            todo=f"attach them with shipline centercode {_UPLOAD}: to create it again would double it",
        )
    return [
        client.send_to(_UPLOAD, elements[key]["url"], upload=Upload(Path(path), "file"))
        for key, paths in files.items()
        for path in paths
    ]
