"""Jenkinsfiles run by Groovy, in Jenkins' version of it, with steps that do what Jenkins' do (jenkins.groovy)."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runners.container import LONGEST, PROJECT, commit

if TYPE_CHECKING:
    from collections.abc import Mapping

LIBRARY = (
    "library identifier: 'shipline@v0.1.0', retriever: modernSCM(libraryPath: 'ci_templates/jenkins/',\n"
    "    scm: [$class: 'GitSCMSource', remote: 'https://github.com/shipline/shipline.git'])\n"
)
_HARNESS = Path(__file__).with_name("jenkins.groovy")
# What Jenkins starts an agent's processes with is not what these tests were started with.
_FOREIGN = re.compile(r"SHIPLINE_|INPUT_|GITHUB_|RUNNER_|CI$|CI_|GITLAB_|JENKINS_|BUILD_|GIT_|PYTEST_")


@dataclass(frozen=True, repr=False)
class Ended:
    """What a build left. ``log`` has nothing masked; ``commands`` are all that were started, as lists of arguments."""

    result: str
    description: str | None
    log: str
    returned: dict[str, str] | None
    commands: list[list[str]]
    scripts: list[str]
    inputs: list[dict[str, bool]]
    options: list[str]
    nodes: list[str]
    libraries: list[str]
    issues: list[list[str]]
    archived: list[str]
    work: Path

    def __repr__(self) -> str:
        return f"{self.result}\n{self.log}"


@dataclass
class Jenkins:
    """Runs Jenkinsfiles in ``folder``. ``image`` is what `image: 'shipline'` and a published image mean here."""

    folder: Path
    image: str = ""
    credentials: dict[str, str] = field(default_factory=dict)
    builds: int = 0

    def repository(self, files: Mapping[str, str | bytes], name: str = "widget") -> Path:
        """A user's repository with these files, committed."""
        path = self.folder / name
        for file, content in files.items():
            (path / file).parent.mkdir(parents=True, exist_ok=True)
            (path / file).write_bytes(content if isinstance(content, bytes) else content.encode())
        commit(path)
        return path

    def run(
        self,
        jenkinsfile: str,
        repository: Path,
        *,
        environ: Mapping[str, str] | None = None,
        path: Path | None = None,
        project: Path = PROJECT,
        abort_at: str = "",
        agent_lost: bool = False,
    ) -> Ended:
        """Run a build of ``jenkinsfile`` for the tag v1.4.0.

        ``environ`` is set in it, ``path`` put before PATH. It is aborted when ``abort_at`` is in its log. With
        ``agent_lost``, nothing can be archived.
        """
        self.builds += 1
        work = self.folder / f"build-{self.builds}"
        work.mkdir(parents=True)
        (work / "Jenkinsfile").write_text(jenkinsfile, encoding="utf-8")
        host = {name: value for name, value in os.environ.items() if not _FOREIGN.match(name)}
        here = [str(path)] if path else []
        host["PATH"] = os.pathsep.join([*here, str(Path(sys.executable).parent), host["PATH"]])
        url = f"http://jenkins.example.com/job/widget/job/v1.4.0/{self.builds}/"
        env = {"JENKINS_URL": "http://jenkins.example.com/", "JOB_NAME": "widget/v1.4.0", "TAG_NAME": "v1.4.0"}
        env |= {"BRANCH_NAME": "v1.4.0", "BUILD_NUMBER": str(self.builds), "BUILD_URL": url, **(environ or {})}
        given = {
            "jenkinsfile": str(work / "Jenkinsfile"),
            "project": str(project),
            "repository": str(repository),
            "work": str(work),
            "out": str(work / "out.json"),
            "host": host,
            "env": env,
            "credentials": self.credentials,
            "images": dict.fromkeys(("shipline", *_images(jenkinsfile)), self.image) if self.image else {},
            "uid": "12345:12345",
            "abortAt": abort_at,
            "agentLost": agent_lost,
        }
        (work / "given.json").write_text(json.dumps(given))
        java = Path(shutil.which("java") or "").resolve().parents[1]
        done = subprocess.run(
            ["groovy", str(_HARNESS), str(work / "given.json")],
            env={**os.environ, "JAVA_HOME": str(java), "LC_ALL": "C.UTF-8"},
            capture_output=True,
            text=True,
            timeout=LONGEST,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        found: dict[str, Any] = json.loads((work / "out.json").read_text(encoding="utf-8"))
        archive = work / "archive"
        found["archived"] = sorted(str(p.relative_to(archive)) for p in archive.rglob("*") if p.is_file())
        return Ended(**found, work=work)


def _images(jenkinsfile: str) -> list[str]:
    return re.findall(r"image: '([^']+)'", jenkinsfile)
