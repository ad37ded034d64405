"""`shipline status`: where a version is, from read-only requests and the receipt or journal."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

from job.project import KEYS

if TYPE_CHECKING:
    from job.project import Ended, Project

EVERYWHERE = {
    "Integration": "succeeded",
    "Testing": "succeeded",
    "stable": "published",
    "WidgetPro/Firmware": "posted",
}


def status(project: Project, *arguments: str, **environ: str) -> tuple[int, dict[str, dict[str, str]]]:
    """The exit code, and the state of each place by version."""
    ended = project.shipline("status", *arguments, "--format", "json", **environ)
    found: dict[str, Any] = json.loads(ended.out.splitlines()[-1])
    assert found["exit_code"] == ended.code, ended.text
    states = {r["version"]: {p["where"]: p["state"] for p in r["places"]} for r in found["releases"]}
    return ended.code, states


def table(ended: Ended) -> list[list[str]]:
    return [line.split() for line in ended.out.splitlines()]


def test_a_version_is_nowhere_then_everywhere(project: Project) -> None:
    code, states = status(project, "1.4.0")
    assert (code, {*states["1.4.0"].values()}) == (4, {"not there", "not recorded"})
    assert project.shipline("run").code == 0
    sent = project.changes()
    shutil.rmtree(project.path / "dist")  # what a release is made of doesn't matter any more
    (project.path / "CHANGELOG.md").unlink()
    for version in ("1.4.0", "v1.4.0"):
        assert status(project, version, SHIPLINE_CENTERCODE_API_KEY="") == (0, {"1.4.0": EVERYWHERE})
    ended = project.shipline("status", "1.4.0")
    head, *rows = table(ended)
    assert head[:6] == ["product", "version", "service", "where", "build", "state"]
    assert [row[:6] for row in rows[:2]] == [
        ["widget", "1.4.0", "buildmaster", "Integration", "7", "succeeded"],
        ["widget", "1.4.0", "buildmaster", "Testing", "7", "succeeded"],
    ]
    assert all(row[6].startswith("20") for row in rows[:2])
    assert project.changes() == sent


def test_what_has_failed_and_what_was_taken_back(project: Project) -> None:
    project.config(state="")
    assert project.shipline("run").code == 0
    code, states = status(project, "1.4.0")
    assert (code, states["1.4.0"]["stable"]) == (0, "draft"), "the config requests no more"
    project.config()
    assert status(project, "1.4.0")[0] == 4
    (release,) = project.sandbox.admin("state")["v3"]["releases"]
    project.sandbox.admin(f"releases/{release['id']}", {"action": "archive"})
    project.config(build_number='  build-number: "8"', variables="  variables: {SandboxOutcome: failed}")
    assert project.shipline("run").code == 4
    assert status(project, "1.4.0")[1]["1.4.0"] == {
        "Integration": "not there",
        "Testing": "not there",
        "stable": "archived",
        "WidgetPro/Firmware": "posted",
    }


def test_the_newest_few_are_found_at_each_service(project: Project) -> None:
    assert status(project) == (4, {})
    for version in ("1.9.0", "1.10.0-beta.1"):
        more = ("--release-notes-text", "New", "--buildmaster-build-number", version)
        assert project.shipline("run", "--release-version", version, *more).code == 0
    shutil.rmtree(project.path / ".shipline")
    project.config(build_number="")
    code, states = status(project)
    assert (code, [*states]) == (0, ["1.10.0-beta.1", "1.9.0"])
    assert states["1.9.0"] == EVERYWHERE | {"WidgetPro/Firmware": "not recorded"}
    assert states["1.10.0-beta.1"]["beta"] == "published"
    project.without("buildmaster", "centercode")
    assert [*status(project)[1]] == ["1.10.0.1", "1.9.0"], "v3 has no other number of the pre-release"


def test_the_journal_reports_what_another_runner_has_posted(project: Project) -> None:
    subprocess.run(["git", "init", "-q", "--bare", "journal.git"], cwd=project.path, check=True)
    with (project.path / "shipline.yml").open("a") as config:
        config.write(f"\njournal: {{store: git, remote: '{project.path}/journal.git'}}\n")
    assert project.shipline("run").code == 0
    shutil.rmtree(project.path / ".shipline")
    assert status(project, "1.4.0") == (0, {"1.4.0": EVERYWHERE})
    assert status(project) == (0, {"1.4.0": EVERYWHERE})


def test_many_products_are_one_table(products: Project) -> None:
    assert products.shipline("run", "products/router.yml").code == 0
    ended = products.shipline("status", "1.4.0", "--config", "products/*.yml")
    head, *rows = table(ended)
    assert ended.code == 4, ended.text
    assert (head[0], {row[0] for row in rows}) == ("product", {"camera", "router", "switch"})
    assert {word for row in rows if row[0] == "router" for word in row} >= {"succeeded", "published", "posted"}
    products.write("products/switch.yml", "nonsense: 1\n")
    ended = products.shipline("status", "--config", "products/*.yml")
    assert ended.code == 2
    assert "products/switch.yml:1:1" in ended.err
    assert {row[0] for row in table(ended)[1:]} == {"router"}


def test_bad_input_gives_a_clear_error(project: Project) -> None:
    ended = project.shipline("status", "foo")
    assert ended.code == 2
    assert "expected a version, found foo" in ended.err
    project.config(application="  applicaton: Widget")
    ended = project.shipline("status", "1.4.0")
    assert ended.code == 2
    assert "did you mean application?" in ended.err
    project.config(application="  application: Widgit")
    ended = project.shipline("status", "1.4.0")
    assert ended.code == 4
    assert "buildmaster.application" in ended.err
    assert "Gadget" in ended.err, "the names that this key can see"
    project.config()
    ended = project.shipline("status", "1.4.0", **dict.fromkeys(KEYS, ""))
    assert ended.code == 2
    assert "SHIPLINE_V3_TOKEN" in ended.err
    assert "SHIPLINE_CENTERCODE_API_KEY" not in ended.err
    assert project.changes() == []


def test_a_v3_server_that_only_creates_has_what_the_receipt_records(project: Project) -> None:
    project.without("buildmaster", "centercode")
    project.sandbox.admin("config", {"v3": "create-only"})
    assert project.shipline("run").code == 0
    assert status(project, "1.4.0") == (0, {"1.4.0": {"stable": "draft"}})
