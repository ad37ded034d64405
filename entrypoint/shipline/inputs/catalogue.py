"""The catalog of inputs, read from schemas/pipeline.schema.json: each one's path, names and kind (docs/options.md)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache, lru_cache
from typing import Any, Literal, NamedTuple

from shipline import schemas

Kind = Literal["text", "boolean", "integer", "choice", "duration", "instant", "url", "list", "map", "artifacts"]
TargetKind = Literal["v3", "centercode", "notify"]

FOR_EVERY_TARGET = frozenset({"centercode-if-exists", "centercode-on-unknown"})
"""Inputs that apply to every target of a list; other inputs of targets beside a list are an error."""


class Setting(NamedTuple):
    """One input. Its path joined by ``-`` is its name; flag and variable follow from it (the naming law)."""

    path: tuple[str, ...]
    kind: Kind
    shown: Literal["common", "yes", "file"]  # `file`: not in the wrappers' lists
    title: str
    description: str
    default: Any  # None: none
    examples: tuple[Any, ...]
    enum: tuple[str | bool, ...]  # of a choice
    secret: bool
    hidden: bool  # a wrong value isn't repeated in messages, as it may hold a key
    multiline: bool
    commas: bool  # a list that commas may separate too
    single: bool  # a name, or a list of names, in which a comma can't be intended
    interpolate: str  # which names: facts, version, artifact, variables, variables-late, late, notify; empty: none
    excludes: frozenset[str]  # siblings that can't be given as well
    target: TargetKind | None  # the kind of target this is a setting of

    @property
    def dotted(self) -> str:
        """The path as messages show it: ``buildmaster.build-number``."""
        return ".".join(self.path)

    @property
    def name(self) -> str:
        """The input's name: ``buildmaster-build-number``."""
        return "-".join(self.path)

    @property
    def flag(self) -> str | None:
        """``--buildmaster-build-number``; None for a secret, which other processes could read there."""
        return None if self.secret else f"--{self.name}"

    @property
    def variable(self) -> str:
        """``SHIPLINE_BUILDMASTER_BUILD_NUMBER``."""
        return "SHIPLINE_" + self.name.replace("-", "_").upper()

    def is_item(self, path: Sequence[str | int]) -> bool:
        """True if the text at a document's path is an item of this list, or a name that can't be a list."""
        item = path[-1] in {"path", "url"} if self.kind == "artifacts" else isinstance(path[-1], int)
        return (item and self.kind in {"list", "artifacts"}) or (self.single and self.kind == "text")


@cache
def settings() -> tuple[Setting, ...]:
    """Every setting of the config file that is an input, in the schema's order."""
    return tuple(_settings(schemas.load("pipeline"), (), None))


@cache
def options() -> tuple[Setting, ...]:
    """The program's own options: given as flags, inputs or variables, never in the config file."""
    return tuple(_settings(schemas.load("pipeline")["$defs"]["options"], (), None))


@cache
def of_action() -> tuple[Setting, ...]:
    """The inputs of the GitHub Action that the program never gets."""
    return tuple(_settings(schemas.load("pipeline")["$defs"]["action"], (), None))


@cache
def by_name() -> Mapping[str, Setting]:
    """Settings and options by input name."""
    return {setting.name: setting for setting in (*options(), *settings())}


@cache
def by_path() -> Mapping[tuple[str, ...], Setting]:
    """Settings by path."""
    return {setting.path: setting for setting in settings()}


def at(path: Sequence[str | int]) -> Setting | None:
    """The setting that the value at a document's path is, or is a part of, such as an entry of its list."""
    return _at(tuple([part for part in path if isinstance(part, str)]))


@lru_cache
def _at(names: tuple[str, ...]) -> Setting | None:
    return next((setting for end in range(len(names), 0, -1) if (setting := by_path().get(names[:end]))), None)


@cache
def shorthands() -> dict[tuple[tuple[str, ...], bool], str]:
    """The setting that text may mean (``x-shorthand``), by a section's path and whether it is an item of a list.

    ``notes: CHANGELOG.md`` is ``notes: {file: CHANGELOG.md}``.
    """
    return dict(_shorthands(schemas.load("pipeline"), ()))


def exclusions(section: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Each two settings of a section that can't be given both, and what is expected."""
    for one, rule in section.get("dependentSchemas", {}).items():
        for other, schema in rule["then"]["properties"].items():
            yield one, other, schema["errorMessage"]


def resolved(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The schema with its own ``$ref``, if it has one, written out."""
    ref = schema.get("$ref")
    if ref is None:
        return dict(schema)
    return {**resolved(schemas.load("pipeline")["$defs"][ref.rpartition("/")[2]]), **schema}


def _settings(section: Mapping[str, Any], path: tuple[str, ...], target: TargetKind | None) -> Iterator[Setting]:
    """The settings in a section of the schema."""
    pairs = [{one, other} for one, other, _ in exclusions(section)]
    for name, entry in section["properties"].items():
        schema = resolved(entry)
        inner_target: TargetKind | None = schema.get("x-target", target)
        if "x-input" in schema:
            excludes = frozenset().union(*(pair for pair in pairs if name in pair)) - {name}
            yield _setting((*path, name), schema, inner_target, excludes)
        elif name != "$schema":
            inner = resolved(schema["oneOf"][0]) if "x-target" in schema else schema
            yield from _settings(inner, (*path, name), inner_target)


def _shorthands(
    section: Mapping[str, Any], path: tuple[str, ...]
) -> Iterator[tuple[tuple[tuple[str, ...], bool], str]]:
    for name, entry in section.get("properties", {}).items():
        schema = resolved(entry)
        inner = resolved(schema["oneOf"][0]) if "x-target" in schema else schema
        for described, is_item in ((inner, False), (inner.get("items", {}), True)):
            if "x-shorthand" in described:
                yield ((*path, name), is_item), described["x-shorthand"]
        yield from _shorthands(inner, (*path, name))


def _setting(
    path: tuple[str, ...], schema: Mapping[str, Any], target: TargetKind | None, excludes: frozenset[str]
) -> Setting:
    return Setting(
        path=path,
        kind=_kind(schema),
        shown=schema["x-input"],
        title=schema["title"],
        description=schema["description"],
        default=schema.get("default"),
        examples=tuple(schema["examples"]),
        enum=tuple(schema.get("enum", ())),
        secret=schema.get("x-secret", False),
        hidden=schema.get("x-secret", False) or schema.get("x-unshown", False),
        multiline=schema.get("x-multiline", False),
        commas=schema.get("x-commas", False),
        single=schema.get("x-single", False),
        interpolate=schema.get("x-interpolate", ""),
        excludes=excludes,
        target=target,
    )


def _kind(schema: Mapping[str, Any]) -> Kind:
    if "enum" in schema:
        return "choice"
    if "x-kind" in schema:
        kind: Kind = schema["x-kind"]
        return kind
    if "array" in schema["type"]:
        return "artifacts" if "properties" in schema["items"] else "list"
    kinds: dict[str, Kind] = {"boolean": "boolean", "integer": "integer", "object": "map"}
    return kinds.get(schema["type"], "text")
