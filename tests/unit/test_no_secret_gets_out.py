"""Whatever form a key comes in, and wherever in a text: no sink writes it."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING
from unittest import mock

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shipline import redaction
from shipline.ci import github, gitlab, jenkins
from shipline.display import excerpt, one_line
from shipline.errors import InvalidInputError, Problem, RefusedError, bug
from shipline.redaction import Redactor, Secret
from shipline.reporting import job_summary
from shipline.reporting.console import Console
from shipline.run.outcome import Outcome
from unit.forms import FORMS

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator
    from pathlib import Path

KEYS = st.text(alphabet=st.characters(min_codepoint=33, max_codepoint=126), min_size=8, max_size=40).filter(
    lambda key: len(set(key)) > 4
)
AROUND = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=30)

FORM = st.sampled_from([*FORMS])
BOUNDED = settings(
    max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None
)


class Sinks:
    """Everything that is written, by one name or another."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._environ = {
            "GITHUB_OUTPUT": str(folder / "output"),
            "GITHUB_STEP_SUMMARY": str(folder / "summary"),
            "SHIPLINE_OUT_FOLDER": "out",
        }

    def written(self, text: str) -> Iterator[tuple[str, str]]:
        yield "a line", one_line(text)
        yield "an excerpt", excerpt(text)
        outcome = Outcome(outputs={"buildmaster-url": text}, finished={"build": text}, not_done=[text])
        error = RefusedError(text, why=text, todo=text)
        invalid = InvalidInputError([Problem(text, text, text)], todo=text, warnings=[text])
        for kind in (github.GitHub, gitlab.GitLab, jenkins.Jenkins):
            system = kind(self._environ, self._folder)
            for form in ("text", "json"):
                out, err = io.StringIO(), io.StringIO()
                console = Console(system, form=form, out=out, err=err)
                for say in (console.line, console.warning, console.progress):
                    say(text)
                with console.step(text):
                    console.done(text, text)
                console.event(event=text, nested=[{"x": text}])
                for one in (error, invalid, bug(ValueError(text))):
                    console.error(one)
                outcome.error = error
                console.finish(outcome)
                yield f"{system.name}, {form}", _without_masks(out.getvalue() + err.getvalue())
            system.summary(job_summary.of_error(error) + job_summary.of_error(invalid))
        for file in (f for f in self._folder.rglob("*") if f.is_file()):
            yield str(file), file.read_text(encoding="utf-8")
            file.unlink()


def _without_masks(text: str) -> str:
    return "\n".join(line for line in text.split("\n") if not line.startswith("::add-mask::"))


@given(KEYS, FORM, AROUND, AROUND)
def test_the_redactor_knows_the_form(key: str, form: str, before: str, after: str) -> None:
    redact = Redactor()
    redact.register(Secret(key, "TEST"))
    assert FORMS[form](key) not in redact(before + FORMS[form](key) + after)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("before", ["%", "%25", "\\", "\\x", "\\u", "&", "&#", "&#x", "'"])
def test_what_stands_before_a_key_makes_no_escape_of_its_first_digits(before: str, form: str) -> None:
    key = "0000123:+/ab"
    redact = Redactor()
    redact.register(Secret(key, "TEST"))
    assert FORMS[form](key) not in redact(before + FORMS[form](key))


@BOUNDED
@given(KEYS, FORM, st.sampled_from(["", "x", " ", "\n", "%", "\\", "x" * 490, "x" * 55, "y" * 7990]), AROUND)
def test_no_sink_writes_it(tmp_path: Path, key: str, form: str, before: str, after: str) -> None:
    with mock.patch.multiple(redaction.redact, _secrets={}, _variants=set(), _unmasked=[], _pattern=None):
        redaction.redact.register(Secret(key, "TEST"))
        for sink, text in Sinks(tmp_path).written(f"{before}{FORMS[form](key)}{after}"):
            assert FORMS[form](key) not in text, sink
            assert key not in text, sink


def _written(char: str, way: str) -> str:
    return way.format(char if way == "{}" else ord(char))


@given(KEYS, st.randoms(use_true_random=False))
def test_each_character_may_be_escaped_in_another_way(key: str, chance: random.Random) -> None:
    ways = ["{}", "%{:02x}", "%25{:02X}", "\\u{:04x}", "&#{:d};"]
    mixed = "".join(c if c.isalnum() else _written(c, chance.choice(ways)) for c in key)
    redact = Redactor()
    redact.register(Secret(key, "TEST"))
    assert redact(f"<{mixed}>") == "<***>"


@given(KEYS, FORM, st.integers(1, 60))
def test_half_a_key_is_not_shown_where_a_text_is_cut(key: str, form: str, kept: int) -> None:
    with mock.patch.multiple(redaction.redact, _secrets={}, _variants=set(), _unmasked=[], _pattern=None):
        redaction.redact.register(Secret(key, "TEST"))
        shown = FORMS[form](key)
        for cut, longest in ((excerpt, 500), (one_line, 8000)):
            text = cut("x" * (longest - min(kept, len(shown) - 1)) + shown + "y" * 20)
            assert shown[:6] not in text.removesuffix("…")[-60:] or shown[:6] in "xxxxxx***yyyyyy"
