"""The GitHub Action in its container, and its native twin, run by act against the sandbox."""

from __future__ import annotations

import json
import os
import re
import signal
import textwrap
from typing import TYPE_CHECKING, Any

import pytest

from runners.act import Act, tagged
from runners.container import PROJECT, Engine, checkout, commit
from runners.user import KEYS, SECRETS, changes, stage, user_project
from shipline_sandbox.server import Running, running

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from runners.act import Ended

ALL = ["create-release", "create-build", "deploy-build", "deploy-build"]
ALL += ["create-release", "create-release-file", "publish-release", "project-release"]

(README,) = re.findall(
    r"^### GitHub\n\n```yaml\n(.*?)^```", (PROJECT / "README.md").read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
)
CHECKOUT = "actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1"
WORKFLOW = f"""\
on: push
permissions: {{}}
jobs:
  release:
    runs-on: ubuntu-latest
    steps:
      - uses: {CHECKOUT}
{textwrap.indent(README, "      ")}\
      - id: after
        if: always()
        env:
          RESULT: ${{{{ steps.shipline.outputs.result }}}}
          BUILD: ${{{{ steps.shipline.outputs.buildmaster-build-number }}}}
          STAGE: ${{{{ steps.shipline.outputs.buildmaster-stage }}}}
          PAGE: ${{{{ steps.shipline.outputs.centercode-release-url }}}}
        run: echo "result=$RESULT build=$BUILD stage=$STAGE page=$PAGE"
"""
NATIVE = WORKFLOW.replace("shipline/shipline@", "shipline/shipline/native@")
# The receipt kept by hand, as users wrote it before the action did.
CACHE = """\
      - uses: actions/cache/{what}@27d5ce7f107fe9357f9df03efb73ab90386fccae # v5.0.5
        if: always()
        with:
          path: .shipline
          key: shipline-widget-${{{{ github.ref_name }}}}-run-${{{{ github.run_id }}}}-${{{{ github.run_attempt }}}}
          restore-keys: shipline-widget-${{{{ github.ref_name }}}}-run-
"""
RESTORE, SAVE = (CACHE.format(what=what) for what in ("restore", "save"))
SAVE = SAVE[: SAVE.index("          restore-keys")]
BY_HAND = WORKFLOW.replace("      - id: shipline\n", f"{RESTORE}      - id: shipline\n").replace(
    "      - id: after", f"{SAVE}      - id: after"
)
WITHOUT_DOCKER = "Docker can't run Shipline's container here"


@pytest.fixture
def sandbox() -> Iterator[Running]:
    with running(speed=30) as server:
        yield server


def ship(act: Act, sandbox: Running, workflow: str = WORKFLOW, **given: Any) -> Ended:
    repository = act.repository(user_project(sandbox))
    ended = act.run(repository, workflow, payload=tagged("v1.4.0"), secrets=SECRETS, **{"host": True, **given})
    for key in KEYS.values():
        assert key not in ended.log
    return ended


@pytest.mark.parametrize("docker", [True, False], ids=["with Docker", "without"])
def test_a_tag_is_released_and_the_next_step_knows(act: Act, sandbox: Running, docker: bool) -> None:
    """By the README's example as it is printed. The job's container has no Docker."""
    ended = ship(act, sandbox, host=docker)
    assert (WITHOUT_DOCKER in ended.log) != docker
    assert ended.exit_code("shipline") == 0, ended
    assert changes(sandbox) == ALL
    (release,) = sandbox.admin("state")["v3"]["releases"]
    assert release["name"] == "Widget 1.4.0"
    (posted,) = sandbox.admin("state")["centercode"]["releases"]
    expected = f"result=succeeded build=1.4.0 stage=Testing page={posted['url']}"
    assert expected in ended.printed("after")
    for part in ("Widget 1.4.0: succeeded", "posted to testers.", "### Steps", "Artifacts</b>: 1 file", "widget.zip"):
        assert part in ended.summary
    assert ended.annotations == []


@pytest.mark.parametrize(
    ("given", "own", "expected"),
    [
        ("journal-store: git", "", "job"),
        ("journal-store: file", "", "none"),
        ("command: plan, comment: true", "", "job"),
        ("steps: build", "", "none"),
        ("journal-store: git", "theirs", "theirs"),
    ],
)
def test_the_job_s_token_reaches_no_run_without_the_journal(
    engine: Engine, tmp_path: Path, given: str, own: str, expected: str
) -> None:
    shown = 'case "$GITHUB_TOKEN" in "") echo none ;; sandbox-job) echo job ;; *) echo theirs ;; esac'
    assert printed_instead(shown, given, engine, tmp_path, GITHUB_TOKEN=own) == expected


