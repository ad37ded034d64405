"""A JSON Schema validator's errors in plain words: what is wrong, what is expected, and where."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from shipline import catalogue, schemas
from shipline.document import Node, Path, Place, describe, nearest, printable, suggest
from shipline.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from jsonschema.exceptions import ValidationError

_WORDS = {
    "string": "text",
    "boolean": "true or false",
    "integer": "a whole number",
    "array": "a list",
    "object": "settings, one a line",
}


@dataclass(frozen=True, slots=True)
class Flaw:
    path: Path
    place: Place
    what: str
    of_value: bool = True  # False: something is missing or too much there; the value as such can be read


def flaws(root: Node, empty: Mapping[Path, Place]) -> Iterator[Flaw]:
    """Every error of the tree against the pipeline schema."""
    for error in _validator().iter_errors(root.plain()):
        yield from _flaws(error, root, empty)


@cache
def _validator() -> Any:
    from jsonschema import Draft202012Validator, validators

    types = Draft202012Validator.TYPE_CHECKER.redefine("integer", lambda _, value: type(value) is int)
    # The library compares each item with each other one.
    extend: Any = validators.extend
    return extend(Draft202012Validator, {"uniqueItems": _unique_items}, type_checker=types)(schemas.load("pipeline"))


def _unique_items(_validator: Any, unique: bool, instance: Any, _schema: Any) -> Iterator[ValidationError]:  # noqa: FBT001
    from jsonschema.exceptions import ValidationError

    if not unique or not isinstance(instance, list):
        return
    seen: set[str] = set()
    for index, item in enumerate(instance):
        if isinstance(item, str):
            if item in seen:
                yield ValidationError("twice", path=[index], instance=item)
            seen.add(item)


def _flaws(error: Any, root: Node, empty: Mapping[Path, Place]) -> Iterator[Flaw]:
    path: Path = tuple(error.absolute_path)
    node = root.get(path)
    if node is None:
        return
    rule, schema = str(error.validator), error.schema
    if rule in {"oneOf", "anyOf"}:
        yield from _of_branches(error, node, path, root, empty)
    elif rule == "required":
        for name in error.validator_value:
            if isinstance(node.value, dict) and name not in node.value:
                yield _missing((*path, name), root, empty)
    elif rule == "additionalProperties":
        for key in error.instance:
            if key not in schema["properties"]:
                yield Flaw((*path, key), node.keys.get(key, node.place), _unknown_key(key, path, schema["properties"]))
    elif "propertyNames" in error.relative_schema_path:
        key = error.instance
        what = "the name is too long" if rule == "maxLength" else f"isn't a name: expected {schema['x-expect']}"
        yield Flaw((*path, key), node.keys.get(key, node.place), what)
    elif rule == "not":
        yield _not_both(path, node, schema)
    else:
        yield Flaw(path, node.place, _of_value(rule, error, node, path, schema))


def _of_branches(error: Any, node: Node, path: Path, root: Node, empty: Mapping[Path, Place]) -> Iterator[Flaw]:
    """The errors of the branch that was meant: the one whose type the value has."""
    branches: dict[int, list[Any]] = {}
    for inner in error.context or ():
        branches.setdefault(int(inner.schema_path[0]), []).append(inner)
    if all(inner.validator == "required" and not inner.path for errors in branches.values() for inner in errors):
        names = " nor ".join(dict.fromkeys(name for errors in branches.values() for name in errors[0].validator_value))
        yield Flaw(path, node.place, f"has neither {names}: expected one of them", of_value=False)
        return
    meant = [errors for errors in branches.values() if not any(e.validator == "type" and not e.path for e in errors)]
    if meant:
        for inner in min(meant, key=len):
            yield from _flaws(inner, root, empty)
        return
    expected = "one target's settings, or a list of targets" if "x-target" in error.schema else "text or a list"
    yield Flaw(path, node.place, f"expected {expected}, found {describe(node)}")


def _missing(path: Path, root: Node, empty: Mapping[Path, Place]) -> Flaw:
    leaf = catalogue.at(path)
    example = _example(leaf.examples[0]) if leaf else "a value"
    if path in empty:
        what = f"is empty, expected a value, such as {path[-1]}: {example}"
        return Flaw(path, empty[path], what, of_value=False)
    place, advice = how_to_set(path, root, example)
    return Flaw(path, place, f"is missing: {advice}", of_value=False)


def how_to_set(path: Path, root: Node, example: str) -> tuple[Place, str]:
    """Where a setting is missed, and what to do about it: in the file where its section is there, else any way."""
    place, leaf = place_of(path[:-1], root), catalogue.at(path)
    if place.line or leaf is None:
        return place, f"set it, such as {path[-1]}: {example}"
    ways = f"in {root.place.source}, as {leaf.variable}, or as {leaf.flag}"
    return Place(leaf.name), f"set it {ways}, such as {example.strip('[]')}"


def place_of(path: Path, root: Node) -> Place:
    """Where a setting stands: its key, or its begin in a list. What isn't there stands where its parent does."""
    if not path:
        return root.place
    parent, node = root.get(path[:-1]), root.get(path)
    if parent is not None and isinstance(parent.value, dict) and path[-1] in parent.keys:
        return parent.keys[str(path[-1])]
    return node.place if node is not None else place_of(path[:-1], root)


