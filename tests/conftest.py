"""What holds for all tests."""

from __future__ import annotations

import contextlib
import signal
import socket
import time
from collections import Counter
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

import fork_server
import shared_sandbox
from job.tls import spoken

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator

# How long an example takes says nothing on a busy machine; the gate has the same examples each time.
settings.register_profile("untimed", deadline=None, derandomize=True)
settings.load_profile("untimed")


ONE_OF = {
    "faults/test_kills.py": 4,
    "faults/test_matrix.py": 6,
    "faults/test_proxy.py": 3,
    "hostile/test_answers.py": 5,
    "hostile/test_inputs.py": 5,
    "job/test_bad_inputs.py": 4,
    "job/test_html_report.py": 2,
    "job/test_isolation.py": 2,
    "job/test_matrix.py": 2,
    "job/test_operations.py": 4,
    "job/test_runners_matrix.py": 4,
    "job/test_told.py": 4,
    "job/test_terminal.py": 3,
    "job/test_unwritable.py": 4,
    "repository/test_examples.py": 2,
    "transport/test_proxied.py": 2,
    "unit/test_maskers.py": 2,
    "unit/test_service_commands.py": 4,
}
"""Files of many slow cases of one kind, of which the gate runs one of so many; the night runs all."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--nightly", action="store_true", help="also the tests marked nightly")
    parser.addoption("--whole", action="store_true", help="the full fault and kill matrices")
    parser.addoption("--processes", action="store_true", help="start each run of the program as a new process")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Without ``--nightly`` leave out what is for the night."""
    if config.getoption("nightly"):
        return
    everything = config.getoption("whole") or any("::" in argument for argument in config.args)
    seen: Counter[str] = Counter()
    nightly: list[pytest.Item] = []
    kept: list[pytest.Item] = []
    for item in items:
        name = f"{item.path.parent.name}/{item.path.name}"
        seen[name] += 1
        in_turn = everything or seen[name] % ONE_OF.get(name, 1) == 0
        (kept if in_turn and not item.get_closest_marker("nightly") else nightly).append(item)
    if nightly:
        config.hook.pytest_deselected(items=nightly)
        items[:] = kept


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("processes"):
        fork_server.shared = None


def pytest_sessionfinish() -> None:
    shared_sandbox.close()
    if fork_server.shared:
        fork_server.shared.close()


@pytest.fixture(autouse=True)
def _signals() -> Iterator[None]:
    """A command that a test carries out in its own process ignores signals at its end; a child would inherit that."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        if handler is not None and signal.getsignal(number) is not handler:
            signal.signal(number, handler)


@pytest.fixture(scope="session")
def certified(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, str]:
    """What a server speaks TLS with, and the path of the authority to trust."""
    folder = tmp_path_factory.mktemp("certificates")
    return spoken(folder), str(folder / "company-ca.pem")


@pytest.fixture
def silent() -> Iterator[tuple[str, int]]:
    """An address that doesn't respond to a connect: its queue is full."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as server, contextlib.ExitStack() as stack:
        for _ in range(3):
            filler = stack.enter_context(socket.socket())
            filler.settimeout(0)
            filler.connect_ex(server.getsockname())
        time.sleep(0.05)
        yield server.getsockname()
