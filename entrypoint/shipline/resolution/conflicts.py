"""What two products of one run must not share: an input that says what they are, a receipt, an announcement."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from shipline.errors import Problem
from shipline.resolution import twins

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from shipline.fleet.products import Product
    from shipline.inputs import Given
    from shipline.pipeline import CentercodeTarget, Pipeline, V3Target

_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Member:
    """One product with what was asked for it."""

    product: Product
    pipeline: Pipeline
    receipt: Path


def find(members: Sequence[Member], given: Mapping[str, Given], receipt: str | None) -> Iterator[Problem]:
    """Every conflict. ``given`` is what is given for all of them outside their files, ``receipt`` the option."""
    if receipt is not None and len(members) > 1:
        yield Problem("receipt", "", "can't be one for several products: leave it out, and each has its own")
    for name, identity in _IDENTITIES.items():
        if name in given:
            for same in _shared(members, identity):
                what = f"gives {_named(same)} the same {_WORDS[name]}: set it in each one's config file"
                yield Problem(str(given[name].place), "", what)
    if receipt is None:
        for same in _shared(members, lambda member: [member.receipt]):
            what = f"{_named(same)} would have the same receipt, {same[0].receipt}: expected other applications"
            yield Problem(same[1].product.config, "", f"{what}, projects or versions")
    if "centercode-project" not in given and "centercode-endpoint-url" not in given:
        yield from _same_release_type(members)
    if "v3-product-id" not in given:
        yield from _same_release(members)


def _shared(members: Iterable[Member], of: Callable[[Member], Iterable[Any]]) -> list[list[Member]]:
    """The members of which two or more have the same thing."""
    found: dict[Any, list[Member]] = defaultdict(list)
    for member in members:
        for thing in set(of(member)):
            found[thing].append(member)
    return [same for same in found.values() if len(same) > 1]


def _same_release_type(members: Iterable[Member]) -> Iterator[Problem]:
    def announced(member: Member) -> Iterator[tuple[str, ...]]:
        yield from (twins.of_release_type(target) for target in _centercode(member))

    for same in _shared(members, announced):
        first = same[0].product.name
        for member in same[1:]:
            shared = next(
                why
                for target in _centercode(member)
                for other in _centercode(same[0])
                if (why := twins.same_release_type(other, target))
            )
            yield Problem(member.product.config, "centercode", f"announces the same as {first}: {shared}")


def _same_release(members: Iterable[Member]) -> Iterator[Problem]:
    seen: dict[tuple[str, ...], list[tuple[Member, V3Target]]] = defaultdict(list)
    for member in members:
        for target in _v3(member):
            key = twins.of_release(target)
            for other, before in seen[key]:
                shared = twins.same_release(before, target)
                if shared and other is not member:
                    what = f"announces the same as {other.product.name}: {shared}"
                    yield Problem(member.product.config, "v3", what)
                    break
            seen[key].append((member, target))


def _centercode(member: Member) -> list[CentercodeTarget]:
    return [target for target in member.pipeline.centercode if not target.skip and "publish" in member.pipeline.steps]


def _v3(member: Member) -> list[V3Target]:
    return [target for target in member.pipeline.v3 if not target.skip and "publish" in member.pipeline.steps]


def _named(members: Sequence[Member]) -> str:
    names = [member.product.name for member in members]
    return ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")


def _application(member: Member) -> Iterator[Any]:
    builder = member.pipeline.buildmaster
    if builder is not None:
        yield builder.application or builder.application_id


def _build_id(member: Member) -> Iterator[Any]:
    builder = member.pipeline.buildmaster
    if builder is not None:
        yield builder.build_id


_IDENTITIES: Mapping[str, Callable[[Member], Iterable[Any]]] = {
    "buildmaster-application": _application,
    "buildmaster-build-id": _build_id,
    "centercode-project": lambda member: (target.project for target in member.pipeline.centercode),
    "centercode-release-type": lambda member: (target.release_type for target in member.pipeline.centercode),
    "centercode-endpoint-url": lambda member: ((t.project, t.release_type) for t in member.pipeline.centercode),
    "v3-product-id": lambda member: (target.product_id for target in member.pipeline.v3),
}
_WORDS = {
    "buildmaster-application": "application",
    "buildmaster-build-id": "build",
    "centercode-project": "Centercode project",
    "centercode-release-type": "release type",
    "centercode-endpoint-url": "Centercode project and release type",
    "v3-product-id": "product id",
}
