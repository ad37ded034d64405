"""Our own workflows and the examples: pinned, least permissions, no expression in a script, and inputs that exist."""

from __future__ import annotations

import copy as copies
import itertools
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from shipline.inputs import catalogue

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
OWN = sorted((ROOT / ".github/workflows").glob("*.yml"))
EXAMPLES = sorted((ROOT / "examples/github").glob("*.yml"))
ACTION, NATIVE = (
    yaml.safe_load((ROOT / name).read_text(encoding="utf-8")) for name in ("action.yml", "native/action.yml")
)
TEMPLATE = "ci_templates/gitlab/shipline.yml"
IMAGE = r"ghcr\.io/shipline/shipline:v[0-9.]+"
# Not among the action's inputs, whose list stays short: as an input each would make the runner warn.
OPTIONS = {"SHIPLINE_SHARD", "SHIPLINE_PARALLEL"}
PINNED = re.compile(r"[\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+")
WRITES = {
    "docs.yml": {"pages", "id-token"},
    "release.yml": {"id-token", "attestations", "packages", "contents"},
    "security.yml": {"security-events"},
    "review.yml": {"pull-requests"},
}

each = pytest.mark.parametrize("file", [*OWN, *EXAMPLES], ids=lambda file: file.name)
each_example = pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.name)


def read(file: Path) -> dict[str, Any]:
    # BaseLoader: `on` stays a word.
    workflow: dict[str, Any] = yaml.load(file.read_text(encoding="utf-8"), yaml.BaseLoader)
    return workflow


def jobs(file: Path) -> dict[str, Any]:
    found: dict[str, Any] = read(file)["jobs"]
    return found


def steps(file: Path) -> Iterator[dict[str, Any]]:
    for job in jobs(file).values():
        yield from job["steps"]


def of_ours(file: Path) -> list[dict[str, Any]]:
    return [step for step in steps(file) if step.get("uses", "").startswith("shipline/")]


def named(file: Path, what: str) -> list[dict[str, Any]]:
    return [step for step in steps(file) if step.get("uses", "").startswith(f"{what}@")]


def test_there_are_the_workflows_and_examples_promised() -> None:
    assert {file.name for file in OWN} == {
        "ci.yml",
        "docs.yml",
        "image.yml",
        "nightly.yml",
        "release.yml",
        "security.yml",
    }
    assert {file.name for file in EXAMPLES} == {
        "tag-release.yml",
        "dispatch-with-plan.yml",
        "rehearse.yml",
        "review.yml",
        "stages.yml",
        "approve-then-publish.yml",
        "matrix.yml",
        "fleet.yml",
        "shards.yml",
        "reusable.yml",
    }


