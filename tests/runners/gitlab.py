"""GitLab pipelines run by gitlab-ci-local (https://github.com/firecow/gitlab-ci-local), and what their jobs left.

A pipeline runs in a repository of a user. ``include: project: shipline/shipline`` in it is this project's work tree.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runners.container import LONGEST, STAND_IN, Engine, commit

if TYPE_CHECKING:
    from collections.abc import Mapping

TEMPLATE = "ci_templates/gitlab/shipline.yml"
HOST = "http://gitlab.example.com:80"
# gitlab-ci-local hands its own environment on to jobs in a shell; a CI system's and our own would mislead them.
_FOREIGN = re.compile(r"SHIPLINE_|INPUT_|GITHUB_|RUNNER_|CI$|CI_|GITLAB_|GCL_|JENKINS_|BUILD_|PYTEST_")
_CONTROL = re.compile(r"\x1b\[[0-9;]*[A-Za-z]|\r")


@dataclass(frozen=True)
class Ended:
    """What a pipeline left."""

    code: int
    log: str
    state: Path

    def printed(self, job: str) -> str:
        """What a job printed, control sequences among it."""
        return (self.state / "output" / f"{job}.log").read_bytes().decode()

    def artifact(self, job: str, name: str) -> Path:
        """A file among the artifacts of a job: a path with one match."""
        (found,) = (self.state / "artifacts" / job).glob(name)
        return found

    def dotenv(self, job: str) -> str:
        """The report that GitLab would read."""
        return self.artifact(job, ".gitlab-ci-reports/dotenv/**/outputs.env").read_text(encoding="utf-8")

    def links(self, job: str) -> dict[str, str]:
        """URL by label, as on the job's page."""
        report = json.loads(self.artifact(job, ".shipline-reports/annotations.json").read_text(encoding="utf-8"))
        return {a["external_link"]["label"]: a["external_link"]["url"] for part in report.values() for a in part}

    def __str__(self) -> str:
        return f"exit {self.code}\n{_CONTROL.sub('', self.log)}"


# gitlab-ci-local fetches a file that is included twice both times at once, into one place; then it is there.
_RACE = "Project include could not be fetched"


@dataclass
class GitLab:
    """Runs pipelines: in a shell, or with ``engine`` each job in its image. ``folder`` takes repositories."""

    binary: str
    project: Path
    folder: Path
    engine: Engine | None = None

    def repository(self, files: Mapping[str, str | bytes], name: str = "widget") -> Path:
        """A user's repository with these files, committed."""
        path = self.folder / name
        for file, content in files.items():
            target = path / file
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content if isinstance(content, bytes) else content.encode())
        commit(path, f"{HOST}/acme/widget.git")
        return path

    def run(
        self,
        repository: Path,
        pipeline: str,
        *jobs: str,
        variables: Mapping[str, str] | None = None,
        timeout: float = LONGEST,
    ) -> Ended:
        """Run ``pipeline`` (its YAML), or of it only these jobs, with the project's CI/CD ``variables``.

        Running a job again is a retry: it finds the cache that it left.
        """
        (repository / ".gitlab-ci.yml").write_text(pipeline)
        commit(repository)
        # A file and not --variable: a command line is everyone's to read.
        (repository / ".gitlab-ci-local-variables.yml").write_text(json.dumps(dict(variables or {})))
        if self.engine:
            options = ["--container-executable", "podman", "--pull-policy", "if-not-present", "--network", "host"]
            options += ["--helper-image", STAND_IN]
        else:
            options = ["--force-shell-executor", "--shell-isolation"]
        before = self._volumes()
        try:
            done = self._start([*options, "--no-artifacts-to-source", *jobs], repository, timeout)
            if _RACE in done.stdout + done.stderr:
                done = self._start([*options, "--no-artifacts-to-source", *jobs], repository, timeout)
        finally:
            # gitlab-ci-local leaves them under podman; the containers that use them go with them.
            if self.engine and (left := self._volumes() - before):
                self.engine.podman("volume", "rm", "--force", *left)
        return Ended(done.returncode, done.stdout + done.stderr, repository / ".gitlab-ci-local")

    def _volumes(self) -> set[str]:
        """Those of gitlab-ci-local's jobs."""
        return (
            set(self.engine.podman("volume", "ls", "--quiet", "--filter", "name=gcl-").split())
            if self.engine
            else set()
        )

    def expanded(self, repository: Path, pipeline: str) -> str:
        """The pipeline's YAML with everything included in it."""
        (repository / ".gitlab-ci.yml").write_text(pipeline)
        commit(repository)
        done = self._start(["--preview"], repository, 60)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def _start(self, arguments: list[str], repository: Path, timeout: float) -> subprocess.CompletedProcess[str]:
        environ: dict[str, Any] = {name: value for name, value in os.environ.items() if not _FOREIGN.match(name)}
        environ |= {"PATH": f"{Path(sys.executable).parent}:{environ['PATH']}", "FORCE_COLOR": "0"}
        environ["YARGS_MIN_NODE_VERSION"] = (
            "18"  # Debian's; its argument parser refuses anything before 20, without need
        )
        # Git fetches the included project from the work tree.
        environ |= {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": f"url.{self.project}.insteadOf"}
        environ |= {"GIT_CONFIG_VALUE_0": f"{HOST}/shipline/shipline.git"}
        return subprocess.run(
            [self.binary, *arguments],
            cwd=repository,
            env=environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
