"""Explanations of faulty requests: which parameter was wrong, and which value would be right."""

from __future__ import annotations

import re
from difflib import get_close_matches
from http import HTTPStatus
from typing import TYPE_CHECKING

from flask import current_app

from shipline_sandbox.answers import INVALID_REQUEST, service_of
from shipline_sandbox.centercode.access import ENDPOINT
from shipline_sandbox.request_context import nearest

if TYPE_CHECKING:
    from collections.abc import Callable

    from shipline_sandbox.request_context import RequestContext
    from shipline_sandbox.store import Doc

_KEY_PLACES = {
    "buildmaster": "in the header X-ApiKey, or as the parameter key or API_Key",
    "centercode": "once, as apiKey in the query",
    "v3": "as Authorization: Bearer …",
    "files": "in the header X-ApiKey, or as Authorization: Bearer …",
}
_NOT_FOUND = re.compile(
    r"(Application|Pipeline|Release|Build|Stage|Template|The product) ?(.*?) ?(?:not found|does not exist)"
)
_SUBJECT = re.compile(r"(\$?[a-z]\w*) (?:is|must|has)\b")
_CAMEL = re.compile(r"\b[a-z]+[A-Z]\w*")
_MAX_NAMES = 5


def explain(context: RequestContext, entry: Doc) -> list[Doc]:
    """Return the faults of a request of the log, each as ``{parameter, problem, right}``; empty without a fault.

    ``right`` is the advice, or empty where ``problem`` has it. An injected fault isn't explained.
    """
    if entry["fault"] or (entry["method"] == "HEAD" and entry["status"] == HTTPStatus.METHOD_NOT_ALLOWED):
        return []  # such a HEAD is meant to show that the service is up
    found = _refused(context, entry) if entry["status"] >= HTTPStatus.BAD_REQUEST else []
    missing = [miss["parameter"] for miss in found if miss["problem"].endswith("required.")]
    near = entry.get("nearest_members") or {}
    for member in entry["unknown_members"]:
        meant = nearest(member, missing) or near.get(member)
        right = f"{meant} is known; was that meant?" if meant else "Leave it out."
        found.append(_miss(member, "Nobody reads it.", right))
    return found


def _refused(context: RequestContext, entry: Doc) -> list[Doc]:
    refusal = entry.get("refusal") or {"message": "", "parameters": [], "allow": ""}
    if refusal["parameters"]:
        return [{"parameter": p["name"], "problem": p["description"], "right": ""} for p in refusal["parameters"]]
    explained = _BY_STATUS.get(entry["status"], _message)
    return [explained(context, entry, refusal)]


def _miss(parameter: str, problem: str, right: str = "") -> Doc:
    return {"parameter": parameter, "problem": problem, "right": right}


def _not_authorized(context: RequestContext, entry: Doc, refusal: Doc) -> Doc:
    place = _KEY_PLACES.get(entry["service"], "")
    key = entry.get("key")
    if key is None:
        return _miss("key", "No key came where this service looks for one.", f"Send it {place}.")
    if key == "other":
        right = f"A key that begins with sandbox-, {place}. A real key does nothing here."
        return _miss("key", "The key is none that the sandbox takes.", right)
    if refusal["message"] != "Forbidden":
        return _message(context, entry, refusal)
    if context.switches["enhanced_integrations"] == "off":
        problem, right = (
            "Enhanced integrations are off, so no endpoint takes any key.",
            "The switch enhanced_integrations.",
        )
        return _miss("apiKey", problem, right)
    return _miss("apiKey", "The key is good, but not for this endpoint.", "Send the key that the endpoint is bound to.")


def _no_such_address(context: RequestContext, entry: Doc, refusal: Doc) -> Doc:
    path = entry["path"]
    if entry["service"] == "centercode":
        bases = (
            "projects/{}/releaseTypes/{}".format(*t["id"].split("/", 1)) for t in context.session.all("release_type")
        )
        existing = [f"/api/v1/{name}" for name in (*bases, *(e["id"] for e in context.session.all(ENDPOINT)))]
        return _miss("path", "This project, endpoint or record isn't there.", _closest(path, existing))
    if entry["service"] == "files":
        return _miss(
            "path", "There is no such file.", _closest(path, [f"/files/{f['path']}" for f in context.session.files()])
        )
    if entry["operation"] is None:
        rules = (rule.rule for rule in current_app.url_map.iter_rules())
        existing = [rule for rule in rules if service_of(rule) == entry["service"]]
        return _miss("path", "No operation has this address.", _closest(path, existing))
    return _message(context, entry, refusal)


def _wrong_method(_context: RequestContext, entry: Doc, refusal: Doc) -> Doc:
    methods = [name for name in refusal["allow"].split(", ") if name != "HEAD"]
    return _miss("method", f"{entry['method']} isn't taken here.", f"Send {' or '.join(methods)}.")


def _wrong_type(_context: RequestContext, entry: Doc, _refusal: Doc) -> Doc:
    sent = entry.get("content_type") or "none"
    right = "multipart/form-data with a part named file" if "fileElements" in entry["path"] else "application/json"
    return _miss("Content-Type", f"It was {sent}.", f"Send {right}.")


def _too_many(_context: RequestContext, _entry: Doc, _refusal: Doc) -> Doc:
    return _miss("", "Too many requests in a short time.", "Wait as long as Retry-After says, then send it again.")


def _message(context: RequestContext, _entry: Doc, refusal: Doc) -> Doc:
    """Find the parameter in the service's message, and look up values that would be valid."""
    message = refusal["message"] or "The service doesn't say why."
    if message == INVALID_REQUEST:
        return _miss("body", "The body isn't a JSON object.", "Send one, with double quotes and no comma at its end.")
    if match := _NOT_FOUND.search(message):
        return _miss(match[1].removeprefix("The ").lower(), message, _suggested(context, match[1], match[2]))
    subject = _SUBJECT.match(message)
    return _miss(subject[1] if subject else ", ".join(dict.fromkeys(_CAMEL.findall(message))), message)


_BY_STATUS: dict[int, Callable[[RequestContext, Doc, Doc], Doc]] = {
    401: _not_authorized,
    403: _not_authorized,
    404: _no_such_address,
    405: _wrong_method,
    415: _wrong_type,
    429: _too_many,
}


def _suggested(context: RequestContext, what: str, wanted: str) -> str:
    """Return advice with the names that exist."""
    session = context.session
    match what:
        case "Application":
            names = [a["name"] for a in session.all("application")]
        case "Release":
            names = [r["number"] for r in session.all("release")]
        case "Build":
            names = [b["number"] for b in session.all("build")]
        case "The product":
            names = [p["id"] for p in session.all("product")]
        case "Template":
            names = [name for a in session.all("application") for name in a["templates"]]
        case "Stage":
            names = [
                s["name"] for a in session.all("application") for p in a["pipelines"].values() for s in p["stages"]
            ]
        case _:
            names = [name for a in session.all("application") for name in a["pipelines"]]
    return _closest(wanted, list(dict.fromkeys(names)))


def _closest(wanted: str, existing: list[str]) -> str:
    """Return advice with the most similar name, or with at most five existing ones."""
    near = get_close_matches(wanted, existing, n=1, cutoff=0.6)
    if near:
        return f"There is {near[0]}; was that meant?"
    return (
        f"There are: {', '.join(existing[:_MAX_NAMES])}{' …' if len(existing) > _MAX_NAMES else ''}."
        if existing
        else "There is none yet."
    )
