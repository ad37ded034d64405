"""What holds after every run, whatever a server said: nothing shown is obeyed, and nothing is without end."""

from __future__ import annotations

import json
import re
import unicodedata
from typing import TYPE_CHECKING
from urllib.parse import quote

from markdown_it import MarkdownIt

from job.project import KEYS
from unit.ci_commands import OBEYED

if TYPE_CHECKING:
    from pathlib import Path

    from hostile.jobs import Met

LONGEST_LOG = 40_000  # characters
_OURS = re.compile(r"::(?:warning|error|group|endgroup|add-mask|debug)\b[^\n]*")
_TITLES = {3: "not authorized", 4: "refused", 7: "service unavailable", 8: "outcome unknown"}
# Elements of the page that a CI system shows: what its own Markdown makes, and no picture.
_ELEMENTS = {
    "h1",
    "h2",
    "h3",
    "p",
    "ul",
    "li",
    "strong",
    "code",
    "a",
    "table",
    "thead",
    "tbody",
    "tr",
    "th",
    "td",
    "blockquote",
    "ol",
}
_REPORTED = {*_ELEMENTS, "header", "main", "footer", "h4", "dl", "dt", "dd", "ol", "div", "span", "pre", "time", "svg"}
_REPORTED |= {"line", "text", "use", "symbol", "path", "circle", "details", "summary", "section", "caption", "b", "br/"}
_REPORTED.add("button")
OUTPUTS = {
    "result", "failed-step", "receipt", "centercode-release-id", "centercode-release-url", "centercode-release-status",
    "v3-release-id", "v3-release-state", "buildmaster-release-id", "buildmaster-release-number", "buildmaster-build-id",
    "buildmaster-build-number", "buildmaster-url", "buildmaster-stage", "buildmaster-deployment-id",
    "buildmaster-deployment-status",
}  # fmt: skip
_AZURE = {"group", "endgroup", "task.setsecret", "task.setvariable", "task.uploadsummary", "task.logissue"}
_TEAMCITY = {"blockOpened", "blockClosed", "message", "setParameter", "buildStatus", "buildProblem", "publishArtifacts"}
_SECTION = re.compile(r"\x1b\[0Ksection_(?:start|end):[0-9]+:[A-Za-z0-9_.-]+\r\x1b\[0K")


def check(met: Met, ci: str) -> None:
    assert met.code != 1, met.text
    assert "Traceback" not in met.text, met.text
    assert len(met.text) < LONGEST_LOG
    for start in ("DONE: ", "NOT DONE: ", "NEXT: "):
        assert met.line(start), f"no {start}\n{met.text}"
    if met.code:
        assert f"({_TITLES[met.code]})" in met.text
        assert met.line("DONE: ") == "DONE: nothing"
    _is_plain(_SECTION.sub("", met.text) if ci == "gitlab" else met.text)
    masks = ("::add-mask::", "##vso[task.setsecret]")
    shown = "\n".join(line for line in met.text.split("\n") if not line.startswith(masks))
    assert not [key for key in KEYS.values() if key in shown or quote(key, safe="") in shown]
    for written in (met.folder / name for name in _files(met.folder)):
        for key in KEYS.values():
            for form in (key, quote(key, safe="")):
                assert form.encode() not in written.read_bytes(), written
    _report((met.folder / "report.html").read_text())
    {"github": _github, "gitlab": _gitlab, "jenkins": _jenkins, "azure": _azure, "teamcity": _teamcity}.get(
        ci, lambda _: None
    )(met)


def _files(folder: Path) -> list[Path]:
    return [path.relative_to(folder) for path in folder.rglob("*") if path.is_file()]


