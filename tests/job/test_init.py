"""`shipline init`: what it writes is valid at once, says what it assumed, and replaces nothing."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from job.initialized import config, git, on_a_terminal, shipline
from job.project import KEYS
from shipline import __version__, schemas
from shipline.init import pipelines, templates
from shipline.init.questions import CI
from shipline.services.registry import SERVICES
from shipline_sandbox import seed as seeds

if TYPE_CHECKING:
    from shipline_sandbox.server import Running

ROOT = Path(__file__).parents[2]
TEMPLATES = Path(templates.__file__).parent


@pytest.mark.parametrize("ci", CI)
def test_it_is_valid_at_once_and_says_what_it_assumed(ci: str, widget: Path) -> None:
    ended = shipline(
        widget, "init", "--ci", ci, "--buildmaster-url", "https://bm.widget.test/x", "--stages", "Test, EU"
    )
    assert ended.code == 0, ended.text
    assert {str(f.relative_to(widget)) for f in widget.rglob("*") if f.is_file()} == {
        "CHANGELOG.md",
        "dist/widget.zip",
        "shipline.yml",
        ".gitignore",
        pipelines.FILES[ci],
    }
    written = config(widget)
    assert written["buildmaster"]["url"] == "https://bm.widget.test/x"
    assert written["buildmaster"]["stages"] == ["Test", "EU"]
    assert "v3" not in written
    assert "--buildmaster-application widget" in ended.out
    assert "--buildmaster-url" not in ended.out
    (widget / "CHANGELOG.md").write_text("# Changelog\n\n## 1.0.0\n\n- Widgets turn.\n")
    checked = shipline(widget, "validate", "--release-version", "1.0.0")
    assert checked.code == 0, checked.text
    assert "warning" not in checked.text


def test_without_an_answer_it_writes_everything_and_names_the_next_steps(widget: Path) -> None:
    ended = shipline(widget, "init")
    assert ended.code == 0, ended.text
    assert set(SERVICES) < set(config(widget))
    assert "  --ci github" in ended.out
    for name in ("BUILDMASTER_API_KEY", "UPLOAD_TOKEN", "shipline validate", "shipline doctor", "shipline plan"):
        assert name in ended.out.partition("then:")[2]
    assert shipline(widget, "validate", "--release-version", "1.0.0").code == 0


def test_placeholders_are_listed_and_plan_refuses_each_of_them(widget: Path) -> None:
    listed = shipline(widget, "init").out
    assert (
        "1. replace the placeholders in shipline.yml, which plan and run refuse: --buildmaster-url, --v3-url" in listed
    )
    planned = shipline(widget, "plan", "--release-version", "1.0.0", **KEYS)
    assert planned.code == 2
    for setting in ("buildmaster.url", "v3.url", "v3.product-id", "centercode.url", "centercode.project"):
        assert re.search(rf"shipline.yml:\d+:\d+: {setting}: .* is a placeholder", planned.err), planned.err
    diagnosed = shipline(widget, "doctor", "--release-version", "1.0.0", **KEYS)
    assert diagnosed.code == 2
    assert (
        diagnosed.out.count(" is a placeholder: replace it") == planned.err.count(" is a placeholder: replace it") > 5
    )
    assert "responds" not in diagnosed.out  # no key goes to somebody else's server


def test_the_receipts_and_the_build_are_ignored_beside_what_is_ignored_already(widget: Path) -> None:
    (widget / ".gitignore").write_text("*.log")
    assert shipline(widget, "init").code == 0
    assert (widget / ".gitignore").read_text() == "*.log\n.shipline/\ndist/\n"
    ended = shipline(widget, "init", "--force")
    assert "wrote .gitignore" not in ended.out
    assert (widget / ".gitignore").read_text() == "*.log\n.shipline/\ndist/\n"


def test_the_names_of_the_sandbox_are_those_that_it_has(widget: Path, sandbox: Running) -> None:
    assert shipline(widget, "init", "--sandbox", sandbox.url).code == 0
    written, seed = config(widget), seeds.default()
    application = next(
        a for a in seed["buildmaster"]["applications"] if a["name"] == written["buildmaster"]["application"]
    )
    pipeline = application["pipelines"][written["buildmaster"]["pipeline"]]
    assert written["buildmaster"]["stages"] == pipeline["stages"]
    assert written["v3"]["product-id"] in [product["id"] for product in seed["v3"]["products"]]
    project = next(p for p in seed["centercode"]["projects"] if p["key"] == written["centercode"]["project"])
    assert written["centercode"]["release-type"] in [kind["key"] for kind in project["release_types"]]
    assert {written[name]["url"] for name in SERVICES} == {sandbox.url}
    assert written["buildmaster"]["variables"] == {"Version": "{version}", "Artifact": "{artifact_url}"}


def test_it_reads_the_project(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    git(tmp_path, "remote", "add", "origin", "https://somebody:pass-of-remote@gitlab.example.com/acme/Gadget-Pro.git")
    git(tmp_path, "commit", "-qm", "x", "--allow-empty")
    git(tmp_path, "tag", "1.2.0")
    (tmp_path / "pom.xml").write_text("<project/>")
    ended = shipline(tmp_path, "init")
    assert ended.code == 0, ended.text
    assert "pass-of-remote" not in ended.text
    written = config(tmp_path)
    assert written["buildmaster"]["application"] == "Gadget-Pro"
    assert written["artifacts"][0]["path"] == "target/*.jar"
    assert written["release"]["notes"] == {"from": "commits"}
    pipeline = yaml.safe_load((tmp_path / ".gitlab-ci.yml").read_text())
    assert pipeline["dist"]["script"][0] == "mvn --batch-mode package"
    assert "for file in target/*.jar; do" in pipeline["dist"]["script"][1]
    assert pipeline["dist"]["artifacts"]["paths"] == ["target/"]
    assert pipeline["variables"]["GIT_DEPTH"] == "0"
    assert "--release-version" not in ended.out
    ended = shipline(tmp_path, "init", "--ci", "github", "--force")
    assert ended.code == 0, ended.text
    workflow: Any = yaml.load((tmp_path / ".github/workflows/release.yml").read_text(), yaml.BaseLoader)
    assert workflow["on"]["push"]["tags"] == ["[0-9]*"]
    checkout, build, upload, *_ = workflow["jobs"]["release"]["steps"]
    assert checkout["with"]["fetch-depth"] == "0"
    assert build["run"] == "mvn --batch-mode package"
    assert upload["run"].splitlines()[1].endswith('gadget-pro/${GITHUB_REF_NAME#v}/${file##*/}"')


def test_what_the_build_has_made_says_what_is_released(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out/setup.exe").write_bytes(b"MZ")
    (tmp_path / "out/setup.txt").write_text("how to")
    assert shipline(tmp_path, "init").code == 0
    assert config(tmp_path)["artifacts"][0]["path"] == "out/*.exe"


@pytest.mark.parametrize(
    ("file", "ci"), [(".github/x", "github"), (".gitlab-ci.yml", "gitlab"), ("Jenkinsfile", "jenkins")]
)
def test_the_ci_system_is_the_one_that_is_there(file: str, ci: str, tmp_path: Path) -> None:
    path = tmp_path / file
    path.parent.mkdir(exist_ok=True)
    path.write_text("mine\n")
    ended = shipline(tmp_path, "init")
    assert ended.code == 0, ended.text
    assert pipelines.FILES[ci] in ended.out
    assert path.read_text() == "mine\n"
    if ci == "gitlab":
        added = ended.out.partition("Add to it:")[2].partition("\nassumed")[0]
        (include,) = yaml.safe_load(added)["include"]
        assert (ROOT / include["file"]).is_file()
    if ci == "jenkins":
        assert "library identifier: 'shipline@" in ended.out
        assert "buildmasterCredentialsId: 'buildmaster-key'" in ended.out


def test_a_file_in_place_of_a_folder_and_the_other_way_round(widget: Path) -> None:
    (widget / ".github").write_text("x")
    ended = shipline(widget, "init", "--yes", "--ci", "github")
    assert ended.code == 2, ended.text
    assert ".github/workflows/release.yml: can't be written: Not a directory" in ended.err
    assert {file.name for file in widget.iterdir()} == {"dist", "CHANGELOG.md", ".github"}
    (widget / "shipline.yml").mkdir()
    (widget / ".github").unlink()
    ended = shipline(widget, "init", "--yes", "--ci", "github", "--force")
    assert ended.code == 2, ended.text
    assert "shipline.yml: can't be written: it is a folder" in ended.err
    assert {file.name for file in widget.iterdir()} == {"dist", "CHANGELOG.md", "shipline.yml"}


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_can_only_be_read(widget: Path) -> None:
    (widget / ".github").mkdir(mode=0o555)
    ended = shipline(widget, "init", "--yes", "--ci", "github")
    assert ended.code == 2, ended.text
    assert "can't be written: Permission denied" in ended.err
    assert not (widget / "shipline.yml").exists()


def test_nothing_is_overwritten(widget: Path) -> None:
    workflow = widget / ".github/workflows/release.yml"
    workflow.parent.mkdir(parents=True)
    workflow.write_text("mine\n")
    ended = shipline(widget, "init", "--ci", "github")
    assert ended.code == 2
    assert ".github/workflows/release.yml: already exists" in ended.text
    assert ended.line("DONE:") == "DONE: nothing"
    assert not (widget / "shipline.yml").exists()
    (widget / "shipline.yaml").write_text("release: {version: 1.0.0}\n")
    ended = shipline(widget, "init", "--ci", "jenkins")
    assert ended.code == 2
    assert "shipline.yaml: already exists" in ended.text
    (widget / "shipline.yaml").unlink()
    assert shipline(widget, "init", "--ci", "github", "--force").code == 0
    assert workflow.read_text() != "mine\n"


@pytest.mark.parametrize(
    ("flag", "text"),
    [
        ("--buildmaster-url", "http://bm.widget.test"),
        ("--v3-url", "ftp://x"),
        ("--centercode-url", "https://x/?y"),
        ("--v3-product-id", "a\x07"),
        ("--artifacts-url", "https://dl.example.com/{nmae}"),
    ],
)
def test_an_answer_that_validate_would_not_take_is_named_by_its_flag(flag: str, text: str, widget: Path) -> None:
    ended = shipline(widget, "init", flag, text)
    assert ended.code == 2, ended.text
    assert f"{flag}: " in ended.err
    assert not (widget / "shipline.yml").exists()


@pytest.mark.parametrize(
    "text", ["dist/*.zip => https://dl.example.com/x", "dist/*.zip\ndist/*.exe", "https://dl.example.com/x"]
)
def test_artifacts_in_the_form_of_an_input_are_refused(text: str, widget: Path) -> None:
    ended = shipline(widget, "init", "--yes", SHIPLINE_ARTIFACTS=text)
    assert ended.code == 2, ended.text
    assert "--artifacts: expected one path" in ended.err
    assert {file.name for file in widget.iterdir()} == {"dist", "CHANGELOG.md"}


def test_a_line_break_is_refused_but_in_a_list(widget: Path) -> None:
    ended = shipline(widget, "init", "--yes", SHIPLINE_BUILDMASTER_APPLICATION="Wid\nget")
    assert ended.code == 2, ended.text
    assert "--buildmaster-application: has a line break" in ended.err
    assert shipline(widget, "init", "--yes", SHIPLINE_V3_PLATFORMS="windows\nmacos").code == 0
    assert config(widget)["v3"]["platforms"] == ["windows", "macos"]


@pytest.mark.parametrize(
    "name", ["true", "1.10", "a: b #c", "Wídget 'Pro' \"2\"", "- x", "{x}", "*ref", "null", "a\\b"]
)
def test_names_of_every_kind_are_kept(name: str, widget: Path) -> None:
    given = ["--application", name.replace("{x}", "{{x}}"), "--centercode-project", name]
    ended = shipline(widget, "init", *given)
    assert ended.code == 0, ended.text
    assert config(widget)["buildmaster"]["application"] == name.replace("{x}", "{{x}}")
    assert config(widget)["centercode"]["project"] == name
    assert shipline(widget, "validate", "--release-version", "1.0.0").code == 0


def test_only_the_keys_that_are_needed_are_spoken_of(widget: Path) -> None:
    for ci in CI:
        ended = shipline(widget, "init", "--ci", ci, "--centercode-project", "WidgetPro", "--force")
        assert ended.code == 0, ended.text
        text = (widget / pipelines.FILES[ci]).read_text()
        assert "centercode" in text.lower()
        assert not re.search("buildmaster|v3CredentialsId|V3_TOKEN", text, re.IGNORECASE), text
        assert "BUILDMASTER" not in ended.out


def test_the_lines_to_add_are_all_that_the_job_needs(widget: Path) -> None:
    """Of a pipeline of the project's own: its stages, and a history that reaches the last version."""
    (widget / "CHANGELOG.md").unlink(missing_ok=True)
    (widget / ".gitlab-ci.yml").write_text("stages: [build, test]\n")
    told = shipline(widget, "init", "--ci", "gitlab").out
    added = yaml.safe_load(told.partition("Add to it:")[2].partition("assumed (")[0])
    assert added.keys() == {"variables", "include"}
    assert added["variables"] == {"GIT_DEPTH": "0"}
    assert "in the stage deploy; have that among your own" in told


