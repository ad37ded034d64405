"""The interface through which a run and its steps report; reporting implements it, and run never imports that."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from contextlib import AbstractContextManager


class ProgressListener(Protocol):
    """Receives a line of the log."""

    def progress(self, text: str) -> None:
        """Show what happens now."""

    def warning(self, text: str) -> None:
        """Show a warning."""


class Progress(Protocol):
    """Receives everything that a run reports before its outcome."""

    warned: bool
    """True if the result is ``warned`` instead of ``succeeded``."""

    def progress(self, text: str) -> None:
        """Show what happens now."""

    def ongoing(self, text: str) -> None:
        """Show how far something is; an empty text ends it."""

    def warning(self, text: str, *, counts: bool = False) -> None:
        """Show a warning; if it ``counts``, the result is ``warned``."""

    def step(self, name: str) -> AbstractContextManager[None]:
        """Group what is shown inside the ``with`` block under a step."""

    def done(self, name: str, text: str, *, skipped: bool = False) -> None:
        """Show the result of a step."""

    def note(self, **fields: Any) -> None:
        """Send an event to listeners only, such as the report and the status line."""
