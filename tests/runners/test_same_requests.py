"""The same pipeline, given to each CI system and on the bare command line, sends the same bytes, run facts aside."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from runners.jenkins import LIBRARY, Jenkins
from runners.user import KEYS, user_project
from shipline.ci.jenkins import camel_case
from shipline_sandbox.server import Running, running

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

Value = str | bool | list[str] | dict[str, str]
PRODUCT = "27d6f2a0-3d6b-4f52-9f5e-6a1c6f0e8a11"
SHARED = ("PATH", "HOME", "LANG", "SSL_CERT_FILE")
TITLE = "Widget {version} 'now' \"on\" $HOME ${HOME} $(id) `id` \\ 50% é"


def everything(url: str) -> dict[str, Value]:
    """All kinds of settings, none taken from the config file."""
    return {
        "release-version": "1.4.0",
        "release-title": TITLE,
        "release-notes-text": "First **line**\n\n- second <line> & $PATH",
        "artifacts": [f"dist/*.zip => {url}/files/{{filename}}"],
        "buildmaster-url": url,
        "buildmaster-application": "Widget",
        "buildmaster-pipeline": "Standard",
        "buildmaster-release": "1.10",
        "buildmaster-build-number": "7",
        "buildmaster-variables": {"Zip": "{artifact_url}?a=b", "Note": "a $Branch {{tag}}"},
        "buildmaster-stages": ["Integration", "Testing"],
        "v3-url": url,
        "v3-product-id": PRODUCT,
        "v3-platforms": ["windows", "linux"],
        "v3-private": True,
        "v3-state": "published",
        "centercode-url": url,
        "centercode-project": "WidgetPro",
        "centercode-release-type": "Firmware",
        "centercode-bucket-files": ["Builds/Widget_{version}.exe", "Builds/b c.exe"],
    }


def a_few(url: str) -> dict[str, Value]:
    """Over what the config file says."""
    return {"release-version": "1.4.0", "release-title": TITLE, "v3-state": "draft", "v3-platforms": ["windows"]}


CASES: dict[str, tuple[Callable[[str], dict[str, Value]], bool]] = {
    "everything": (everything, False),
    "over the config file": (a_few, True),
}


@dataclass
class Recorder:
    """Stands before the sandbox and keeps each request: method, path, headers and body, as bytes."""

    inner: Any
    seen: list[tuple[str, str, dict[str, str], bytes]] = field(default_factory=list)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = io.BytesIO(body)
        if not environ["PATH_INFO"].startswith("/_sandbox"):
            headers = {k: v for k, v in environ.items() if k.startswith(("HTTP_", "CONTENT_"))}
            self.seen.append((environ["REQUEST_METHOD"], environ["RAW_URI"], headers, body))
        answer: Iterable[bytes] = self.inner(environ, start_response)
        return answer


LISTS = {f"/api/releases{path}" for path in ("", "/builds", "/builds/deployments")}  # of BuildMaster, by POST


@dataclass
class Way:
    """One way to give the same inputs to a program in ``workspace``."""

    jenkins: Jenkins
    repository: Path
    workspace: Path

    def bare(self, inputs: Mapping[str, Value]) -> None:
        flags = [part for name, value in inputs.items() for part in (f"--{name}", flat(value))]
        self._start(flags, {})

    def github(self, inputs: Mapping[str, Value]) -> None:
        given = {f"SHIPLINE_INPUT_{name.replace('-', '_').upper()}": flat(value) for name, value in inputs.items()}
        facts = {
            "GITHUB_ACTIONS": "true",
            "GITHUB_REF_TYPE": "branch",
            "GITHUB_REF_NAME": "main",
            "GITHUB_RUN_ID": "77",
        }
        self._start([], {**given, **facts, "SHIPLINE_INPUT_CI": "github"})

    def gitlab(self, inputs: Mapping[str, Value]) -> None:
        given = {f"SHIPLINE_INPUT_{name.replace('-', '_').upper()}": flat(value) for name, value in inputs.items()}
        facts = {"GITLAB_CI": "true", "CI_COMMIT_BRANCH": "main", "CI_PIPELINE_ID": "88", "CI_JOB_NAME": "shipline"}
        self._start([], {**given, **facts, "SHIPLINE_INPUT_CI": "gitlab"})

    def through_jenkins(self, inputs: Mapping[str, Value]) -> None:
        given = ", ".join(f"{camel_case(name)}: {groovy(value)}" for name, value in inputs.items())
        ids = ", ".join(f"{service}CredentialsId: '{service}'" for service in ("buildmaster", "centercode", "v3"))
        self.jenkins.credentials = dict(zip(("buildmaster", "centercode", "v3"), KEYS.values(), strict=True))
        build = f"{LIBRARY}node {{\n checkout scm\n shipline({given}, {ids})\n}}"
        ended = self.jenkins.run(build, self.repository, environ={"TAG_NAME": "", "BRANCH_NAME": "main"})
        assert ended.result == "SUCCESS", ended

    def _start(self, arguments: list[str], environ: Mapping[str, str]) -> None:
        shared = {name: os.environ[name] for name in SHARED if name in os.environ}
        subprocess.run(["git", "clone", "--quiet", str(self.repository), str(self.workspace)], check=True)
        done = subprocess.run(
            [sys.executable, "-m", "shipline", "run", *arguments],
            cwd=self.workspace,
            env={**shared, **KEYS, **environ},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr


def flat(value: Value) -> str:
    match value:
        case bool():
            return str(value).lower()
        case list():
            return "\n".join(value)
        case dict():
            return "\n".join(f"{name}={text}" for name, text in value.items())
        case str():
            return value


def groovy(value: Value) -> str:
    match value:
        case bool():
            return str(value).lower()
        case list():
            return f"[{', '.join(map(groovy, value))}]"
        case dict():
            return f"[{', '.join(f'{name}: {groovy(text)}' for name, text in value.items())}]"
        case str():
            escaped = value.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n")
            return f"'{escaped}'"


def without_ids(requests: list[Any]) -> str:
    """The requests as text, with the ids that the sandbox made up numbered in their order."""
    found: dict[str, str] = {PRODUCT: PRODUCT}
    uuid = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")
    return uuid.sub(lambda m: found.setdefault(m[0], f"id-{len(found)}"), "\n".join(map(repr, requests)))


def untimed(requests: Sequence[Any]) -> Iterator[Any]:
    """Look-ups before the first change, and every change; how often a deployment is asked for is a matter of time."""
    changed = False
    for request in requests:
        changes = request[0] not in ("GET", "HEAD") and request[1] not in LISTS
        changed = changed or changes
        if changes or not changed:
            yield request


@pytest.fixture
def sandbox() -> Iterator[Running]:
    with running(speed=1000) as server:
        yield server


@pytest.mark.parametrize("case", ["everything", pytest.param("over the config file", marks=pytest.mark.nightly)])
def test_every_way_sends_the_same_bytes(sandbox: Running, tmp_path: Path, case: str) -> None:
    if os.environ.get("SHIPLINE_RUNNERS") != "1":
        pytest.skip('needs Groovy (Debian, root): eval "$(tests/runners/engine)"')
    inputs, with_config = CASES[case]
    application = sandbox._client.application
    recorder = Recorder(application.wsgi_app)
    application.wsgi_app = recorder  # type: ignore[method-assign]
    sent: dict[str, list[Any]] = {}
    for name in ("bare", "github", "gitlab", "through_jenkins"):
        sandbox.admin("reset", {})
        files = user_project(sandbox)
        if not with_config:
            del files["shipline.yml"]
        jenkins = Jenkins(tmp_path / name)
        way = Way(jenkins, jenkins.repository(files), tmp_path / name / "workspace")
        recorder.seen.clear()
        getattr(way, name)(inputs(sandbox.url))
        sent[name] = list(untimed(recorder.seen))
    bare = without_ids(sent["bare"])
    assert [method for method, *_ in sent["bare"]].count("POST") >= 6
    for name, requests in sent.items():
        assert without_ids(requests) == bare, name