def _example(value: Any) -> str:
    return f"[{', '.join(map(str, value))}]" if isinstance(value, list) else str(value)


def _unknown_key(key: str, path: Path, known: Mapping[str, Any]) -> str:
    leaf = catalogue.by_name().get(key)
    if leaf is not None and not path and len(leaf.path) > 1:
        return f"is an input's name: in the file it is {': {'.join(leaf.path)}: …{'}' * (len(leaf.path) - 1)}"
    if leaf is not None and leaf in catalogue.options():
        return f"unknown setting: it is an option of the program, given as {leaf.flag}"
    near = nearest(key, known)
    secret = catalogue.at((*path, near)) if near else None
    if secret is not None and secret.secret:
        return f"unknown setting; a key doesn't belong in the file: put it into the variable {secret.variable}"
    if near:
        return f"unknown setting: did you mean {near}?"
    return f"unknown setting: expected one of {', '.join(known)}"


def _not_both(path: Path, node: Node, schema: Mapping[str, Any]) -> Flaw:
    names = schema["not"]["required"]
    last = max((node.keys.get(name, node.place) for name in names), key=lambda place: place.order)
    return Flaw(path, last, f"both are given: expected {schema['x-expect']}", of_value=False)


def _of_value(rule: str, error: Any, node: Node, path: Path, schema: Mapping[str, Any]) -> str:
    limit, leaf = error.validator_value, catalogue.at(path)
    hidden = leaf is not None and leaf.hidden
    found = "" if hidden else f", found {printable(str(node.value))}"
    says: dict[str, Callable[[], str]] = {
        "type": lambda: _type(str(limit), node, schema, hidden=hidden),
        "enum": lambda: _enum(limit, node),
        "pattern": lambda: f"expected {schema['x-expect']}{found}",
        "minLength": lambda: f"is too short: expected at least {limit} characters" if error.instance else "is empty",
        "maxLength": lambda: f"is too long: {len(error.instance)} characters, expected at most {limit}",
        "minItems": lambda: "is empty: expected at least one entry, or no such setting",
        "maxItems": lambda: f"has {len(error.instance)} entries, expected at most {limit}",
        "minProperties": lambda: "is empty: expected at least one setting",
        "maxProperties": lambda: f"has {len(error.instance)} entries, expected at most {limit}",
        "minimum": lambda: f"is too small: expected at least {limit}",
        "maximum": lambda: f"is too large: expected at most {limit}",
        "uniqueItems": lambda: f"{printable(str(node.value))} is in the list twice",
    }
    return says[rule]()


def _enum(allowed: list[Any], node: Node) -> str:
    names = [str(value).lower() if isinstance(value, bool) else str(value) for value in allowed]
    expected = f"expected {', '.join(names[:-1])} or {names[-1]}"
    if not isinstance(node.value, str):
        return f"{expected}, found {describe(node)}"
    if node.value in names:
        return f"{expected}, found text: remove the quotes"
    return f"{expected}, found {printable(node.value)}{suggest(node.value, names)}"


def _type(expected: str, node: Node, schema: Mapping[str, Any], *, hidden: bool) -> str:
    if schema.get("x-kind") == "duration" and type(node.value) in {int, float}:
        return f"expected {schema['x-expect']}, found {printable(node.written or str(node.value))}"
    return f"expected {_WORDS[expected]}, found {describe(node)}{'' if hidden else _advice(expected, node)}"


def _advice(expected: str, node: Node) -> str:
    value = node.value
    if value is None:
        return ": give it a value, or remove the line"
    if expected == "string":
        return _quoted(node)
    if not isinstance(value, str):
        return ""
    if expected == "boolean":
        known = {"yes": "true", "on": "true", "no": "false", "off": "false"}
        meant = known.get(value.lower(), value.lower())
        return f": write {meant}, without quotes" if meant in {"true", "false"} else f" {printable(value)}"
    if expected == "integer" and value.isascii() and value.isdigit():
        return ": remove the quotes"
    return f": write [{printable(value)}]" if expected == "array" else ""


def _quoted(node: Node) -> str:
    if isinstance(node.value, int | float):
        return f': quote it: "{printable(node.written)}"'
    if isinstance(node.value, dict) and len(node.value) == 1:
        name, inner = next(iter(node.value.items()))
        return f': quote it: "{{{printable(name)}}}"' if inner.value is None else ""
    return ""
