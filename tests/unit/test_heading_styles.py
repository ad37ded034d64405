"""How changelogs write version headings: each style gives exactly the version's section, or an error, never more."""

from __future__ import annotations

from pathlib import Path

import pytest

from shipline import version
from shipline.release_notes import changelog

RELEASES = (("1.5.0", "2026-12-24"), ("1.4.1", "2026-11-30"), ("1.4.0", "2026-11-02"), ("1.3.0", "2026-10-01"))
DATES = {
    "2026-12-24": ("24", "December"),
    "2026-11-30": ("30", "November"),
    "2026-11-02": ("2", "November"),
    "2026-10-01": ("1", "October"),
}

# {v} the version, {d} the date, {day} {month} its parts, {p} the version before; a line break belongs to the heading.
MARKDOWN = {
    "plain": "## {v}",
    "level one": "# {v}",
    "level three": "### {v}",
    "closed": "## {v} ##",
    "v": "## v{v}",
    "V": "## V{v}",
    "dated": "## {v} ({d})",
    "dash": "## {v} - {d}",
    "en dash": "## {v} \N{EN DASH} {d}",
    "em dash": "## {v} \N{EM DASH} {d}",
    "slash": "## {v} / {d}",
    "colon": "## {v}: {d}",
    "comma": "## {v}, {d}",
    "pipe": "## {v} | {d}",
    "date in words": "## {v} - {day} {month} 2026",
    "date of the US": "## {v} ({month} {day}, 2026)",
    "ordinal": "## {v} ({month} {day}th, 2026)",
    "only the month": "## {v} ({month} 2026)",
    "dotted date": "## {v} (24.12.2026)",
    "calendar date": "## {v} (2026.11.02)",
    "date attached": "## {v}-{d}",
    "time": "## {v} ({d}T10:15:00Z)",
    "date first": "## {d}, Version {v}",
    "date first, in brackets": "## [{d}] {v}",
    "date first, dash": "## {d} - {v}",
    "date in words first": "## {month} {day}, 2026: {v}",
    "Keep a Changelog": "## [{v}] - {d}",
    "Keep a Changelog, yanked": "## [{v}] - {d} [YANKED]",
    "release-please": "## [{v}](https://git.example.com/compare/v{p}...v{v}) ({d})",
    "release-please, package": "## [widget-v{v}](https://git.example.com/compare/widget-v{p}...widget-v{v}) ({d})",
    "standard-version": '<a name="{v}"></a>\n## [{v}](https://git.example.com/compare/v{p}...v{v}) ({d})',
    "conventional-changelog": '<a name="{v}"></a>\n# {v} Aurora ({d})',
    "conventional-changelog, own anchor": "## <small>{v} ({d})</small>",
    "semantic-release": "# [{v}](https://git.example.com/compare/v{p}...v{v}) ({d})",
    "git-cliff": "## [{v}] - {d}\n\n### 🚀 Features",
    "cocogitto": "- - -\n## [v{v}](https://git.example.com/compare/v{p}..v{v}) - {d}",
    "cocogitto, plain": "- - -\n\n## {v} - {d}\n#### Features",
    "towncrier, Markdown": "# Widget {v} ({d})",
    "towncrier, setext": "Widget {v} ({d})\n==========================",
    "towncrier, no name": "## {v} ({d})\n\n### Bugfixes",
    "changesets": "## {v}\n\n### Minor Changes",
    "lerna": "# [{v}](https://git.example.com/compare/v{p}...v{v}) ({d})\n\n**Note:** Version bump only",
    "lerna, package": "## @acme/widget@{v}",
    "auto": "# v{v} (Thu {month} {day} 2026)\n\n#### 🚀 Enhancement",
    "release-drafter": "## v{v}\n\n## What's Changed",
    "GitHub's own notes": "# v{v}\n\n## What's Changed",
    "Unity": "## [{v}] - {d}\n\n### Added",
    "Unity, editor": "## [{v}-preview.1] - {d}",
    "NuGet": "# Widget.Core {v}",
    "NuGet, release notes": "## Release Notes for Widget.Core {v}",
    "npm": "## widget@{v}",
    "Maven": "## Release {v}",
    "Gradle": "## Version {v}",
    "Gradle, dated": "## Version {v} *({d})*",
    "Cargo": "# Version {v} ({d})",
    "Go module": "## widget/v{v}",
    "Swift": "## [{v}](https://git.example.com/releases/tag/{v})\n#### Added",
    "Ruby": "### {v} / {d}",
    "Rails": "## Widget {v} ({month} {day}, 2026) ##",
    "PHP": "## {v} - {d}\n\n### Added",
    "Elixir": "## v{v} ({d})\n\n### 1. Enhancements",
    "Python": "## {v} ({d})\n\n### Python 3.{p} support",
    "setext": "{v}\n=====",
    "setext, level two": "{v} - {d}\n-----------",
    "setext with anchor": '<a name="{v}"></a>\n\n{v}\n=====',
    "bold in the heading": "## **{v}** ({d})",
    "code in the heading": "## `{v}`",
    "struck out": "## ~~{v}~~ (yanked)",
    "emoji before": "## 🎉 {v}",
    "emoji after": "## {v} 🚀✨",
    "shortcode": "## :tada: {v} :rocket:",
    "badge": "## ![stable](https://img.example.com/s.svg) {v}",
    "name": "## Widget {v}",
    "name of two words": "## Widget Pro {v} ({d})",
    "name and dash": "## Widget - {v}",
    "name and v": "## widget-v{v}",
    "name and underscore": "## widget_{v}",
    "name, dash": "## widget-{v}",
    "name and colon": "## Widget: {v}",
    "scoped name": "## @acme/widget {v}",
    "code name": "## {v} aurora",
    "code name after a dash": '## {v} - "Aurora"',
    "released on": "## {v} released {d}",
    "released on, in brackets": "## {v} (released on {d})",
    "What's new": "## What's new in {v}",
    "Changes in": "## Changes in version {v}",
    "Release notes for": "# Release notes for {v}",
    "brackets with v": "## [v{v}]",
    "brackets, link of a definition": "## [{v}][]",
    "parentheses": "## ({v})",
    "release tag": "## release-{v}",
    "release tag with slash": "## release/{v}",
    "equals": "## widget=={v}",
    "hash": "## #{v}",
    "build": "## {v} (build 4711)",
    "go's": "## widget{v} (released {d})",
}
OTHER = {
    "bold": "**{v}** ({d})",
    "bold with name": "**Widget {v}**",
    "bold and v": "__v{v}__",
    "line": "Version {v}",
    "line with date": "v{v} ({d})",
    "line with name": "Widget {v} ({d}):",
    "HTML": "<h2>{v}</h2>",
    "HTML with attributes": '<h2 id="v{v}" class="version">Widget {v} <small>{d}</small></h2>',
    "HTML on lines of its own": "<h2>\n{v}\n</h2>",
    "HTML on one line": "<h2>{v}</h2><ul><li>{d}</li></ul>",
    "HTML in a body": "<body><h2>Version {v}</h2><p>new</p>",
    "HTML, terms": "<dt>{v}</dt><dd>Something new</dd>",
    "HTML, row": "<tr><td>{v}</td><td>{d}</td></tr>",
    "details": "<details>\n<summary>{v}</summary>\n",
    "AsciiDoc": "== {v}",
    "AsciiDoc, dated": "== Widget {v} ({d})",
    "AsciiDoc, level three": "=== v{v}",
    "MediaWiki": "== {v} ==",
    "Textile": "h2. {v}",
    "reStructuredText, tildes": "{v} ({d})\n~~~~~~~~~~~~~~~~~~",
    "reStructuredText, carets": "{v}\n^^^^^",
    "reStructuredText, stars": "Widget {v}\n************",
    "Debian": "widget ({v}) stable; urgency=medium\n",
    "Debian, after a title": "Changes\n\nwidget ({v}) stable\n",
    "GNU": "* Noteworthy changes in release {v} ({d}) [stable]",
    "GNU, ChangeLog": "{d}  Sam Doe  <sam@example.com>",
    "GNU, outline": "* Changes in Widget {v}",
    "Changes with": "Changes with Widget {v}           {day} {month} 2026",
    "Changes with, capitals": "CHANGES WITH {v}:",
    "Changes between": "Changes between {p} and {v}:",
    "Overview of changes": "Overview of changes from Widget {p} to {v}",
    "Bugs fixed in": "Bugs fixed in {v}",
    "Upgrading": "Upgrading to {v}",
    "What is new": "What is new in release {v}",
    "GNU, version": "* Changes in version {v}:",
    "list": "- {v}",
    "list, bold": "* **{v}** ({d})",
    "no blank after the hash": "##{v}",
    "quoted heading": "> ## {v}",
    "heading in a list": "- ## {v}",
}
JSON = '{"version": "1.4.0", "changes": ["only 1.4.0"]}'


