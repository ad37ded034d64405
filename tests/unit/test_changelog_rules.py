"""Changelogs: where a section ends, which one a version gets, what it leaves out, and what is refused."""

from __future__ import annotations

import itertools

import pytest

from shipline import version
from shipline.release_notes import changelog

SECTIONS = "## 1.4.0\n\n- new\n\n{inside}\n\n- more\n\n## 1.3.0\n\n- old\n"


def read(text: str, number: str = "1.4.0", *, file: str = "CHANGELOG.md", tag_prefix: str = "") -> changelog.Section:
    return changelog.section(text, version.parse(number), file, tag_prefix)


def refused(text: str, number: str = "1.4.0", *, file: str = "CHANGELOG.md", tag_prefix: str = "") -> str:
    with pytest.raises(changelog.NoSectionError) as caught:
        read(text, number, file=file, tag_prefix=tag_prefix)
    return str(caught.value)


@pytest.mark.parametrize(
    "inside",
    [
        "### 2.4 GHz radio",
        "### 2.4GHz",
        "### 3.0 USB ports",
        "### Python 3.10",
        "### Python 3.10 support",
        "### Upgrade to OpenSSL 3.0.13",
        "### Widget 1.3.9",
        "### 1.1 New features",
        "### 1.3.9 in detail",
        "### Unreleased parts",
        "### Next",
        "#### IPv6",
        "### 5 fixes",
        "### 2026",
        "## What's Changed",
        "## New Contributors",
        "## Upgrade to OpenSSL 3.0.13",
        "## Python 3.10 support",
        "## 2.4 GHz radio",
        "## Known issues since 1.3.0",
        "## Known issues of 1.4.0: pairing",
        "## 99.9% of the time",
        "## Requires Windows >=10.0",
        "## firmware-1.2.3.tar.gz",
        "## 1.4.x",
        "## 1.3.x in detail",
        "## 1.4 series",
        "## Older versions of Windows",
        "## Links between modules",
        "## Changes between 1.3.0 and 1.4.0",
        "## Changes since 1.3.0",
        "### Between 1.3.0 and 1.3.9",
        "## Upgrade from 1.3.0 to 1.4.0",
        "Fixed\n-----",
        "```\n## 1.3.9\n```",
        "    ## 1.3.9",
        "> ## 1.3.9",
        "- ## 1.3.9",
        "\\## 1.3.9",
    ],
)
def test_a_heading_inside_a_section_stays_in_it(inside: str) -> None:
    assert read(SECTIONS.format(inside=inside)).text == f"- new\n\n{inside}\n\n- more"


@pytest.mark.parametrize(
    "heading",
    [
        "## 1.3.9 aurora",
        "## 1.3 aurora (2026-11-02)",
        "## Widget 1.3.9",
        "# 1.3.9",
        "### 1.3.9",
        "### [v1.3.9] - 2026-11-02",
        '### 1.3.9 "Aurora" (2026-11-02)',
        "### 2026-11-02: 🎉 1.3.9",
        "#### 1.3.9",
        "## 1.3",
        "## 1.4.0-rc.1",
        "## 1.4.0rc1",
        "## 1.4.0.post1",
        "## 2024.11.3",
        "## 1.4.0.RELEASE",
        "## 1.4.0_beta",
        "## Unreleased",
        "1.3.9\n-----",
    ],
)
def test_a_version_heading_ends_a_section(heading: str) -> None:
    assert read(SECTIONS.format(inside=heading)).text == "- new"


def test_a_lower_heading_needs_the_words_of_the_one_above() -> None:
    text = "## Widget 1.4.0\n\n- new\n\n### 1.3.9\n\n- part\n\n### Widget 1.3.8\n\n- old\n"
    assert read(text).text == "- new\n\n### 1.3.9\n\n- part"
    assert read(text, "1.3.8").text == "- old"


def test_a_version_inside_another_ones_section_has_no_section() -> None:
    assert "1.4.0, 1.3.0" in refused(SECTIONS.format(inside="### 2.4 GHz radio"), "2.4")
    assert "1.4.0, 1.3.0" in refused(SECTIONS.format(inside="### Python 3.10"), "3.10")


def test_another_build_of_a_version_has_another_section() -> None:
    assert "1.4.5+build.2" in refused("## 1.4.5+build.2\n\n- two\n", "1.4.5+build.1")


