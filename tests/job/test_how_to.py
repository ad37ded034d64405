"""Each page of docs/how-to does what it says: its commands are run, its configs are the ones that they run with."""

from __future__ import annotations

import functools
import json
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from job.project import CONFIG, KEYS, PRODUCT
from job.tls import behind_tls
from repository.pages import ROOT, Page

if TYPE_CHECKING:
    from collections.abc import Callable

    from job.project import Project

HOW_TO = Path("docs/how-to")


@dataclass
class Done:
    """A block of commands, and how it ended."""

    block: str
    code: int
    text: str


def steps(project: Project, page: str, **environ: str) -> list[Callable[[], Done]]:
    """The blocks of commands of a page, each to be carried out in the project's folder, up to one that fails."""
    environ = {**KEYS, "HOME": str(project.path), "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin", **environ}
    return [functools.partial(_carry_out, project.path, block, environ) for block in Page(HOW_TO / page).blocks("sh")]


def follow(project: Project, page: str, **environ: str) -> list[Done]:
    """What came of all of them, one after the other."""
    return [step() for step in steps(project, page, **environ)]


def _carry_out(folder: Path, block: str, environ: dict[str, str]) -> Done:
    bash = ["bash", "-euc", block]
    done = subprocess.run(bash, cwd=folder, env=environ, capture_output=True, text=True, timeout=60, check=False)
    return Done(block, done.returncode, done.stdout + done.stderr)


def configs(page: str) -> list[dict[str, Any]]:
    """The pieces of a config that a page shows."""
    return [yaml.load(block, yaml.BaseLoader) for block in Page(HOW_TO / page).blocks("yaml")]


def with_config(project: Project, piece: dict[str, Any], *without: str) -> None:
    """The project's config with what a page shows put in; what it announces to is the sandbox."""
    whole = yaml.load(CONFIG.format(url=project.sandbox.url, product=PRODUCT), yaml.BaseLoader)
    _merge(whole, piece)
    text = yaml.safe_dump({name: value for name, value in whole.items() if name not in without})
    project.write("shipline.yml", re.sub(r"https://[a-z.]+\.(example|centercode)\.com", project.sandbox.url, text))


def _merge(into: dict[str, Any], piece: dict[str, Any]) -> None:
    for name, value in piece.items():
        if isinstance(value, dict) and isinstance(into.get(name), dict) and name != "notes":
            _merge(into[name], value)
        else:
            into[name] = value


def codes(done: list[Done]) -> list[int]:
    return [one.code for one in done]


def state(project: Project) -> dict[str, Any]:
    found: dict[str, Any] = project.sandbox.admin("state")
    return found


def commit(project: Project, message: str) -> None:
    person = ["-c", "user.name=t", "-c", "user.email=t@t", "-c", "commit.gpgsign=false"]
    made = ([*person, "commit", "-q", "--allow-empty", "-m", text] for text in ("Before", message))
    for command in (["init", "-q"], next(made), ["tag", "v1.3.0"], next(made)):
        subprocess.run(["git", *command], cwd=project.path, check=True)


def test_release_notes(project: Project) -> None:
    commit(project, "Turns both ways")
    project.write("docs/for-testers.md", "Please try the **new** pairing.")
    file, with_prereleases, commits, excluding, text, *_, for_testers = configs("release-notes.md")
    pieces = [(piece, "Widgets **turn** <both> ways") for piece in (file, with_prereleases)]
    pieces += [(piece, "| - Turns both ways") for piece in (commits, excluding)]
    for piece, words in (*pieces, (text, "pairing")):
        with_config(project, piece)
        planned = project.shipline("plan")
        assert planned.code == 0, planned.text
        assert words in planned.out
    with_config(project, for_testers)
    planned = project.shipline("plan")
    assert "Widget 1.4.0, please try it" in planned.out
    assert "<p>Please try the <strong>new</strong> pairing.</p>" in planned.out
    with_config(project, file)
    from_commits, from_text = follow(project, "release-notes.md")
    assert (from_commits.code, from_text.code) == (0, 0), from_commits.text
    assert "| - Turns both ways" in from_commits.text
    assert "| Fixes pairing over Bluetooth." in from_text.text


