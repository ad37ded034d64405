"""The scripts of the GitHub Action: where it runs the program, and under which key it keeps the receipt."""

from __future__ import annotations

import os
import runpy
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(os.name == "nt", reason="starts programs as POSIX does")
NATIVE = Path(__file__).parents[2] / "native"
TOOLS = ("sh", "awk", "cat", "cksum", "cut", "date", "dirname", "id", "kill", "mktemp", "printenv", "rm", "sed", "tr")
KEY = "sandbox-key\nsecond line, 'quoted'"
# It notes its arguments and, when it runs the container, the key that it was given.
DOCKER = f"""\
#!{sys.executable} -I
import os, pathlib, signal, sys, time
log, fake = pathlib.Path(os.environ["LOG"]), os.environ["FAKE"]
with log.open("a") as file:
    print(*sys.argv[1:], file=file)
match sys.argv[1]:
    case "info":
        print("" if fake == "nothing" else "linux [name=seccomp,profile=default]")
        sys.exit(fake == "nothing")
    case "inspect":
        print(os.environ["STATE"])
    case "run" if fake == "waits":
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda number, _: sys.exit(int(os.environ["CODE"]) or 128 + number))
        log.with_suffix(".ready").touch()
        time.sleep(60)
    case "run":
        log.with_suffix(".key").write_text(os.environ["SHIPLINE_BUILDMASTER_API_KEY"])
        sys.exit(int(os.environ["CODE"]))
"""


class Step:
    """A step of the action, on a machine whose only programs are ``TOOLS``, Docker and Python, both stand-ins."""

    def __init__(self, folder: Path) -> None:
        programs = folder / "bin"
        programs.mkdir()
        for name in TOOLS:
            (programs / name).symlink_to(str(shutil.which(name)))
        for name, text in {"docker": DOCKER, "python3": '#!/bin/sh\n[ "$2" = -c ] || echo natively: "$@"\n'}.items():
            (programs / name).write_text(text)
            (programs / name).chmod(0o755)
        self.folder = folder
        self.log = folder / "docker.log"
        self.output = folder / "output"
        self.output.touch()
        (folder / "token").write_text("secret")
        self.environ = {
            "PATH": str(programs),
            "HOME": "/root",
            "PYTHONPATH": "elsewhere",
            "LOG": str(self.log),
            "FAKE": "",
            "CODE": "0",
            "STATE": "exited",
            "RUNNER_OS": "Linux",
            "RUNNER_TEMP": str(folder),
            "GITHUB_WORKSPACE": str(folder),
            "GITHUB_OUTPUT": str(self.output),
            "IMAGE": "ghcr.io/shipline/shipline:v1",
            "SHIPLINE_BUILDMASTER_API_KEY": KEY,
            "SHIPLINE_V3_TOKEN_FILE": str(folder / "token"),
            "SHIPLINE_INPUT_RELEASE_TITLE": "/not a file",
        }

    def start(self, script: str, **environ: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            ["sh", str(NATIVE / script)],
            cwd=self.folder,
            env={**self.environ, **environ},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            preexec_fn=lambda: signal.signal(signal.SIGTERM, signal.SIG_DFL),  # noqa: PLW1509 - other tests ignore it
        )

    def launch(self, **environ: str) -> tuple[int, str]:
        process = self.start("launch.sh", **environ)
        out, _ = process.communicate(timeout=60)
        return process.returncode, out

    @property
    def run(self) -> str:
        """The arguments of `docker run`; empty if it wasn't started."""
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        return next((line for line in lines if line.startswith("run ")), "")

    def prepare(self, **environ: str) -> dict[str, str]:
        """The outputs of the step that names what is kept."""
        self.output.write_text("")
        process = self.start("prepare.sh", **{**PREPARED, **environ})
        out, _ = process.communicate(timeout=60)
        assert process.returncode == 0, out
        return dict(line.split("=", 1) for line in self.output.read_text().splitlines())


@pytest.fixture
def step(tmp_path: Path) -> Step:
    return Step(tmp_path)