def test_patches_below_their_series() -> None:
    text = "## 1.4\n\nA series.\n\n### 1.4.1 - pairing\n\n- one\n\n### 1.4.0 - turns\n\n- zero\n"
    assert [read(text, number).text for number in ("1.4.1", "1.4.0")] == ["- one", "- zero"]


@pytest.mark.parametrize("title", ["Widget 2.0", "Changelog for Widget 2.1", "Release notes 2.1"])
def test_a_files_title_is_no_version(title: str) -> None:
    text = f"# {title}\n\n## 2.1.0\n\n- new\n\n## 2.0.0\n\n- old\n"
    assert read(text, "2.1.0").text == "- new"
    assert read(text, "2.0.0").text == "- old"


def test_a_files_title_is_no_version_without_a_section_either() -> None:
    refused("# Changelog for Widget 2.1\n\n## 2.1.0-dev\n\n- soon\n\n## 2.0.0\n\n- old\n", "2.1.0")
    refused("# Widget 2.0\n\n## Python 3.10\n\n- faster\n", "3.10")


def test_a_higher_heading_ends_a_section() -> None:
    text = "# Changes\n\n## 1.4.0\n\n- new\n\n# Older versions\n\n- intro\n\n## 1.3.0\n\n- old\n"
    assert read(text).text == "- new"
    assert read(text, "1.3.0").text == "- old"


@pytest.mark.parametrize(
    ("level", "title"), [("#", "# Changelog"), ("##", "# Release History"), ("##", "## Change Log")]
)
def test_a_former_title_ends_the_sections_written_above_it(level: str, title: str) -> None:
    text = f"{level} 1.4.0\n\n### Features\n\n- new\n\n{title}\n\nAll changes.\n\n## 1.3.0\n\n- old\n"
    assert read(text)[1:] == ("### Features\n\n- new", "")
    assert read(f"# 1.5.0\n\n- newer\n\n{text}")[1:] == ("### Features\n\n- new", "")


def test_text_below_a_higher_heading_is_a_warning() -> None:
    text = "## 1.4.0\n\n- new\n\n# {}\n\n{}\n\n## 1.3.0\n\n- old\n\n# License\n\nMIT\n"
    chosen = read(text.format("Features", "- turns"))
    assert chosen.text == "- new"
    assert chosen.warning == (
        "CHANGELOG.md: the section 1.4.0 ends at the heading Features in line 5, which is higher than all version "
        "headings: lower its level to include it"
    )
    assert read(text.format("Features", "")).warning == ""
    assert read(text.format("Older versions", "- intro")).warning == ""
    assert read(text.format("Features", "- turns"), "1.3.0").warning == ""


@pytest.mark.parametrize(
    "style",
    [
        *(
            "## Changes from {w} to {v}",
            "## {w} -> {v}",
            "## {w}...{v}",
            "## {w} to {v} (2026-11-02)",
            "## v{w} \u2192 v{v}",
        ),
        *("## [{w}] to [{v}]", "## Upgrading from {w} to {v}", "## Widget\n\n### Changes between {w} and {v} [xx]"),
        "Widget {v}\n---\n\n### Changes between {w} and {v} [2 Nov 2026]",
    ],
)
def test_of_two_versions_the_later_one_is_released(style: str) -> None:
    numbers = ("1.4.2", "1.4.1", "1.4.0", "1.3.0")
    parts = (f"{style.format(v=v, w=w)}\n\n- new in {v}\n" for v, w in itertools.pairwise(numbers))
    text = "\n".join(["# Changes", *parts])
    assert [read(text, number).text.splitlines()[-1] for number in numbers[:3]] == [
        f"- new in {n}" for n in numbers[:3]
    ]
    assert "- new in 1.4.1" not in read(text, "1.4.2").text
    assert "1.3.0 and 1.4.0" in refused(text, "1.3.0") or "1.3.0" in refused(text, "1.3.0")


def test_an_underlined_version_without_an_empty_line_above_it_is_a_warning() -> None:
    text = "Release 1.4.0\n===\n\n- new\nRelease 1.3.0\n===\n\n- old\n\nRelease 1.2.0\n===\n\n- older\n"
    chosen = read(text)
    assert chosen.text.endswith("- old")
    assert chosen.warning == (
        "CHANGELOG.md: the line Release 1.3.0 isn't a heading in Markdown, so the text below it is in the section "
        "Release 1.4.0: write an empty line above it"
    )
    assert read(text, "1.2.0").warning == ""
    assert read(text.replace("new\n", "new\n\n")).warning == ""