def test_in_a_folder_of_a_repository_it_says_where_to_start(widget: Path) -> None:
    git(widget, "init", "-q")
    ended = shipline(widget / "dist", "init", GIT_CEILING_DIRECTORIES="")
    assert ended.code == 2
    assert f"cd {widget.resolve()}" in ended.line("NEXT:")


def test_on_a_terminal_it_asks(widget: Path) -> None:
    said = on_a_terminal(widget, "gitlab\nn\ny\nn\n\n\nhttps://v3.widget.test\nproduct-7\nmacos\n")
    assert "CI system" in said
    assert "Use BuildMaster?" in said
    assert "assumed" not in said
    written = config(widget)
    assert set(written) == {"release", "artifacts", "v3"}
    assert written["v3"] == {
        "url": "https://v3.widget.test",
        "product-id": "product-7",
        "platforms": ["macos"],
        "state": "draft",
    }
    assert (widget / ".gitlab-ci.yml").is_file()


def test_an_answer_that_cannot_be_written_is_asked_for_again(widget: Path) -> None:
    """Not after all of them, with everything lost."""
    said = on_a_terminal(widget, "gitlab\nn\ny\nn\n\n\nv3.widget.test\nhttps://v3.widget.test\nproduct-7\nmacos\n")
    assert "Error: " in said
    assert said.count("(v3.url)") == 2
    assert config(widget)["v3"]["url"] == "https://v3.widget.test"