def text_of(style: str) -> str:
    """A changelog whose sections each name their version in words of their own."""
    parts = ["Everything that changed in Widget.\n"]
    for (number, date), (before, _) in zip(RELEASES, [*RELEASES[1:], ("1.2.0", "")], strict=True):
        day, month = DATES[date]
        parts.append(style.format(v=number, d=date, p=before, day=day, month=month))
        parts.append(f"\n- only {number}, see [the docs]\n\n### Fixes\n\nOnly {number} fixes.\n")
    return "\n".join([*parts, "[the docs]: https://docs.example.com\n"])


def notes(text: str, number: str, file: str = "CHANGELOG.md") -> str:
    return changelog.section(text, version.parse(number), file).text


def styles(of: dict[str, str]) -> list[pytest.ParameterSet]:
    return [pytest.param(style, id=name) for name, style in of.items()]


def test_there_are_enough() -> None:
    assert len(MARKDOWN) + len(OTHER) >= 60


@pytest.mark.parametrize("style", styles(MARKDOWN))
def test_the_section_and_nothing_else(style: str) -> None:
    text = text_of(style)
    suffix = "-preview.1" if "preview" in style else ""
    for number, _ in RELEASES:
        section = notes(text, number + suffix)
        assert f"- only {number}, see [the docs]" in section
        assert f"Only {number} fixes." in section
        assert section.endswith("[the docs]: https://docs.example.com")
        assert not [
            other for other, _ in RELEASES if other != number and other in section.lower().replace(f"3.{other}", "")
        ]
        assert "<a" not in section
        assert "- - -" not in section
    with pytest.raises(changelog.NoSectionError, match=r"no section for 9\.9\.9") as missing:
        notes(text, "9.9.9")
    assert all(number in str(missing.value) for number, _ in RELEASES)


