"""Targets of v3 and Centercode: versions, channels, conditions, limits, and those that are the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from unit.resolving import BUILDMASTER, CENTERCODE, FACTS, V3, V3_LIST, pipeline, problems

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("version", "sent", "channel"),
    [
        ("1.4.0", "1.4.0", "stable"),
        ("1.5.0-beta.3", "1.5.0.3", "beta"),
        ("1.5-rc2", "1.5.0.2", "rc"),
        ("1.5.0rc2", "1.5.0.2", "rc"),
        ("1.5b2", "1.5.0.2", "beta"),
        ("2024.11.3", "2024.11.3", "stable"),
    ],
)
def test_versions_and_channels_for_v3(workspace: Path, version: str, sent: str, channel: str) -> None:
    got = pipeline(workspace, V3, FACTS._replace(tag=version))
    assert (got.v3[0].version, got.v3[0].channel) == (sent, channel)
    assert len(got.warnings) == (sent.count(".") > 2)


def test_a_pre_release_without_a_word_needs_a_channel(workspace: Path) -> None:
    assert "v3.channel: is missing" in problems(workspace, "release: {prerelease: true}\n" + V3)[0]
    said = "release: {prerelease: true}\n" + V3.replace("}", ", channel: nightly}")
    assert pipeline(workspace, said).v3[0].channel == "nightly"
    assert pipeline(workspace, "release: {prerelease: false}\n" + V3, FACTS._replace(tag="1.5.0-x.1")).v3[
        0
    ].channel == ("stable")


@pytest.mark.parametrize("tag", ["1.5.0-alpha", "1.5.0-SNAPSHOT", "1.5.0.post1", "1.5.0.dev3", "20241103"])
def test_version_that_v3_can_not_hold_is_an_error_only_with_a_v3_target(workspace: Path, tag: str) -> None:
    facts = FACTS._replace(tag=tag)
    (found,) = problems(workspace, V3, facts)
    assert f"v3.version: {tag} " in found
    assert "set v3.version" in found
    assert pipeline(workspace, V3.replace("}", ", version: '1.5.0.7'}"), facts).v3[0].version == "1.5.0.7"
    assert pipeline(workspace, V3.replace("}", ", when: never}"), facts).v3[0].skip
    assert pipeline(workspace, CENTERCODE, facts).version.text == tag


def test_when(workspace: Path) -> None:
    def skip(when: str, tag: str) -> str:
        return pipeline(workspace, V3.replace("}", f", when: {when}}}"), FACTS._replace(tag=tag)).v3[0].skip

    assert skip("always", "1.5.0-beta.3") == skip("prerelease", "1.5.0-beta.3") == skip("stable", "1.5.0") == ""
    assert skip("stable", "v1.5.0-beta.3") == "when: stable, and 1.5.0-beta.3 is a pre-release"
    assert skip("prerelease", "1.5.0") == "when: prerelease, and 1.5.0 isn't a pre-release"
    assert skip("never", "1.5.0") == "when: never"


def test_notes_that_are_too_long_are_a_problem_or_are_cut(workspace: Path) -> None:
    (workspace / "long.md").write_text("word\n" * 2000, encoding="utf-8")
    text = "release: {notes: {file: long.md}}\n" + V3
    assert problems(workspace, text)[0].startswith("<stdin>:1:25: release.notes.file: the notes have 9999 characters")
    for cut in (
        text.replace(".md}", ".md, too-long: truncate}"),
        text.replace("]}", "], notes: {too-long: truncate}}"),
    ):
        assert len(pipeline(workspace, cut).v3[0].notes) <= 4096


def test_plain_http(workspace: Path) -> None:
    insecure = BUILDMASTER.replace("https", "http")
    allowed = pipeline(workspace, insecure.replace("}", ", allow-http: true}"))
    assert "plain HTTP" in allowed.warnings[0]
    for host in ("localhost:81", "127.0.0.1", "[::1]:8622"):
        text = BUILDMASTER.replace("https://bm.widget.test", f"http://{host}").replace("url: ", "url: '")
        text = text.replace("sub/", "sub/'")
        assert pipeline(workspace, text).warnings == ()
        assert pipeline(workspace, CENTERCODE.replace("https://cc.widget.test", f"'http://{host}'"))
    assert "expected https://" in problems(workspace, CENTERCODE.replace("https", "http"))[0]


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ("2027-03-02T08:00:00.5-07:00", "2027-03-02T08:00:00Z"),
        ("2027-03-02T23:30:00-0700", "2027-03-02T23:30:00Z"),
        ("2027-03-02T00:00:00+09:00", "2027-03-02T08:00:00Z"),  # 12:00 am there: earlier is another date
        ("2027-03-02T19:00:00Z", "2027-03-02T19:00:00Z"),
    ],
)
def test_end_date_is_the_day_that_was_written(workspace: Path, written: str, sent: str) -> None:
    text = CENTERCODE.replace("}", f", start-date: 2027-03-01T08:00:00+0100, end-date: '{written}'}}")
    target = pipeline(workspace, text).centercode[0]
    assert (target.start_date, target.end_date) == ("2027-03-01T07:00:00Z", sent)


def test_end_date_before_which_testers_see_nothing_is_a_warning(workspace: Path) -> None:
    past = pipeline(workspace, CENTERCODE.replace("}", ", end-date: 2020-03-02T08:00:00Z}"))
    assert "is in the past" in past.warnings[0]
    dates = ", start-date: 2027-03-01T09:00:00Z, end-date: 2027-03-01T23:00:00Z}"
    (warning,) = pipeline(workspace, CENTERCODE.replace("}", dates)).warnings
    assert "is before start-date: testers won't see the release, which ends at 12:00 am" in warning


def test_two_v3_targets_that_are_the_same_release_are_a_problem(workspace: Path) -> None:
    both = V3_LIST.replace("WHEN", "always")
    (found,) = problems(workspace, both.replace("CHANNEL", "stable"))
    assert found.startswith(
        "<stdin>:3:5: v3[1]: is the same as v3[0]: url, product-id, version 1.4.0, channel stable and "
    )
    assert len(pipeline(workspace, both.replace("CHANNEL", "beta")).v3) == 2
    assert len(pipeline(workspace, both.replace("CHANNEL", "stable").replace("[linux, mac]", "[mac]")).v3) == 2
    assert pipeline(workspace, V3_LIST.replace("CHANNEL", "stable").replace("WHEN", "prerelease")).v3[1].skip


def test_two_centercode_targets_of_the_same_release_type_are_a_problem(workspace: Path) -> None:
    text = """\
