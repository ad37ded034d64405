"""What two products of one run must not share: an input that says what they are, a receipt, an announcement."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from shipline.errors import Problem
from shipline.record import dataclass
from shipline.resolution import twins

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from shipline.fleet.products import Product
    from shipline.inputs import Given
    from shipline.pipeline import BuildMaster, CentercodeTarget, Pipeline, V3Target

_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Member:
    """One product with what was asked for it."""

    product: Product
    pipeline: Pipeline
    receipt: Path


def find(
    members: Sequence[Member], given: Mapping[str, Given], receipt: str | None, others: Sequence[Member] = ()
) -> Iterator[Problem]:
    """Every conflict that one of ``members`` has. ``others`` are products of other jobs that may run at the same time.

    ``given`` is what is given for all of them outside their files, ``receipt`` the option.
    """
    every = _Every(sorted((*members, *others), key=_place), frozenset(map(_place, members)))
    if receipt is not None and len(members) > 1:
        yield Problem("receipt", "", "can't be one for several products: leave it out, and each has its own")
    for name, identity in _IDENTITIES.items():
        if name in given:
            groups = {tuple(map(_place, same)): same for same in every.shared(identity)}
            for same in groups.values():
                what = f"gives {_named(same)} the same {_WORDS[name]}: set it in each one's config file"
                yield Problem(str(given[name].place), "", what)
    if receipt is None:
        for same in every.shared(lambda member: [member.receipt]):
            what = f"{_named(same)} would have the same receipt, {same[0].receipt.as_posix()}"
            yield Problem(_place(same[1]), "", f"{what}: expected other applications, projects or versions")
    if given.keys().isdisjoint(_OF_BUILD):
        yield from _same_build(every)
    if given.keys().isdisjoint(_OF_RELEASE_TYPE):
        yield from _same_release_type(every)
    if "v3-product-id" not in given:
        yield from _same_release(every)


@dataclass(frozen=True, slots=True)
class _Every:
    """Products in order of their config files, and the files of those whose conflicts are looked for."""

    members: Sequence[Member]
    own: frozenset[str]

    def concerns(self, *members: Member) -> bool:
        return any(_place(member) in self.own for member in members)

    def shared(self, of: Callable[[Member], Iterable[Any]]) -> list[list[Member]]:
        """The members of which two or more have the same thing."""
        found: dict[Any, list[Member]] = defaultdict(list)
        for member in self.members:
            for thing in set(of(member)):
                found[thing].append(member)
        return [same for same in found.values() if len(same) > 1 and self.concerns(*same)]


def _same_build(every: _Every) -> Iterator[Problem]:
    for same in every.shared(_build_id):
        for member in same[1:]:
            if every.concerns(same[0], member):
                what = f"is {same[0].product.name}'s too: expected another build"
                yield Problem(_place(member), "buildmaster.build-id", what)
    seen: dict[Any, dict[str | int, Member]] = defaultdict(dict)
    for member in every.members:
        for key, application in _build(member):
            before = seen[key]
            other = before.get(application)
            if other is not None and every.concerns(other, member):
                what = f"{_both(other, member)}: expected another application, release or build-number"
                yield Problem(_place(member), "buildmaster", what)
            elif unlike := _of_other_kind(before, application, member, every):
                what = (
                    f"{_both(unlike, member)}, if their applications are one, which only the server knows: "
                    "expected names for both or ids for both, or another release or build-number"
                )
                yield Problem(_place(member), "buildmaster.application", what)
            before.setdefault(application, member)


def _both(one: Member, other: Member) -> str:
    """Two members that have the same of both."""
    builder = next(_builds(other))
    release, number = builder.release, builder.build_number
    said = {"number": f"release {release.value}", "id": f"release id:{release.value}", "latest": "the latest release"}
    return f"{_named([one, other])} would both be build {number} of {said[release.kind]}"


def _of_other_kind(
    before: Mapping[str | int, Member], application: str | int, member: Member, every: _Every
) -> Member | None:
    """One whose application is given by name where this one's is by id, or the other way round."""
    unlike = (other for known, other in before.items() if type(known) is not type(application))
    return next((other for other in unlike if every.concerns(other, member)), None)


