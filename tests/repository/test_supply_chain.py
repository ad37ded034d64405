"""What is installed, when and from where: nothing unpinned when the action runs, and no lock without hashes."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
LOCKS = sorted((ROOT / "requirements").glob("*.txt"))
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
# What is carried out on a user's runner.
AT_RUN_TIME = (
    ROOT / "action.yml",
    *sorted((ROOT / "native").iterdir()),
    *sorted(path for path in (ROOT / "ci_templates").rglob("*") if path.is_file()),
)
INSTALLERS = re.compile(
    r"\b(curl|wget|npx|npm|yarn|pnpm|pipx|uvx?|gem|go install|cargo|apt(-get)?|apk|brew|choco|git clone)\b"
)
PIP = re.compile(r"\bpip\b[^\n]*\binstall\b[^\n]*")


def commands(file: Path) -> str:
    """Without what is said in comments, descriptions and help texts, and with continued lines as one."""
    lines = file.read_text(encoding="utf-8").replace("\\\n", " ").splitlines()
    return "\n".join(line for line in lines if not re.match(r'\s*(#|\*|//|/\*|description:|"""|<)', line))


@pytest.mark.parametrize("file", AT_RUN_TIME, ids=lambda file: file.name)
def test_nothing_is_fetched_when_the_action_runs_but_locked_wheels(file: Path) -> None:
    text = commands(file)
    assert re.findall(r"docker pull.*", text) == ['docker pull --quiet "$image" || return 0'] * (
        file.name == "launch.sh"
    )
    if file.suffix != ".txt":  # Jenkins' help page is no program
        assert INSTALLERS.findall(text) == []
    if file.name == "launch.py":
        assert (
            '["install", "--quiet", "--disable-pip-version-check", "--require-hashes", "--only-binary", ":all:"]'
            in text
        )
        assert text.count('"pip"') == text.count('*INSTALL, "--target"') == text.count('"--requirement", half') == 1
    else:
        assert PIP.findall(text) == []


@pytest.mark.parametrize("file", [ROOT / "Dockerfile", *WORKFLOWS], ids=lambda file: file.name)
def test_what_the_image_and_the_workflows_install_is_locked(file: Path) -> None:
    for command in PIP.findall(commands(file)):
        assert "--require-hashes" in command or "--no-index" in command, command


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_a_lock_has_one_version_and_a_hash_for_each_package_and_names_no_index(lock: Path) -> None:
    text = lock.read_text(encoding="utf-8")
    packages = [part for part in re.split(r"(?m)^(?=[A-Za-z])", text) if part and not part.startswith("#")]
    assert packages
    for package in packages:
        assert re.match(r"[A-Za-z0-9._-]+==[\w.!+]+ \\\n    --hash=sha256:[0-9a-f]{64}", package), package[:80]
    assert not re.search(r"(?m)://|^\s*--?(i|f|index|extra-index|find-links|trusted)", text)


def test_every_lock_is_made_from_a_list_beside_it_or_from_the_project() -> None:
    lists = {path.stem for path in (ROOT / "requirements").glob("*.in")}
    assert {lock.stem for lock in LOCKS} - lists == {"run", "sandbox"}


def test_dependabot_looks_at_everything_that_is_pinned() -> None:
    updates = yaml.safe_load((ROOT / ".github/dependabot.yml").read_text(encoding="utf-8"))["updates"]
    watched = {entry["package-ecosystem"]: {*entry.get("directories", [entry.get("directory")])} for entry in updates}
    assert {"/", "/native"} <= watched["github-actions"]
    assert {"/", "/requirements"} <= watched["pip"]
    locks = [*ROOT.glob("tools/*/package-lock.json"), ROOT / "tests/clients/package-lock.json"]
    locked = {f"/{path.parent.relative_to(ROOT).as_posix()}" for path in locks}
    assert watched["npm"] == locked


def test_the_image_that_is_released_is_built_on_a_base_by_digest() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    assert {line for line in dockerfile.splitlines() if line.startswith("FROM ")} == {
        "FROM ${BASE} AS build",
        "FROM scratch",
    }
    release = yaml.safe_load((ROOT / ".github/workflows/release.yml").read_text(encoding="utf-8"))
    (build,) = (step for step in release["jobs"]["image"]["steps"] if step.get("id") == "build")
    assert build["with"]["build-args"].splitlines()[0] == "BASE=${{ needs.base.outputs.base }}"
    (names,) = (step for step in release["jobs"]["base"]["steps"] if step.get("id") == "names")
    assert 'base=$base@$digest"' in names["run"]


def test_no_package_of_npm_runs_a_script_when_it_is_installed() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    installs = re.findall(r"npm (?:ci|install)[^\n]*", makefile)
    assert installs
    assert all(re.match(r"npm ci .*--ignore-scripts", command) for command in installs)


def test_what_looks_like_a_key_and_is_none_is_known_by_its_hash_alone() -> None:
    known = json.loads((ROOT / "tools/known_secrets.json").read_text(encoding="utf-8"))
    assert all(re.fullmatch(r"[0-9a-f]{40}", digest) for digest in known)


def test_no_binary_is_in_the_repository() -> None:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    files = [ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()]
    assert [file for file in files if b"\0" in file.read_bytes()[:8000]] == []


def test_every_test_that_the_threat_model_names_exists() -> None:
    text = (ROOT / "docs/security.md").read_text(encoding="utf-8")
    named = re.findall(r"([\w/]+\.py)::(test_\w+)", text)
    assert len(named) > 30
    for file, test in named:
        path = ROOT / file if "/" in file else next((ROOT / "tests").rglob(file))
        assert f"def {test}(" in path.read_text(encoding="utf-8"), f"{file}::{test}"
