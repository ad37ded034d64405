"""The tables of messages in docs/errors.md. The rest of that file is written by hand."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from generators import messages

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from generators.messages import Message

DOCUMENT = Path(__file__).resolve().parents[2] / "docs/errors.md"
BEGIN = "<!-- Messages: written by tools/generate.py from the messages in entrypoint/shipline. -->\n"
END = "<!-- End of the messages. -->\n"

_HEADINGS = {0: "Warnings"}
_INVALID = 2

_TOPICS: dict[str, tuple[str, ...]] = {
    "Files, and links to them": ("artifacts.py", "links.py", "resolution/files.py"),
    "Release notes, and the commits that they come from": (
        "changelog.py",
        "commits.py",
        "markdown.py",
        "notes.py",
        "resolution/notes.py",
    ),
    "The config file as such": ("config.py", "yaml_tree.py", "resolution/origins.py"),
    "Keys": ("resolution/keys.py", "transport/redaction.py"),
    "Receipt and report": ("receipt.py", "workspace.py", "html_report/"),
    "Several products": ("fleet/", "resolution/conflicts.py"),
    "A new project": ("init.py", "starter/"),
    "An operation's command, or its Python method": ("one_operation.py", "operations.py", "services/"),
    "Settings": ("",),
}
"""What the invalid input is about, by the files that say so; the first that fits."""


def document() -> str:
    """docs/errors.md, its tables made anew."""
    before, begin, rest = DOCUMENT.read_text(encoding="utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{DOCUMENT} has lost the lines that enclose its tables")
    return f"{before}{BEGIN}\n{_tables()}\n{END}{after}"


def _tables() -> str:
    found = sorted(messages.collect(), key=lambda message: message.exit_code)
    lines: list[str] = []
    for code, group in groupby(found, key=lambda message: message.exit_code):
        same = list(group)
        lines += [f"### {_HEADINGS.get(code, f'Messages of exit {code}')}", ""]
        lines += _by_topic(same) if code == _INVALID else _table(same)
    return "\n".join(lines).rstrip() + "\n"


def _table(found: Sequence[Message]) -> Iterator[str]:
    yield from ("| Message | What to do |", "| --- | --- |")
    yield from (f"| {_code(m.what)} | {_cell('; or: '.join(m.todo))} |" for m in found)
    yield ""


def _by_topic(found: Sequence[Message]) -> Iterator[str]:
    """These say themselves what is expected."""
    for topic in _TOPICS:
        listed = [message for message in found if _topic(message.file) == topic]
        if listed:
            yield from (f"{topic}:", "", *(f"- {_code(message.what)}" for message in listed), "")


def _topic(file: str) -> str:
    return next(topic for topic, files in _TOPICS.items() if file.startswith(files))


def _code(text: str) -> str:
    fence, space = ("``", " ") if "`" in text else ("`", "")
    return f"{fence}{space}{text}{space}{fence}"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")