def _same_release_type(every: _Every) -> Iterator[Problem]:
    for same in every.shared(_announced):
        for member in same[1:]:
            if every.concerns(same[0], member):
                shared = next(
                    why
                    for target in _centercode(member)
                    for other in _centercode(same[0])
                    if (why := twins.same_release_type(other, target))
                )
                what = f"announces the same as {same[0].product.name}: {shared}"
                yield Problem(_place(member), "centercode", what)


def _same_release(every: _Every) -> Iterator[Problem]:
    seen: dict[tuple[str, ...], list[tuple[Member, V3Target]]] = defaultdict(list)
    for member in every.members:
        for target in _v3(member):
            key = twins.of_release(target)
            for other, before in seen[key]:
                shared = twins.same_release(before, target)
                if shared and other is not member and every.concerns(other, member):
                    what = f"announces the same as {other.product.name}: {shared}"
                    yield Problem(_place(member), "v3", what)
                    break
            seen[key].append((member, target))


def _centercode(member: Member) -> list[CentercodeTarget]:
    return [target for target in member.pipeline.centercode if not target.skip and "publish" in member.pipeline.steps]


def _v3(member: Member) -> list[V3Target]:
    return [target for target in member.pipeline.v3 if not target.skip and "publish" in member.pipeline.steps]


def _named(members: Sequence[Member]) -> str:
    names = [member.product.name for member in members]
    return ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")


def _place(member: Member) -> str:
    return member.product.config


def _application(member: Member) -> Iterator[Any]:
    builder = member.pipeline.buildmaster
    if builder is not None:
        yield twins.server(builder.url), (builder.application or "").casefold() or builder.application_id


def _builds(member: Member) -> Iterator[BuildMaster]:
    """The section of a product that makes or deploys a build."""
    if member.pipeline.buildmaster is not None and not member.pipeline.steps.isdisjoint(("build", "deploy")):
        yield member.pipeline.buildmaster


def _build_id(member: Member) -> Iterator[Any]:
    yield from ((twins.server(b.url), b.build_id) for b in _builds(member) if b.build_id is not None)


def _build(member: Member) -> Iterator[tuple[Any, str | int]]:
    """What a build's number is one of, with the number; and the application. Without a number each has its own."""
    for builder in _builds(member):
        application = (builder.application or "").casefold() or builder.application_id
        release, number = builder.release, builder.build_number
        known = release.value or release.kind == "latest"
        if application and number and known and builder.build_id is None:
            of = twins.server(builder.url), release.kind, release.value.casefold(), number.casefold()
            yield of, application


def _announced(member: Member) -> Iterator[tuple[str, ...]]:
    """The release types; what isn't known is like nothing."""
    yield from (
        twins.of_release_type(target) for target in _centercode(member) if target.project and target.release_type
    )


def _projects(member: Member) -> Iterator[Any]:
    yield from ((twins.server(t.url), t.project.casefold()) for t in _centercode(member) if t.project)


def _release_types(member: Member) -> Iterator[Any]:
    """Of whichever project: what is said for all at once is a product's own by luck."""
    yield from ((twins.server(t.url), t.release_type.casefold()) for t in _centercode(member) if t.release_type)


def _product_ids(member: Member) -> Iterator[Any]:
    """Of any version and platform: of two products with the same id one may be right, but hardly both."""
    yield from ((twins.server(t.url), t.product_id.casefold()) for t in _v3(member) if t.product_id)


_IDENTITIES: Mapping[str, Callable[[Member], Iterable[Any]]] = {
    "buildmaster-application": _application,
    "buildmaster-build-id": _build_id,
    "centercode-project": _projects,
    "centercode-release-type": _release_types,
    "centercode-endpoint-url": _announced,
    "v3-product-id": _product_ids,
}
_OF_BUILD = frozenset({"buildmaster-application", "buildmaster-build-id"})
_OF_RELEASE_TYPE = frozenset({"centercode-project", "centercode-release-type", "centercode-endpoint-url"})
_WORDS = {
    "buildmaster-application": "application",
    "buildmaster-build-id": "build",
    "centercode-project": "Centercode project",
    "centercode-release-type": "Centercode release type",
    "centercode-endpoint-url": "Centercode project and release type",
    "v3-product-id": "product id",
}
