"""Checks of the document: characters, items that are misread, and the schema."""

from __future__ import annotations

from functools import cache, partial
from typing import TYPE_CHECKING, Any

from shipline import schemas
from shipline.display import bad_character
from shipline.inputs import catalogue
from shipline.inputs.parsing import artifact, misread

if TYPE_CHECKING:
    from collections.abc import Container, Iterator

    from jsonschema.exceptions import ValidationError

    from shipline.inputs.document import Document, Path
    from shipline.inputs.violations import SchemaViolation

    _Parts = dict[int, Any]  # the validator of each part of the schema, by the part's id


def expand_shorthands(document: Document) -> None:
    """Replace text that means a section by the section: ``notes: CHANGELOG.md``. Empty text is unset or a problem.

    An artifact is written as in an input: ``dist/app.zip => https://dl.example.com/app.zip``.
    """
    for (names, is_item), name in catalogue.shorthands().items():
        for path, value in list(document.named(names)):
            if isinstance(value, str) and value and isinstance(path[-1], int) is is_item:
                try:
                    document.nest(path, artifact(value) if names == ("artifacts",) else {name: value})
                except ValueError as error:
                    document.problems.add(document.locations[path], path, str(error))
                    document.unusable.add(path)


def check(document: Document) -> None:
    """Report every problem, and mark values that have one as unusable.

    Settings that hold the empty string are unset, and removed. Entries of lists and the values of a map such as
    ``buildmaster.variables`` may be empty, or are checked later.
    """
    problems, unusable, empty = document.problems, document.unusable, set()
    for path, value in document.walk():
        if isinstance(value, dict):
            for key in value:
                if what := bad_character(key):
                    problems.add(document.keys[*path, key], (*path, key), f"the name {what}")
                    unusable.add((*path, key))
        elif isinstance(value, str):
            setting = catalogue.at(path)
            what = bad_character(value, multiline=setting is not None and setting.multiline)
            if not what and setting is not None and setting.is_item(path):
                what = misread(value, setting, in_file=document.locations[path].line > 0)
            if what:
                problems.add(document.locations[path], path, what)
                unusable.add(path)
            elif not (value or isinstance(path[-1], int) or _is_of_map(path)):
                empty.add(path)
                document.remove(path)
    for violation in violations(document, empty):
        if violation.path not in unusable:
            problems.add(violation.location, violation.path, violation.what)
        if violation.of_value:
            unusable.add(violation.path)


def _is_of_map(path: Path) -> bool:
    setting = catalogue.at(path[:-1])
    return setting is not None and setting.kind == "map"


def violations(document: Document, empty: Container[Path] = ()) -> Iterator[SchemaViolation]:
    """Every violation of the pipeline schema. ``empty`` are the settings that were removed because they are empty."""
    errors = list(_validator().iter_errors(document.data))
    if not errors:
        return
    from shipline.inputs.violations import explain

    found = [violation for error in errors for violation in explain(error, document, empty)]
    misnamed = document.problems.misnamed
    misnamed |= {violation.meant for violation in found if violation.meant}
    yield from (violation for violation in found if not (violation.missing and violation.path in misnamed))


@cache
def _validator() -> Any:
    from jsonschema import Draft202012Validator, validators

    types = Draft202012Validator.TYPE_CHECKER.redefine("integer", lambda _, value: type(value) is int)
    # The library compares each item with each other one, and doesn't say which two settings can't be given both. It
    # prepares the schema of an item or property again for each value.
    parts: _Parts = {}
    rules = {
        "uniqueItems": _unique_items,
        "dependentSchemas": _not_both,
        "pattern": _pattern,
        "items": partial(_items, parts),
        "properties": partial(_properties, parts),
        "if": partial(_if, parts),
    }
    extend: Any = validators.extend
    return extend(Draft202012Validator, rules, type_checker=types)(schemas.load("pipeline"))


def _items(parts: _Parts, validator: Any, items: Any, instance: Any, _schema: Any) -> Iterator[ValidationError]:
    for index, item in enumerate(instance if isinstance(instance, list) else ()):
        yield from _of_part(parts, validator, items, item, path=index)


def _properties(parts: _Parts, validator: Any, named: Any, instance: Any, _schema: Any) -> Iterator[ValidationError]:
    for name in named if isinstance(instance, dict) else ():
        if name in instance:
            yield from _of_part(parts, validator, named[name], instance[name], path=name, schema_path=name)


def _if(parts: _Parts, validator: Any, condition: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
    branch = "else" if any(_of_part(parts, validator, condition, instance)) else "then"
    if branch in schema:
        yield from _of_part(parts, validator, schema[branch], instance, schema_path=branch)


def _of_part(parts: _Parts, validator: Any, schema: Any, value: Any, **place: Any) -> Iterator[ValidationError]:
    part = parts.get(id(schema)) or parts.setdefault(id(schema), validator.evolve(schema=schema))
    if not part.is_valid(value):
        yield from validator.descend(value, schema, **place)


def _pattern(validator: Any, pattern: str, instance: Any, schema: Any) -> Iterator[ValidationError]:
    """URLs and instants have a pattern for editors: ``values`` explains better what is wrong with them."""
    from jsonschema import Draft202012Validator

    if schema.get("x-kind") not in {"url", "instant"}:
        yield from Draft202012Validator.VALIDATORS["pattern"](validator, pattern, instance, schema)


def _not_both(_validator: Any, _rules: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
    from jsonschema.exceptions import ValidationError

    for one, other, expected in catalogue.exclusions(schema):
        if isinstance(instance, dict) and one in instance and other in instance:
            yield ValidationError(expected, validator_value=(one, other))


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
