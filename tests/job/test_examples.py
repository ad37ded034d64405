"""Each config in examples/ does its job: only the addresses are replaced by the sandbox's."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from job import fleet

if TYPE_CHECKING:
    from job.project import Project

ROOT = Path(__file__).parents[2]
ZIP = b"PK" + b"w" * 2046


def use(project: Project, name: str, to: str = "shipline.yml") -> None:
    """The example as it stands, with the sandbox in place of the example's hosts, which don't exist."""
    text = (ROOT / "examples/config" / name).read_text()
    text = re.sub(r"https://dl\.example\.com", f"{project.sandbox.url}/files", text)
    text = re.sub(r"https://[a-z.]+\.(example|centercode)\.com", project.sandbox.url, text)
    project.write(to, text)


def state(project: Project) -> dict[str, Any]:
    found: dict[str, Any] = project.sandbox.admin("state")
    return found


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """This project's own wheel, built as a release builds it."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--no-build-isolation",
        "--wheel-dir",
        str(folder),
        str(ROOT),
    ]
    subprocess.run(command, check=True, capture_output=True)
    (built,) = folder.glob("shipline-*.whl")
    return built


def test_own_wheel(project: Project, wheel: Path) -> None:
    use(project, "own-wheel.yml")
    shutil.copy(wheel, project.path / "dist")
    shutil.copy(ROOT / "CHANGELOG.md", project.path)
    project.sandbox.put_file(f"shipline/0.1.0/{wheel.name}", wheel.read_bytes())
    ended = project.shipline("run", "--release-version", "0.1.0")
    assert ended.code == 0, ended.text
    (release,) = state(project)["v3"]["releases"]
    assert release["name"] == "Shipline 0.1.0"
    assert release["notes"].startswith("### Added")
    assert release["files"][0]["size"] == wheel.stat().st_size
    (posted,) = state(project)["centercode"]["releases"]
    assert posted["links"][0]["label"] == wheel.name
    assert "<h3>Added</h3>" in posted["body"]


def test_own_wheel_with_flat_inputs_only(project: Project, wheel: Path) -> None:
    (project.path / "shipline.yml").unlink()
    shutil.copy(wheel, project.path / "dist")
    shutil.copy(ROOT / "CHANGELOG.md", project.path)
    url = project.sandbox.url
    project.sandbox.put_file(wheel.name, wheel.read_bytes())
    project.environ = {
        "SHIPLINE_INPUT_RELEASE_VERSION": "v0.1.0",
        "SHIPLINE_INPUT_RELEASE_NOTES_FILE": "CHANGELOG.md",
        "SHIPLINE_INPUT_ARTIFACTS": f"dist/*.whl => {url}/files/{{filename}}",
        "SHIPLINE_INPUT_BUILDMASTER_URL": url,
        "SHIPLINE_INPUT_BUILDMASTER_APPLICATION": "Widget",
        "SHIPLINE_INPUT_BUILDMASTER_PIPELINE": "Standard",
        "SHIPLINE_INPUT_BUILDMASTER_STAGES": "Integration\nTesting",
        "SHIPLINE_INPUT_V3_URL": url,
        "SHIPLINE_INPUT_V3_PRODUCT_ID": "27d6f2a0-3d6b-4f52-9f5e-6a1c6f0e8a11",
        "SHIPLINE_INPUT_V3_PLATFORMS": "linux",
        "SHIPLINE_INPUT_CENTERCODE_URL": url,
        "SHIPLINE_INPUT_CENTERCODE_PROJECT": "WidgetPro",
        "SHIPLINE_INPUT_CENTERCODE_RELEASE_TYPE": "Firmware",
    }
    ended = project.shipline("run")
    assert ended.code == 0, ended.text
    (release,) = state(project)["v3"]["releases"]
    assert (release["name"], release["published"]) == ("Widget 0.1.0", False)
    assert len(state(project)["centercode"]["releases"]) == 1


