"""The GitHub Action in its container, and its native twin, run by act against the sandbox."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, Any

import pytest

from runners.act import tagged
from runners.user import KEYS, SECRETS, changes, stage, user_project
from shipline_sandbox.server import Running, running

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runners.act import Act, Ended

ALL = ["create-release", "create-build", "deploy-build", "deploy-build"]
ALL += ["create-release", "create-release-file", "publish-release", "project-release"]

WORKFLOW = """\
on: push
permissions: {}
jobs:
  release:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1
      - id: ship
        uses: shipline/shipline%s@v0.1.0
        with:
          buildmaster-timeout: 60s
        env:
          SHIPLINE_BUILDMASTER_API_KEY: ${{ secrets.BUILDMASTER_API_KEY }}
          SHIPLINE_CENTERCODE_API_KEY: ${{ secrets.CENTERCODE_API_KEY }}
          SHIPLINE_V3_TOKEN: ${{ secrets.V3_TOKEN }}
      - id: after
        if: always()
        env:
          RESULT: ${{ steps.ship.outputs.result }}
          BUILD: ${{ steps.ship.outputs.buildmaster-build-number }}
          STAGE: ${{ steps.ship.outputs.buildmaster-stage }}
          PAGE: ${{ steps.ship.outputs.centercode-release-url }}
        run: echo "result=$RESULT build=$BUILD stage=$STAGE page=$PAGE"
"""
DOCKER, NATIVE = WORKFLOW % "", WORKFLOW % "/native"


@pytest.fixture
def sandbox() -> Iterator[Running]:
    with running(speed=30) as server:
        yield server


def ship(act: Act, sandbox: Running, workflow: str = DOCKER, **given: Any) -> Ended:
    repository = act.repository(user_project(sandbox))
    ended = act.run(repository, workflow, payload=tagged("v1.4.0"), secrets=SECRETS, **given)
    for key in KEYS.values():
        assert key not in ended.log
    return ended


@pytest.mark.parametrize(("workflow", "host"), [(DOCKER, False), (NATIVE, True)], ids=["docker", "native"])
def test_a_tag_is_released_and_the_next_step_knows(act: Act, sandbox: Running, workflow: str, host: bool) -> None:
    ended = ship(act, sandbox, workflow, host=host)
    assert ended.exit_code("ship") == 0, ended
    assert changes(sandbox) == ALL
    (release,) = sandbox.admin("state")["v3"]["releases"]
    assert release["name"] == "Widget 1.4.0"
    (posted,) = sandbox.admin("state")["centercode"]["releases"]
    expected = f"result=succeeded build=1.4.0 stage=Testing page={posted['url']}"
    assert expected in ended.printed("after")
    for part in ("Widget 1.4.0: succeeded", "**DONE**", "### Steps", "### Artifacts", "widget.zip"):
        assert part in ended.summary
    assert ended.annotations == []


def test_every_form_of_a_key_is_masked(act: Act, sandbox: Running) -> None:
    ended = ship(act, sandbox)
    assert "sandbox-center+key/2=" in ended.masks
    assert "sandbox-center%2Bkey%2F2%3D" in ended.masks


def test_a_failed_deployment_keeps_the_outputs_of_what_was_done(act: Act, sandbox: Running) -> None:
    stage(sandbox, "Testing", outcome="failed")
    ended = ship(act, sandbox)
    assert ended.exit_code("ship") == 5
    assert "result=failed build=1.4.0 stage=Testing page=\n" in ended.printed("after")
    assert ended.outputs("ship")["failed-step"] == "deploy:Testing"
    (error,) = ended.annotations
    assert "the deployment to Testing failed" in error["message"]
    assert "**NOT DONE**: deploy\\:Testing, publish\\:v3, publish\\:centercode" in ended.summary


def test_a_wrong_config_is_annotated_at_its_lines(act: Act, sandbox: Running) -> None:
    files = user_project(sandbox)
    text = str(files["shipline.yml"])
    files["shipline.yml"] = text.replace("application:", "aplication:").replace("platforms: [linux]", "platforms: []")
    ended = act.run(act.repository(files), DOCKER, payload=tagged("v1.4.0"), secrets=SECRETS)
    assert ended.exit_code("ship") == 2
    assert sandbox.requests() == []
    found = {(a.get("file"), a.get("line"), a.get("title")) for a in ended.annotations}
    lines = str(files["shipline.yml"]).splitlines()
    where = str(1 + next(i for i, line in enumerate(lines) if "aplication" in line))
    assert ("shipline.yml", where, "buildmaster.aplication") in found
    assert "buildmaster" in ended.summary


@pytest.mark.parametrize(("workflow", "host"), [(DOCKER, False), (NATIVE, True)], ids=["docker", "native"])
def test_a_canceled_run_stops_and_says_what_goes_on(act: Act, sandbox: Running, workflow: str, host: bool) -> None:
    stage(sandbox, "Integration", executing_seconds=3000)
    repository = act.repository(user_project(sandbox))
    run = act.start(repository, workflow, payload=tagged("v1.4.0"), secrets=SECRETS, host=host)
    run.wait_for("deployment to Integration: executing")
    run.cancel(signal.SIGINT)
    ended = run.finish()
    assert ended.exit_code("ship") == 130, ended
    assert "result=canceled build=1.4.0" in ended.printed("after")
    assert "NEXT: run again" in ended.log
    assert changes(sandbox) == ["create-release", "create-build", "deploy-build"]
