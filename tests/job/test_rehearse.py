"""`shipline rehearse`: a project's own config, notes and artifacts against a sandbox, without keys and a network."""

from __future__ import annotations

import errno
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from job.project import IN_PROCESS, KEYS
from shipline import workspace
from shipline.errors import InvalidInputError

if TYPE_CHECKING:
    from job.project import Ended, Project

pytestmark = pytest.mark.skipif(IN_PROCESS, reason="a process that has rehearsed connects to nothing else any more")

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted((ROOT / "examples/config").glob("*.yml"))
CONFIGS = sorted((ROOT / "tests/examples/pipeline/valid").iterdir())
GATE = {"testers-and-customers.yml", "tell-testers.yml"}
NO_KEYS = dict.fromkeys(KEYS, "")
NOTES = "# Changelog\n\n## Unreleased\n\n- Widgets **turn**.\n\n## 1.4.0\n\n- Faster.\n"
PERSON = ["-c", "user.name=t", "-c", "user.email=t@t", "-c", "commit.gpgsign=false"]
COMMIT = [*PERSON, "commit", "-q", "--allow-empty", "-m"]


def some(paths: list[Path]) -> list[object]:
    """Each of them at night, and a few in the gate."""
    return [
        pytest.param(path, id=path.name, marks=[] if path.name in GATE else [pytest.mark.nightly]) for path in paths
    ]


def git(project: Project, *commands: list[str]) -> None:
    for command in commands:
        subprocess.run(["git", *command], cwd=project.path, check=True)


def use(project: Project, config: Path | str) -> None:
    """The config as it stands, with its real addresses, in a repository with one release since the first."""
    project.write("shipline.yml", config if isinstance(config, str) else config.read_bytes())
    project.write("CHANGELOG.md", NOTES)
    for name in ("widget-1.4.0.zip", "shipline-1.4.0.whl"):
        project.write(f"dist/{name}", b"PK" + b"w" * 2046)
    (project.path / "dist/widget.zip").unlink()
    git(project, ["init", "-q", "-b", "main"], [*COMMIT, "First"], ["tag", "v1.3.9"], [*COMMIT, "Fix it (BUG-0042)"])


def rehearse(project: Project, *arguments: str, **environ: str) -> Ended:
    return project.shipline("rehearse", *arguments, **{**NO_KEYS, **environ})


@pytest.mark.parametrize("config", some(EXAMPLES))
def test_an_example_is_rehearsed(project: Project, config: Path) -> None:
    use(project, config)
    ended = rehearse(project, "--release-version", "1.4.0")
    assert ended.code == 0, ended.text
    assert "The second run sent 0 requests that change something" in ended.out
    assert project.sandbox.requests() == []
    assert not (project.path / ".shipline").exists()


@pytest.mark.nightly
def test_the_products_of_an_example_are_rehearsed(project: Project) -> None:
    shutil.copytree(ROOT / "examples/config/products", project.path / "products")
    for folder in (path.parent for path in project.path.glob("products/*/shipline.yml")):
        project.write(f"{folder}/CHANGELOG.md", NOTES)
        project.write(f"{folder}/dist/{folder.name}.bin", folder.name)
    ended = rehearse(project, "products/*/shipline.yml", "--release-version", "1.4.0")
    assert ended.code == 0, ended.text
    assert ended.out.count("The second run sent 0 requests that change something") == 6


@pytest.mark.nightly
@pytest.mark.parametrize("config", CONFIGS, ids=lambda path: path.stem)
def test_each_kind_of_config_is_rehearsed(project: Project, config: Path) -> None:
    use(project, config)
    number = {"SHIPLINE_BUILDMASTER_BUILD_NUMBER": "7"} if "{run_number}" in config.read_text() else {}
    ended = rehearse(project, "--release-version", "1.4.0", **number)
    assert ended.code == 0, ended.text
    assert "The second run sent 0 requests that change something" in ended.out


def test_it_shows_what_testers_and_customers_would_see_of_the_next_version(project: Project) -> None:
    """In a merge request there is no tag: the version is the one after the last, its notes those under Unreleased."""
    use(project, ROOT / "examples/config/testers-and-customers.yml")
    git(project, ["tag", "other/v9.9.9"])
    ended = rehearse(project)
    assert ended.code == 0, ended.text
    testers, _, customers = ended.out.partition("What testers see in Centercode")[2].partition(
        "What customers see in v3"
    )
    assert "Widget 1.3.10  (Published)" in testers
    assert "- Widgets turn." in testers
    assert "https://dl.example.com/widget/1.3.10/widget-1.4.0.zip" in testers
    assert "Widget 1.3.10  (version 1.3.10, channel stable, published)" in customers
    assert "- Widgets **turn**." in customers
    assert "links aren't checked (1)" in ended.out
    assert ended.outputs == {"result": "succeeded"}, "the sandbox's ids could be taken for real ones"


