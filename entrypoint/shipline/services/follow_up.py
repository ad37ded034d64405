"""What follows a response: further pages, polling until what was queued has ended, and uploads of attachments."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shipline.cancellation import Poll
from shipline.errors import (
    DeploymentFailedError,
    QueuedFailedError,
    RefusedError,
    ShiplineError,
    TimedOutError,
    UnavailableError,
    UnknownOutcomeError,
)
from shipline.services.buildmaster import Deployment, same_deploy, worst
from shipline.services.client import PAGE_SIZE, Call, Client, new_items
from shipline.services.openapi import resolved
from shipline.transport.upload import Upload

if TYPE_CHECKING:
    from os import PathLike

    Files = Mapping[str, Sequence[str | PathLike[str]]]  # by file element

UPLOAD = "upload-file-attachment"
_MIN_PAUSE_S, _MAX_PAUSE_S = 1.0, 10.0  # between two requests for a status
_WAIT = "don't send it again: it continues; request its status later"


def all_pages(call: Call) -> Any:
    """The response with the data of every page: a data package's ``data``, or the items of a v3 list.

    Raises what the request of any page raises: there is no partial result.
    """
    if "paging" not in _properties(call):
        # A run checks a full list by a later request (see v3.py), and this list has none: only an empty page
        # shows its end, whatever size of pages the server has.
        pages = new_items(lambda number: _page(call, number, PAGE_SIZE) or [], _identity, smallest_full_page=1)
        return [item for page in pages for item in page]
    first, *others = _packages(call)
    return {**first, "data": [row for page in (first, *others) for row in page.get("data") or []]}


def unsaved(call: Call, response: Any) -> list[str]:
    """The parameters that a data listener received and didn't save.

    Source: Centercode API reference, "ListenerDataSaved": parameters that aren't configured, or have another type,
    aren't matched.
    """
    fields = response.get("fields") if isinstance(response, Mapping) and "fields" in _properties(call) else None
    if not isinstance(fields, list) or not isinstance(call.body, Mapping):
        return []
    entries = [entry for entry in fields if isinstance(entry, Mapping)]
    lost = {_text(entry, "parameter").casefold() for entry in entries if entry.get("matched") is False}
    return [name for name in call.body if name.casefold() in lost]


def _properties(call: Call) -> Mapping[str, Any]:
    found: Mapping[str, Any] = resolved(call.operation.service, call.operation.answer_schema).get("properties", {})
    return found


def _packages(call: Call) -> Iterator[Mapping[str, Any]]:
    """Yield every page. Source: Centercode API reference, "DataPackage": each page has the number of pages."""
    number, last = 1, 1
    while number <= last:
        page = _page(call, number)
        if not isinstance(page, Mapping):
            raise _no_count(call, "returned CSV" if page else "returned an empty response")
        try:
            last = int((page.get("paging") or {}).get("totalPages") or 1)
        except (TypeError, ValueError, AttributeError):
            raise _no_count(call, "returned no number of pages") from None
        yield page
        number += 1


def _no_count(call: Call, what: str) -> RefusedError:
    return RefusedError(
        f"{call.operation.service}: {call.operation.heading} {what}",
        why="the number of pages is unknown",
        todo="request one page at a time, or set the report element to JSON",
    )


def _identity(item: Any) -> str:
    known = item.get("id") if isinstance(item, Mapping) else None
    return str(known) if known else json.dumps(item, sort_keys=True)


def _page(call: Call, number: int, limit: int = 0) -> Any:
    query = {"page": str(number)} | ({"limit": str(limit)} if limit else {})
    return call._replace(query={**call.query, **query}).send({})


def poll(client: Client, operation_id: str, accepted: Any, *, timeout: float, progress: Callable[[str], None]) -> Any:
    """Poll the ``statusEndpoint`` of an accepted request until it has succeeded; return the last response.

    ``operation_id`` is the status operation's, ``timeout`` in seconds; ``progress`` receives each new status. Raises
    QueuedFailedError, TimedOutError, RefusedError (an endpoint on another server), UnknownOutcomeError (no status), and
    what the status operation raises. Source: Centercode API reference, "Asynchronous Operations".
    """
    endpoint = _text(accepted, "statusEndpoint")
    if not endpoint:
        raise _unknown(client, "the response lacks the address of its status", "look in Centercode")
    shown = endpoint.partition("?")[0]  # the query may hold a key
    timer = Poll(lambda elapsed: min(_MIN_PAUSE_S + elapsed / 2, _MAX_PAUSE_S))
    last = ""
    while True:
        response = _status(client, operation_id, endpoint, shown)
        status = _text(response, "status")
        if status == "Succeeded":
            return response
        if status == "Failed":
            raise QueuedFailedError(
                f"{client.service}: the service accepted it, and it failed ({shown})",
                why="Centercode reports no reason",
                todo="check the listener's or the source's log in Centercode",
            )
        if status != last:
            progress(f"{status}: {shown}")
            last = status
        if timer.exceeds(timeout):
            what = f"{client.service}: it is still {status} after {timeout:.0f} s ({shown})"
            raise TimedOutError(what, todo=_WAIT)
        timer.wait()


def poll_deployments(
    client: Client, operation_id: str, accepted: Any, *, timeout: float, progress: Callable[[str], None]
) -> Any:
    """Poll what a deploy has started until it has succeeded; return the deployments of its response, as they are then.

    The response has parents, whose children do the work and are in lists only: all of them have to end. Parameters are
    those of ``poll``. Raises DeploymentFailedError, TimedOutError, and what the list raises.
    """
    parents = [
        Deployment.of(data) for data in (accepted if isinstance(accepted, list) else [accepted] if accepted else [])
    ]
    if not parents:
        why = "the build has no pipeline, the pipeline has no such stage, or the stage has no plan"
        raise DeploymentFailedError("buildmaster: no deployment was started: the response is empty", why=why)
    timer = Poll(lambda elapsed: min(_MIN_PAUSE_S + elapsed / 9, _MAX_PAUSE_S))
    last = ""
    while True:
        with _accepted(client):
            data, found = _deployments(client, operation_id, parents)
        running = [deployment for deployment in found if not deployment.ended]
        status = worst(running or found) if found else "pending"
        if found and not running:
            if all(deployment.succeeded for deployment in found):
                return data if isinstance(accepted, list) else data[0]
            what = f"buildmaster: the deployment to {parents[0].stage} has ended as {status}"
            raise DeploymentFailedError(what, todo="check its log in BuildMaster")
        if status != last:
            progress(f"{status}: deployment to {parents[0].stage}")
            last = status
        if timer.exceeds(timeout):
            raise TimedOutError(f"buildmaster: the deployment is still {status} after {timeout:.0f} s", todo=_WAIT)
        timer.wait()


def _deployments(
    client: Client, operation_id: str, parents: Sequence[Deployment]
) -> tuple[list[Any], list[Deployment]]:
    """The parents' data, and the parents, once all have ended with their children. No deployment if one is missing."""
    looked_up = [client.listed(operation_id, {"deploymentId": str(parent.id)}, dict) for parent in parents]
    data = [item for parent, items in zip(parents, looked_up, strict=True) for item in items if item["id"] == parent.id]
    found = [Deployment.of(item) for item in data]
    build_id, stage = parents[0].build_id, parents[0].stage
    if len(found) < len(parents):
        return data, []
    if build_id is None or not all(deployment.ended for deployment in found):
        return data, found
    listed = client.listed(operation_id, {"buildId": str(build_id), "pipelineStageName": stage}, Deployment.of)
    children = [d for d in listed if d.stage == stage and d.id not in {parent.id for parent in parents}]
    return data, [*found, *(child for child in children if len(same_deploy([child, found[0]])) > 1)]


