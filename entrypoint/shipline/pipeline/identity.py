"""The identity of what a target announces, and targets that would announce the same thing twice."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from shipline.inputs.document import dotted
from shipline.values import normalize_url

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from shipline.pipeline.model import CentercodeTarget, V3Target
    from shipline.pipeline.section import Section


_Target = TypeVar("_Target", "V3Target", "CentercodeTarget")


def check(targets: Sequence[tuple[Section, _Target]], same: Callable[[_Target, _Target], str]) -> None:
    """Report each target that announces the same as one before it. ``same`` describes what two of them share."""
    announced = [(section, target) for section, target in targets if not target.skip and target.url]
    for position, (section, target) in enumerate(announced):
        for other, before in announced[:position]:
            if shared := same(before, target):
                section.complain(f"is the same as {dotted(other.path)}: {shared}")
                break


def same_release(earlier: V3Target, later: V3Target) -> str:
    """What two v3 targets share if they are one release, which v3 refuses to create twice (docs/fidelity.md)."""
    key = of_release(earlier)
    platforms = [p for p in later.platforms if p in earlier.platforms]
    if key != of_release(later) or not platforms or not all(key[1:]):  # what has a problem is empty
        return ""
    return (
        f"url, product-id, version {later.version}, channel {later.channel} and the platform {platforms[0]}; "
        "expected another channel or other platforms, or one target"
    )


def same_release_type(earlier: CentercodeTarget, later: CentercodeTarget) -> str:
    """What two Centercode targets share if they are one release type, whose testers would get both posts."""
    key = of_release_type(earlier)
    same = key == of_release_type(later) and all(key[1:])
    return "url, project and release type; expected one target a release type" if same else ""


def of_release(target: V3Target) -> tuple[str, ...]:
    """The identity of a v3 release, whatever its spelling: URL, product id, version and channel.

    Two releases with one identity differ if they have no platform in common.
    """
    return normalize_url(target.url), target.product_id.casefold(), target.version, target.channel


def of_release_type(target: CentercodeTarget) -> tuple[str, ...]:
    """The identity of a Centercode release type, whatever its spelling: URL, project and release type."""
    return normalize_url(target.url), target.project.casefold(), target.release_type.casefold()
