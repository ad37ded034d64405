"""What the contract tests ask an OpenAPI file."""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from jsonschema import Draft202012Validator

from shipline import schemas

if TYPE_CHECKING:
    from collections.abc import Iterator

SERVICES = ("buildmaster", "centercode", "v3")
METHODS = ("get", "post", "put", "patch", "delete")
DOCUMENTS = sorted(Path(__file__).with_name("documents").glob("*.json"))


def document(name: str) -> Any:
    """Examples of a vendor's document, by the name of the file that holds them."""
    return json.loads(Path(__file__).with_name("documents").joinpath(f"{name}.json").read_text(encoding="utf-8"))


def requests() -> list[str]:
    """The documents that say where their example is sent to."""
    return [path.stem for path in DOCUMENTS if "request" in document(path.stem)]


def parts(found: dict[str, Any], part: str) -> list[Any]:
    """The values of a document's request, ``part`` of its operation, in the document's order."""
    ours = (example for example in found["examples"] if example["operation"] == found["request"]["operation"])
    return [example["value"] for example in ours if example["part"] == part]


def answered(found: dict[str, Any]) -> tuple[str, Any]:
    """Status and body of the answer to a document's request; None for a body that it doesn't show."""
    for status in ("200", "201", "202"):
        for value in parts(found, status):
            return status, value
    return found["request"]["status"], None


def service_of(name: str) -> str:
    """The service that a document is about."""
    return name.split("-", 1)[0]


def operations(service: str) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Path, method and operation; a webhook's name stands for its path."""
    document = schemas.load(service)
    for path, item in {**document["paths"], **document.get("webhooks", {})}.items():
        for method in METHODS:
            if "operationId" in item.get(method, {}):  # else it is the same operation by another method
                yield path, method, item[method]


def operation(service: str, operation_id: str) -> dict[str, Any]:
    return next(entry for _, _, entry in operations(service) if entry["operationId"] == operation_id)


def resolved(service: str, node: dict[str, Any]) -> dict[str, Any]:
    """``node``, or what its ``$ref`` points to."""
    while "$ref" in node:
        target: Any = schemas.load(service)
        for part in node["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        node = target
    return node


def schema(service: str, operation_id: str, part: str) -> dict[str, Any]:
    """The schema of the ``request`` or of the answer with a status."""
    entry = operation(service, operation_id)
    holder = entry["requestBody"] if part == "request" else entry["responses"][part]
    found: dict[str, Any] = next(iter(resolved(service, holder)["content"].values()))["schema"]
    return found


def problems(service: str, found: dict[str, Any], value: Any) -> list[str]:
    whole = {**found, "components": schemas.load(service)["components"]}
    return [f"{error.json_path}: {error.message}" for error in Draft202012Validator(whole).iter_errors(value)]


def nodes(node: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], dict[str, Any]]]:
    """Every object of a document with its path."""
    if isinstance(node, dict):
        yield path, node
        for key, value in node.items():
            yield from nodes(value, (*path, key))
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from nodes(value, (*path, str(index)))


def matching(service: str, method: str, path: str) -> dict[str, dict[str, str]]:
    """The operations that a request is for, by id, each with the values that stand in the path."""
    found = {}
    for template, verb, entry in operations(service):
        pattern = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(template))
        match = re.fullmatch(pattern, path)
        if match and verb == method.lower():
            found[entry["operationId"]] = match.groupdict()
    return found


@dataclass(frozen=True, slots=True)
class Printed:
    """What a curl command sends, literally, but for the key and the server's address."""

    method: str
    path: str
    query: dict[str, str]
    body: Any
    form: dict[str, str]

    @classmethod
    def of(cls, command: str) -> Printed:
        words = shlex.split(command.replace("\\\n", " "))
        given = dict(zip(words[1::2], words[2::2], strict=True))
        url = urlsplit(given["--url"])
        name, _, file = given.get("--form", "").partition("=@")
        return cls(
            given["--request"],
            url.path.removeprefix("/api/v1"),
            {key: value for key, value in parse_qsl(url.query) if key != "apiKey"},
            json.loads(given["--data"]) if given.get("--data") else None,
            {name: file} if name else {},
        )