@pytest.mark.parametrize(("tag", "announced"), [("v2.0.0-beta.1", "Firmware"), ("v2.0.0", "Software")])
def test_testers_and_customers(project: Project, tag: str, announced: str) -> None:
    use(project, "testers-and-customers.yml")
    project.write("CHANGELOG.md", "# Changelog\n\n## 2.0.0\n\nNew.\n")
    project.sandbox.put_file(f"widget/{tag[1:]}/widget.zip", ZIP)
    for command in (
        ["init", "-q"],
        ["-c", "user.name=t", "-c", "user.email=t@t", "commit", "-qm", "x", "--allow-empty"],
    ):
        subprocess.run(["git", *command], cwd=project.path, check=True)
    subprocess.run(["git", "tag", tag], cwd=project.path, check=True)
    ended = project.shipline("run")
    assert ended.code == 0, ended.text
    (posted,) = state(project)["centercode"]["releases"]
    assert posted["releaseType"] == f"WidgetPro/{announced}"
    assert len(state(project)["v3"]["releases"]) == (announced == "Software")


def test_tell_testers(project: Project) -> None:
    use(project, "tell-testers.yml")
    project.sandbox.put_file("widget/1.1.0/widget.zip", ZIP)
    person = ["-c", "user.name=t", "-c", "user.email=t@t", "-c", "commit.gpgsign=false"]
    commit = [*person, "commit", "-q", "--allow-empty", "-m"]
    for command in (
        ["init", "-q"],
        [*commit, "First"],
        ["tag", "v1.0.0"],
        [*commit, "Don't lose <settings>\n\nFixes BUG-0001"],
        ["tag", "v1.1.0"],
    ):
        subprocess.run(["git", *command], cwd=project.path, check=True)
    ended = project.shipline("run")
    assert ended.code == 0, ended.text
    (posted,) = state(project)["centercode"]["releases"]
    assert posted["body"] == "<ul>\n<li>Don't lose &lt;settings&gt;</li>\n</ul>\n"
    told = [(r["operation"], r["query"]) for r in project.changes()[1:]]
    assert told == [
        ("project-feedback-comment", {"find": "BUG-0001"}),
        ("project-feedback-macro", {"find": "BUG-0001"}),
    ]


def test_six_products_share_their_settings(project: Project) -> None:
    names = ("camera", "door", "hub", "lamp", "router", "switch")
    (project.path / "shipline.yml").unlink()
    fleet.make(project, names)  # what the services know of them
    use(project, "products/base.yml", "products/base.yml")
    for name in names:
        (project.path / f"products/{name}.yml").unlink()
        use(project, f"products/{name}/shipline.yml", f"products/{name}/shipline.yml")
        project.write(f"products/{name}/CHANGELOG.md", f"## 1.4.0\n\nThe {name} is faster.\n")
        project.write(f"products/{name}/dist/{name}.bin", name)
        project.sandbox.put_file(f"1.4.0/{name}.bin", name.encode())
    ended = project.shipline("run", "products/*/shipline.yml", "--release-version", "1.4.0")
    assert ended.code == 0, ended.text
    assert fleet.done_once(project, len(names))
    found = state(project)["v3"]["releases"]
    assert sorted((r["notes"], r["files"][0]["name"]) for r in found) == [
        (f"The {name} is faster.", f"{name}.bin") for name in names
    ]


def test_announce_only(project: Project) -> None:
    use(project, "announce-only.yml")
    ended = project.shipline("run", "--release-version", "0.1.1")
    assert ended.code == 0, ended.text
    (posted,) = state(project)["centercode"]["releases"]
    assert posted["ftpBucketFiles"] == [{"fileName": "Builds/Installer_0.1.1.exe"}]
    assert ended.outputs["centercode-release-status"] == "Processing"
    (sent,) = [r["body"] for r in project.changes()]
    assert sent["endDate"] == "2050-09-30T12:00:00Z"


def test_every_example_is_tested() -> None:
    tested = Path(__file__).read_text()
    assert [f.name for f in (ROOT / "examples/config").iterdir() if f.name not in tested] == []
