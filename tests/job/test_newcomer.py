"""docs/how-to/first-pipeline.md, done by somebody who has nothing yet, up to the first release in each CI system."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from job.newcomer import RUNNERS, TAG, newcomer
from job.project import KEYS, changes
from shipline import __version__

if TYPE_CHECKING:
    from shipline_sandbox.server import Running

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/how-to/first-pipeline.md").read_text()
COMMANDS = [line for block in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL) for line in block.splitlines()]


def test_the_page_counts_its_commands_and_edits() -> None:
    counted = re.search(r"\*\*(\d+) commands and (\d+) edits?\*\*", PAGE)
    assert counted
    assert int(counted[1]) == len(COMMANDS)
    assert int(counted[2]) == len(re.findall(r"^\d+\. \*\*Edit\*\*", PAGE, re.MULTILINE))


def test_it_takes_few_commands_and_edits_and_the_forms_are_named() -> None:
    command = [sys.executable, ROOT / "tools/first_release.py"]
    counted = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    for name in ("GitHub", "GitLab", "Jenkins"):
        assert f"{name}: {len(COMMANDS)} commands, 1 edits, 4 forms\n" in counted
    for key in ("`CENTERCODE_API_KEY`", "`SHIPLINE_V3_TOKEN`", "`buildmaster-key`"):
        assert counted.count(f": {key}\n") == 1


@pytest.mark.parametrize("ci", RUNNERS)
def test_a_first_release(ci: str, tmp_path: Path, sandbox: Running) -> None:
    made = newcomer(tmp_path, sandbox)
    install, *lines = COMMANDS
    assert install.endswith(f"git+https://github.com/shipline/shipline@v{__version__}")
    for line in lines:
        is_init = line.startswith("shipline init")
        said = made.shell(line.replace("--ci github", f"--ci {ci}"), made.answers if is_init else KEYS)
        if is_init:
            assumed = re.findall(r"^  --([a-z0-9-]+) ", said, re.MULTILINE)
            assert assumed == ["artifacts", "buildmaster-pipeline", "v3-platforms"]
    assert [r for r in sandbox.requests() if changes(r)] == []
    RUNNERS[ci](made)
    state = sandbox.admin("state")
    assert [(b["number"], b["status"]) for b in state["buildmaster"]["builds"]] == [("1.0.0", "deployed")]
    assert [(r["version"], r["published"]) for r in state["v3"]["releases"]] == [(TAG[1:], False)]
    (posted,) = state["centercode"]["releases"]
    assert "Widgets turn" in posted["body"]
    assert posted["links"][0]["url"] == f"{sandbox.url}/files/widget-1.0.0.zip"
