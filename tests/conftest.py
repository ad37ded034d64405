"""What holds for all tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from job.tls import spoken

if TYPE_CHECKING:
    import ssl

settings.register_profile("untimed", deadline=None)  # how long an example takes says nothing on a busy machine
settings.load_profile("untimed")


@pytest.fixture(scope="session")
def certified(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, str]:
    """What a server speaks TLS with, and the path of the authority to trust."""
    folder = tmp_path_factory.mktemp("certificates")
    return spoken(folder), str(folder / "company-ca.pem")
