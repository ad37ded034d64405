"""What the contract tests ask an OpenAPI file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jsonschema import Draft202012Validator

from shipline import schemas

if TYPE_CHECKING:
    from collections.abc import Iterator

SERVICES = ("buildmaster", "centercode", "v3")
METHODS = ("get", "post", "put", "patch", "delete")


def operations(service: str) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Path, method and operation; a webhook's name stands for its path."""
    document = schemas.load(service)
    for path, item in {**document["paths"], **document.get("webhooks", {})}.items():
        for method in METHODS:
            if method in item:
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