def test_changes_between_patches_below_their_series() -> None:
    text = "# Changes\n\nWidget 3.6\n---\n\n### Changes between 3.6.0 and 3.6.1 [xx XXX xxxx]\n\n- one\n\n"
    text += "### Changes between 3.5 and 3.6.0 [1 Oct 2025]\n\n- zero\n\nWidget 3.5\n---\n\n- five\n"
    assert [read(text, number).text for number in ("3.6.1", "3.6.0", "3.5")] == ["- one", "- zero", "- five"]


@pytest.mark.parametrize("style", ["## Changes since {}", "## After {}"])
def test_what_came_after_a_version_is_not_its_own(style: str) -> None:
    text = f"{style.format('1.4.0')}\n\n- next\n\n{style.format('1.3.0')}\n\n- new\n"
    assert style.format("1.3.0")[3:] in refused(text, "1.4.0")
    assert style.format("1.3.0")[3:] in refused(text.replace("## Ch", "Ch"), "1.4.0")


def test_a_heading_as_high_as_some_version_does_not_end_a_section() -> None:
    text = "## 1.4.1\n\n- patch\n\n# Thanks\n\n- Sam\n\n# 1.4.0\n\n- new\n"
    assert read(text, "1.4.1").text == "- patch\n\n# Thanks\n\n- Sam"


@pytest.mark.parametrize(
    "heading",
    [
        *("# 1.x", "# Version 1.x", "# 1.3.x (2026)", "# 1.1 to 1.2", "## Builds between 1.3 and 1.4"),
        *("## 1.3.x", "## 0-x", "## 1.3 series", "## Older versions", "## Even older versions"),
        *(
            "## Prior to v1.4.0",
            "## Development versions after 1.3.1 release",
            "## Thursday 2026-11-02: gadget 1.4 (old)",
        ),
    ],
)
def test_a_heading_of_other_versions_ends_a_section(heading: str) -> None:
    text = f"# 2.0.0\n\n- two\n\n## 1.4.0\n\n- new\n\n{heading}\n\n- others\n\n## 1.3.0\n\n- old\n"
    assert read(text).text == "- new"
    assert read(text, "1.3.0").text == "- old"
    inside = text.replace(heading, f"###{heading}")
    assert read(inside).text.endswith("- others")


@pytest.mark.parametrize(
    "heading",
    [
        "# Changes prior to 1.3.0",
        "## 1.2.x",
        "## Previous changelogs",
        "## Prior to v1.3.0",
        "# Notes for 1.2.1 and below",
    ],
)
def test_a_pointer_to_older_versions_ends_the_last_section(heading: str) -> None:
    text = "# 1.5.0\n\n- five\n\n## 1.4.0\n\n- new\n\n## For {} versions\n\n- more\n\n## 1.3.0\n\n- old\n"
    assert read(f"{text.format('new')}\n{heading}\n\nElsewhere.\n", "1.3.0").text == "- old"
    assert read(text.format("older")).text == "- new\n\n## For older versions\n\n- more"


def test_what_is_below_the_last_version() -> None:
    text = "## 1.4.0\n\n- new\n\n{inside}\n\n## 1.3.0\n\n- old\n\n## License\n\nMIT\n"
    assert read(text.format(inside="### Fixes"), "1.3.0").text == "- old"
    assert read(text.format(inside="## Fixes"), "1.3.0").text == "- old\n\n## License\n\nMIT"
    assert read(text.format(inside="## Fixes")).text == "- new\n\n## Fixes"
    versions = text.format(inside="").replace("License", "Python 3.10 support")
    assert read(versions, "1.3.0").text == "- old\n\n## Python 3.10 support\n\nMIT"
    assert read(f"## Introduction\n\n{text.format(inside='')}", "1.3.0").text == "- old"


def test_the_only_version_with_headings_of_its_own_level_is_not_empty() -> None:
    assert read("## 1.4.0\n\n## What's Changed\n\n- new\n").text == "## What's Changed\n\n- new"
    assert read("## 1.4.0\n\n- new\n\n## License\n\nMIT\n").text == "- new"