@pytest.mark.parametrize("style", styles(OTHER))
@pytest.mark.parametrize("number", ["1.5.0", "1.4.0", "1.3.0", "9.9.9"])
def test_versions_that_are_no_headings_are_an_error(style: str, number: str) -> None:
    with pytest.raises(changelog.NoSectionError, match=r"Markdown") as refused:
        notes(text_of(style), number)
    if "urgency" not in style and "{v}" in style:
        assert all(other in str(refused.value) for other, _ in RELEASES)


@pytest.mark.parametrize(
    ("file", "what"),
    [
        ("NEWS.rst", "reStructuredText"),
        ("docs/CHANGES.RST", "reStructuredText"),
        ("CHANGELOG.adoc", "AsciiDoc"),
        ("changes.asciidoc", "AsciiDoc"),
        ("changelog.json", "JSON"),
        ("changelog.yaml", "YAML"),
        ("NEWS.org", "Org"),
    ],
)
def test_other_formats_are_an_error(file: str, what: str) -> None:
    for text in (text_of("## {v}"), "- new\n", JSON):
        with pytest.raises(changelog.NoSectionError, match=rf"{Path(file).name} is {what}, expected Markdown"):
            notes(text, "1.4.0", file)


@pytest.mark.parametrize("file", ["debian/changelog", "CHANGES", ""])
def test_a_debian_changelog_is_an_error(file: str) -> None:
    entry = "widget (1.4.0-1) unstable; urgency=medium\n\n  * new\n\n -- Sam <sam@example.com>  Mon, 02 Nov 2026\n"
    with pytest.raises(changelog.NoSectionError, match="a Debian changelog, expected Markdown"):
        notes(entry, "1.4.0", file)