WAITS = {"deploy-build": poll_deployments}
"""How to wait for what these operations start; for all others it is ``poll``."""


@contextmanager
def _accepted(client: Client) -> Iterator[None]:
    """Errors of a status request say that the request itself was accepted."""
    try:
        yield
    except UnavailableError as error:  # whose exit code means that nothing was applied
        raise TimedOutError(
            f"{client.service}: the service accepted it, but its status is unknown: {error.what}",
            why=error.why,
            todo=_WAIT,
        ) from None
    except ShiplineError as error:
        raise error.with_context(todo=f"don't send it again: the service accepted it. {error.todo}") from None


def _status(client: Client, operation_id: str, endpoint: str, shown: str) -> Any:
    """The status response."""
    with _accepted(client):
        response = client.send_to(operation_id, endpoint)
    if not _text(response, "status"):
        raise _unknown(client, "the response about its status is empty", f"request its status from {shown}")
    return response


def _unknown(client: Client, why: str, then: str) -> UnknownOutcomeError:
    return UnknownOutcomeError(
        f"{client.service}: the service accepted it, but the result is unknown",
        why=why,
        todo=f"don't send it again: {then}",
    )


def _text(response: Any, name: str) -> str:
    """A member of a response as text; empty if it is missing."""
    return str((response.get(name) if isinstance(response, Mapping) else None) or "")


