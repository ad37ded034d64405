"""Each example of the how-to on release notes: the tool's file goes in, the lines that the page marks come out."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from repository.pages import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from job.project import Project

PAGE = (ROOT / "docs/how-to/release-notes.md").read_text(encoding="utf-8")
EXAMPLE = re.compile(
    r"^### (?P<tool>[^\n]+)\n\n(?P<text>(?:\w[^\n]*\n\n)?)```diff\n(?P<diff>.*?)```$", re.MULTILINE | re.DOTALL
)


def of_page() -> Iterator[tuple[str, str, str, str]]:
    """Each tool, its file, a version and that version's notes: the lines that the page marks with a plus."""
    for match in EXAMPLE.finditer(PAGE.partition("## What Shipline takes")[2]):
        lines = match["diff"].splitlines()
        file, notes = (line[1:] for line in lines), (line[1:] for line in lines if line.startswith("+"))
        version = re.search(r"notes of ([\d.]+\d)", match["text"])
        yield match["tool"], "\n".join(file) + "\n", version[1] if version else "1.4.0", "\n".join(notes)


EXAMPLES = [pytest.param(*example, id=tool) for tool, *example in of_page()]


@pytest.mark.parametrize(("file", "version", "notes"), EXAMPLES)
def test_customers_see_the_notes_that_the_page_shows(project: Project, file: str, version: str, notes: str) -> None:
    project.without("buildmaster", "centercode")
    project.write("CHANGELOG.md", file)
    ended = project.shipline("run", "--release-version", version)
    assert ended.code == 0, ended.text
    (release,) = project.sandbox.admin("state")["v3"]["releases"]
    assert (release["version"], release["notes"]) == (version, notes)


@pytest.mark.nightly
@pytest.mark.parametrize(("file", "version", "notes"), EXAMPLES)
def test_a_rehearsal_shows_the_same_notes(project: Project, file: str, version: str, notes: str) -> None:
    project.write("CHANGELOG.md", file)
    ended = project.shipline("rehearse", "--release-version", version, "--format", "json")
    assert ended.code == 0, ended.text
    (shown,) = (event for event in ended.events if event["event"] == "announced")
    assert [release["notes"] for release in shown["customers"]] == [notes]


def test_each_tool_of_the_page_has_an_example() -> None:
    headings = re.findall(r"^### (.+)", PAGE.partition("## What Shipline takes")[2], re.MULTILINE)
    assert [example.id for example in EXAMPLES] == headings
    assert len(headings) > 9
