"""Changelogs: which section a version has, and what comes with it."""

from __future__ import annotations

import re

import pytest

from shipline import version
from shipline.release_notes import changelog, render

CHANGELOG = """\
# Changelog

Everything that changed.

## [Unreleased]

- Coming: see [the plan][plan].

## [1.5.0-beta.2] - 2026-02-01

- Beta two.

## [1.5.0] - 2026-03-01

### Added

- Sync, see [#12] and [docs](https://example.com/docs).

```text
## 1.4.0
not a heading
```

<!--
## [1.4.9]
a template
-->

> ## 1.4.8

## 1.4.0 (2026-01-01)

- Old ![logo].

## Contributors

Nobody.

[Unreleased]: https://example.com/compare/main
[1.5.0]: https://example.com/compare/1.5.0
[#12]: https://example.com/issues/12
[plan]: <https://example.com/the plan> "The plan"
[logo]: https://example.com/logo.png
"""


def section(text: str, number: str) -> str:
    return changelog.section(text, version.parse(number)).text


def test_the_section_of_this_version() -> None:
    text = section(CHANGELOG, "1.5.0")
    assert text.startswith("### Added\n\n- Sync")
    assert text.endswith("> ## 1.4.8\n\n[#12]: https://example.com/issues/12")
    assert "not a heading\n```" in text
    assert "Beta two" not in text
    assert "Old" not in text
    assert '<a href="https://example.com/issues/12">#12</a>' in render.to_html(text)


@pytest.mark.parametrize(
    ("number", "first"),
    [
        ("1.5.0-beta.2", "- Beta two."),
        ("1.5.0-beta.3", "### Added"),  # the core version's
        ("v1.5.0", "### Added"),
        ("1.5", "### Added"),
        ("1.5.0+build.7", "### Added"),
        ("1.6.0", "- Coming"),
        ("1.6.0-rc.1", "- Coming"),
    ],
)
def test_which_section(number: str, first: str) -> None:
    assert section(CHANGELOG, number).startswith(first)


def test_definitions_come_along_only_if_used() -> None:
    assert section(CHANGELOG, "1.4.0") == "- Old ![logo].\n\n[logo]: https://example.com/logo.png"
    assert section(CHANGELOG, "1.6.0").endswith('[plan]: <https://example.com/the plan> "The plan"')
    assert section(CHANGELOG, "1.5.0-beta.2") == "- Beta two."


@pytest.mark.parametrize(
    "heading",
    [
        "## [1.4.0] - 2026-01-01",
        "# v1.4.0",
        "## 1.4.0 (date)",
        "1.4.0\n=====",
        "v1.4.0 / 2026-01-01\n---",
        "### 1.4.0",
        "## [1.4.0](https://example.com/compare) (2026-01-01)",
        '## <a name="1.4.0"></a>1.4.0',
        "## **1.4.0** — 1 January",
        "## Version 1.4.0: Aurora",
        "## 1.4.0 Aurora",
        "## [v1.4.0]",
        "## `1.4.0` ##",
        "## [1.4.0][]",
        "## 1.4",
        "## 1.4.0 [YANKED]",
        "## 1.4.0+build.7",
    ],
)
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_headings(heading: str, newline: str) -> None:
    text = f"\ufeff{heading}\n\n- this\n\n[1.4.0]: https://example.com\n\n## 1.3.0\n\n- that\n".replace("\n", newline)
    assert section(text, "1.4.0") == "- this"


@pytest.mark.parametrize(
    "text",
    [
        "Just words about 1.4.0.\n\n* * *\n\nMore.",
        "# What's new\n\n## 1.5 times faster\n\nYes.",
        "```\n## 1.3.0\n```\nText",
        "    ## 1.3.0\n\nText",
        "## 3 fixes\n\nText",
        "> ## 1.3.0\n\nText",
    ],
)
def test_without_version_headings_it_is_the_whole_text(text: str) -> None:
    assert section(f"\n{text}\n\n", "1.4.0") == text


