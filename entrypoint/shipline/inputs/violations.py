"""A JSON Schema validator's errors in plain words: what is wrong, what is expected, and where."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Mapping
from typing import Any, NamedTuple

from shipline.display import nearest, printable, suggest
from shipline.inputs import catalogue
from shipline.inputs.document import Document, Path, SourceLocation

_WORDS = {
    "string": "text",
    "boolean": "true or false",
    "integer": "a whole number",
    "array": "a list",
    "object": "settings, one a line",
}
_MESSAGES = {
    "pattern": "{expected}{found}",
    "minLength": "is too short: expected at least {limit} characters",
    "maxLength": "is too long: {length} characters, expected at most {limit}",
    "minItems": "is empty: expected at least one entry, or no such setting",
    "maxItems": "has {length} entries, expected at most {limit}",
    "minProperties": "is empty: expected at least one setting",
    "maxProperties": "has {length} entries, expected at most {limit}",
    "minimum": "is too small: expected at least {limit}",
    "maximum": "is too large: expected at most {limit}",
    "uniqueItems": "{value} is in the list twice",
}


class SchemaViolation(NamedTuple):
    """One problem. Not ``of_value``: something in the value is missing or too much, and the rest of it can be read."""

    path: Path
    location: SourceLocation
    what: str
    of_value: bool = True
    missing: bool = False
    meant: Path = ()  # the setting that an unknown name was meant for


def explain(error: Any, document: Document, empty: Container[Path]) -> Iterator[SchemaViolation]:
    """Each violation of the schema that ``error``, a ``jsonschema.ValidationError``, means.

    ``empty`` are the settings that were removed because they are empty.
    """
    path: Path = tuple(error.absolute_path)
    rule, schema, value = str(error.validator), error.schema, error.instance
    if rule == "oneOf":
        yield from _explain_branches(error, path, document, empty)
    elif rule == "required" and "errorMessage" in schema:
        yield SchemaViolation(path, document.locations[path], schema["errorMessage"], of_value=False)
    elif rule == "required":
        yield from (_missing((*path, name), document, empty) for name in error.validator_value if name not in value)
    elif rule == "additionalProperties":
        for key in value:
            if key not in schema["properties"]:
                near = _meant(key, schema["properties"])
                what = _unknown_key(key, path, schema["properties"], near)
                if near in schema.get("required", ()) and isinstance(value[key], str) and near not in value:
                    what += f" Write {near}: {printable(value[key])}"
                meant = (*path, near) if near else ()
                yield SchemaViolation((*path, key), document.keys[*path, key], what, meant=meant)
    elif "propertyNames" in error.relative_schema_path:
        what = (
            f"the name has {len(value)} characters: BuildMaster accepts at most {error.validator_value}"
            if rule == "maxLength"
            else f"isn't a name that BuildMaster accepts: {schema['patternErrorMessage']}"
        )
        yield SchemaViolation((*path, value), document.keys[*path, value], what)
    elif rule == "dependentSchemas":
        last = max((document.keys[*path, name] for name in error.validator_value), key=lambda location: location.order)
        yield SchemaViolation(path, last, f"both are set: expected {error.message}", of_value=False)
    else:
        yield SchemaViolation(path, document.locations[path], _explain_value(rule, error, path, document))


def _explain_branches(error: Any, path: Path, document: Document, empty: Container[Path]) -> Iterator[SchemaViolation]:
    """The errors of the branch that was meant: of those whose type the value has, the one with the fewest errors."""
    branches: dict[int, list[Any]] = {}
    for inner in error.context or ():
        branches.setdefault(int(inner.schema_path[0]), []).append(inner)
    meant = [errors for errors in branches.values() if not any(e.validator == "type" and not e.path for e in errors)]
    if not meant:
        what = f"expected one target's settings, or a list of targets, found {document.describe(path)}"
        yield SchemaViolation(path, document.locations[path], what)
        return
    for inner in min(meant, key=len):
        yield from explain(inner, document, empty)


def _missing(path: Path, document: Document, empty: Container[Path]) -> SchemaViolation:
    """A required setting that isn't given, or is given as an empty text."""
    setting = catalogue.at(path)
    example = _example(setting.examples[0]) if setting else "a value"
    if path in empty:
        what = f"is empty, expected a value, such as {path[-1]}: {example}"
        return SchemaViolation(path, document.locations[path], what, of_value=False)
    location, advice = how_to_set(path, document, example)
    return SchemaViolation(path, location, f"is missing: {advice}", of_value=False, missing=True)


