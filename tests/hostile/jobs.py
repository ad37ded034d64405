"""Four ways to meet an answer: as the look-up before anything is sent, and as the answer to a change."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hostile.server import Server
from job import in_process
from job.project import KEYS, PRODUCT

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_V3 = f"v3: {{url: URL, product-id: {PRODUCT}, platforms: [linux], attach: none}}"
_CENTERCODE = "centercode: {url: URL, project: WidgetPro, release-type: Firmware}"
_BUILDMASTER = "buildmaster: {url: URL, application: Widget, pipeline: Standard, wait: false}\nsteps: build"


@dataclass(frozen=True)
class Way:
    config: str
    request: str  # the one that gets the hostile answer
    changes: int  # requests that may have changed something, whatever the answer was


WAYS = {
    "announce": Way(_CENTERCODE, "POST /api/v1/projects/WidgetPro", 1),
    "create": Way(_V3, "POST /v3/releases", 1),
    "look": Way(_V3, "GET /v3/releases", 0),
    "build": Way(_BUILDMASTER, "POST /api/releases", 0),
}
CI = {
    "local": {},
    "github": {"GITHUB_ACTIONS": "true", "GITHUB_RUN_ID": "7", "GITHUB_RUN_ATTEMPT": "1"},
    "gitlab": {"GITLAB_CI": "true", "CI_PIPELINE_ID": "7", "CI_JOB_URL": "https://gitlab.example.com/a/b/-/jobs/1"},
    "jenkins": {"JENKINS_URL": "https://ci.example.com/", "SHIPLINE_OUT_FOLDER": "out"},
    "azure": {"TF_BUILD": "True", "BUILD_BUILDID": "7", "SYSTEM_JOBATTEMPT": "1"},
    "teamcity": {"TEAMCITY_VERSION": "2025.11", "BUILD_NUMBER": "7"},
}


@dataclass(frozen=True)
class Met:
    """What came of it."""

    code: int
    out: str
    err: str
    asked: list[str]
    changes: list[str]
    folder: Path

    @property
    def text(self) -> str:
        return self.out + self.err

    def line(self, start: str) -> str:
        return next((line for line in reversed(self.out.splitlines()) if line.startswith(start)), "")


def meet(way: Way, case: Mapping[str, Any], folder: Path, ci: str = "local") -> Met:
    """Run the program in ``folder`` against a server that gives this answer."""
    with Server({way.request: case}) as server:
        config = way.config.replace("URL", server.url)
        patience = "1s" if case.get("drip") else "5s"
        (folder / "shipline.yml").write_text(
            f"release: {{version: 1.4.0, notes: {{text: News.}}}}\n{config}\n"
            f"network: {{connect-timeout: 5s, read-timeout: {patience}, retry-for: 0s}}\n"
        )
        environ = {**KEYS, "PATH": os.environ["PATH"], **CI[ci]}
        if ci == "github":
            environ |= {
                "GITHUB_OUTPUT": str(folder / "output"),
                "GITHUB_STEP_SUMMARY": str(folder / "summary"),
                "GITHUB_WORKSPACE": str(folder),
            }
        arguments = ["run", "--ci", ci, "-v", "--report", "report.html"]
        code, out, err = in_process.run(arguments, environ, folder)
        return Met(code, out, err, server.asked, server.changes, folder)