@pytest.mark.nightly
@pytest.mark.parametrize(("given", "expected"), [("release-titel: A", "none"), ("release-title: A", "A")])
def test_an_input_with_a_wrong_name_reaches_no_program(
    engine: Engine, tmp_path: Path, given: str, expected: str
) -> None:
    """Unlike an image, a composite action gets only its own inputs: docs/how-to/github.md, "Limits"."""
    shown = "env | sed -n 's/^[A-Z_]*TIT[A-Z]*=//p' | grep . || echo none"
    assert printed_instead(shown, given, engine, tmp_path) == expected


def printed_instead(script: str, given: str, engine: Engine, folder: Path, **environ: str) -> str:
    """What this script prints in the place of the program, in the action with these inputs."""
    project = checkout(folder / "shipline", "action.yml", "native")
    (project / "native/launch.sh").write_text(script)
    commit(project)
    act = Act(os.environ["SHIPLINE_ACT"], engine, project, folder)
    workflow = f"""\
on: push
jobs:
  ship:
    runs-on: ubuntu-latest
    env: {json.dumps(environ)}
    steps:
      - id: shipline
        uses: shipline/shipline@v0.1.0
        with: {{{given}, receipt-key: none}}
"""
    repository = act.repository({"a": ""})
    ended = act.run(repository, workflow, payload=tagged("v1.4.0"), secrets={"GITHUB_TOKEN": "sandbox-job"}, host=True)
    assert ended.exit_code("shipline") == 0, ended
    return ended.printed("shipline").split()[-1]


@pytest.mark.nightly
def test_every_form_of_a_key_is_masked(act: Act, sandbox: Running) -> None:
    ended = ship(act, sandbox)
    assert "sandbox-center+key/2=" in ended.masks
    assert "sandbox-center%2Bkey%2F2%3D" in ended.masks


def test_a_failed_deployment_keeps_the_outputs_of_what_was_done(act: Act, sandbox: Running) -> None:
    stage(sandbox, "Testing", outcome="failed")
    ended = ship(act, sandbox)
    assert ended.exit_code("shipline") == 5
    assert "result=failed build=1.4.0 stage=Testing page=\n" in ended.printed("after")
    assert ended.outputs("shipline")["failed-step"] == "deploy:Testing"
    (error,) = ended.annotations
    assert "the deployment to Testing failed" in error["message"]
    assert "| ❌ | Deploy to Testing | Failed |" in ended.summary


@pytest.mark.nightly
def test_a_wrong_config_is_annotated_at_its_lines(act: Act, sandbox: Running) -> None:
    files = user_project(sandbox)
    text = str(files["shipline.yml"])
    files["shipline.yml"] = text.replace("application:", "aplication:").replace("platforms: [linux]", "platforms: []")
    ended = act.run(act.repository(files), WORKFLOW, payload=tagged("v1.4.0"), secrets=SECRETS, host=True)
    assert ended.exit_code("shipline") == 2
    assert sandbox.requests() == []
    found = {(a.get("file"), a.get("line"), a.get("title")) for a in ended.annotations}
    lines = str(files["shipline.yml"]).splitlines()
    where = str(1 + next(i for i, line in enumerate(lines) if "aplication" in line))
    assert ("shipline.yml", where, "buildmaster.aplication") in found
    assert "buildmaster" in ended.summary


@pytest.mark.parametrize(
    "workflow",
    [WORKFLOW, pytest.param(NATIVE, marks=pytest.mark.nightly)],
    ids=["in the container", "native"],
)
def test_a_canceled_run_stops_and_says_what_goes_on_and_keeps_its_receipt(
    act: Act, sandbox: Running, workflow: str
) -> None:
    stage(sandbox, "Integration", executing_seconds=3000)
    repository = act.repository(user_project(sandbox))
    run = act.start(repository, workflow, payload=tagged("v1.4.0"), secrets=SECRETS, host=True)
    run.wait_for("deployment to Integration: executing")
    run.cancel(signal.SIGINT)
    ended = run.finish()
    assert ended.exit_code("shipline") == 130, ended
    assert "result=canceled build=1.4.0" in ended.printed("after")
    assert "NEXT: run again" in ended.log
    assert changes(sandbox) == ["create-release", "create-build", "deploy-build"]
    assert len(list(act.caches.glob("*/.shipline/widget-1.4.0.json"))) == 1


