"""Whoever searches docs/errors.md for the words of a message finds it."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from shipline import errors
from shipline.errors import InvalidInputError
from shipline.pipeline import Facts
from shipline.resolve import Sources, load
from unit.pages import ROOT, Page

if TYPE_CHECKING:
    from collections.abc import Iterator

GAP = "…"
PROGRAM = ROOT / "entrypoint/shipline"
INVALID = ROOT / "tests/examples/pipeline/invalid"
TOLD = ROOT / "tests/job/told"

# By which names a message goes in, and at which position.
POSITIONS = {name: 0 for name, value in vars(errors).items() if isinstance(value, type) and name.endswith("Error")}
POSITIONS |= {"MissingError": 0, "ConflictError": 0, "LostAnswerError": 0, "complain": 0}
POSITIONS |= {"CanceledError": 1, "StopError": 1, "Problem": 2, "Flaw": 2}


@pytest.fixture(scope="module")
def known() -> list[str]:
    """Every message on the page."""
    page = Page(Path("docs/errors.md"))
    start = next(i for i, token in enumerate(page.tokens) if token.content == "Every message")
    found = [
        c.content for t in page.tokens[start:] for c in t.children or () if c.type == "code_inline" and " " in c.content
    ]
    assert len(found) > 200
    return found


def pieces(call: ast.Call) -> Iterator[str]:
    """What doesn't change of the message that a call makes: its words, where there are three letters in a row."""
    name = getattr(call.func, "id", getattr(call.func, "attr", ""))
    at = POSITIONS.get(name, len(call.args))
    for argument in call.args[at : at + 1]:
        for part in argument.values if isinstance(argument, ast.JoinedStr) else [argument]:
            if isinstance(part, ast.Constant) and isinstance(part.value, str) and re.search("[a-z]{3}", part.value):
                yield part.value.strip()


def test_every_message_of_the_program_is_on_the_page(known: list[str]) -> None:
    text = "\n".join(known)
    found = {
        (path.relative_to(PROGRAM).as_posix(), node.lineno, piece)
        for path in PROGRAM.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        for piece in pieces(node)
    }
    assert len(found) > 150
    assert {entry for entry in found if entry[2] not in text} == set()


def fits(message: str, known: list[str]) -> bool:
    """Whether a message is one of the page's; a page that says nothing but … doesn't count."""
    patterns = (".*".join(map(re.escape, entry.split(GAP))) for entry in known)
    return any(re.fullmatch(pattern, message, re.DOTALL) for pattern in patterns)


@pytest.mark.parametrize("log", sorted(TOLD.iterdir()), ids=lambda path: path.stem)
def test_every_error_that_a_run_has_printed_is_on_the_page(log: Path, known: list[str]) -> None:
    told = re.findall(r"^error: (?:[\w:-]+: )?(.+)$", log.read_text(encoding="utf-8"), re.MULTILINE)
    assert [message for message in told if not fits(message, known)] == []


@pytest.mark.parametrize("example", sorted(INVALID.iterdir()), ids=lambda path: path.stem)
def test_every_problem_of_a_bad_input_is_on_the_page(example: Path, known: list[str], tmp_path: Path) -> None:
    (tmp_path / "dist").mkdir()
    (tmp_path / "dist/widget-1.4.0.zip").write_bytes(b"zip")
    (tmp_path / "CHANGELOG.md").write_text("## 1.4.0\n\n- Faster.\n", encoding="utf-8")
    (tmp_path / example.name).write_bytes(example.read_bytes())
    facts = Facts(tag="v1.4.0", branch="main", sha="0123456789abcdef", run_number="7")
    with pytest.raises(InvalidInputError) as caught:
        load(Sources({}, {}, example.name, None, facts, tmp_path, need_keys=False))
    assert [p.what for p in caught.value.problems if not fits(p.what, known)] == []
