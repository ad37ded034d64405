"""Hostile answers: each ends as promised in answers/*.json, whichever request gets it, and nothing more is sent."""

from __future__ import annotations

import gc
import json
import sys
import weakref
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from hostile import oracle
from hostile.jobs import CI, WAYS, meet
from hostile.server import Server
from shipline.errors import RefusedError, ShiplineError, UnknownOutcomeError
from shipline.services import openapi, response
from shipline.transport.messages import Request, Response

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


def _in_turn(number: int, *chosen: int, of: int) -> Any:
    """Marks of a case: of so many cases of a subject the gate runs the chosen ones, others with each next subject."""
    return () if any((number - one) % of == 0 for one in chosen) else pytest.mark.nightly


def _cases() -> Iterator[Any]:
    at = 0
    for file in ("bodies", "encodings", "statuses"):
        for group in json.loads((FOLDER / f"{file}.json").read_text()):
            for name, case in group["cases"].items():
                at += 1
                for turn, (way, code) in enumerate(group["exit"].items()):
                    marks = _in_turn(at, turn, of=len(group["exit"]))
                    yield pytest.param(case, way, code, id=f"{file}: {name}: {way}", marks=marks)


def _texts() -> dict[str, str]:
    texts: dict[str, str] = json.loads((FOLDER / "texts.json").read_text())["texts"]
    return texts


def _spread() -> Iterator[Any]:
    """Every text in every place, and both in every CI system, but not all three at once."""
    systems = list(CI)
    for at, name in enumerate(_texts()):
        for beside, place in enumerate(PLACES):
            ci = systems[(at + beside) % len(systems)]
            marks = _in_turn(at, beside, beside + 3, of=len(PLACES))
            yield pytest.param(name, place, ci, id=f"{name}: {place}: {ci}", marks=marks)


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


def _finalizer(calls: int = 40) -> None:
    """As those of urllib3's pools, it needs room for calls."""
    if calls:
        _finalizer(calls - 1)


class _Garbage:
    """What only the collector finds, with a finalizer."""

    def __init__(self) -> None:
        self.itself = self
        weakref.finalize(self, _finalizer).atexit = False


def test_garbage_is_not_collected_where_an_answer_is_too_deep(
    monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    failed: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", failed.append)
    before = gc.get_threshold()
    try:
        for depth in range(600, 1000, 10 if request.config.getoption("nightly") else 50):
            gc.collect()
            gc.disable()
            _Garbage()
            gc.set_threshold(gc.get_count()[0] + depth)
            gc.enable()
            with pytest.raises(RecursionError):
                response._loaded(b'{"a":' * 100_000)
    finally:
        gc.set_threshold(*before)
        gc.enable()
    assert failed == []


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_an_answer_that_can_be_read_but_is_too_deep_to_be_told_of_is_no_bug(method: str) -> None:
    """From some depth on it can't be read at all; a little below, only what a message needs of it can't be made."""
    operation = openapi.operations("buildmaster")["get-releases"]
    ended = set()
    for depth in range(900, 1000):
        body = b'[{"id":' + b"[" * depth + b"]" * depth + b"}]"
        try:
            response.read("BuildMaster", operation, Request(method, "http://x.example"), Response(200, {}, body))
        except ShiplineError as refused:
            ended.add((type(refused), refused.what.partition(": ")[2]))
    kind = RefusedError if method == "GET" else UnknownOutcomeError
    assert (kind, "the response has too many levels") in ended
    assert {kind for kind, _ in ended} == {kind}


def test_garbage_is_collected_again_afterwards() -> None:
    assert response._loaded(b"[]") == []
    assert gc.isenabled()


@pytest.mark.parametrize(("name", "place", "ci"), [*_spread()])
def test_a_text_stays_text(name: str, place: str, ci: str, tmp_path: Path) -> None:
    way, case = PLACES[place](_texts()[name])
    met = meet(WAYS[way], case, tmp_path, ci)
    assert met.code in ((0,) if case["status"] == 201 else (4,)), met.text
    assert len(met.changes) == WAYS[way].changes
    oracle.check(met, ci)


def test_there_are_enough() -> None:
    assert len({case.id.rpartition(":")[0] for case in _cases()}) + len(_texts()) >= 150
