"""Where `make clients` has put what these tests run; without it they are skipped."""

from __future__ import annotations

from pathlib import Path

import pytest

INSTALLED = Path(__file__).parents[2] / ".venv/clients"


@pytest.fixture(scope="session")
def installed() -> Path:
    """The folder with a virtual environment's bin and npm's node_modules."""
    if not (INSTALLED / ".ready").is_file():
        pytest.skip("needs what `make clients` installs")
    return INSTALLED