def test_the_night_is_the_makefile_s() -> None:
    (night,) = re.findall(r"^NIGHT = (.*)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    (job,) = jobs(ROOT / ".github/workflows/nightly.yml").values()
    assert job["strategy"]["matrix"]["target"] == night.split()


@each_example
def test_an_environment_s_link_is_an_output_of_its_job(file: Path) -> None:
    for job in jobs(file).values():
        url = job["environment"].get("url", "") if isinstance(job.get("environment"), dict) else ""
        named = re.fullmatch(r"\$\{\{ steps\.(\w+)\.outputs\.([\w-]+) }}", url)
        assert bool(named) == bool(url)
        if named:
            (step,) = [step for step in job["steps"] if step.get("id") == named[1]]
            assert step["uses"].startswith("shipline/")
            assert named[2] in ACTION["outputs"]


@each
def test_every_foreign_action_is_pinned_by_commit_with_its_version(file: Path) -> None:
    lines = [line.partition("uses: ")[2] for line in file.read_text(encoding="utf-8").splitlines() if "uses: " in line]
    ours = ("shipline/shipline@", "docker://ghcr.io/shipline/shipline:", "./")
    foreign = [line for line in lines if not line.startswith(ours)]
    assert [line for line in foreign if not PINNED.fullmatch(line)] == []


def test_one_action_has_one_version_everywhere() -> None:
    found: dict[str, set[str]] = {}
    for step in itertools.chain(ACTION["runs"]["steps"], *map(steps, [*OWN, *EXAMPLES])):
        action, _, commit = step.get("uses", "").partition("@")
        if commit:
            found.setdefault("/".join(action.split("/")[:2]), set()).add(commit)
    assert {action: commits for action, commits in found.items() if len(commits) > 1} == {}


@each
def test_nothing_is_permitted_but_what_a_job_needs(file: Path) -> None:
    workflow = read(file)
    assert workflow["permissions"] == {}
    for job in workflow["jobs"].values():
        assert job["permissions"].get("contents") in ("read", "write")
        written = {name for name, access in job["permissions"].items() if access == "write"}
        assert written <= WRITES.get(file.name, set())


def test_only_the_job_that_releases_may_write_to_the_repository() -> None:
    may = [(file.name, name, job["permissions"]["contents"]) for file in OWN for name, job in jobs(file).items()]
    writing = [(file, name) for file, name, access in may if access == "write"]
    assert writing == [("release.yml", "release")]


@each
def test_no_expression_is_in_a_script(file: Path) -> None:
    assert [step["run"] for step in steps(file) if "${{" in step.get("run", "")] == []


def test_no_expression_is_in_a_script_of_the_actions() -> None:
    scripts = [step["run"] for action in (ACTION, NATIVE) for step in action["runs"]["steps"] if "run" in step]
    assert len(scripts) == 4
    assert [script for script in scripts if "${{" in script] == []


@each
def test_a_checkout_leaves_no_credentials_behind(file: Path) -> None:
    assert all(step["with"]["persist-credentials"] == "false" for step in named(file, "actions/checkout"))


@each
def test_every_job_ends_and_runs_alone(file: Path) -> None:
    workflow = read(file)
    assert all("timeout-minutes" in job for job in workflow["jobs"].values())
    assert all("concurrency" in workflow or "concurrency" in job for job in workflow["jobs"].values())


def test_the_readme_s_example_has_at_most_8_lines_and_is_the_how_to_s() -> None:
    shown = re.compile(r"^```yaml\n(- id: shipline\n.*?)^```", re.MULTILINE | re.DOTALL)
    (example,) = shown.findall((ROOT / "README.md").read_text(encoding="utf-8"))
    assert len(example.splitlines()) <= 8
    assert shown.findall((ROOT / "docs/how-to/github.md").read_text(encoding="utf-8")) == [example]


def program(action: dict[str, Any]) -> dict[str, Any]:
    (step,) = (step for step in action["runs"]["steps"] if step.get("id") == "shipline")
    found: dict[str, Any] = step
    return found


def test_the_alias_differs_only_in_that_it_uses_no_container() -> None:
    alias = (ROOT / "native/action.yml").read_text(encoding="utf-8")
    action = (ROOT / "action.yml").read_text(encoding="utf-8")
    action = action.replace("name: Shipline\n", "name: Shipline (native)\n").replace("IMAGE: Dockerfile", 'IMAGE: ""')
    assert action.replace("$GITHUB_ACTION_PATH/native/", "$GITHUB_ACTION_PATH/") == alias


def test_every_input_is_passed_on_and_every_output_comes_from_the_program() -> None:
    texts = str(ACTION["runs"])
    assert {name for name in ACTION["inputs"] if f"inputs.{name} " not in texts} == set()
    passed = {name for name in program(ACTION)["env"] if name.startswith("SHIPLINE_INPUT_")}
    own = {leaf.variable.replace("SHIPLINE_", "SHIPLINE_INPUT_", 1) for leaf in catalogue.of_action()}
    listed = {f"SHIPLINE_INPUT_{name.upper().replace('-', '_')}" for name in ACTION["inputs"]}
    assert passed - {"SHIPLINE_INPUT_CI"} == listed - own
    for name, output in ACTION["outputs"].items():
        assert output["value"] == f"${{{{ steps.shipline.outputs.{name} }}}}"


def test_the_action_s_own_actions_are_pinned_and_keep_the_receipt_whatever_happens() -> None:
    steps = ACTION["runs"]["steps"]
    lines = [line.partition("uses: ")[2] for line in (ROOT / "action.yml").read_text(encoding="utf-8").splitlines()]
    assert [line for line in lines if line and not PINNED.fullmatch(line)] == []
    uses = [step.get("uses", "").partition("@")[0] or step["id"] for step in steps]
    kept = ["actions/cache/restore", "shipline", "actions/cache/save", "actions/upload-artifact"]
    assert uses == ["prepare", *kept]
    _, restore, _, save, upload = steps
    assert save["if"].startswith("always() && ")
    assert upload["if"].startswith("always() && ")
    assert {key: restore["with"][key] for key in ("path", "key")} == save["with"]


@each_example
def test_an_example_passes_inputs_that_exist(file: Path) -> None:
    assert of_ours(file)
    for step in of_ours(file):
        assert set(step.get("with", {})) <= set(ACTION["inputs"])
        assert set(step.get("env", {})) <= {
            "SHIPLINE_BUILDMASTER_API_KEY",
            "SHIPLINE_CENTERCODE_API_KEY",
            "SHIPLINE_V3_TOKEN",
            *OPTIONS,
        }


@each
def test_outputs_that_are_read_exist(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    assert set(re.findall(r"steps\.shipline\.outputs\.([\w-]+)", text)) <= set(ACTION["outputs"])
    for job, output in re.findall(r"needs\.([\w-]+)\.outputs\.([\w-]+)", text):
        assert output in jobs(file)[job]["outputs"]


@each_example
def test_a_secret_goes_to_our_step_alone(file: Path) -> None:
    workflow = read(file)
    ours = "".join(str(step.get("env", "")) for step in of_ours(file))
    text = "\n".join(line for line in file.read_text(encoding="utf-8").splitlines() if not line.startswith("#"))
    assert text.count("${{ secrets.") == ours.count("${{ secrets.")
    assert ("${{ secrets." in text) is (file.name != "rehearse.yml")
    assert "env" not in workflow


@each_example
def test_a_run_that_has_begun_is_never_canceled_for_another(file: Path) -> None:
    assert "cancel-in-progress" not in file.read_text(encoding="utf-8")


def release(*arguments: str, root: Path = ROOT) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(root / "tools/release.py"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """What tools/release.py reads and writes, of a project with a changelog of its own."""
    for name in ("tools/release.py", "action.yml", TEMPLATE):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text((ROOT / name).read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / "entrypoint/shipline").mkdir(parents=True)
    (tmp_path / "entrypoint/shipline/__init__.py").write_text('__version__ = "1.4.0"\n')
    (tmp_path / "CHANGELOG.md").write_text(
        "# Changelog\n\n## [Unreleased]\n\n- Later.\n\n## [1.4.0] - 2026-11-23\n\n### Added\n\n- Now.\n\n"
        "## [1.3.0] - 2026-10-01\n\n- Before.\n"
    )
    return tmp_path


def test_what_is_released_is_what_the_program_and_the_changelog_say(copy: Path) -> None:
    assert release("check", "1.4.0", root=copy).returncode == 0
    assert release("notes", "1.4.0", root=copy).stdout == "### Added\n\n- Now.\n"
    wrong = release("check", "1.3.0", root=copy)
    assert (wrong.returncode, wrong.stdout) == (1, "")
    assert "says 1.4.0, not 1.3.0" in wrong.stderr


def test_a_version_without_notes_is_not_released(copy: Path) -> None:
    (copy / "CHANGELOG.md").write_text("# Changelog\n\n## [1.4.0]\n\n- No date.\n")
    missing = release("check", "1.4.0", root=copy)
    assert missing.returncode == 1
    assert "CHANGELOG.md has nothing for 1.4.0" in missing.stderr


def test_the_tags_action_and_template_run_the_image_by_digest_and_are_else_the_same(copy: Path) -> None:
    image = f"ghcr.io/shipline/shipline:v1.4.0@sha256:{'a1' * 32}"
    assert release("pin", image, root=copy).returncode == 0
    pinned = yaml.safe_load((copy / "action.yml").read_text(encoding="utf-8"))
    assert program(pinned)["env"].pop("IMAGE") == image
    built = copies.deepcopy(ACTION)
    del program(built)["env"]["IMAGE"]
    assert pinned == built
    template = (copy / TEMPLATE).read_text(encoding="utf-8")
    default = next(yaml.safe_load_all(template))["spec"]["inputs"]["image"]["default"]
    assert default == image
    assert template.replace(image, "") == re.sub(IMAGE, "", (ROOT / TEMPLATE).read_text(encoding="utf-8"))
    assert release("pin", image, root=copy).returncode == 1


@pytest.mark.parametrize("image", ["shipline", "ghcr.io/a/b:v1", f"ghcr.io/a/b@sha256:{'0' * 64}", "x\n  image: y"])
def test_an_image_that_could_change_is_not_pinned(copy: Path, image: str) -> None:
    assert release("pin", image, root=copy).returncode == 1
    assert yaml.safe_load((copy / "action.yml").read_text(encoding="utf-8")) == ACTION


def test_main_builds_its_dockerfile() -> None:
    assert program(ACTION)["env"]["IMAGE"] == "Dockerfile"