def test_pre_releases_to_testers_and_stable_versions_to_customers(project: Project) -> None:
    project.write("CHANGELOG.md", "## 2.0.0\n\nNew.\n")
    first, channels = configs("testers-and-customers.md")
    with_config(project, first)
    plan, correct = steps(project, "testers-and-customers.md", SHIPLINE_RELEASE_VERSION="2.0.0")
    planned = plan()
    assert planned.code == 0, planned.text
    beta, stable, _ = planned.text.split("result=planned")
    assert ("/v3/releases" in beta, "/v3/releases" in stable) == (False, True)
    assert ("releaseTypes/Firmware" in beta, "releaseTypes/Firmware" in stable) == (True, False)
    with_config(project, first | channels)
    ended = project.shipline("run", "--release-version", "2.0.0-beta.1")
    assert ended.code == 0, ended.text
    (release,) = state(project)["v3"]["releases"]
    assert (release["version"], release["channel"], release["published"]) == ("2.0.0.1", "beta", True)
    assert "apps that report three numbers" in ended.text
    with_config(project, first, "buildmaster", "centercode")
    version = ("--release-version", "2.0.0")
    assert project.shipline("run", "--v3-state", "draft", *version).code == 0
    project.write("CHANGELOG.md", "## 2.0.0\n\nCorrected.\n")
    assert project.shipline("run", "--v3-state", "draft", *version).code == 4
    corrected = correct()
    assert corrected.code == 0, corrected.text
    assert "Corrected." in state(project)["v3"]["releases"][-1]["notes"]


def test_deploy_now_and_publish_after_an_approval(project: Project) -> None:
    deploy, publish, to_the_gate, after_the_gate, promote, publish_draft = steps(project, "approve-then-publish.md")
    assert deploy().code == 0
    assert {d["status"] for d in state(project)["buildmaster"]["deployments"]} == {"succeeded"}
    assert (state(project)["v3"]["releases"], state(project)["centercode"]["releases"]) == ([], [])
    assert publish().code == 0
    assert len(state(project)["centercode"]["releases"]) == 1

    project.sandbox.admin("reset", {})
    project.sandbox.put_file("widget.zip", (project.path / "dist/widget.zip").read_bytes())
    (project.path / ".shipline/widget-1.4.0.json").unlink()
    assert to_the_gate().code == 0
    number = state(project)["buildmaster"]["builds"][0]["number"]
    approve = ["--application-name", "Widget", "--release-number", "1.4.0", "--build-number", number]
    approve += ["--to-stage", "Testing", "--url", project.sandbox.url]
    assert project.shipline("buildmaster", "deploy-build", *approve).code == 0
    ended = after_the_gate()
    assert ended.code == 0, ended.text
    assert len(state(project)["v3"]["releases"]) == 1
    assert promote().code == 4  # the sandbox's pipeline has no stage Production
    assert publish_draft().code == 0
    assert [r["published"] for r in state(project)["v3"]["releases"]] == [True]


@pytest.mark.parametrize(("when", "posted"), [("after_apply", 1), ("before", 2)])
def test_running_again(project: Project, when: str, posted: int) -> None:
    (numbered,) = configs("running-again.md")
    with_config(project, numbered)
    run, assume, resend = steps(project, "running-again.md")
    lost = {"service": "centercode", "operation": "project-release", "when": when, "status": 502}
    project.sandbox.admin("faults", lost)
    assert [run().code, run().code] == [8, 8]
    settled = assume() if when == "after_apply" else resend()
    assert settled.code == 0, settled.text
    assert run().code == 0
    operations = project.operations()
    assert (operations.count("project-release"), operations.count("create-build")) == (posted, 1)
    assert len(state(project)["centercode"]["releases"]) == 1
    assert [b["number"] for b in state(project)["buildmaster"]["builds"]] == ["1.4.0"]


def test_a_private_certificate_authority(project: Project) -> None:
    (project.path / "ci").mkdir()
    with behind_tls(project.sandbox.url, project.path / "ci") as url:
        project.config(CONFIG.replace("{url}", url))
        without = project.shipline("doctor")
        assert without.code == 4, without.text
        assert "the certificate can't be verified" in without.text
        assert project.shipline("doctor", REQUESTS_CA_BUNDLE="ci/company-ca.pem").code == 0
        assert project.shipline("doctor", SSL_CERT_FILE="ci/company-ca.pem").code == 4
        done = follow(project, "private-ca.md")
        assert codes(done) == [0] * len(done), done
        bundle, _ = configs("private-ca.md")
        with_config(project, bundle)
        project.write("shipline.yml", (project.path / "shipline.yml").read_text().replace(project.sandbox.url, url))
        ended = project.shipline("run", "--check-links", "skip")
        assert ended.code == 0, ended.text


