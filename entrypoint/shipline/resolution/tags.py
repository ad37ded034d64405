"""Tags that several products of one repository share by their beginnings: ``router-v1.4.0`` and ``camera-v2.0``."""

from __future__ import annotations

from shipline import version as versions


def version(tag: str, prefix: str) -> versions.Version | None:
    """The version that a tag says after the prefix; None if it isn't one of the prefix's."""
    if not tag.startswith(prefix):
        return None
    try:
        return versions.parse(tag.removeprefix(prefix))
    except ValueError:
        return None