def how_to_set(path: Path, document: Document, example: str) -> tuple[SourceLocation, str]:
    """Where a setting is missing, and how to set it: in the file if its section is there, else in every way."""
    location, setting = document.key_location(path[:-1]), catalogue.at(path)
    if location.line or setting is None:
        return location, f"set it, such as {path[-1]}: {example}"
    ways = f"in {document.locations[()].source}, as {setting.variable}, or as {setting.flag}"
    return SourceLocation(setting.name), f"set it {ways}, such as {example.strip('[]')}"


def _example(value: Any) -> str:
    return f"[{', '.join(map(str, value))}]" if isinstance(value, list) else str(value)


def _meant(key: str, known: Mapping[str, Any]) -> str | None:
    """The setting that an unknown name was meant for, by its aliases in the schema or by its spelling."""
    name = re.sub(r"(?<=[a-z])(?=[A-Z])", "-", key).replace("_", "-").lower()
    by_alias = (setting for setting, schema in known.items() if name in schema.get("x-aliases", ()))
    return next(by_alias, None) or nearest(name, known)


def _unknown_key(key: str, path: Path, known: Mapping[str, Any], near: str | None) -> str:
    """Why a name isn't a setting below ``path``, and the one to write; ``near`` is the setting that it may mean."""
    setting = catalogue.by_name().get(key)
    if setting is not None and not path and len(setting.path) > 1:
        return f"is an input's name: in the file it is {': {'.join(setting.path)}: …{'}' * (len(setting.path) - 1)}"
    if setting is not None and setting in catalogue.options():
        return f"unknown setting: it is an option of the program: set it as {setting.flag}"
    key_setting = catalogue.at((*path, near)) if near else None
    if key_setting is not None and key_setting.secret:
        return f"unknown setting; a key doesn't belong in the file: put it into the variable {key_setting.variable}"
    if near:
        return f"unknown setting: did you mean {near}?"
    return f"unknown setting: expected one of {', '.join(known)}"


def _explain_value(rule: str, error: Any, path: Path, document: Document) -> str:
    value, limit, setting = error.instance, error.validator_value, catalogue.at(path)
    if rule == "type":
        return _explain_type([limit] if isinstance(limit, str) else limit, error.schema, path, document)
    if rule == "enum":
        return _explain_choice(limit, value, document.describe(path))
    if rule == "minLength" and not value:
        return "is empty"
    return _MESSAGES[rule].format(
        limit=limit,
        value=printable(str(value)),
        found="" if setting is not None and setting.hidden else f", found {printable(str(value))}",
        length=len(value) if isinstance(value, str | list | dict) else 0,
        expected=error.schema.get("patternErrorMessage"),
    )


def _explain_choice(allowed: list[Any], value: Any, described: str) -> str:
    names = [str(name).lower() if isinstance(name, bool) else str(name) for name in allowed]
    expected = f"expected {', '.join(names[:-1])} or {names[-1]}"
    if not isinstance(value, str):
        return f"{expected}, found {described}"
    if value in names:
        return f"{expected}, found text: remove the quotes"
    return f"{expected}, found {printable(value)}{suggest(value, names)}"


def _explain_type(expected: list[str], schema: Mapping[str, Any], path: Path, document: Document) -> str:
    value, setting = document.get(path), catalogue.at(path)
    written = printable(document.written.get(path) or str(value))
    if schema.get("x-kind") == "duration" and type(value) in {int, float}:
        return f"{schema['patternErrorMessage']}, found {written}"
    advice = "" if setting is not None and setting.hidden else _advice(expected[-1], value, written)
    words = ", or ".join(_WORDS[name] for name in expected)
    return f"expected {words}, found {document.describe(path)}{advice}"


def _advice(expected: str, value: Any, written: str) -> str:
    """How to write a value of another type so that it is of the expected one; empty if that isn't clear."""
    if value is None:
        return ": give it a value, or remove the line"
    if expected == "string":
        # {version} without quotes is a mapping whose only key has no value.
        braces = isinstance(value, dict) and len(value) == 1 and None in value.values()
        quoted = f"{{{printable(next(iter(value)))}}}" if braces else written if isinstance(value, int | float) else ""
        return f': quote it: "{quoted}"' if quoted else ""
    if expected == "boolean" and isinstance(value, str):
        known = {"yes": "true", "on": "true", "no": "false", "off": "false"}
        meant = known.get(value.lower(), value.lower())
        return f": write {meant}, without quotes" if meant in {"true", "false"} else f" {printable(value)}"
    if expected == "integer" and isinstance(value, str) and value.isascii() and value.isdigit():
        return ": remove the quotes"
    if expected == "array" and isinstance(value, str):
        return ": remove the quotes" if value.lstrip().startswith("[") else f": write [{printable(value)}]"
    return ""