def test_the_pipelines_are_the_tested_examples_and_an_upload(widget: Path) -> None:
    """Whoever is called as the example is, and has all services and a changelog, gets the example."""
    upload = (
        r"(?sm)^      - name: Upload.*?done\n\n|^    # Upload to .*?done\n|^        stage\('Upload'\).*?^        }\n\n"
    )

    def without_upload(text: str) -> str:
        found, count = re.subn(upload, "", text)
        assert count == 1
        return found

    for ci, example in (("github", "github/tag-release.yml"), ("gitlab", "gitlab/tag-release.yml")):
        assert shipline(widget, "init", "--ci", ci, "--force").code == 0
        written, text = (widget / pipelines.FILES[ci]).read_text(), (ROOT / "examples" / example).read_text()
        written = without_upload(written)
        assert body(written) == body(text.replace("Widget", "widget"))
    assert shipline(widget, "init", "--ci", "jenkins", "--force").code == 0
    written, text = (widget / "Jenkinsfile").read_text(), (ROOT / "examples/jenkins/declarative.groovy").read_text()
    build = """sh 'mkdir -p dist && git archive --output "dist/widget-${TAG_NAME#v}.zip" HEAD'"""
    assert body(without_upload(written)) == body(text.replace("sh 'make dist'", build))


