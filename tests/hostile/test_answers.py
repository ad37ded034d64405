"""Hostile answers: each ends as promised in answers/*.json, whichever request gets it, and nothing more is sent."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from hostile import oracle
from hostile.jobs import CI, WAYS, meet
from hostile.server import Server

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDER = Path(__file__).parent / "answers"
# Where each text is put: in what is made of a change, and in what an error says.
PLACES: dict[str, Any] = {
    "the id": lambda text: ("announce", {"status": 201, "json": {"id": text, "url": "https://x.example/1"}}),
    "the address": lambda text: ("announce", {"status": 201, "json": {"id": "1", "url": text}}),
    "the status": lambda text: ("announce", {"status": 201, "json": {"id": "1", "status": text}}),
    "v3's id": lambda text: ("create", {"status": 201, "json": {"id": text}}),
    "an error": lambda text: ("look", {"status": 400, "json": {"message": text, "code": text}}),
    "a parameter": lambda text: (
        "announce",
        {"status": 400, "json": {"message": "no", "invalidParameters": [{"name": text, "description": text}]}},
    ),
    "plain text": lambda text: ("build", {"status": 400, "body": text, "headers": {"Content-Type": "text/plain"}}),
    "a field of the wrong type": lambda text: (
        "announce",
        {"status": 201, "json": {"id": {text: text}, "url": [text]}},
    ),
}


def _cases() -> Iterator[Any]:
    for file in ("bodies", "encodings", "statuses"):
        for group in json.loads((FOLDER / f"{file}.json").read_text()):
            for name, case in group["cases"].items():
                for way, code in group["exit"].items():
                    yield pytest.param(case, way, code, id=f"{file}: {name}: {way}")


def _texts() -> dict[str, str]:
    texts: dict[str, str] = json.loads((FOLDER / "texts.json").read_text())["texts"]
    return texts


def _spread() -> Iterator[Any]:
    """Every text in every place, and both in every CI system, but not all three at once."""
    systems = list(CI)
    for at, name in enumerate(_texts()):
        for beside, place in enumerate(PLACES):
            ci = systems[(at + beside) % len(systems)]
            yield pytest.param(name, place, ci, id=f"{name}: {place}: {ci}")


@pytest.mark.parametrize(("case", "way", "code"), [*_cases()])
def test_an_answer_ends_as_promised(case: dict[str, Any], way: str, code: int, tmp_path: Path) -> None:
    with Server({}) as elsewhere:
        case = json.loads(json.dumps(case).replace("ELSEWHERE", elsewhere.url))
        met = meet(WAYS[way], case, tmp_path)
        assert met.code == code, met.text
        assert case.get("says", "") in met.text or WAYS[way].changes
        assert len(met.changes) == WAYS[way].changes
        assert elsewhere.asked == []
    oracle.check(met, "local")


@pytest.mark.parametrize(("name", "place", "ci"), [*_spread()])
def test_a_text_stays_text(name: str, place: str, ci: str, tmp_path: Path) -> None:
    way, case = PLACES[place](_texts()[name])
    met = meet(WAYS[way], case, tmp_path, ci)
    assert met.code in ((0,) if case["status"] == 201 else (4,)), met.text
    assert len(met.changes) == WAYS[way].changes
    oracle.check(met, ci)


def test_there_are_enough() -> None:
    assert len({case.id.rpartition(":")[0] for case in _cases()}) + len(_texts()) >= 150
