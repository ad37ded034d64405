"""Random walks: runs of one release, each with something happening to it, until everything is let be.

Rules take plain values, so that a failing walk, as it is printed, is a program.
"""

from __future__ import annotations

import signal
from collections import Counter
from typing import TYPE_CHECKING, Any, Literal

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from faults import interruptions
from faults.walk_environment import MANNERS, STAGES, environment

if TYPE_CHECKING:
    from collections.abc import Callable

    from faults.proxy import Rule
    from job.project import Ended

Span = Literal["once", "passing", "lasting"]

# A run that has little left to do sends few requests: low numbers come more often.
_NTH = st.one_of(st.integers(1, 6), st.integers(1, 24))
_NTH_CHANGE = st.one_of(st.integers(1, 2), st.integers(1, 8))
_FAULT = st.sampled_from(interruptions.FAULTS)
_SIGNAL = st.sampled_from(["SIGKILL", "SIGTERM", "SIGINT"])
_SPANS = st.sampled_from(["once", "passing", "lasting"])
_STAGES = st.sampled_from([list(STAGES), []])
_REFUSALS = {3, 4, 7, 8}
_MOST_RUNS = 3  # until everything is there, once nothing happens any more
_AGES = 200_000.0  # seconds, more than any deployment takes

totals: Counter[str] = Counter()