centercode:
  - {url: https://cc.widget.test, project: P, release-type: T, when: always}
  - {endpoint-url: "https://cc.widget.test/api/v1/projects/P/releaseTypes/T", subtitle: x}
"""
    (found,) = problems(workspace, text)
    assert found == (
        "<stdin>:3:5: centercode[1]: is the same as centercode[0]: url, project and release type; "
        "expected one target a release type"
    )
    assert pipeline(workspace, text.replace("always", "never"))
    assert pipeline(workspace, text.replace("release-type: T", "release-type: U"))


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (V3.replace("}", ", channel: 'c{branch}'}"), "<stdin>:1:88: v3.channel:"),
        (V3.replace("}", ", title: 'for {branch}'}"), "<stdin>:1:86: v3.title:"),
        ("release: {title: '{branch} {version}'}\n" + V3, "<stdin>:1:18: release.title:"),
        (
            "artifacts: [{url: 'https://a.example.com/b', label: 'x{branch}'}]\n" + V3,
            "<stdin>:1:53: artifacts[0].label:",
        ),
        (
            f"artifacts: [{{url: 'https://a.example.com/{'{branch}' * 9}/b'}}]\n" + V3,
            "<stdin>:1:19: artifacts[0].url:",
        ),
        (
            f"artifacts-url: 'https://a.example.com/{'{branch}' * 9}/b'\nartifacts: [{{path: dist/widget.exe}}]\n" + V3,
            "<stdin>:1:16: artifacts-url:",
        ),
    ],
)
def test_what_v3_limits_is_measured_with_its_names_filled_in(workspace: Path, text: str, place: str) -> None:
    facts = FACTS._replace(branch="b" * 256)
    (found,) = problems(workspace, text, facts)
    assert found.startswith(place)
    assert "characters after Shipline has replaced its names: v3 accepts at most" in found
    assert pipeline(workspace, text, FACTS._replace(branch="b"))
    assert pipeline(workspace, text.replace("windows]", "windows], when: never"), facts)


def test_more_than_an_application_can_hold_is_a_warning(workspace: Path) -> None:
    files = "".join(f"  - {{url: 'https://dl.example.com/{number}.zip', size: 5}}\n" for number in range(10))
    platforms = ", ".join(f"p{number}" for number in range(11))
    assert pipeline(workspace, f"artifacts:\n{files}" + V3).warnings == ()
    more = f"{files}  - {{url: 'https://dl.example.com/more.zip', size: {2**31}}}\n"
    got = pipeline(workspace, f"artifacts:\n{more}" + V3.replace("windows", platforms))
    large, *counts = got.warnings
    assert "artifacts[10].size: more.zip has 2,147,483,648 bytes, and an application with LexActivator sees" in large
    assert [("11 files" in what, "11 platforms" in what) for what in counts] == [(True, False), (False, True)]
    assert all(
        f"LexActivator holds 10 in an application: choose fewer by {name}" in what
        for name, what in zip(("artifacts", "platforms"), counts, strict=True)
    )
    assert pipeline(workspace, f"artifacts:\n{more}" + V3.replace("}", ", attach: none}")).warnings == ()
    (alone,) = pipeline(workspace, V3.replace("windows", platforms).replace("}", ", attach: none}")).warnings
    assert "11 platforms" in alone


@pytest.mark.parametrize(
    ("size", "seen"), [(2**31, "a negative number"), (2**32 + 5, "5"), (5_000_000_000, "705,032,704")]
)
def test_a_size_of_more_than_32_bits_is_shown_as_an_application_sees_it(workspace: Path, size: int, seen: str) -> None:
    large = f"artifacts:\n  - {{url: 'https://dl.example.com/a.zip', size: {size}}}\n{V3}"
    (warning,) = pipeline(workspace, large).warnings
    assert f"a.zip has {size:,} bytes, and an application with LexActivator sees {seen}: it must not" in warning
    assert pipeline(workspace, large.replace(str(size), str(2**31 - 1))).warnings == ()


@pytest.mark.parametrize(
    ("text", "warned"), [("x" * 4095, False), ("x" * 4096, True), ("ä" * 2047, False), ("ä" * 2048, True)]
)
def test_notes_that_an_application_can_not_hold_are_a_warning(workspace: Path, text: str, warned: bool) -> None:
    got = pipeline(workspace, f"release: {{version: 1.4.0, notes: {{text: {text}}}}}\n{V3}").warnings
    assert ["release.notes.text: the notes have 4,096 bytes, and LexActivator holds 4,095" in what for what in got] == (
        [True] if warned else []
    )
