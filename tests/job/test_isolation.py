"""Where CI starts Shipline, it imports no module of the workspace or of PYTHONPATH, and loses no signal."""

from __future__ import annotations

import os
import re
import runpy
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from job.project import KEYS, Ended

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from job.project import Project

pytestmark = pytest.mark.skipif(os.name == "nt", reason="starts programs as POSIX does")
ROOT = Path(__file__).parents[2]
LAUNCHER = ROOT / "native/launch.py"
# Of the standard library, of the launcher, and of what the program installs; and what Python imports by itself.
PLANTED = ("json", "hashlib", "tempfile", "venv", "pip", "re", "requests", "yaml", "shipline", "sitecustomize")


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    """A runner's tool cache with the packages that this interpreter has."""
    launcher = runpy.run_path(str(LAUNCHER))
    known = launcher["hashlib"].sha256(launcher["LOCK"].read_bytes() + sys.version.encode()).hexdigest()[:16]
    folder = tmp_path / f"cache/shipline-packages-{known}"
    folder.parent.mkdir()
    folder.symlink_to(next(path for path in sys.path if path.endswith("site-packages")))
    return folder.parent


@pytest.fixture
def console_script(tmp_path: Path) -> str:
    """The program's first line as pip or then the Dockerfile writes it, with the interpreter of these tests."""
    written = re.findall(r"sed -i '1s\|\.\*\|(#!.*)\|' /opt/shipline/bin/shipline", (ROOT / "Dockerfile").read_text())
    line = ["#!/opt/shipline/bin/python", *written][-1]
    script = tmp_path / "image/shipline"
    script.parent.mkdir()
    body = "import sys\nfrom shipline.__main__ import program\nsys.exit(program())\n"
    script.write_text(line.replace("/opt/shipline/bin/python", sys.executable) + "\n" + body)
    script.chmod(0o755)
    return str(script)


@pytest.fixture(params=["native", "image"])
def command(request: pytest.FixtureRequest) -> Iterator[list[str]]:
    """How CI starts the program."""
    if request.param == "image":
        yield [request.getfixturevalue("console_script")]
        return
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RUNNER_TOOL_CACHE", str(request.getfixturevalue("cache")))
        script = LAUNCHER.with_suffix(".sh").read_text()
        (line,) = re.findall(r'exec "\$python" (.*)\n', script)
        yield [sys.executable, *shlex.split(line.replace("$here", str(LAUNCHER.parent)))]


def test_no_module_of_the_workspace_or_pythonpath_is_imported(project: Project, command: list[str]) -> None:
    seen = project.path / "seen"
    for name in PLANTED:
        for folder in (".", "elsewhere"):
            project.write(f"{folder}/{name}.py", f"open({str(seen)!r}, 'a').write('{name} ')\nraise SystemExit(99)\n")
    environ = {**os.environ, **KEYS, "PYTHONPATH": f"{project.path / 'elsewhere'}:{project.path}"}
    environ |= {"PYTHONHOME": "", "PYTHONSTARTUP": str(project.path / "json.py"), "HOME": str(project.path)}
    done = subprocess.run([*command, "run"], cwd=project.path, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert not seen.exists(), seen.read_text()


@pytest.mark.parametrize("start", [["-m", "shipline"], ["-c", "from shipline.__main__ import program; program()"]])
def test_python_m_imports_no_module_of_the_workspace_or_pythonpath(project: Project, start: list[str]) -> None:
    """Python itself imports some before the program begins, such as sitecustomize: those only ``-I`` protects."""
    seen = project.path / "seen"
    for name in {"__future__", "signal", "yaml", "click", *PLANTED} - {"re", "shipline", "sitecustomize"}:
        for folder in (".", "elsewhere"):
            project.write(f"{folder}/{name}.py", f"open({str(seen)!r}, 'a').write('{name} ')\nraise SystemExit(99)\n")
    environ = {**os.environ, **KEYS, "PYTHONPATH": f".:{project.path / 'elsewhere'}"}
    command = [sys.executable, *start, "validate"]
    done = subprocess.run(command, cwd=project.path, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert not seen.exists(), seen.read_text()


def test_help_names_the_program(project: Project, command: list[str]) -> None:
    done = subprocess.run([*command, "--help"], cwd=project.path, capture_output=True, text=True, check=False)
    assert done.stdout.startswith("Usage: shipline "), done.stderr


def first_process(command: list[str], project: Project) -> Callable[[float], Ended]:
    """Start the program as the first process of a namespace of its own, and send it SIGTERM after so many seconds."""

    def started(seconds: float) -> Ended:
        namespace = ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child", *command, "run"]
        streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        environ = {**os.environ, **KEYS}
        with subprocess.Popen(namespace, cwd=project.path, env=environ, text=True, **streams) as outer:  # type: ignore[call-overload]
            child = _child(outer.pid)
            _executed(child)
            time.sleep(seconds)
            os.kill(child, signal.SIGTERM)
            out, err = outer.communicate(timeout=60)
        return Ended(outer.returncode, out, err)

    return started


def _child(pid: int) -> int:
    children, end = Path(f"/proc/{pid}/task/{pid}/children"), time.monotonic() + 30
    while not (found := children.read_text().split()) and time.monotonic() < end:
        time.sleep(0.001)
    return int(found[0])


def _executed(pid: int) -> None:
    """Wait until the process blocks the signal, or has run its program for a while: no engine is quicker."""
    status, end = Path(f"/proc/{pid}/status"), time.monotonic() + 30
    since = 0.0
    while time.monotonic() < end:
        fields = dict(line.split(":\t", 1) for line in status.read_text().splitlines() if ":\t" in line)
        if int(fields["SigBlk"], 16) >> (signal.SIGTERM - 1) & 1:
            return
        since = since or (time.monotonic() if fields["Name"] != "unshare" else 0.0)
        if since and time.monotonic() - since > 0.02:
            return


@pytest.mark.skipif(os.name == "nt" or os.geteuid() != 0, reason="namespaces need root")
@pytest.mark.parametrize("command", ["image"], indirect=True)
@pytest.mark.parametrize("milliseconds", [0, 5, 15, 30, 50, 75, 100])
def test_a_container_s_first_process_loses_no_signal(project: Project, command: list[str], milliseconds: int) -> None:
    if subprocess.run(
        ["unshare", "--pid", "--fork", "--mount-proc", "true"], capture_output=True, check=False
    ).returncode:
        pytest.skip("namespaces aren't allowed here")
    ended = first_process(command, project)(milliseconds / 1000)
    assert ended.code == 128 + signal.SIGTERM, ended.text
    assert project.changes() == []


@pytest.mark.parametrize("command", ["native"], indirect=True)
@pytest.mark.parametrize("milliseconds", [20, 50, 80, 120])
def test_a_launcher_that_is_canceled_sends_nothing(project: Project, command: list[str], milliseconds: int) -> None:
    with subprocess.Popen(
        [*command, "run"],
        cwd=project.path,
        env={**os.environ, **KEYS},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        preexec_fn=lambda: signal.signal(signal.SIGTERM, signal.SIG_DFL),  # noqa: PLW1509 - other tests ignore it
    ) as process:
        time.sleep(milliseconds / 1000)
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) in (128 + signal.SIGTERM, -signal.SIGTERM)
    assert project.changes() == []
