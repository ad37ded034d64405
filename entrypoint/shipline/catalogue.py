"""Every input, read from schemas/pipeline.schema.json: its path, its names and what may be in it (docs/options.md)."""

from __future__ import annotations

from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, Literal

from shipline import schemas
from shipline.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

Kind = Literal["text", "boolean", "integer", "choice", "duration", "instant", "url", "list", "map", "artifacts"]
TargetKind = Literal["v3", "centercode", "notify"]

FOR_EVERY_TARGET = frozenset({"centercode-if-exists", "centercode-on-unknown"})
"""Flat inputs that apply to each target of a list; others beside a list are an error."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """One input. A setting's path joined by ``-`` is its name; flag and variable follow from it (the naming law)."""

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


@cache
def settings() -> tuple[Leaf, ...]:
    """Every setting of the config file that is an input, in the schema's order."""
    return tuple(_leaves(schemas.load("pipeline")["properties"], (), None, {}))


@cache
def options() -> tuple[Leaf, ...]:
    """The program's own options: given as flags, inputs or variables, never in the config file."""
    return tuple(_leaves(schemas.load("pipeline")["$defs"]["options"]["properties"], (), None, {}))


@cache
def by_name() -> Mapping[str, Leaf]:
    """Settings and options by input name."""
    return {leaf.name: leaf for leaf in (*options(), *settings())}


@cache
def by_path() -> Mapping[tuple[str, ...], Leaf]:
    """Settings by path."""
    return {leaf.path: leaf for leaf in settings()}


def at(path: Sequence[str | int]) -> Leaf | None:
    """The setting that a place belongs to; list positions and what is inside a list or map are passed over."""
    return _at(tuple(part for part in path if isinstance(part, str)))


@lru_cache
def _at(names: tuple[str, ...]) -> Leaf | None:
    return next((leaf for end in range(len(names), 0, -1) if (leaf := by_path().get(names[:end]))), None)


def resolved(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The schema with its own ``$ref``, if it has one, written out."""
    ref = schema.get("$ref")
    if ref is None:
        return dict(schema)
    return {**resolved(schemas.load("pipeline")["$defs"][ref.rpartition("/")[2]]), **schema}


def _leaves(
    properties: Mapping[str, Any],
    above: tuple[str, ...],
    target: TargetKind | None,
    excludes: Mapping[str, frozenset[str]],
) -> Iterator[Leaf]:
    for name, entry in properties.items():
        schema = resolved(entry)
        inside: TargetKind | None = schema.get("x-target", target)
        if "x-input" in schema:
            yield _leaf((*above, name), schema, inside, excludes.get(name, frozenset()))
            continue
        section = resolved(schema["oneOf"][0]) if "x-target" in schema else schema
        yield from _leaves(section["properties"], (*above, name), inside, _excludes(section))


def _excludes(section: Mapping[str, Any]) -> dict[str, frozenset[str]]:
    pairs = [rule["not"]["required"] for rule in section.get("allOf", ()) if "not" in rule]
    names = {name for pair in pairs for name in pair}
    return {name: frozenset().union(*(pair for pair in pairs if name in pair)) - {name} for name in names}


def _leaf(
    path: tuple[str, ...], schema: Mapping[str, Any], target: TargetKind | None, excludes: frozenset[str]
) -> Leaf:
    return Leaf(
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
    array = next((s for s in (schema, *schema.get("anyOf", ())) if s.get("type") == "array"), None)
    if array is not None:
        return "artifacts" if array["items"].get("type") == "object" else "list"
    kinds: dict[str, Kind] = {"boolean": "boolean", "integer": "integer", "object": "map"}
    return kinds.get(schema["type"], "text")
