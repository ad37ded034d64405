"""Switches for unknown behavior of the real services, and for differences between versions (docs/fidelity.md)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from shipline_sandbox.store import Session

# The first choice of each is the default.
SWITCHES: dict[str, tuple[str, ...]] = {
    "unknown_members": ("ignore", "refuse"),
    "rate_limits": ("off", "aspnet", "documented"),
    "deploy_answer": ("object", "array", "empty"),
    "fields": ("new", "old"),
    "reject_older": ("on", "off"),
    "list_filters": ("exact", "loose"),
    "forbidden_body": ("text", "empty"),
    "templates": ("available", "removed"),
    "parent_outcome": ("worst", "succeeded"),
    "override_shown": ("all", "parent"),
    "enhanced_integrations": ("on", "off"),
    "content_type": ("strict", "lenient"),
    "required_members": ("title", "title-and-value"),
    "end_before_start": ("refuse", "accept"),
    "duplicate_release_value": ("accept", "refuse"),
    "missing_bucket_file": ("refuse", "processing"),
    "lookup_member": ("field", "name"),
    "upload_limit": ("2000000000", "2147483648", "1000"),
    "v3": ("full", "create-only"),
    "v3_products": ("any", "strict"),
    "v3_account": ("required", "optional"),
    "v3_unique": ("on", "off"),
    "v3_file_answer": ("file", "release"),
    "v3_storage": ("free", "full"),
    "v3_uploads": ("raw", "form"),
}


def read(session: Session) -> dict[str, str]:
    """Return every switch with its position."""
    positions: dict[str, str] = {name: choices[0] for name, choices in SWITCHES.items()}
    positions |= session.value("switches", {})
    return positions


def change(session: Session, changes: dict[str, Any]) -> None:
    """Set switches. Raises ValueError for an unknown switch or position, and then sets none."""
    for name, position in changes.items():
        if name not in SWITCHES:
            raise ValueError(f"unknown switch {name!r}; there are {', '.join(sorted(SWITCHES))}")
        if position not in SWITCHES[name]:
            raise ValueError(f"{name}: {position!r} is not one of {', '.join(SWITCHES[name])}")
    session.set_value("switches", session.value("switches", {}) | changes)
