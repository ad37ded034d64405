"""Settings of release notes: their sources, a path instead of settings, and those of a target."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from shipline.ci.facts import Facts
from unit.checkout import commit, git
from unit.resolving import CENTERCODE, V3, V3_LIST, pipeline, problems, read

if TYPE_CHECKING:
    from pathlib import Path


def test_a_path_stands_for_the_file(workspace: Path) -> None:
    (workspace / "testers.md").write_text("Please try the new dock.\n")
    text = "release: {notes: CHANGELOG.md}\n" + V3 + CENTERCODE.replace("}", ", notes: testers.md}")
    got = pipeline(workspace, text)
    assert got.v3[0].notes == "- Faster."
    assert "new dock" in got.centercode[0].body
    many = pipeline(workspace, V3_LIST.replace("CHANNEL, when: WHEN", "beta").replace("}", ", notes: testers.md}", 1))
    assert many.v3[0].notes == "Please try the new dock."


def test_a_problem_of_a_path_is_at_its_place(workspace: Path) -> None:
    (found,) = problems(workspace, "release: {notes: NEWS.md}\n" + V3)
    assert found.startswith("<stdin>:1:18: release.notes.file: there is no file NEWS.md")
    (found,) = problems(workspace, "release: {notes: 5}\n" + V3)
    expected = 'release.notes: expected settings, one a line, or text, found the number 5: quote it: "5"'
    assert found == f"<stdin>:1:18: {expected}"


def test_an_empty_path_is_no_setting(workspace: Path) -> None:
    assert pipeline(workspace, "release: {notes: ''}\n" + V3).v3[0].notes == ""


@pytest.mark.parametrize(
    ("name", "hint"), [("RELEASE_NOTES", "RELEASE_NOTES_FILE"), ("CENTERCODE_NOTES", "CENTERCODE_NOTES_FILE")]
)
def test_a_variable_for_a_path_has_the_name_of_its_setting(workspace: Path, name: str, hint: str) -> None:
    got = read(workspace, V3, environ={f"SHIPLINE_{name}": "CHANGELOG.md"}).pipeline
    assert got.warnings == (f"SHIPLINE_{name}: unknown variable, ignored: did you mean SHIPLINE_{hint}?",)


def test_an_input_replaces_a_path(workspace: Path) -> None:
    got = read(workspace, "release: {notes: NEWS.md}\n" + V3, environ={"SHIPLINE_RELEASE_NOTES_TEXT": "Given."})
    assert got.pipeline.v3[0].notes == "Given."


@pytest.fixture
def checkout(workspace: Path) -> Path:
    """A checkout with the tags release-1.3.0 and release-1.4.0, and two commits since."""
    git(workspace, "init", "--quiet", "--initial-branch=main")
    for number in ("1.3.0", "1.4.0"):
        commit(workspace, f"in {number}")
        git(workspace, "tag", f"release-{number}")
    commit(workspace, "Turns both ways", "WIP", "Doesn't crash")
    return workspace


FROM_COMMITS = "tag-prefix: release-\nrelease: {version: '1.5.0', notes: {from: commits}}\n"
UNTAGGED = Facts(ci="local")


def test_commits_since_the_last_tag_with_the_prefix_in_a_run_without_a_tag(checkout: Path) -> None:
    got = pipeline(checkout, FROM_COMMITS + V3, UNTAGGED)
    assert got.v3[0].notes == "- Doesn't crash\n- Turns both ways"
    assert got.notes_from == "3 commits since release-1.4.0"


def test_without_an_earlier_tag_a_first_release_is_said_to_be_one(checkout: Path) -> None:
    text = FROM_COMMITS.partition("\n")[2]
    (found,) = problems(checkout, text + V3, UNTAGGED)
    assert found.startswith("<stdin>:1:43: release.notes.from: the checkout has no tag of an earlier version")
    for part in ("set tag-prefix if release-1.4.0 is one", "fetch-depth: 0", "GIT_DEPTH: 0", "first: true", "4 of 5"):
        assert part in found
    got = read(checkout, text.replace("commits}", "commits, first: true}") + V3, facts=UNTAGGED).pipeline
    assert (got.notes_from, got.v3[0].notes.count("- ")) == ("all 5 commits", 4)
    assert got.warnings == ()


def test_a_first_release_that_is_none_is_a_warning(checkout: Path) -> None:
    got = pipeline(checkout, FROM_COMMITS.replace("commits}", "commits, first: true}") + V3, UNTAGGED)
    (warning,) = got.warnings
    assert "release.notes.first: first has no effect, as release-1.4.0 is earlier: remove it" in warning
    assert got.v3[0].notes == "- Doesn't crash\n- Turns both ways"


def test_the_newest_commits_are_listed_and_the_rest_is_counted(checkout: Path) -> None:
    commit(checkout, *(f"change {number}" for number in range(1, 210)))
    got = pipeline(checkout, FROM_COMMITS + V3, UNTAGGED)
    lines = got.v3[0].notes.splitlines()
    assert (lines[0], lines[199:]) == ("- change 209", ["- change 10", "", "… and 11 earlier commits"])
    (warning,) = got.warnings
    assert "release.notes.from: the notes list 200 commits and leave out 11 earlier ones" in warning
    got = pipeline(checkout, FROM_COMMITS.replace("commits}", "commits, max: 210}") + V3, UNTAGGED)
    assert got.v3[0].notes.endswith("- Doesn't crash\n\n… and 1 earlier commit")


def test_the_settings_are_inputs_too(checkout: Path) -> None:
    environ = {"EXCLUDE": "WIP\nTurns*", "MAX": "1", "HEADER": "# {version}", "FIRST": "false"}
    given = {f"SHIPLINE_RELEASE_NOTES_{name}": text for name, text in environ.items()}
    got = read(checkout, FROM_COMMITS + V3, facts=UNTAGGED, environ=given).pipeline
    assert got.v3[0].notes == "# 1.5.0\n\n- Doesn't crash"


def test_email_addresses_in_commits_are_a_warning(checkout: Path) -> None:
    commit(checkout, "Thank sam@example.com")
    (warning,) = pipeline(checkout, FROM_COMMITS + V3, UNTAGGED).warnings
    assert "release.notes.from: the notes contain an email address: remove sam@example.com" in warning


def test_patterns_replace_the_default_ones(checkout: Path) -> None:
    text = FROM_COMMITS.replace("commits}", "commits, exclude: [Turns]}") + V3
    assert pipeline(checkout, text, UNTAGGED).v3[0].notes == "- Doesn't crash\n- WIP"
    text = FROM_COMMITS.replace("commits}", "commits, exclude: []}") + V3
    assert pipeline(checkout, text, UNTAGGED).v3[0].notes.count("- ") == 3
    text = FROM_COMMITS.replace("commits}", "commits, exclude: ['*']}") + V3
    (found,) = problems(checkout, text, UNTAGGED)
    assert "exclude leaves out all of 3 commits since release-1.4.0" in found
    (found,) = problems(checkout, text.replace("'*'", "WIP, 5"), UNTAGGED)
    assert "release.notes.exclude[1]: expected text, found the number 5" in found


def test_header_and_footer_are_templates_and_notes_are_not(workspace: Path) -> None:
    (workspace / "notes.md").write_text("{version} isn't filled in.\n")
    text = "release: {notes: {file: notes.md, header: 'Widget {version}:', footer: '{{tag}}, {branch}'}}\n"
    got = pipeline(workspace, text + V3 + CENTERCODE)
    assert got.v3[0].notes == "Widget 1.4.0:\n\n{version} isn't filled in.\n\n{tag}, feature/a b"
    assert got.centercode[0].body.startswith("<p>Widget 1.4.0:</p>")
    (found,) = problems(workspace, text.replace("{branch}", "{brunch}") + V3)
    assert "release.notes.footer: unknown name {brunch}: did you mean branch?" in found


def test_a_target_changes_single_settings_of_the_notes(checkout: Path) -> None:
    given = FROM_COMMITS.replace("commits}", "commits, header: For all, max: 1}")
    own = given + CENTERCODE + V3.replace("}", ", notes: {header: For customers, exclude: [merges]}}")
    got = pipeline(checkout, own, UNTAGGED)
    assert got.v3[0].notes == "For customers\n\n- Doesn't crash\n\n… and 2 earlier commits"
    assert "<p>For all</p>" in got.centercode[0].body
    assert "1 earlier commit<" in got.centercode[0].body


def test_a_target_may_take_its_notes_from_elsewhere(checkout: Path) -> None:
    given = "tag-prefix: release-\nrelease: {version: '1.4.0', notes: {file: CHANGELOG.md, max: 1, footer: Bye}}\n"
    own = given + V3.replace("}", ", notes: {from: commits, first: true}}")
    assert pipeline(checkout, own + CENTERCODE, UNTAGGED).v3[0].notes.startswith("- Doesn't crash\n\n… and 2 earlier")
    assert pipeline(checkout, own + CENTERCODE, UNTAGGED).v3[0].notes.endswith("\n\nBye")
    assert "Faster." in pipeline(checkout, own + CENTERCODE, UNTAGGED).centercode[0].body


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("- Fixed by Sam <sam@example.com>", "an email address: remove sam@example.com"),
        ("Co-authored-by: A. B. <a.b+c@mail.example.co.uk>", "an email address: remove a.b+c@mail.example.co.uk"),
        ("[Sam](mailto:sam@example.com), kim@example.org.", "2 email addresses: remove sam@example.com"),
        ("Größe@example.com: fixed", "an email address"),
        ("sam\\@example.com", "an email address: remove sam@example.com"),
        ("git@github.com:acme/widget.git", ""),
        ("https://token@git.example.com/acme", ""),
        ("[x](https://sam:s3cret@git.example.com/acme)", "a URL with a password, and every reader gets it: remove it"),
        ("@acme/widget@1.4.0-beta.rc and widget@v1.2.x", ""),
        ("logo@2x.png by @sam, @kim.io", ""),
        ("actions/checkout@main.d/x", ""),
    ],
)
def test_email_addresses_in_notes_are_a_warning(workspace: Path, text: str, found: str) -> None:
    (workspace / "notes.md").write_text(f"{text}\n", encoding="utf-8")
    header = "release: {notes: {file: notes.md, footer: 'Write to help@example.com'}}\n"
    warnings = pipeline(workspace, header + V3 + CENTERCODE).warnings
    assert len(warnings) == bool(found)
    assert found in "".join(warnings)


BETAS = """\
# Changelog