@pytest.mark.parametrize(
    ("number", "headings", "right"),
    [
        ("1.4.5+build.1", ["1.4.5", "1.4.5+build.2", "1.4.5+build.1"], [2]),
        ("1.4.5+build.1", ["1.4.5+build.2", "1.4.5"], [1]),
        ("1.4.5", ["1.4.5+build.2", "1.4.5"], [1]),
        ("1.4.5", ["1.4.5+build.2"], [0]),
        ("1.4.0", ["2026.11.02 1.4.0", "2026.10.01 1.3.0"], [0]),
        ("1.4.0", ["1.4", "1.4.0"], [1]),
        ("1.4.0", ["1.4", "1.3"], [0]),
        ("1.4.0-rc.1", ["Unreleased", "1.4.0", "1.4.0-rc.1"], [2]),
        ("1.4.0-rc.1", ["Unreleased", "1.4.0", "1.3.0"], [1]),
        ("1.4.0-rc.1", ["Unreleased", "1.3.0"], [0]),
        ("1.4.0rc1", ["1.4.0", "1.4.0-rc.1"], [1]),
        ("1.4.0-beta.2", ["1.4.0", "1.4.0b2"], [1]),
        ("1.4.0.dev3", ["1.4.0.dev4", "1.4.0"], [1]),
        ("1.4.0.post1", ["1.4.0", "1.4.0.post1"], [1]),
        ("2024.11.3", ["2024.11.3 (2024-11-05)", "2024.11.2 (2024-11-03)"], [0]),
        ("2026.11.2", ["2026-11-30", "2026-11-02"], [1]),
        ("20241103", ["20241103", "20241017"], [0]),
        ("20241103", ["Widget 20241103", "Widget 20241017"], [0]),
        ("5", ["Version 5 (2026-11-02)", "Version 4 (2026-10-01)"], [0]),
        ("1.4.0", ["1.4.0", "1.3.0", "1.4.0"], [0, 2]),
        ("3.12.4", ["4.3.3 and 3.12.4 / 2020-02-28", "4.3.2 and 3.12.3"], [0]),
        ("4.3.3", ["4.3.3 and 3.12.4 / 2020-02-28", "4.3.2 and 3.12.3"], [0]),
        ("1.4.0", ["1.4.0", "1.4.0-rc.1"], [0]),
        ("1.4.0", ["1.4.0 Beta 2", "1.4.0", "1.4.0 RC"], [1]),
        ("1.4.0-rc.2", ["1.4.0 RC 2", "1.4.0 RC 1", "1.4.0"], [0]),
        ("1.4.0-beta.2", ["Widget 1.4.0 Beta 2 (2026-11-02)", "Widget 1.4.0 beta1 - 2026-10-01"], [0]),
        ("1.4.0rc1", ["Version 1.4.0, Release Candidate 1", "Version 1.3.0"], [0]),
        ("1.4.0", ["1.4.0 preview of turning", "1.3.0"], [0]),
    ],
)
def test_which_section(number: str, headings: list[str], right: list[int]) -> None:
    text = "".join(f"## {heading}\n\n- section {at}\n\n" for at, heading in enumerate(headings))
    assert read(text, number).text == "\n\n".join(f"- section {at}" for at in right)


@pytest.mark.parametrize(
    "heading",
    [
        *("Unreleased", "[Unreleased]", "unreleased", "UNRELEASED (2026-11-02)", "Next", "Next release", "Upcoming"),
        *(
            "master / unreleased",
            "main (unreleased)",
            "Unreleased changes",
            "🚧 Unreleased",
            "[Unreleased] - ReleaseDate",
        ),
    ],
)
def test_unreleased(heading: str) -> None:
    text = f"## {heading}\n\n- soon\n\n## 1.3.0\n\n- old\n"
    assert read(text, "1.4.0-rc.1") == changelog.Section(heading, "- soon")
    final = read(text)
    assert final.text == "- soon"
    assert final.warning == f"CHANGELOG.md has no section for 1.4.0: Shipline uses the section {heading}"


@pytest.mark.parametrize("heading", ["Next steps", "Upcoming changes in 2027", "1.5.0 (unreleased)", "1.5.0-dev"])
def test_what_is_not_unreleased(heading: str) -> None:
    refused(f"## {heading}\n\n- soon\n\n## 1.3.0\n\n- old\n")


def test_unreleased_above_versions_that_are_no_headings() -> None:
    assert "**1.4.0**, **1.3.0**" in refused(
        "## Unreleased\n\n- soon\n\n**1.4.0**\n\n- a\n\n**1.3.0**\n\n- b\n", "1.4.0"
    )


PACKAGES = "## gadget-v1.4.0\n\n- gadget\n\n## {name}1.4.0\n\n- widget\n\n## gadget-v1.3.0\n\n- older gadget\n"