LEGS = f"""\
on: push
permissions: {{}}
jobs:
  release:
    strategy:
      fail-fast: false
      matrix:
        type: [Firmware, Mobile]
    runs-on: ubuntu-latest
    steps:
      - uses: {CHECKOUT}
      - id: shipline
        uses: shipline/shipline@v0.1.0
        with:
          centercode-release-type: ${{{{ matrix.type }}}}
          upload-report: true
        env:
          SHIPLINE_CENTERCODE_API_KEY: ${{{{ secrets.CENTERCODE_API_KEY }}}}
"""


def test_a_second_attempt_of_each_leg_has_the_receipt_of_its_own_first(act: Act, sandbox: Running) -> None:
    """Both legs have one product and version, and only the receipt proves the post to Centercode."""
    sandbox.admin(
        "seed",
        {
            "centercode": {
                "projects": [{"key": "WidgetPro", "release_types": [{"key": key} for key in ("Firmware", "Mobile")]}]
            }
        },
    )
    config = f"release: {{notes: {{text: New}}}}\ncentercode: {{url: {sandbox.url}, project: WidgetPro}}\n"
    repository = act.repository({"shipline.yml": config})
    for attempt in ("1", "2"):
        environ = {"GITHUB_RUN_ATTEMPT": attempt, "GITHUB_RUN_ID": "77", "GITHUB_REF_NAME": "v1.4.0"}
        ended = act.run(repository, LEGS, payload=tagged("v1.4.0"), secrets=SECRETS, environ=environ, host=True)
        assert ended.code == 0, ended
        assert changes(sandbox) == ["project-release"] * 2
    reports = [path.name for path in act.caches.glob("artifact-*")]
    assert sorted(reports) == [
        "artifact-shipline-report-release-type-Firmware.html",
        "artifact-shipline-report-release-type-Mobile.html",
    ]


def test_cache_steps_written_by_hand_still_work(act: Act, sandbox: Running) -> None:
    ended = ship(act, sandbox, BY_HAND)
    assert ended.exit_code("shipline") == 0, ended
    assert changes(sandbox) == ALL
    kept = sorted(path.parts[-3] for path in act.caches.glob("*/.shipline/widget-1.4.0.json"))
    assert [name.partition("v1.4.0")[0] for name in kept] == ["shipline-acme-widget-test.yml-", "shipline-widget-"]


AFTERWARDS = f"""\
on: push
permissions: {{}}
jobs:
  release:
    runs-on: ubuntu-latest
    env:
      SHIPLINE_BUILDMASTER_API_KEY: ${{{{ secrets.BUILDMASTER_API_KEY }}}}
      SHIPLINE_CENTERCODE_API_KEY: ${{{{ secrets.CENTERCODE_API_KEY }}}}
      SHIPLINE_V3_TOKEN: ${{{{ secrets.V3_TOKEN }}}}
    steps:
      - uses: {CHECKOUT}
      - uses: shipline/shipline@v0.1.0
        with: {{buildmaster-stages: Integration, v3-state: draft}}
      - uses: shipline/shipline@v0.1.0
        with: {{command: promote, to-stage: Testing}}
      - uses: shipline/shipline@v0.1.0
        with: {{command: publish}}
      - id: status
        uses: shipline/shipline@v0.1.0
        with: {{command: status, release-version: 1.4.0}}
      - id: retract
        uses: shipline/shipline@v0.1.0
        with: {{command: retract}}
"""


def test_a_release_is_promoted_published_and_looked_up(act: Act, sandbox: Running) -> None:
    ended = ship(act, sandbox, AFTERWARDS)
    assert ended.exit_code("status") == 0, ended
    assert ended.outputs("status")["result"] == "succeeded"
    assert "published" in ended.printed("status")
    assert changes(sandbox) == [*ALL[:3], *ALL[4:6], "project-release", "deploy-build", "publish-release"]
    assert (ended.code, ended.exit_code("retract")) == (1, 2)
    assert "set SHIPLINE_YES to true" in ended.printed("retract")
