"""``shipline explain``: the section of docs/errors.md for an exit code, a message, or a run's receipt."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import click

from shipline import schemas
from shipline.display import one_line
from shipline.errors import DOCUMENTATION, invalid_input
from shipline.run import receipt_file
from shipline.run.records import StepRecord

_CODE = re.compile(r"(?:exit[- ])?(?P<code>\d{1,3})", re.IGNORECASE)
_SHORTEST = 4  # characters to search for
_CERTAIN = 9  # characters of a message, without what differs
_ROW = re.compile(r"\| `(?P<message>.*?)` \| (?P<todo>.*?) ?\|$")


def main(what: str) -> int:
    """Print the explanation of a code (``5``, ``exit-5``), a receipt's path or a part of a message.

    Raises InvalidInputError if there is none.
    """
    if code := _CODE.fullmatch(what.strip()):
        click.echo(_explain_code(int(code["code"])))
    elif Path(what).is_file():
        click.echo(_explain_receipt(what))
    elif len(what) >= _SHORTEST and (found := list(_messages(what))):
        click.echo("\n\n".join(found))
    else:
        raise invalid_input(
            what,
            "expected an exit code (exit-5), the path of a receipt, or words of a message",
            todo=f"search {DOCUMENTATION}/errors/ for it",
        )
    return 0


def _explain_code(code: int) -> str:
    """The section of an exit code. Raises InvalidInputError for one that Shipline doesn't use."""
    wanted = "Exit 130" if code in (130, 143) else f"Exit {code}"
    text = next((text for title, text in _sections(2) if title == wanted), None)
    if text is None:
        codes = ", ".join(title.removeprefix("Exit ") for title, _ in _sections(2) if title.startswith("Exit "))
        raise invalid_input(str(code), f"Shipline has no such exit code. Expected one of {codes}, 143")
    return f"{text}\n\nMore: {DOCUMENTATION}/errors/#{wanted.lower().replace(' ', '-')}"


def _explain_receipt(path: str) -> str:
    """What a run did, step by step, and the section of its exit code."""
    document = receipt_file.read(Path(path))
    identity, code = document["identity"], document.get("exit-code")
    ended = f"{document['result']}, exit code {code}" if code is not None else "not ended, or killed"
    lines = [f"{identity.get('name') or identity['of']} {identity['version']}: {ended}"]
    if document.get("failed-step"):
        lines.append(f"Failed step: {document['failed-step']}")
    for step in map(StepRecord.from_json, document["steps"]):
        made = ", ".join(f"{name} {value}" for name, value in step.made.items())
        lines.append(f"- {step.name}: {step.status}{f' ({made})' if made else ''}")
    text = "\n".join(map(one_line, lines))
    return f"{text}\n\n{_explain_code(code)}" if code else text


def _messages(what: str) -> Iterator[str]:
    """The messages that contain ``what`` (words, or a regular expression), with what to do."""
    for title, text in _sections(3):
        for message, todo in (row.groups() for row in map(_ROW.match, text.splitlines()) if row):
            if _fits(what, message):
                yield "\n  ".join(filter(None, (message, todo and f"do: {todo}", title)))


def _fits(what: str, message: str) -> bool:
    """True if the message contains the words, or is what a run printed, with any text where the message has ``…``.

    Its end may be missing, as a log shortens a long line.
    """
    if what.casefold() in message.casefold():
        return True
    parts = message.split("…")
    for count in range(len(parts), 0, -1):
        beginning = parts[:count]
        long_enough = len("".join(beginning).strip()) >= _CERTAIN
        if long_enough and re.search(".*?".join(map(re.escape, beginning)), what, re.IGNORECASE):
            return True
    try:
        return re.search(what, message, re.IGNORECASE) is not None
    except re.error:
        return False


def _sections(level: int) -> Iterator[tuple[str, str]]:
    """The titles and texts of the page's sections of a level."""
    page = schemas.file(schemas.ERRORS).read_text(encoding="utf-8")
    heading = re.compile(rf"^#{{2,{level}}} (.*)$", re.MULTILINE)
    found = list(heading.finditer(page))
    for section, following in zip(found, [*found[1:], None], strict=True):
        if section[0].startswith("#" * level + " "):
            yield section[1], page[section.start() : following.start() if following else None].strip()