def with_allowed(call: Call, release: Mapping[str, Any]) -> Mapping[str, Any]:
    """The release of an update check with ``allowed``, true if the license allows it, as LexActivator requests it."""
    query = {name: call.query[name] for name in ("key", "accountId")}
    check = call.client.call(call.operation.allowed_operation, path={"id": _text(release, "id")}, query=query)
    response = check.send({})
    allowed = response.get("allowed") if isinstance(response, Mapping) else response
    return {**release, "allowed": allowed is True}


def attach(client: Client, created: Any, files: Files) -> list[Any]:
    """Upload files to the feedback that the response ``created`` describes; return the responses in order.

    Raises RefusedError, before any upload, for a file element that doesn't exist or takes a single file. An error of an
    upload says what was created and which files are left.
    Source: Centercode API reference, "Create Feedback" and "Upload File Attachment".
    """
    what = f"{client.service}: {_text(created, 'key') or 'the feedback'} exists, but"
    todo = (
        f"attach the files to {_text(created, 'url') or 'it'} with shipline centercode {UPLOAD}: to create it again "
        "would double it"
    )
    offered = (created.get("fileElements") if isinstance(created, Mapping) else None) or []
    elements = {_text(element, "key"): element for element in offered if _text(element, "url")}
    if wrong := _element_problems(elements, files):
        raise RefusedError(f"{what} attaching the files failed", why="; ".join(wrong), todo=todo)
    paths = [(key, path) for key, given in files.items() for path in given]
    responses = []
    for count, (key, path) in enumerate(paths):
        try:
            responses.append(client.send_to(UPLOAD, elements[key]["url"], upload=Upload(Path(path), "file")))
        except ShiplineError as error:
            left = ", ".join(f"{key}={path}" for key, path in paths[count:])
            unknown = ", the first perhaps without need: look" if isinstance(error, UnknownOutcomeError) else ""
            raise error.with_context(
                what=f"{what} {path} wasn't attached to {key}: {error.what}",
                todo=f"{todo}; missing files: {left}{unknown}",
            ) from None
    return responses


def _element_problems(elements: Mapping[str, Any], files: Files) -> list[str]:
    if not elements:
        return ["the response lists no file elements"]
    unknown = [f"there is no file element {key}, only {', '.join(elements)}" for key in files if key not in elements]
    too_many = [
        f"{key} takes one file, got {len(paths)}"
        for key, paths in files.items()
        if len(paths) > 1 and key in elements and elements[key].get("acceptsMultipleAttachments") is False
    ]
    return sorted(unknown + too_many)