## 1.5.0 - 2026-03-01

- Final.

## [1.5.0-beta.2] - 2026-02-01

### Fixed

- Beta two, see [the list].

## 1.5.0-beta.1

- Beta one.

## 1.4.0-beta.1

- Older.

[the list]: https://git.example.com/list
"""


def prereleases(workspace: Path, setting: str = "", version: str = "1.5.0") -> tuple[str, tuple[str, ...]]:
    """The notes and the warnings."""
    (workspace / "CHANGELOG.md").write_text(BETAS)
    notes = f"{{file: CHANGELOG.md{setting}}}"
    got = pipeline(workspace, f"release: {{version: {version}, notes: {notes}}}\n" + CENTERCODE)
    return got.centercode[0].body, got.warnings


def test_sections_of_pre_releases_that_are_left_out_are_listed(workspace: Path) -> None:
    body, (warning,) = prereleases(workspace)
    assert "Final." in body
    assert "Beta" not in body
    assert "release.notes.file: the notes don't include the sections " in warning
    assert warning.index("1.5.0-beta.2") < warning.index("1.5.0-beta.1")
    assert "1.4.0" not in warning
    assert prereleases(workspace, ", prereleases: omit") == (body, ())


def test_sections_of_pre_releases_are_added_below_the_version(workspace: Path) -> None:
    body, warnings = prereleases(workspace, ", prereleases: include")
    assert warnings == ()
    found = [body.index(text) for text in ("Final.", "1.5.0-beta.2", "Fixed", "Beta two", "1.5.0-beta.1", "Beta one")]
    assert found == sorted(found)
    assert '<a href="https://git.example.com/list"' in body
    assert "Older" not in body


def test_a_pre_release_has_only_its_own_section(workspace: Path) -> None:
    body, warnings = prereleases(workspace, ", prereleases: include", "1.5.0-beta.2")
    assert ("Beta two" in body, "Beta one" in body, "Final" in body, warnings) == (True, False, False, ())


def test_notes_that_are_cut_keep_their_footer(workspace: Path) -> None:
    (workspace / "notes.md").write_text("word " * 1000)
    notes = "release: {notes: {file: notes.md, too-long: truncate, footer: 'Widget {version}'}}\n"
    assert pipeline(workspace, notes + V3).v3[0].notes.endswith("… (shortened)\n\nWidget 1.4.0")
