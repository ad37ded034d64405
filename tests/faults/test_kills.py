"""The kill matrix: SIGKILL around every POST and every write of the receipt, then a re-run."""

from __future__ import annotations

import json
import signal
from typing import TYPE_CHECKING, Any

from faults import cells, wire
from faults.proxy import Asked, Rule
from faults.run_sequence import RunSequence

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest

    from faults.cells import Death
    from faults.environment import Environment


def test_death(
    death: Death, environment: Environment, clean: dict[str, dict[str, Any]], request: pytest.FixtureRequest
) -> None:
    environment.reset(**cells.VARIANTS[death.variant])
    launch: list[str] = []
    if isinstance(death.at, Asked):
        environment.proxy.rule = Rule(death.at, wire.kill(lambda: environment.pid, applied=death.when == "after"))
    else:
        launch = [death.when, str(death.at)]
    attempts = death.memory != "local"
    sequence = RunSequence(environment, clean[death.variant])
    sequence.record(environment.run(attempt=1 if attempts else None, launch=launch), {-signal.SIGKILL})
    expected = _next_run(death, environment)
    if death.memory == "lost":
        environment.lose_receipt()
    sequence.finish(expected, attempts=attempts)
    place = "POST" if isinstance(death.at, Asked) else "receipt write"
    fault = f"{death.variant}, {death.when} a {place}, receipt {death.memory}"
    row = {"matrix": f"Kill matrix{environment.over}", "at": f"{death.variant}-{death.place}", "fault": fault}
    request.node.user_properties.append(
        ("cell", row | {"codes": sequence.codes, "duplicates": environment.duplicates()})
    )
    sequence.check(request.node)


def _next_run(death: Death, environment: Environment) -> int:
    """What the run after it must end in: 8 where something was being sent that nobody can look up."""
    unnumbered = death.variant == "unnumbered"
    stages = cells.VARIANTS[death.variant].get("stages", ("Integration", "Testing")) or ("Integration",)
    if death.memory == "lost" or (death.memory == "kept" and not any(environment.folder.glob(".shipline/*.json"))):
        return 8 if unnumbered or environment.deployed(stages[-1]) else 0
    sending = {entry["name"] for entry in _entries(environment) if entry["status"] == "sending"}
    if (
        "publish:centercode" in sending
        or any(name.startswith("notify:") for name in sending)
        or ("build" in sending and unnumbered)
    ):
        return 8
    # A deploy that BuildMaster shows no trace of isn't sent again without a stage: it could be the next one's.
    return 8 if "deploy" in sending and not environment.deployed(stages[0]) else 0


def _entries(environment: Environment) -> Iterator[dict[str, Any]]:
    """What the receipt said when the run was killed."""
    for path in (environment.folder / ".shipline").glob("*.json"):
        yield from json.loads(path.read_text())["steps"]
