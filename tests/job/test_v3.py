"""What is done about a v3 release that already exists, and about servers that know less."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import requests

if TYPE_CHECKING:
    from job.project import Project


@pytest.fixture
def customers(project: Project) -> Project:
    """Only v3."""
    project.without("buildmaster", "centercode")
    return project


def releases(project: Project) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = project.sandbox.admin("state")["v3"]["releases"]
    return found


def draft(project: Project, **changes: Any) -> dict[str, Any]:
    body = {
        "name": "1.4.0",
        "version": "1.4.0",
        "channel": "stable",
        "platforms": ["linux", "windows"],
        "private": False,
        "notes": "- Widgets **turn** <both> ways.",
        "productId": "27d6f2a0-3d6b-4f52-9f5e-6a1c6f0e8a11",
    }
    headers = {"Authorization": "Bearer sandbox-other"}
    answer = requests.post(f"{project.sandbox.url}/v3/releases", json={**body, **changes}, headers=headers, timeout=10)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def test_a_draft_with_the_same_payload_is_completed(customers: Project) -> None:
    made = draft(customers)
    ended = customers.shipline("run")
    assert ended.code == 0, ended.text
    (release,) = releases(customers)
    assert release["id"] == made["id"] == ended.outputs["v3-release-id"]
    assert release["published"] is True
    assert [f["name"] for f in release["files"]] == ["widget.zip"]


def test_a_draft_that_differs_is_refused_and_update_changes_it(customers: Project) -> None:
    draft(customers, name="Another name", notes="Other notes")
    ended = customers.shipline("run")
    assert ended.code == 4
    assert 'name: expected "1.4.0", got "Another name"; notes, line 1: expected "- Widgets' in ended.err
    ended = customers.shipline("run", "--v3-if-exists", "update")
    assert ended.code == 0, ended.text
    (release,) = releases(customers)
    assert (release["name"], release["published"]) == ("1.4.0", True)


def test_an_equal_published_release_is_done(customers: Project) -> None:
    assert customers.shipline("run").code == 0
    before = customers.operations()
    ended = customers.shipline("run", "--receipt", "lost.json")
    assert ended.code == 0, ended.text
    assert customers.operations() == before
    assert ended.outputs["v3-release-state"] == "published"


def test_a_published_release_that_differs_is_refused(customers: Project) -> None:
    assert customers.shipline("run").code == 0
    customers.write("CHANGELOG.md", "# Changelog\n\n## 1.4.0\n\nOther notes\n")
    for policy in ("complete", "update"):
        ended = customers.shipline("run", "--receipt", f"{policy}.json", "--v3-if-exists", policy)
        assert ended.code == 4
        assert "v3 can't change a published release" in ended.err


def test_if_exists_fail(customers: Project) -> None:
    draft(customers)
    ended = customers.shipline("run", "--v3-if-exists", "fail")
    assert ended.code == 4
    assert customers.operations() == ["create-release"]


def test_another_channel_or_platform_is_another_release(customers: Project) -> None:
    draft(customers, channel="beta")
    draft(customers, platforms=["macos"])
    assert customers.shipline("run").code == 0
    assert len(releases(customers)) == 3


def test_a_server_that_only_creates_gets_the_links_in_the_notes(customers: Project) -> None:
    customers.sandbox.admin("config", {"v3": "create-only"})
    ended = customers.shipline("run")
    assert ended.code == 0, ended.text
    assert "the notes list the links" in ended.err
    (release,) = releases(customers)
    assert release["notes"].endswith(f"- [widget.zip]({customers.sandbox.url}/files/widget.zip)")
    assert customers.operations() == ["create-release"]
    assert customers.shipline("run").code == 0
    assert customers.operations() == ["create-release"]


def test_a_two_page_list_is_read_to_its_end(customers: Project) -> None:
    customers.sandbox.admin("config", {"v3_unique": "off"})
    for _ in range(101):
        draft(customers, platforms=["macos"])
    made = draft(customers)
    ended = customers.shipline("run")
    assert ended.code == 0, ended.text
    assert ended.outputs["v3-release-id"] == made["id"]


def test_a_release_that_was_made_is_not_posted_again_where_the_list_is_gone(customers: Project) -> None:
    rule = {"times": 1, "when": "before", "kind": "status"}
    customers.sandbox.admin("faults", {"operation": "publish-release", "status": 403, **rule})
    assert customers.shipline("run").code == 3
    customers.sandbox.admin("faults", {"operation": "list-releases", "status": 404, **rule})
    ended = customers.shipline("run")
    assert ended.code == 4, ended.text
    assert customers.operations().count("create-release") == 1
    assert customers.shipline("run").code == 0
    assert len(releases(customers)) == 1