def test_levels_may_be_mixed() -> None:
    text = "# 1.4.0\n\n## Features\n\n- a\n\n## 1.3.1\n\n- b\n\n# 1.3.0\n\n- c\n"
    assert section(text, "1.4.0") == "## Features\n\n- a"
    assert section(text, "1.3.1") == "- b"


def test_no_section_lists_the_headings() -> None:
    with pytest.raises(changelog.NoSectionError, match=re.escape("no section for 2.0.0")) as caught:
        section("## 1.4.0\n\n- a\n\n## v1.3.0\n\n- b\n", "2.0.0")
    assert "headings found: 1.4.0, v1.3.0" in str(caught.value)
    assert "## Unreleased" in str(caught.value)
    assert caught.value.headings == ("1.4.0", "v1.3.0")


def test_a_long_changelog_lists_some() -> None:
    text = "".join(f"## 1.{minor}.0\n\n- a\n\n" for minor in range(40))
    with pytest.raises(changelog.NoSectionError, match=r"1\.9\.0 and 30 more$"):
        section(text, "2.0.0")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("## 1.4.0\n\n## 1.3.0\n\n- b", "section 1.4.0 is empty"),
        ("## 1.4.0\n\n### Added\n\n### Fixed\n", "section 1.4.0 is empty"),
        ("## 1.4.0\n\n<!-- soon -->\n", "section 1.4.0 is empty"),
        ("## 1.4.0\n\n[1.4.0]: https://example.com\n", "section 1.4.0 is empty"),
        ("## Unreleased\n\n## 1.3.0\n\n- b", "no section for 1.4.0, and the section Unreleased is empty"),
        ("", "the notes are empty"),
        (" \n\n", "the notes are empty"),
    ],
)
def test_an_empty_section(text: str, message: str) -> None:
    with pytest.raises(changelog.NoSectionError, match=re.escape(message)):
        section(text, "1.4.0")


@pytest.mark.parametrize("line", ["- 1.{}.0", "| 1.{}.0 | 2026-01-02 |", "| v1.{}.0 |", "* **1.{}.0** (2026-01-02)"])
def test_items_and_rows_with_nothing_but_a_version_are_refused(line: str) -> None:
    text = f"# Changes\n\n| Version | Date |\n|---|---|\n{line.format(4)}\n{line.format(3)}\n"
    with pytest.raises(changelog.NoSectionError, match="Shipline found lines that look like them"):
        changelog.section(text, version.parse("1.4.0"))


@pytest.mark.parametrize(
    "line", ["- 1.{}.0: faster", "| 1.{}.0 | Faster |", "* v1.{}.0 - faster", "1.{}.0 Faster than before"]
)
@pytest.mark.parametrize("name", ["NEWS.md", "NEWS.txt"])
def test_a_full_file_with_lines_that_begin_with_versions_is_a_warning(line: str, name: str) -> None:
    first, second = line.format(4), line.format(3)
    found = changelog.section(f"# Changes\n\n{first}\n{second}\n", version.parse("1.4.0"), name)
    assert found.warning.startswith(f"{name}: Shipline found no version headings and uses the full text, with lines")
    assert f"{first} and {second}: if they are of several releases, write versions as" in found.warning


def test_a_table_of_versions_in_html_is_a_warning() -> None:
    row = "<tr><td>1.{}.0</td><td>Faster</td></tr>\n"
    found = changelog.section(f"<table>\n{row.format(4)}{row.format(3)}</table>\n", version.parse("1.4.0"))
    assert "|1.4.0||Faster| and |1.3.0||Faster|: if they are of several releases" in found.warning


@pytest.mark.parametrize("line", ["- OpenSSL 3.0.{}", "| OpenSSL | 3.0.{} |", "10.0.0.{} is the router", "2.{} GHz"])
def test_lines_that_begin_with_no_version_are_no_warning(line: str) -> None:
    assert changelog.section(f"{line.format(4)}\n{line.format(3)}\n", version.parse("1.4.0")).warning == ""