def body(text: str) -> list[str]:
    """Without the comment at the top."""
    lines = text.splitlines()
    return lines[next(i for i, line in enumerate(lines) if not line.startswith(("#", "//"))) :]


@pytest.mark.parametrize("services", [(), ("v3",)], ids=["all", "one"])
@pytest.mark.parametrize(("ci", "schema"), [("github", "github-workflows"), ("gitlab", "gitlab-ci")])
def test_linters_find_nothing(ci: str, schema: str, services: tuple[str, ...], tmp_path: Path) -> None:
    beside = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    tools = {name: shutil.which(name, path=beside) for name in ("check-jsonschema", "actionlint", "node")}
    parser = ROOT / ".venv/languageservice"
    if not all(tools.values()) or not parser.is_dir():
        pytest.skip("needs what `make lint-ci` installs")
    given = [text for service in services for text in (f"--{service}-url", "https://api.widget.test")]
    assert shipline(tmp_path, "init", "--ci", ci, *given).code == 0
    commands = [[tools["check-jsonschema"], "--builtin-schema", f"vendor.{schema}", pipelines.FILES[ci]]]
    if ci == "github":
        commands += [[tools["actionlint"], pipelines.FILES[ci]]]
        for action in ("action.yml", "native/action.yml"):  # of this checkout, for their inputs
            (tmp_path / action).parent.mkdir(exist_ok=True)
            shutil.copy(ROOT / action, tmp_path / action)
        commands += [[tools["node"], ROOT / "tools/languageservice/check.mjs", parser, pipelines.FILES[ci]]]
    for command in commands:
        done = subprocess.run(
            [str(part) for part in command],
            cwd=tmp_path,
            env={"PATH": beside},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr


def test_the_first_line_leads_an_editor_to_the_schema(widget: Path) -> None:
    assert shipline(widget, "init").code == 0
    first = (widget / "shipline.yml").read_text().splitlines()[0]
    address = first.removeprefix("# yaml-language-server: $schema=")
    assert address.startswith("https://")
    assert address.endswith(f"/v{__version__}/schemas/{schemas.path('pipeline').name}")
    assert (ROOT / "schemas" / address.rpartition("/")[2]).is_file()


def test_a_wheel_carries_the_templates() -> None:
    """Hatch includes all files of the package that git doesn't ignore."""
    hatch = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]
    assert "entrypoint/shipline" in hatch["wheel"]["packages"]
    files = [file for file in TEMPLATES.iterdir() if file.is_file()]
    assert len(files) == 5
    assert subprocess.run(["git", "check-ignore", *files], cwd=ROOT, check=False).returncode == 1


def test_a_key_in_the_environment_is_not_written(widget: Path) -> None:
    ended = shipline(widget, "init", **KEYS)
    assert ended.code == 0, ended.text
    for file in widget.rglob("*"):
        assert not file.is_file() or not any(key in file.read_text() for key in KEYS.values())


@pytest.mark.parametrize("variable", ["SHIPLINE_V3_PRODUCT_ID", "SHIPLINE_BUILDMASTER_STAGES"])
def test_a_key_given_as_an_answer_is_refused(variable: str, widget: Path) -> None:
    key = KEYS["SHIPLINE_V3_TOKEN"]
    ended = shipline(widget, "init", "--yes", **KEYS, **{variable: key})
    assert ended.code == 2, ended.text
    assert "is the key in SHIPLINE_V3_TOKEN" in ended.err
    assert key not in ended.text
    assert not (widget / "shipline.yml").exists()