@pytest.mark.parametrize("code", [0, 5])
def test_the_container_has_the_environment_and_files_of_the_step_and_gives_its_exit_code(step: Step, code: int) -> None:
    assert step.launch(CODE=str(code)) == (code, "")
    assert step.log.with_suffix(".key").read_text() == KEY
    assert "sandbox-key" not in step.log.read_text()
    arguments = step.run.split()
    assert arguments[-1] == "ghcr.io/shipline/shipline:v1"
    given = {arguments[i + 1] for i, word in enumerate(arguments) if word == "--env"}
    assert given >= {"SHIPLINE_BUILDMASTER_API_KEY", "GITHUB_OUTPUT", "SHIPLINE_V3_TOKEN_FILE", "RUNNER_OS"}
    assert not given & {"PATH", "HOME", "PYTHONPATH", "IMAGE"}
    mounted = [word for word in arguments if word.startswith("type=bind")]
    paths = (step.folder, step.output, step.folder / "token")
    assert sorted(mounted) == sorted(f"type=bind,source={path},target={path}" for path in paths)
    assert f"--user {os.getuid()}:{os.getgid()}" in step.run


@pytest.mark.parametrize(
    ("environ", "tried"),
    [
        ({"FAKE": "nothing"}, False),
        ({"RUNNER_OS": "macOS"}, False),
        ({"IMAGE": ""}, False),
        ({"CODE": "125", "STATE": "created"}, True),
    ],
    ids=["no Docker", "macOS", "the alias", "a container that doesn't start"],
)
def test_without_a_container_it_runs_natively(step: Step, environ: dict[str, str], tried: bool) -> None:
    code, out = step.launch(**environ)
    assert (code, out.splitlines()[-1]) == (0, f"natively: -IuS {NATIVE}/launch.py")
    assert bool(step.run) == tried


def test_a_program_that_has_run_is_never_run_again(step: Step) -> None:
    assert step.launch(CODE="125", STATE="exited") == (125, "")


def test_without_docker_and_python_it_says_what_to_add(step: Step) -> None:
    (step.folder / "bin/python3").unlink()
    code, out = step.launch(FAKE="nothing")
    assert code == 2
    assert "add actions/setup-python before this step" in out


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_cancel_reaches_the_container(step: Step, number: signal.Signals, code: int) -> None:
    assert canceled(step, number) == (code, "")


def test_after_a_cancel_a_container_that_did_not_start_is_replaced_by_nothing(step: Step) -> None:
    assert canceled(step, signal.SIGINT, CODE="125", STATE="created") == (125, "")


def canceled(step: Step, number: signal.Signals, **environ: str) -> tuple[int, str]:
    process = step.start("launch.sh", FAKE="waits", **environ)
    end = time.monotonic() + 60
    while not step.log.with_suffix(".ready").exists() and time.monotonic() < end:
        time.sleep(0.01)
    process.send_signal(number)
    out, _ = process.communicate(timeout=60)
    return process.returncode, out


PREPARED = {
    "RECEIPT_KEY": "null",
    "UPLOAD_REPORT": "false",
    "JOURNAL_STORE": "",
    "LEG": "null",
    "VERSION": "v1.4.0 ",
    "CONFIG": "",
    "PRODUCT": "Widget",
    "GITHUB_REPOSITORY": "acme/widget",
    "GITHUB_WORKFLOW": "Release, by tag",
    "GITHUB_RUN_ID": "77",
    "GITHUB_RUN_ATTEMPT": "1",
    "GITHUB_JOB": "release",
}


@pytest.mark.parametrize(
    "other",
    [
        {"LEG": '{\n  "os": "linux"\n}'},
        {"VERSION": "v1.4.0-beta.1 "},
        {"CONFIG": "gadget.yml"},
        {"PRODUCT": "Widget,"},
        {"GITHUB_WORKFLOW": "Release by tag"},
        {"GITHUB_REPOSITORY": "acme-widget"},
    ],
    ids=lambda other: next(iter(other)),
)
def test_another_product_never_takes_this_one_s_receipt(step: Step, other: dict[str, str]) -> None:
    own, others = step.prepare(), step.prepare(**other)
    assert not others["key"].startswith(own["of-product"])
    assert not own["key"].startswith(others["of-product"])


def test_a_second_attempt_takes_the_first_one_s_receipt_else_that_of_a_job_before_it(step: Step) -> None:
    first, again = step.prepare(), step.prepare(GITHUB_RUN_ATTEMPT="2")
    assert first["key"].startswith(again["of-job"])
    other = step.prepare(GITHUB_JOB="release-2")
    assert not other["key"].startswith(first["of-job"])
    assert other["key"].startswith(first["of-run"])
    assert not step.prepare(GITHUB_RUN_ID="770")["key"].startswith(first["of-run"])


def test_a_key_is_one_that_the_cache_accepts(step: Step) -> None:
    key = step.prepare(PRODUCT="é,\n" + 999 * "x")["key"]
    assert len(key) <= 512
    assert "," not in key


