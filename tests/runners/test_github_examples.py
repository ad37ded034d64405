"""The workflows in examples/github as they stand, run by act; second attempts with and without the kept receipt."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from comments_server import TOKEN, Comments
from runners.act import tagged
from runners.user import SECRETS, changes, stage, user_project
from shipline_sandbox.server import Running, running

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from runners.act import Act, Ended

EXAMPLES = Path(__file__).parents[2] / "examples/github"


@pytest.fixture
def sandbox() -> Iterator[Running]:
    with running(speed=30) as server:
        yield server


class User:
    """Pushes v1.4.0 of Widget, attempt after attempt."""

    def __init__(self, act: Act, sandbox: Running) -> None:
        self.act = act
        self.sandbox = sandbox
        files = user_project(sandbox)
        del files["dist/widget.zip"]  # the examples build it
        files["shipline.yml"] = f"check-links: skip\n{files['shipline.yml']!s}"  # nobody uploads what they build
        self.repository = act.repository(files)

    def run(self, example: str, attempt: int = 1, environ: Mapping[str, str] | None = None, **given: Any) -> Ended:
        run = {
            "GITHUB_RUN_ATTEMPT": str(attempt),
            "GITHUB_RUN_ID": "77",
            "GITHUB_REF_NAME": "v1.4.0",
            **(environ or {}),
        }
        given = {"payload": tagged("v1.4.0"), "host": True, "secrets": SECRETS, **given}
        workflow = (EXAMPLES / example).read_text()
        return self.act.run(self.repository, workflow, environ=run, **given)

    def lose_receipts(self) -> None:
        shutil.rmtree(self.act.caches)
        self.act.caches.mkdir()


@pytest.fixture
def user(act: Act, sandbox: Running) -> User:
    return User(act, sandbox)


@pytest.mark.nightly
def test_a_second_attempt_sends_nothing_and_a_third_without_the_receipt_never_announces_again(user: User) -> None:
    ended = user.run("tag-release.yml")
    assert ended.exit_code("shipline") == 0, ended
    sent = changes(user.sandbox)
    assert sent.count("project-release") == 1
    again = user.run("tag-release.yml", attempt=2)
    assert again.exit_code("shipline") == 0, again
    assert changes(user.sandbox) == sent
    assert again.outputs("shipline") == ended.outputs("shipline")
    report = (user.act.caches / "artifact-shipline-report-release.html").read_text()
    assert "<title>Widget 1.4.0: Succeeded · Shipline</title>" in report
    user.lose_receipts()
    third = user.run("tag-release.yml", attempt=3)
    assert third.exit_code("shipline") == 8, third
    assert changes(user.sandbox) == sent
    assert "centercode-on-unknown" in third.summary.replace("\\", "")


@pytest.mark.nightly
def test_a_second_attempt_goes_through_when_the_first_died_before_its_last_deployment(user: User) -> None:
    stage(user.sandbox, "Testing", outcome="failed")
    assert user.run("tag-release.yml").exit_code("shipline") == 5
    user.lose_receipts()
    stage(user.sandbox, "Testing")
    again = user.run("tag-release.yml", attempt=2)
    assert again.exit_code("shipline") == 0, again
    sent = changes(user.sandbox)
    assert (sent.count("create-build"), sent.count("project-release")) == (1, 1)


@pytest.mark.nightly
def test_deploying_and_announcing_in_two_jobs(user: User) -> None:
    ended = user.run("approve-then-publish.yml")
    assert ended.code == 0, ended
    sent = changes(user.sandbox)
    assert (sent.count("create-build"), sent.count("deploy-build"), sent.count("project-release")) == (1, 2, 1)


def test_a_plan_by_hand_sends_nothing(user: User) -> None:
    inputs = {"inputs": {"version": "1.4.0", "command": "plan"}}
    ended = user.run("dispatch-with-plan.yml", event="workflow_dispatch", payload=inputs)
    assert ended.code == 0, ended
    assert changes(user.sandbox) == []
    assert "create" in ended.summary


def test_a_pull_request_is_rehearsed_without_secrets(user: User) -> None:
    (user.repository / "CHANGELOG.md").write_text("# Changelog\n\n## Unreleased\n\n- Widgets hum.\n")
    ended = user.run("rehearse.yml", event="pull_request", payload={"pull_request": {"number": 5}})
    assert ended.code == 0, ended
    assert user.sandbox.requests() == []
    assert "Rehearsal of Widget" in ended.summary


def test_a_pull_request_has_one_comment_with_the_plan(user: User) -> None:
    """A fork's has none."""
    (user.repository / "CHANGELOG.md").write_text("# Changelog\n\n## Unreleased\n\n- Widgets hum.\n")
    with Comments() as comments:
        environ = {name: value for name, value in comments.github().items() if name != "GITHUB_TOKEN"}
        environ["GITHUB_REF_NAME"] = "5/merge"
        secrets = {**SECRETS, "GITHUB_TOKEN": TOKEN}

        def pushed(head: str = "acme/widget", **given: Any) -> Ended:
            sides = {side: {"repo": {"full_name": name}} for side, name in (("head", head), ("base", "acme/widget"))}
            payload = {"pull_request": {"number": 5, **sides}}
            ended = user.run("review.yml", environ=environ, event="pull_request", payload=payload, **given)
            assert TOKEN not in ended.log
            return ended

        assert pushed(secrets=secrets).code == 0
        (user.repository / "CHANGELOG.md").write_text("# Changelog\n\n## Unreleased\n\n- Widgets turn.\n")
        ended = pushed(secrets=secrets)
        assert ended.code == 0, ended
        assert comments.changes == ["POST", "PATCH"]
        (body,) = comments.comments.values()
        assert body.startswith("<!-- shipline plan of widget -->")
        assert "Widgets turn." in body
        comments.refuse, comments.comments = 403, {}
        ended = pushed("octocat/widget", secrets={"GITHUB_TOKEN": TOKEN})
        assert ended.code == 0, ended
        assert comments.comments == {}
        assert "Widgets turn." in ended.summary
    assert changes(user.sandbox) == []


