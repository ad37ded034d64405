"""docs/how-to/first-pipeline.md, done by somebody who has nothing yet, up to the first release in each CI system."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from job.newcomer import RUNNERS, TAG, newcomer
from job.project import KEYS

if TYPE_CHECKING:
    from shipline_sandbox.server import Running

PAGE = (Path(__file__).parents[2] / "docs/how-to/first-pipeline.md").read_text()
COMMANDS = [line for block in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL) for line in block.splitlines()]


def test_the_page_counts_its_commands_and_edits() -> None:
    counted = re.search(r"\*\*(\d+) commands and (\d+) edits?\*\*", PAGE)
    assert counted
    assert int(counted[1]) == len(COMMANDS)
    assert int(counted[2]) == len(re.findall(r"^\d+\. \*\*Edit\*\*", PAGE, re.MULTILINE))


@pytest.mark.parametrize("ci", RUNNERS)
def test_a_first_release(ci: str, tmp_path: Path, sandbox: Running) -> None:
    made = newcomer(tmp_path, sandbox)
    sandbox.put_file("widget-1.0.0.zip", b"what the build uploads")
    for line in COMMANDS:
        is_init = line.startswith("shipline init")
        said = made.shell(line.replace("--ci github", f"--ci {ci}"), made.answers if is_init else KEYS)
        if is_init:
            assumed = re.findall(r"^  --([a-z0-9-]+) ", said, re.MULTILINE)
            assert assumed == ["artifacts", "buildmaster-pipeline", "v3-platforms"]
    assert [r for r in sandbox.requests() if r["method"] not in ("GET", "HEAD")] == []
    RUNNERS[ci](made)
    state = sandbox.admin("state")
    assert [(b["number"], b["status"]) for b in state["buildmaster"]["builds"]] == [("1.0.0", "deployed")]
    assert [(r["version"], r["published"]) for r in state["v3"]["releases"]] == [(TAG[1:], False)]
    (posted,) = state["centercode"]["releases"]
    assert "Widgets turn" in posted["body"]
    assert posted["links"][0]["url"] == f"{sandbox.url}/files/widget-1.0.0.zip"
