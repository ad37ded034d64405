"""Records clean runs, makes the matrices' cells from them, and gathers the figures.

``--tls``: the services are spoken to in TLS; ``--proxied``: through a proxy. ``--write-figures``: into
docs/test-results.md.
"""

from __future__ import annotations

import fcntl
import json
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import fork_server
from faults import cells, figures, known_defects, walk_figures
from faults import environment as environments
from faults.cells import Recorded
from faults.proxy import Asked

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from faults.environment import Environment


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--tls", action="store_true", help="the fault and kill matrices, with services that speak TLS")
    parser.addoption("--proxied", action="store_true", help="those matrices, with services behind a proxy")
    parser.addoption("--write-figures", action="store_true", help="write their figures into docs/test-results.md")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    wanted = {"cell", "death"} & set(metafunc.fixturenames)
    if not wanted:
        return
    whole, way = metafunc.config.getoption("whole", default=False), _way(metafunc.config)
    recorded = _recorded(metafunc.config, way, whole=whole)
    every: Iterable[Any] = cells.deaths(recorded, whole=whole)
    if "cell" in wanted:
        every = cells.matrix(recorded, whole=whole, tls=way["tls"])
    (name,) = wanted
    metafunc.parametrize(name, [pytest.param(one, id=one.label, marks=known_defects.marks(one)) for one in every])


def _way(config: pytest.Config) -> dict[str, bool]:
    """How the services are reached."""
    return {name: bool(config.getoption(name, default=False)) for name in ("tls", "proxied")}


def _recorded(config: pytest.Config, way: dict[str, bool], *, whole: bool) -> dict[str, Recorded]:
    """Clean runs of each variant; recorded by the first of the processes that test in parallel, for all of them."""
    run_id = getattr(config, "workerinput", {}).get("testrunuid", "alone")
    kind = "-".join(["whole" if whole else "slice", *(name for name in way if way[name])])
    path = config.cache.mkdir("faults") / f"recorded-{kind}.json"
    with path.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if run_id != "alone" and path.exists():
            kept = json.loads(path.read_text())
            if kept["run"] == run_id:
                return {name: _loaded(data) for name, data in kept["variants"].items()}
        variants = {name: _record(name, way) for name in _variants(whole=whole)}
        data = {n: {"asked": [vars(a) for a in r.asked], "writes": r.writes} for n, r in variants.items()}
        path.write_text(json.dumps({"run": run_id, "variants": data}))
    return variants


def _variants(*, whole: bool) -> list[str]:
    return list(cells.VARIANTS) if whole else ["numbered", "telling", "correcting"]


def _loaded(data: dict[str, Any]) -> Recorded:
    return Recorded(tuple(Asked(**asked) for asked in data["asked"]), data["writes"])


def _record(variant: str, way: dict[str, bool]) -> Recorded:
    with tempfile.TemporaryDirectory() as folder, environments.environment(Path(folder, "project"), **way) as made:
        made.reset(**cells.VARIANTS[variant])
        count = Path(folder, "writes")
        ended = made.run(attempt=1, launch=["count", str(count)])
        assert ended.code == 0, ended.text
        return Recorded(tuple(made.proxy.seen), len(count.read_text().splitlines()))


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Environment]:
    with environments.environment(tmp_path_factory.mktemp("environment") / "project", **_way(request.config)) as made:
        made.forks = fork_server.shared
        yield made


@pytest.fixture(scope="session")
def clean(environment: Environment, request: pytest.FixtureRequest) -> dict[str, dict[str, Any]]:
    """What the services have after one clean run, by variant."""
    objects = {}
    for name in _variants(whole=request.config.getoption("whole", default=False)):
        environment.reset(**cells.VARIANTS[name])
        ended = environment.run(attempt=1)
        assert ended.code == 0, ended.text
        objects[name] = environment.objects()
    return objects


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    figures.current.add(report)
    walk_figures.current.add(report)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    write = config.getoption("write_figures", default=False)
    walk_figures.current.show(terminalreporter, write=write and "WALKS" in os.environ)
    if not figures.current.matrices:
        return
    terminalreporter.section("faults and kills")
    for line in figures.current.lines():
        terminalreporter.write_line(line)
    if write:
        figures.current.write()