def _is_plain(text: str) -> None:
    """No character that moves the cursor, changes colours or reorders what is around it."""
    bad = {c for c in text if c not in "\n\t" and unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp")}
    assert bad <= {"\u200b"}, bad  # which is what breaks up a runner's commands


def _report(page: str) -> None:
    """What was said stands in the run report as text."""
    page, scripts = re.subn(r"<script>[^<]*</script>", "", page)
    assert scripts == 1  # the program's, which no text gets into
    head, _, body = page.partition("<body>")
    assert head.count("<style>") == head.count("<link ") == 1
    _is_plain(page)
    assert set(re.findall(r"<(?!/)([^\s>]*)", body)) <= _REPORTED
    assert set(re.findall(r'<\w[^>]*?\s([\w-]+)="', body)) <= {
        "aria-hidden", "aria-label", "class", "cx", "cy", "d", "data-label", "datetime", "href", "id", "r", "rel",
        "role", "scope", "title", "type", "viewBox", "x", "x1", "x2", "y", "y1", "y2",
    }  # fmt: skip
    assert all(re.match(r"https?:|#\w+$", url) for url in re.findall(r'href="([^"]*)"', body))


def _github(met: Met) -> None:
    for line in met.text.splitlines():
        if line.lstrip().startswith("::"):
            assert _OURS.fullmatch(line), line
            assert not line.startswith("::add-mask::e")
        else:
            assert "##[" not in line
    lines = (met.folder / "output").read_text().split("\n")
    names, at = [], 0
    while at < len(lines) - 1:
        name, _, end = lines[at].partition("<<")
        names.append(name)
        at = lines.index(end, at + 1) + 1
    assert set(names) <= OUTPUTS, names
    _is_harmless((met.folder / "summary").read_text())


def _gitlab(met: Met) -> None:
    folder = met.folder / ".shipline-reports"
    for line in (folder / "outputs.env").read_text().splitlines():
        assert re.fullmatch(r"SHIPLINE_OUT_[A-Z0-9_]+=[!-~]+", line), line
        assert not set("$\"'`\\ ") & set(line)
        assert line.partition("=")[0].removeprefix("SHIPLINE_OUT_").lower().replace("_", "-") in OUTPUTS
    notes = folder / "annotations.json"
    for link in json.loads(notes.read_text())["Shipline"] if notes.exists() else []:
        assert re.fullmatch(r"https?://[!-~]+", link["external_link"]["url"])
    _is_harmless((folder / "summary.md").read_text())


def _jenkins(met: Met) -> None:
    names = {name.replace("-", "").lower() for name in OUTPUTS}
    for line in (met.folder / "out/outputs").read_text().split("\n")[:-1]:
        assert line.partition("=")[0].lower() in names, line
    text = (met.folder / "out/description.html").read_text()
    assert not re.search(r"<(?!/?(?:h[1-3]|p|ul|ol|li|blockquote|strong|code|pre|a|table|t[hrd]|thead|tbody)\b)", text)
    assert not re.search(r"<[^>]*\s(?:on\w+|style|src)=", text)
    assert all(re.match(r"https?:", url) for url in re.findall(r'href="([^"]*)"', text))


def _azure(met: Met) -> None:
    for command in OBEYED["azure"](met.text):
        assert command.name in _AZURE, command
        if command.name == "task.setvariable":
            assert command.properties["variable"].removeprefix("OUT_").lower().replace("_", "-") in OUTPUTS
            assert "$(" not in command.text
    _is_harmless((met.folder / ".shipline-reports/summary.md").read_text())


def _teamcity(met: Met) -> None:
    for message in OBEYED["teamcity"](met.text):
        assert message.name in _TEAMCITY, message
        if message.name == "setParameter":
            name = message.properties["name"].removeprefix("env.SHIPLINE_OUT_")
            assert name.lower().replace("_", "-") in OUTPUTS
            assert "%" not in message.properties["value"]
    _is_harmless((met.folder / ".shipline-reports/summary.md").read_text())


NOTES_IN_THE_SUMMARY = "<div>\n<p>News.</p>\n</div>\n"
"""The only HTML: the notes as Centercode gets them."""


def _is_harmless(markdown: str) -> None:
    """As a reader with raw HTML, tables and bare links would show it."""
    reader = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    tokens = reader.parse(markdown)
    for token in [*tokens, *(child for t in tokens for child in t.children or ())]:
        if token.content == NOTES_IN_THE_SUMMARY:
            continue
        assert token.type not in ("html_block", "html_inline", "image", "code_block"), token
        assert not token.tag or token.tag in _ELEMENTS, token
        if token.type == "link_open":
            assert re.match(r"https?://", str(token.attrGet("href"))), token
    # GitHub links it without a scheme (GitHub Flavored Markdown, "Autolinks").
    assert not re.search(r"(?:^|[\s*_~(])www\.", markdown, re.IGNORECASE | re.MULTILINE)
    headings = [t.children[0].content for t in tokens if t.type == "inline" and t.level == 1 and t.children]
    assert not any(heading.startswith("PWNED") for heading in headings)
    _is_plain(markdown)