def test_it_needs_no_network_and_no_proxy(project: Project) -> None:
    """In a network of its own, in which only loopback exists, with a proxy set that can't be reached."""
    confined = ["unshare", "--map-root-user", "--net", "sh", "-c", 'ip link set lo up && exec "$@"', "sh"]
    if subprocess.run([*confined, "true"], check=False, capture_output=True).returncode:
        pytest.skip("this machine allows no network namespaces")
    use(project, ROOT / "examples/config/testers-and-customers.yml")
    environ = project._environ(
        NO_KEYS | {"HTTP_PROXY": "http://192.0.2.1:3128", "https_proxy": "http://192.0.2.1:3128"}
    )
    command = [*confined, sys.executable, "-m", "shipline", "rehearse", "--release-version", "1.4.0"]
    ended = subprocess.run(command, cwd=project.path, env=environ, check=False, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_nothing_is_requested_from_the_addresses_in_the_config(project: Project) -> None:
    """Services, artifacts and the journal are those of a server that notes each request; it gets none."""
    url = project.sandbox.url
    project.config()
    with (project.path / "shipline.yml").open("a") as config:
        config.write(f"\njournal: {{store: git, remote: '{url}/journal.git'}}\n")
    project.write("dist/more.txt", "more")
    ended = rehearse(project)
    assert ended.code == 0, ended.text
    assert f"{url}/files/widget.zip" in ended.out
    assert "the shared journal isn't used" in ended.out
    assert project.sandbox.requests() == []


def test_a_wrapper_starts_it_as_a_command_of_run(project: Project) -> None:
    ended = project.shipline("run", "--format", "json", **NO_KEYS, SHIPLINE_INPUT_COMMAND="rehearse")
    assert ended.code == 0, ended.text
    events = {event["event"]: event for event in ended.events}
    assert [release["title"] for release in events["announced"]["testers"]] == ["Widget 1.4.0"]
    assert [release["version"] for release in events["announced"]["customers"]] == ["1.4.0"]
    assert (events["repeated"]["changes"], events["result"]["exit_code"]) == (0, 0)
    assert project.sandbox.requests() == []


def test_what_a_ci_system_shows_is_marked_as_a_rehearsal(project: Project) -> None:
    summary = project.path / "summary.md"
    ended = project.shipline("rehearse", "--ci", "github", GITHUB_STEP_SUMMARY=str(summary), GITHUB_RUN_ATTEMPT="3")
    assert ended.code == 0, ended.text
    text = summary.read_text()
    assert "Rehearsal of Widget 1.4.0" in text
    assert "127.0.0.1" not in text.replace(project.sandbox.url, ""), "the sandbox of the rehearsal has ended"


@pytest.mark.parametrize(
    ("builder", "steps"),
    [
        ("application: Own, release: latest", "build, deploy, publish"),
        pytest.param(
            "application: Own, template: Nightly, start-time: '2099-01-01T00:00:00Z'",
            "publish",
            marks=pytest.mark.nightly,
        ),
        ("application: id:42, release: '4.4'", "build"),
        # Shipline waits for deployments of a build that it hasn't created, should another run have started one.
        pytest.param(
            "application: id:42, release: id:7, build-id: 77, stages: [Prod & Co]", "publish", marks=pytest.mark.nightly
        ),
        pytest.param(
            "application: Own, release: none, pipeline: 'global::Own', build-id: 3, stages: [One, Two]",
            "deploy, publish",
            marks=pytest.mark.nightly,
        ),
    ],
)
def test_what_the_config_names_exists_in_the_sandbox(project: Project, builder: str, steps: str) -> None:
    """By name or by id; what an earlier job makes in a release is made first."""
    lines = [
        "release: {version: 1.4.0, notes: {text: New}}",
        f"steps: [{steps}]",
        f"buildmaster: {{url: 'https://buildmaster.widget.test', {builder}}}",
    ]
    if "publish" in steps:
        lines += ["centercode: {url: 'https://company.centercode.com', project: My Project, release-type: My Type}"]
    project.write("shipline.yml", "\n".join(lines))
    ended = rehearse(project)
    assert ended.code == 0, ended.text
    assert "The second run sent 0 requests" in ended.out


def test_it_ends_as_a_run_would(project: Project) -> None:
    project.config(variables="  variables: {SandboxOutcome: failed}")
    failed = rehearse(project)
    assert failed.code == 5, failed.text
    assert "deploy:Integration" in failed.err
    assert "What testers see" not in failed.out
    project.config(application="  applicaton: Widget")
    wrong = rehearse(project)
    assert wrong.code == 2
    assert "shipline.yml:" in wrong.err
    assert "did you mean application?" in wrong.err


def test_without_the_sandbox_it_shows_how_to_install_it(project: Project) -> None:
    program = "import sys; sys.modules['shipline_sandbox'] = None; from shipline.__main__ import program; program()"
    process = project.start("rehearse", by=("-c", program))
    _, err = process.communicate(timeout=60)
    assert process.returncode == 2, err
    assert "the sandbox isn't installed: run pip install '.[sandbox]'" in err


def test_several_products_are_rehearsed_one_after_the_other(products: Project) -> None:
    ended = rehearse(products, "products/router.yml", "products/switch.yml", "--format", "json")
    assert ended.code == 0, ended.text
    announced = [event["customers"][0]["notes"] for event in ended.events if event["event"] == "announced"]
    assert announced == ["What is new in router", "What is new in switch"]


def test_without_a_place_for_temporary_files_it_names_what_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> str:
        raise FileNotFoundError(errno.ENOENT, "No usable temporary directory found in ['/tmp']")

    monkeypatch.setattr(tempfile, "mkdtemp", full)
    with pytest.raises(InvalidInputError) as raised:
        workspace.temporary_folder("rehearse")
    (problem,) = raised.value.problems
    expected = "shipline rehearse: no temporary folder can be written (No usable temporary directory found in ['/tmp'])"
    assert str(problem) == f"{expected}: set TMPDIR to one that can"