def test_without_the_internet(project: Project) -> None:
    (skip,) = configs("air-gapped.md")
    config = CONFIG.format(url=project.sandbox.url, product=PRODUCT)
    config = config.replace(f"url: {project.sandbox.url}/files", "url: https://dl.example.com")
    project.write("shipline.yml", config + yaml.safe_dump(skip))
    nowhere = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY"), "http://127.0.0.1:9")
    # Whatever went anywhere but to the sandbox would go to a proxy that isn't there.
    ended = project.shipline("run", **nowhere, NO_PROXY="127.0.0.1")
    assert ended.code == 0, ended.text
    done = follow(project, "air-gapped.md", **nowhere, NO_PROXY="127.0.0.1")
    assert codes(done) == [0, 0], done
    assert "NO_PROXY names 127.0.0.1" in done[0].text
    assert json.loads((project.path / "pipeline.schema.json").read_text())["type"] == "object"


def test_taking_a_release_back(project: Project) -> None:
    good = project.shipline("run", "--release-version", "1.3.0", "--release-notes-text", "good", "--v3-state", "draft")
    assert good.code == 0, good.text
    bad = project.shipline("run", "--v3-state", "draft", "--buildmaster-build-number", "8")
    assert bad.code == 0, bad.text
    url = project.sandbox.url
    environ = {
        **{f"SHIPLINE_{service}_URL": url for service in ("BUILDMASTER", "CENTERCODE", "V3")},
        **{name.replace("-", "_").upper(): value for name, value in bad.outputs.items()},
        "LAST_GOOD_BUILD_ID": good.outputs["buildmaster-build-id"],
    }
    retract, *by_hand = steps(project, "taking-a-release-back.md", **environ)
    asked = retract()
    assert (asked.code, "--yes" in asked.text) == (2, True), asked.text
    retracted = project.shipline(*asked.block.split()[1:], "--yes", "--buildmaster-build-number", "8")
    assert retracted.code == 0, retracted.text
    done = [step() for step in by_hand]
    assert codes(done) == [0, 0, 0], done
    found = state(project)
    assert {b["number"]: b["status"] for b in found["buildmaster"]["builds"]}["8"] == "rejected"
    assert [r["version"] for r in found["v3"]["releases"]] == ["1.3.0"]


def test_shared_settings(products: Project) -> None:
    base, router = configs("shared-settings.md")
    base["buildmaster"]["url"] = products.sandbox.url
    products.write("products/base.yml", json.dumps(base))
    products.write("products/router/shipline.yml", json.dumps(router))
    products.write("products/router/dist/router.bin", b"firmware")
    products.write("products/router/CHANGELOG.md", "## 1.4.0\n\nTurns.\n")
    shutil.rmtree(products.path / ".shipline", ignore_errors=True)
    release, origins = steps(products, "shared-settings.md", SHIPLINE_RELEASE_VERSION="1.4.0")
    done = [release(), origins()]
    assert codes(done) == [0, 0], done
    assert "base.yml:" in done[1].text
    assert products.operations().count("create-build") == 1


def test_status(products: Project) -> None:
    shutil.copy(products.path / "products/router.yml", products.path / "shipline.yml")
    assert products.shipline("run").code == 0
    done = follow(products, "status.md")
    assert codes(done) == [0, 0, 0, 0], done
    assert all("posted" in one.text for one in done)


def test_a_rehearsal(project: Project) -> None:
    project.write("CHANGELOG.md", "## Unreleased\n\nHums.\n\n## 1.4.0\n\nTurns.\n")
    this, other = follow(project, "rehearse.md")
    assert (this.code, other.code) == (0, 0), (this.text, other.text)
    assert "Widget 1.4.0  (Published)\n\n  Turns.\n" in this.text
    assert "Widget 2.0.0-beta.1  (Published)\n\n  Hums.\n" in other.text


def test_a_plan_in_a_review(project: Project) -> None:
    project.write("CHANGELOG.md", "## 1.5.0\n\nHums.\n")
    (done,) = follow(project, "review.md")
    assert done.code == 0, done
    assert done.text.startswith("### 📝 Widget 1.5.0: planned")


def test_checks_before_a_commit_and_updates(project: Project) -> None:
    (hooks,) = configs("check-and-update.md")
    offered = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    assert [hook["id"] for hook in hooks["repos"][0]["hooks"]] == [hook["id"] for hook in offered]
    assert project.shipline("validate", "--any-version").code == 0


def test_every_input_on_the_page_of_gitlab_exists() -> None:
    template = (ROOT / "ci_templates/gitlab/shipline.yml").read_text(encoding="utf-8")
    known = next(yaml.safe_load_all(template))["spec"]["inputs"]
    included = [
        include["inputs"]
        for block in configs("gitlab.md")
        if isinstance(block, dict)
        for include in (block.get("include") if isinstance(block.get("include"), list) else [])
        if "inputs" in include
    ]
    assert included
    assert {name for inputs in included for name in inputs} - set(known) == set()


def test_every_page_is_tested() -> None:
    tested = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    assert [page.name for page in (ROOT / HOW_TO).iterdir() if page.name not in tested] == []
