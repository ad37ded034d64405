"""A record is what the standard library's dataclass of the same fields would be."""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import dataclass as standard
from dataclasses import field, fields, is_dataclass, replace
from typing import TYPE_CHECKING, Any

import pytest

import shipline
from shipline.record import dataclass as ours

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def point(dataclass: Callable[..., Any]) -> Any:
    @dataclass(frozen=True, slots=True)
    class Point:
        x: int
        y: int = 2
        names: list[str] = field(default_factory=list)
        hidden: str = field(default="", repr=False, compare=False)

        @property
        def sum(self) -> int:
            return self.x + self.y

    return Point


OURS, STANDARD = point(ours), point(standard)
GOOD: list[tuple[tuple[Any, ...], dict[str, Any]]] = [
    ((1,), {}),
    ((1, 3), {}),
    ((1, 3, ["a"], "b"), {}),
    ((), {"y": 4, "x": 5}),
    ((1,), {"hidden": "c", "names": ["d"]}),
]
BAD: list[tuple[tuple[Any, ...], dict[str, Any]]] = [
    ((), {}),
    ((), {"y": 1}),
    ((1, 2, [], "", 5), {}),
    ((1,), {"x": 1}),
    ((1,), {"z": 1}),
]


@pytest.mark.parametrize("often", [False, True])
@pytest.mark.parametrize(("args", "given"), GOOD)
def test_it_is_made_and_shown_alike(args: tuple[Any, ...], given: dict[str, Any], *, often: bool) -> None:
    kind = point(ours)
    for _ in range(300 if often else 1):
        made = kind(*args, **given)
        other = STANDARD(*args, **given)
        assert [getattr(made, f.name) for f in fields(made)] == [getattr(other, f.name) for f in fields(other)]
    assert repr(made) == repr(other)
    assert made.sum == other.sum
    assert is_dataclass(made)


@pytest.mark.parametrize("often", [False, True])
@pytest.mark.parametrize(("args", "given"), BAD)
def test_what_the_other_refuses_is_refused(args: tuple[Any, ...], given: dict[str, Any], *, often: bool) -> None:
    kind = point(ours)
    for _ in range(300 if often else 0):
        kind(1)
    for refusing in (kind, STANDARD):
        with pytest.raises(TypeError):
            refusing(*args, **given)


def test_each_has_a_list_of_its_own() -> None:
    one, other = OURS(1), OURS(1)
    one.names.append("a")
    assert other.names == []


def test_two_of_the_same_fields_are_equal() -> None:
    assert OURS(1) == OURS(1, hidden="not compared")
    assert OURS(1) != OURS(2)
    assert OURS(1) != STANDARD(1)


def test_a_frozen_one_can_be_in_a_set_and_another_cannot() -> None:
    @ours(frozen=True)
    class Frozen:
        x: int

    @ours()
    class Open:
        x: int

    assert len({Frozen(1), Frozen(1), Frozen(2)}) == 2
    with pytest.raises(TypeError, match="unhashable"):
        hash(Open(1))


def test_one_with_a_change_is_another() -> None:
    first = OURS(1, names=["a"])
    assert replace(first, y=7) == OURS(1, 7, ["a"])
    assert first.y == 2


def records() -> Iterator[type]:
    for module in pkgutil.walk_packages(shipline.__path__, "shipline."):
        if module.name != "shipline.__main__":
            kinds = vars(importlib.import_module(module.name)).values()
            yield from (kind for kind in kinds if isinstance(kind, type) and kind.__module__ == module.name)


def test_none_uses_what_records_do_not_have() -> None:
    all_of_them = [kind for kind in records() if is_dataclass(kind)]
    assert len(all_of_them) > 50
    for kind in all_of_them:
        assert kind.__mro__[1:] == (object,), kind
        assert not hasattr(kind, "__post_init__"), kind
        assert not [name for name, kept in kind.__annotations__.items() if "ClassVar" in kept], kind
        assert all(f.init and not f.kw_only for f in fields(kind)), kind


def test_its_own_methods_stay() -> None:
    @ours(frozen=True)
    class Named:
        name: str

        def __repr__(self) -> str:
            return f"<{self.name}>"

    assert repr(Named("a")) == "<a>"