def test_each_stage_is_a_deployment_with_its_link(user: User) -> None:
    ended = user.run("stages.yml")
    assert ended.code == 0, ended
    assert changes(user.sandbox).count("deploy-build") == 2
    for link in ("buildmaster-url", "centercode-release-url"):  # of the environments
        assert ended.outputs("shipline")[link].startswith(user.sandbox.url)


@pytest.mark.nightly
def test_several_products_each_with_its_own_config(user: User) -> None:
    config = (user.repository / "shipline.yml").read_text()
    product = user.repository / "products/widget/shipline.yml"
    product.parent.mkdir(parents=True)
    product.write_text(config)
    (user.repository / "shipline.yml").unlink()
    ended = user.run("matrix.yml", options=("--matrix", "product:widget"))
    assert ended.code == 0, ended
    assert changes(user.sandbox).count("project-release") == 1


CALLER = """\
on: push
permissions: {}
jobs:
  release:
    permissions:
      contents: read
    uses: ./.github/workflows/reusable.yml
    with:
      application: widget
      version: v1.4.0
      command: run
    secrets:
      buildmaster-api-key: ${{ secrets.BUILDMASTER_API_KEY }}
      centercode-api-key: ${{ secrets.CENTERCODE_API_KEY }}
      v3-token: ${{ secrets.V3_TOKEN }}
"""


@pytest.mark.nightly
def test_a_reusable_workflow_is_called(user: User) -> None:
    reusable = user.repository / ".github/workflows/reusable.yml"
    reusable.parent.mkdir(parents=True)
    reusable.write_text((EXAMPLES / "reusable.yml").read_text())
    (user.repository / "dist").mkdir()
    (user.repository / "dist/widget-1.4.0.zip").write_bytes(b"built before")
    ended = user.act.run(
        user.repository,
        CALLER,
        secrets=SECRETS,
        environ={"GITHUB_REF_NAME": "v1.4.0"},
        payload=tagged("v1.4.0"),
        host=True,
        known=[(EXAMPLES / "reusable.yml").read_text()],
    )
    assert ended.code == 0, ended
    assert changes(user.sandbox).count("project-release") == 1