def test_legs_have_reports_of_their_own(step: Step) -> None:
    for none in ("null", "{}", ""):
        assert step.prepare(LEG=none)["report"] == "shipline-report-release.html"
    assert step.prepare(LEG='{"os": "linux", "n": 1}')["report"] == "shipline-report-release-os-linux-n-1.html"


@pytest.mark.parametrize("environ", [{"RECEIPT_KEY": "none"}, {"JOURNAL_STORE": "git"}])
def test_an_input_turns_it_off_or_hands_it_to_the_journal(step: Step, environ: dict[str, str]) -> None:
    assert set(step.prepare(**environ)) == {"report"}


@pytest.mark.parametrize(
    ("environ", "says"),
    [
        ({"UPLOAD_REPORT": "yes"}, "upload-report: expected true or false"),
        ({"RECEIPT_KEY": "false"}, "receipt-key: expected a text, or none to keep no receipt"),
    ],
)
def test_what_is_probably_not_meant_is_refused(step: Step, environ: dict[str, str], says: str) -> None:
    process = step.start("prepare.sh", **{**PREPARED, **environ})
    out, _ = process.communicate(timeout=60)
    assert (process.returncode, out) == (2, f"::error title=shipline::{says}\n")


def test_two_jobs_at_once_share_one_complete_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUNNER_TOOL_CACHE", str(tmp_path))
    packages = runpy.run_path(str(NATIVE / "launch.py"))["_packages"]

    def install(folder: Path) -> Path:
        assert not list(tmp_path.glob("shipline-packages-*")), "half of the packages can be seen"
        (folder / "new/yaml").mkdir(parents=True)
        if len(made) == 0:
            made.append(folder)
            packages()  # the other job, which is quicker
        return folder / "new"

    made: list[Path] = []
    monkeypatch.setitem(packages.__globals__, "_install", install)
    folder = packages()
    assert (folder / "yaml").is_dir()
    assert list(tmp_path.iterdir()) == [folder]


def test_a_folder_that_lacks_a_package_is_installed_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUNNER_TOOL_CACHE", str(tmp_path))
    packages = runpy.run_path(str(NATIVE / "launch.py"))["_packages"]
    installed: list[Path] = []

    def install(folder: Path) -> Path:
        installed.append(folder)
        (folder / "new/yaml").mkdir(parents=True)
        (folder / "new/click").mkdir()
        return folder / "new"

    monkeypatch.setitem(packages.__globals__, "_install", install)
    (packages() / "yaml").rmdir()
    assert (packages() / "yaml").is_dir()
    folder = packages()
    assert (len(installed), list(tmp_path.iterdir())) == (2, [folder])


def test_without_a_usable_pip_of_the_runner_a_venv_s_pip_installs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    install = runpy.run_path(str(NATIVE / "launch.py"))["_install"]
    failures = ["No module named pip", "", ""]
    started: list[list[str]] = []

    def failure(_: Path, *commands: list[str | Path]) -> str:
        started.append([str(word) for word in commands[0]])
        return failures.pop(0)

    monkeypatch.setitem(install.__globals__, "_failure", failure)
    assert install(tmp_path) == tmp_path / "new"
    assert [words[0] for words in started] == [sys.executable, sys.executable, str(tmp_path / "venv/bin/python")]
    failures += ["No module named pip", "No module named venv"]
    with pytest.raises(SystemExit, match=r"^7$"):
        install(tmp_path)
    out = capsys.readouterr().out.splitlines()
    assert out[:2] == ["No module named pip", "No module named venv"]
    assert out[2].startswith("::error")
    assert "package index" in out[2]


def test_the_two_pips_install_each_locked_package_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    launcher = runpy.run_path(str(NATIVE / "launch.py"))
    monkeypatch.setitem(launcher["_install"].__globals__, "_failure", lambda *_: "")
    launcher["_install"](tmp_path)
    lines = [line for half in tmp_path.glob("*.txt") for line in half.read_text().splitlines()]
    locked = launcher["LOCK"].read_text().splitlines()
    assert sorted(lines) == sorted(line for line in locked if not line.startswith("#"))


def test_a_runner_that_installs_for_its_user_installs_into_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_USER", "1")
    failure = runpy.run_path(str(NATIVE / "launch.py"))["_failure"]
    shown = "import os, sys; print(os.environ['PIP_USER']); sys.exit(3)"
    assert failure(tmp_path, [sys.executable, "-c", shown]) == "0\nexit codes [3]"
