"""Fixtures of the unit tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """A workspace with two artifacts and a changelog."""
    (tmp_path / "dist").mkdir()
    (tmp_path / "dist" / "widget 1.4.0.zip").write_bytes(b"zip")
    (tmp_path / "dist" / "widget.exe").write_bytes(b"exe!")
    notes = "# Changelog\n\n## Unreleased\n\n- soon\n\n## 1.4.0\n\n- Faster.\n"
    (tmp_path / "CHANGELOG.md").write_text(notes, encoding="utf-8")
    return tmp_path
