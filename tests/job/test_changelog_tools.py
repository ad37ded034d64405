"""Each example of the how-to on release notes: the tool's file goes in, the notes that the page shows come out."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from repository.pages import ROOT

if TYPE_CHECKING:
    from job.project import Project

PAGE = (ROOT / "docs/how-to/release-notes.md").read_text(encoding="utf-8")
EXAMPLE = re.compile(
    r"^### (?P<tool>[^\n]+)\n\n```markdown\n(?P<file>.*?)```\n\n"
    r"The notes of (?P<version>[0-9.]+[0-9])[^\n]*\n\n```markdown\n(?P<notes>.*?)```$",
    re.MULTILINE | re.DOTALL,
)
EXAMPLES = [
    pytest.param(match["file"], match["version"], match["notes"], id=match["tool"])
    for match in EXAMPLE.finditer(PAGE.partition("## What Shipline takes")[2])
]


@pytest.mark.parametrize(("file", "version", "notes"), EXAMPLES)
def test_customers_see_the_notes_that_the_page_shows(project: Project, file: str, version: str, notes: str) -> None:
    project.without("buildmaster", "centercode")
    project.write("CHANGELOG.md", file)
    ended = project.shipline("run", "--release-version", version)
    assert ended.code == 0, ended.text
    (release,) = project.sandbox.admin("state")["v3"]["releases"]
    assert (release["version"], release["notes"]) == (version, notes.rstrip("\n"))


@pytest.mark.nightly
@pytest.mark.parametrize(("file", "version", "notes"), EXAMPLES)
def test_a_rehearsal_shows_the_same_notes(project: Project, file: str, version: str, notes: str) -> None:
    project.write("CHANGELOG.md", file)
    ended = project.shipline("rehearse", "--release-version", version, "--format", "json")
    assert ended.code == 0, ended.text
    (shown,) = (event for event in ended.events if event["event"] == "announced")
    assert [release["notes"] for release in shown["customers"]] == [notes.rstrip("\n")]


def test_each_tool_of_the_page_has_an_example() -> None:
    table = re.findall(r"^\| ([^|]+) \|", PAGE.partition("## What Shipline takes")[2], re.MULTILINE)
    tools = [str(example.id) for example in EXAMPLES]
    assert len(tools) == len(table) - 2
    assert all(any(tool in row for row in table) for tool in tools)
