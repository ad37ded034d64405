"""The commands in docs/how-to do what their page says."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from job.project import KEYS

if TYPE_CHECKING:
    from job.project import Project

HOW_TO = Path(__file__).parents[2] / "docs" / "how-to"


def commands(page: str) -> list[str]:
    blocks = re.findall(r"```sh\n(.*?)```", (HOW_TO / page).read_text(), re.DOTALL)
    return [line for block in blocks for line in block.splitlines()]


def test_taking_a_release_back(project: Project) -> None:
    good = project.shipline("run", "--release-version", "1.3.0", "--release-notes-text", "good", "--v3-state", "draft")
    assert good.code == 0, good.text
    bad = project.shipline("run", "--v3-state", "draft", "--buildmaster-build-number", "8")
    assert bad.code == 0, bad.text
    url = project.sandbox.url
    environ = {
        **KEYS,
        "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
        **{f"SHIPLINE_{service}_URL": url for service in ("BUILDMASTER", "CENTERCODE", "V3")},
        **{name.replace("-", "_").upper(): value for name, value in bad.outputs.items()},
        "LAST_GOOD_BUILD_ID": good.outputs["buildmaster-build-id"],
    }
    for line in commands("taking-a-release-back.md"):
        done = subprocess.run(
            ["bash", "-c", line], env=environ, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, (line, done.stderr)
    state = project.sandbox.admin("state")
    assert {b["number"]: b["status"] for b in state["buildmaster"]["builds"]}["8"] == "rejected"
    assert [r["version"] for r in state["v3"]["releases"]] == ["1.3.0"]