class Walk(RuleBasedStateMachine):
    """No precondition looks at what a run came to: the same walk has the same steps again."""

    def __init__(self) -> None:
        super().__init__()
        totals["walks"] += 1
        self.environment = environment()
        self.told: list[str] = []
        self.lost = self.restaged = self.begun = False

    def _tell(self, what: str, **values: Any) -> None:
        self.told.append(f"state.{what}({', '.join(f'{name}={value!r}' for name, value in values.items())})")

    @initialize(ci=st.booleans(), numbered=st.booleans(), stages=_STAGES, closing=st.booleans())
    def begin(self, ci: bool, numbered: bool, stages: list[str], closing: bool) -> None:
        """``closing``: whether BuildMaster closes the release after the last stage named here."""
        self._tell("begin", ci=ci, numbered=numbered, stages=stages, closing=closing)
        self.environment.begin(ci=ci, numbered=numbered, stages=stages, closing=closing and (ci or numbered))
        self.begun = True

    @rule(heed=st.booleans())
    def run(self, heed: bool) -> None:
        """A run that nothing happens to. ``heed``: a person does what the last one's exit 8 asked for."""
        self._tell("run", heed=heed)
        last = self.environment.last
        self._after(
            self.environment.go(*(self.environment.advice() if heed and last and last.code == 8 else [])), set()
        )

    @rule(fault=_FAULT, nth=_NTH, span=_SPANS)
    def meet(self, fault: str, nth: int, span: Span) -> None:
        """A run with a fault at the ``nth`` request."""
        self._tell("meet", fault=fault, nth=nth, span=span)
        self._meet(fault, nth, "any", span)

    @rule(fault=_FAULT, nth=_NTH_CHANGE, span=_SPANS)
    def meet_change(self, fault: str, nth: int, span: Span) -> None:
        """The same at the ``nth`` request that changes something."""
        self._tell("meet_change", fault=fault, nth=nth, span=span)
        self._meet(fault, nth, "change", span)

    @rule(how=st.sampled_from(interruptions.CUTS), after=st.integers(0, 23), passing=st.booleans())
    def cut(self, how: str, after: int, passing: bool) -> None:
        """A run whose connections fail after so many requests."""
        self._tell("cut", how=how, after=after, passing=passing)
        self._after(self.environment.go(cut=(after, how, passing)), _REFUSALS)

    @rule(name=_SIGNAL, nth=_NTH, applied=st.booleans())
    def end(self, name: str, nth: int, applied: bool) -> None:
        """A run that a signal ends at the ``nth`` request, before the server has it or after it did it."""
        self._tell("end", name=name, nth=nth, applied=applied)
        self._end(name, nth, "any", applied)

    @rule(name=_SIGNAL, nth=_NTH_CHANGE, applied=st.booleans())
    def end_change(self, name: str, nth: int, applied: bool) -> None:
        """The same at the ``nth`` request that changes something."""
        self._tell("end_change", name=name, nth=nth, applied=applied)
        self._end(name, nth, "change", applied)

    @rule(when=st.sampled_from(["before", "after"]), nth=st.integers(1, 30))
    def end_at_write(self, when: str, nth: int) -> None:
        """A run that is killed before or after the ``nth`` time its receipt is put in its place."""
        self._tell("end_at_write", when=when, nth=nth)
        self._after(self.environment.go(launch=[when, str(nth)]), {-signal.SIGKILL})

    @precondition(lambda self: self.begun and self.environment.job == 1 and self._receipt_may_be_lost())
    @rule()
    def lose_receipt(self) -> None:
        self._tell("lose_receipt")
        self.environment.lose_receipt()
        self.lost = True

    @precondition(lambda self: self.begun and not self.lost and (self.environment.ci or self.environment.numbered))
    @precondition(lambda self: not self.environment.closing)
    @rule(numbered=st.booleans(), stages=_STAGES)
    def push(self, numbered: bool, stages: list[str]) -> None:
        """The same version again from another CI run, with a build of its own and perhaps other settings."""
        self._tell("push", numbered=numbered, stages=stages)
        self.environment.next_job()
        self.environment.numbered = numbered if self.environment.ci else self.environment.numbered
        self.environment.configure(stages)

    @precondition(lambda self: self.begun and not self.lost)
    @rule(stages=_STAGES)
    def restage(self, stages: list[str]) -> None:
        """Other stages for the same build."""
        self._tell("restage", stages=stages)
        self.environment.configure(stages)
        self.restaged = True

    @rule(stage=st.sampled_from(STAGES), manner=st.sampled_from(sorted(MANNERS)))
    def behave(self, stage: str, manner: str) -> None:
        """How deployments to a stage go from now on: well, with warnings, not, or never to an end."""
        self._tell("behave", stage=stage, manner=manner)
        self.environment.behave(**{stage: manner})

    @rule(seconds=st.sampled_from([1.0, 3600.0, _AGES]))
    def jump(self, seconds: float) -> None:
        """The services' clock goes forward."""
        self._tell("jump", seconds=seconds)
        self.environment.sandbox.admin("clock", {"advance": seconds})

    @rule(hours=st.integers(-48, 48))
    def skew(self, hours: int) -> None:
        """The services' `Date` is off by so much."""
        self._tell("skew", hours=hours)
        self.environment.turn(hours)

    @invariant()
    def nothing_is_there_twice(self) -> None:
        if self.begun:
            self._assert(not self.environment.twice(), f"there are {', '.join(self.environment.twice())}")

    def teardown(self) -> None:
        """Everything is let be: now it must come to its end, by itself or with what a person is told to do."""
        if not self.begun:
            return
        self.told.append("state.teardown()")
        self.environment.behave(**dict.fromkeys(STAGES, "good"))
        self.environment.sandbox.admin("clock", {"advance": _AGES})
        codes: list[int] = []
        while not codes or codes[-1] in (4, 5, 8):
            self._assert(len(codes) < _MOST_RUNS, f"it comes to no end: {codes}")
            heeded = codes and codes[-1] in (4, 8)
            self._after(self.environment.go(*(self.environment.advice() if heeded else [])), set())
            codes.append(self.environment.last.code if self.environment.last else 0)
            self.nothing_is_there_twice()
        self._assert(codes[-1] == 0, f"it doesn't end well: {codes}")
        totals["settled by hand"] += 8 in codes

    def _receipt_may_be_lost(self) -> bool:
        """Only with its receipt can a build without a number be told from others, outside CI, or a change be seen."""
        return not self.restaged and (self.environment.ci or self.environment.numbered)

    def _meet(self, fault: str, nth: int, of: interruptions.Of, span: Span) -> None:
        found = interruptions.fault_named(fault, self.environment.redirect_target.url, 1 if span == "passing" else 30)
        self._run(_REFUSALS, interruptions.coming(found, nth, of, lasting=span == "lasting"))

    def _end(self, name: str, nth: int, of: interruptions.Of, applied: bool) -> None:
        number = getattr(signal, name)
        fault = interruptions.ending(lambda: self.environment.pid, number, applied=applied)
        coming = interruptions.coming(fault, nth, of)
        code = -number if number == signal.SIGKILL else 128 + number
        self._run(set(), coming, lambda: {code} if coming.fired else set())

    def _run(self, codes: set[int], met: Rule | None = None, must: Callable[[], set[int]] = set) -> None:
        ended = self.environment.go(rule=met)
        totals["met"] += bool(met and met.fired and not must())
        self._after(ended, codes, must())

    def _after(self, ended: Ended, codes: set[int], must: set[int] | None = None) -> None:
        """What must hold after a run, beyond what always does."""
        totals["runs"] += 1
        totals["killed"] += ended.code < 0
        totals["canceled"] += ended.code > 128
        # Waiting for a deployment outlives an outage, up to its timeout.
        stuck = {6} if 7 in codes or {"pending", "executing"} & self.environment.behaved else set()
        failed = {5} if "failed" in self.environment.behaved else set()
        # Without its receipt, and without a named stage, a build that has failed isn't moved.
        unnamed = {4} if self.lost and not self.environment.stages and "no stage is named" in ended.text else set()
        allowed = must or codes | stuck | failed | unnamed | {0, 8}
        self._assert(ended.code in allowed, f"exit {ended.code}, expected one of {sorted(allowed)}")
        if ended.code == 0:
            self._assert(not self.environment.missing(), f"exit 0 without {', '.join(self.environment.missing())}")
        if ended.code == 8:
            self._assert(len(self.environment.unsettled()) == 1, f"exit 8 names {sorted(self.environment.unsettled())}")

    def _assert(self, holds: bool, what: str) -> None:
        if not holds:
            raise AssertionError(self._story(what))

    def _story(self, what: str) -> str:
        steps = "\n".join(["from faults.walks import Walk", "state = Walk()", *self.told])
        log = self.environment.last.text if self.environment.last else ""
        return f"{what}\n\n{log}\n\nagain:\n\nPYTHONPATH=tests .venv/bin/python - <<'END'\n{steps}\nEND\n"
