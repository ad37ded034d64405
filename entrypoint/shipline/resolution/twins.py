"""Targets that would announce the same thing twice."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit

from shipline.document import dotted

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from shipline.pipeline import CentercodeTarget, V3Target
    from shipline.resolution.section import Section

_PORTS = {"http": 80, "https": 443}
_Target = TypeVar("_Target", "V3Target", "CentercodeTarget")


def check(targets: Sequence[tuple[Section, _Target]], same: Callable[[_Target, _Target], str]) -> None:
    """Complain about each target that is the same as one before it; ``same`` says what they share, if they are."""
    asked = [(section, target) for section, target in targets if not target.skip and target.url]
    for position, (section, target) in enumerate(asked):
        for other, before in asked[:position]:
            if shared := same(before, target):
                section.complain(f"is the same as {dotted(other.path)}: {shared}")
                break


def same_release(one: V3Target, other: V3Target) -> str:
    """v3 knows a release by these, and refuses a second one (docs/fidelity.md)."""
    key = of_release(one)
    platforms = [p for p in other.platforms if p in one.platforms]
    if key != of_release(other) or not platforms or not all(key[1:]):  # what has a problem is empty
        return ""
    return (
        f"url, product-id, version {other.version}, channel {other.channel} and the platform {platforms[0]}; "
        "expected another channel or other platforms, or one target"
    )


def same_release_type(one: CentercodeTarget, other: CentercodeTarget) -> str:
    """Centercode would take both, and testers be told twice."""
    key = of_release_type(one)
    same = key == of_release_type(other) and all(key[1:])
    return "url, project and release type; expected one target a release type" if same else ""


def of_release(target: V3Target) -> tuple[str, ...]:
    """What two releases have in common that can't both be there, but for their platforms; however it is written."""
    return server(target.url), target.product_id.casefold(), target.version, target.channel


def of_release_type(target: CentercodeTarget) -> tuple[str, ...]:
    return server(target.url), target.project.casefold(), target.release_type.casefold()


def server(url: str) -> str:
    """A service's address as all its spellings have it: in small letters, without what goes without saying."""
    parts = urlsplit(url)
    host, port = (parts.hostname or "").removesuffix("."), parts.port
    own = "" if port in (None, _PORTS.get(parts.scheme)) else f":{port}"
    return parts._replace(netloc=f"{host}{own}", path=parts.path.rstrip("/")).geturl()