@pytest.mark.parametrize("name", ["widget-v", "@acme/widget@", "widget ", "Widget: ", "widget/v", "", "Version "])
@pytest.mark.parametrize("prefix", ["widget-v", "widget/v", "packages/widget/v", "widget@", "@acme/widget@"])
def test_tag_prefix_chooses_the_package(name: str, prefix: str) -> None:
    chosen = read(PACKAGES.format(name=name), tag_prefix=prefix)
    assert (chosen.text, chosen.warning) == ("- widget", "")
    assert "widget-v" in refused(PACKAGES.format(name=name), "1.3.0", tag_prefix="widget-v")


def test_a_longer_name_is_another_package_if_both_are_there() -> None:
    text = "## Widget Pro 1.4.0\n\n- pro\n\n## Widget 1.4.0\n\n- widget\n"
    assert read(text, tag_prefix="widget-v").text == "- widget"
    assert read("## Widget Pro 1.4.0\n\n- pro\n", tag_prefix="widget-v").text == "- pro"
    refused("## gadget 1.4.0\n\n- gadget\n", tag_prefix="widget-v")


@pytest.mark.parametrize("prefix", ["v", "release-", "releases/v"])
def test_a_prefix_without_a_name_chooses_nothing(prefix: str) -> None:
    assert read("## Widget 1.4.0\n\n- new\n", tag_prefix=prefix).text == "- new"


@pytest.mark.parametrize("name", ["switch", "move", "update", "drop", "acme-switch"])
def test_a_product_may_be_named_like_a_verb(name: str) -> None:
    text = f"## {name}-v1.4.0\n\n- new\n\n## gadget-v1.4.0\n\n- gadget\n\n## {name} 1.3.0\n\n- old\n"
    assert read(text, tag_prefix=f"{name}-v").text == "- new"
    assert read(text, "1.3.0", tag_prefix=f"{name}-v").text == "- old"
    assert read(SECTIONS.format(inside="## Switch to OpenSSL 3.0.13")).text.endswith("3.0.13\n\n- more")


def test_a_dated_heading_of_another_package_with_the_same_version_is_a_version_heading() -> None:
    text = "## 2 Nov 2026: widget 1.4\n\n- new\n\n## 2 Nov 2026: gadget 1.4 (for widget users)\n\n- gadget\n"
    assert read(text).text == "- new\n\n- gadget"
    assert read(text, tag_prefix="widget-v").text == "- new"


def test_two_packages_without_a_tag_prefix_are_a_warning() -> None:
    chosen = read(PACKAGES.format(name="widget-v"))
    assert chosen.text == "- gadget\n\n- widget"
    assert "(gadget-v1.4.0, widget-v1.4.0); tag-prefix chooses one" in chosen.warning


def test_two_sections_of_a_version_are_a_warning() -> None:
    chosen = read("# 1.4.0\n\nNo significant changes.\n\n# Widget 1.4.0\n\n- new\n\n# 1.3.0\n\n- old\n")
    assert chosen.text == "No significant changes.\n\n- new"
    assert "several" in chosen.warning
    chosen = read("# 1.4.0 (2026-11-03)\n\nNo significant changes.\n\n# 1.4.0 (2026-11-02)\n\n- new\n")
    assert chosen.warning == (
        "CHANGELOG.md: the notes have several sections of 1.4.0 (1.4.0 (2026-11-03), 1.4.0 (2026-11-02)); keep one"
    )


@pytest.mark.parametrize(
    "text",
    [
        "## Fixes\n\n- pairing\n",
        "# What's new\n\n## 1.5 times faster\n\nYes.",
        "This version 1.4.0 is the best.\n\nVersion 1.3.0 had a bug.",
        "- Updates lodash to 4.17.21\n- Updates ws to 8.17.1",
        "- OpenSSL 3.0.13\n- zlib 1.3.1",
        "Bootloader: 2.1.0\nRadio: 1.7.3",
        "**1.4.0**\n\nOne line that looks like a version.",
        "## Upgrade to OpenSSL 3.0.13\n\n- safer\n",
        "```\n1.4.0\n1.3.0\n```\n\nWhat it prints.",
        "## 2026-11-02\n\n- new",
        "[1.4.0]: #a\n[1.3.0]: #b\n\nText",
        "## 3 fixes\n\n- a\n\n## 2 features\n\n- b",
        "| part | version |\n|---|---|\n| radio | 1.2.3 |\n| boot | 1.3.0 |",
        "[1.4.0]: https://example.com\n[1.3.0]: https://example.com\n\nText",
    ],
)
def test_a_file_without_versions_is_taken_in_full(text: str) -> None:
    assert read(text).text == text.strip()
