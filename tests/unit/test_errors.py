"""Errors: what they hold, and how a caller adds what it knows."""

from __future__ import annotations

import pytest

from shipline.errors import CanceledError, InvalidInputError, Problem, ShiplineError, UnknownOutcomeError, bug


def test_context_makes_a_new_error_of_the_same_class() -> None:
    first = InvalidInputError([Problem("a.yml:1:1", "release", "is missing")], todo="correct it", warnings=["old"])
    second = first.with_context(todo="correct it twice")
    assert (type(second), second.problems, second.warnings) == (InvalidInputError, first.problems, ("old",))
    assert (second.what, second.why, second.todo) == (first.what, "", "correct it twice")
    assert (
        str(second) == "1 problem in the input; nothing was sent\na.yml:1:1: release: is missing\ndo: correct it twice"
    )
    assert first.todo == "correct it"


@pytest.mark.parametrize("error", [CanceledError(15, "stop"), UnknownOutcomeError("lost", why="cut off")])
def test_context_keeps_what_a_class_adds(error: ShiplineError) -> None:
    second = error.with_context(what="a", why="b", todo="")
    assert {**vars(error), "what": "a", "why": "b", "todo": ""} == vars(second)
    assert second.exit_code == error.exit_code


def test_a_bug_has_its_traceback() -> None:
    try:
        {}["id"]
    except KeyError as error:
        made = bug(error)
    assert made.what == "KeyError: 'id'"
    assert "test_a_bug_has_its_traceback" in made.trace
