"""A v3 draft is corrected, or was changed, deleted, published or archived by hand: the receipt doesn't hide it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from job.test_v3 import customers, releases

if TYPE_CHECKING:
    from job.project import Project

__all__ = ["customers"]
NEW_NOTES = "# Changelog\n\n## 1.4.0\n\n- Widgets turn.\n- Nothing else.\n"
RECEIPTS = ["kept", "lost"]


@pytest.fixture
def drafted(customers: Project) -> Project:
    """A project whose run has left a draft."""
    config = customers.path / "shipline.yml"
    config.write_text(config.read_text().replace("  state: published\n", ""))
    assert customers.shipline("run").outputs["v3-release-state"] == "draft"
    return customers


def by_hand(project: Project, action: str) -> None:
    (release,) = releases(project)
    project.sandbox.admin(f"releases/{release['id']}", {"action": action})


def again(project: Project, receipt: str) -> tuple[str, ...]:
    return ("run",) if receipt == "kept" else ("run", "--receipt", "lost.json")


@pytest.mark.parametrize("receipt", RECEIPTS)
def test_an_equal_draft_is_done_and_costs_one_look_up(drafted: Project, receipt: str) -> None:
    before = len(drafted.sandbox.requests())
    ended = drafted.shipline(*again(drafted, receipt))
    assert ended.code == 0, ended.text
    assert "release 1.4.0" in ended.line("DONE:")
    sent = [r["operation"] for r in drafted.sandbox.requests()[before:] if r["service"] == "v3"]
    assert sent == ["list-releases"]


@pytest.mark.parametrize("receipt", RECEIPTS)
def test_a_corrected_draft_is_refused_with_what_differs_and_updated_where_that_is_set(
    drafted: Project, receipt: str
) -> None:
    drafted.write("CHANGELOG.md", NEW_NOTES)
    drafted.write("dist/widget.zip", b"another")
    drafted.sandbox.put_file("widget.zip", b"another")
    ended = drafted.shipline(*again(drafted, receipt))
    assert ended.code == 4, ended.text
    for says in (
        'notes, line 1: expected "- Widgets turn.", got "- Widgets **turn** <both> ways."',
        "file widget.zip: expected 7 bytes, got 2048",
        "set v3.if-exists to update",
    ):
        assert says in ended.err
    plan = drafted.shipline("plan", *again(drafted, receipt)[1:], "--v3-if-exists", "update")
    assert "updates release 1.4.0" in plan.out
    ended = drafted.shipline(*again(drafted, receipt), "--v3-if-exists", "update")
    assert ended.code == 0, ended.text
    assert "updated the draft of version 1.4.0" in ended.out
    (release,) = releases(drafted)
    assert release["notes"] == "- Widgets turn.\n- Nothing else."
    assert [(f["name"], f["size"]) for f in release["files"]] == [("widget.zip", 7)]
    ended = drafted.shipline(*again(drafted, receipt))
    assert ended.code == 0, ended.text
    assert "already exists" in ended.line("DONE:")


def test_files_are_added_to_a_draft_and_removed_from_it(drafted: Project) -> None:
    config = drafted.path / "shipline.yml"
    first = config.read_text()
    more = f"  - {{url: '{drafted.sandbox.url}/files/widget.zip', size: 2048, label: two.zip}}\n"
    config.write_text(first.replace("artifacts:\n", f"artifacts:\n{more}", 1))
    assert drafted.shipline("run").code == 0  # a missing file is added under `complete` too
    assert [f["name"] for f in releases(drafted)[0]["files"]] == ["widget.zip", "two.zip"]
    config.write_text(first)
    ended = drafted.shipline("run")
    assert ended.code == 4
    assert "file two.zip: not among the artifacts" in ended.err
    assert drafted.shipline("run", "--v3-if-exists", "update").code == 0
    assert [f["name"] for f in releases(drafted)[0]["files"]] == ["widget.zip"]


@pytest.mark.parametrize("receipt", RECEIPTS)
def test_a_deleted_draft_is_created_again(drafted: Project, receipt: str) -> None:
    (first,) = releases(drafted)
    by_hand(drafted, "delete")
    ended = drafted.shipline(*again(drafted, receipt))
    assert ended.code == 0, ended.text
    (release,) = releases(drafted)
    assert release["id"] == ended.outputs["v3-release-id"] != first["id"]
    assert [f["name"] for f in release["files"]] == ["widget.zip"]
    assert ("was deleted: Shipline creates it again" in ended.err) is (receipt == "kept")


@pytest.mark.parametrize("receipt", RECEIPTS)
def test_a_draft_that_was_published_by_hand_is_reported_as_published(drafted: Project, receipt: str) -> None:
    by_hand(drafted, "publish")
    ended = drafted.shipline(*again(drafted, receipt))
    assert ended.code == 0, ended.text
    assert ended.outputs["v3-release-state"] == "published"
    assert ended.line("NEXT:") == "NEXT: nothing"
    assert ("it was published by hand" in ended.line("DONE:")) is (receipt == "kept")
    drafted.write("CHANGELOG.md", NEW_NOTES)
    for policy in ("complete", "update"):
        ended = drafted.shipline(*again(drafted, receipt), "--v3-if-exists", policy)
        assert ended.code == 4
        assert "v3 can't change a published release: use a new version" in ended.err


@pytest.mark.parametrize("receipt", RECEIPTS)
def test_an_archived_release_is_refused_until_it_is_restored(drafted: Project, receipt: str) -> None:
    by_hand(drafted, "archive")
    for policy in ("complete", "update"):
        ended = drafted.shipline(*again(drafted, receipt), "--v3-if-exists", policy)
        assert ended.code == 4, ended.text
        assert "archived" in ended.err
        assert "publish:v3" not in ended.line("DONE:")
        assert "publish:v3" in ended.line("NOT DONE:")
        assert ended.outputs.get("v3-release-state", "") != "draft"
        assert "restore it in v3, or use a new version" in ended.line("NEXT:")
    by_hand(drafted, "restore")
    assert drafted.shipline(*again(drafted, receipt)).code == 0
    assert drafted.operations().count("create-release") == 1


def test_a_run_of_its_own_receipt_is_no_conflict_where_none_may_exist(drafted: Project) -> None:
    assert drafted.shipline("run", "--v3-if-exists", "fail").code == 0
    by_hand(drafted, "publish")
    assert drafted.shipline("run", "--v3-if-exists", "fail").outputs["v3-release-state"] == "published"
    assert drafted.shipline("run", "--receipt", "other.json", "--v3-if-exists", "fail").code == 4


@pytest.mark.parametrize(
    ("operation", "body", "published"),
    [
        ("create-release", '{"id": "x", "notes": "cut"}', False),
        ("create-release-file", '{"id": "x", "name": "widget.zip", "size": 1}', False),
    ],
)
def test_a_response_that_does_not_match_is_an_error(
    customers: Project, operation: str, body: str, *, published: bool
) -> None:
    rule = {"operation": operation, "when": "after_apply", "kind": "status", "status": 201, "body": body, "times": 1}
    customers.sandbox.admin("faults", {**rule, "headers": {"Content-Type": "application/json"}})
    ended = customers.shipline("run")
    assert ended.code == 4, ended.text
    assert "v3 accepted the release, but reports something else than was sent" in ended.err
    assert [r["published"] for r in releases(customers)] == [published]
    assert customers.shipline("run").code == 0
    assert [r["published"] for r in releases(customers)] == [True]
