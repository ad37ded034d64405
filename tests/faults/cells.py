"""The cells of the matrices, made from a recorded clean run: a request more in the program is a row more here."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from faults import wire
from faults.proxy import Asked

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from faults.environment import Environment
    from faults.wire import Fault

Span = Literal["once", "passing", "lasting"]
Memory = Literal["kept", "lost", "local"]
_MEMORIES: tuple[Memory, ...] = ("kept", "lost", "local")
_TIMES: tuple[Literal["before", "after"], ...] = ("before", "after")
_SLICE = {"refused-before", "403-before", "reset-after", "truncated-body-after", "409-after"}

VARIANTS: dict[str, dict[str, Any]] = {
    "numbered": {},
    "numbered-any-stage": {"stages": ()},
    "unnumbered": {"numbered": False},
    "telling": {"telling": True},
    "correcting": {"correcting": True},
    "spread": {"spread": True},
}
"""``telling`` uploads the artifact and comments on feedback, ``correcting`` updates a draft and replaces its file.

Their cells are the requests that no other run makes. ``spread`` has v3 and the files on another host: its cells are
what a thread requests ahead there.
"""
_OWN_REQUESTS = ("telling", "correcting")
_AHEAD = ("/v3", "/files")


@dataclass(frozen=True)
class Recorded:
    """A clean run: its requests in order, and how often the receipt was written."""

    asked: tuple[Asked, ...]
    writes: int

    @property
    def posts(self) -> list[Asked]:
        return [asked for asked in self.asked if not asked.reads]


@dataclass(frozen=True)
class Cell:
    """One fault at one request. ``span``: tried again and gone (passing), there until the run gives up (lasting), or
    one that the program doesn't try again on (once). ``kept``: whether the next run has the receipt."""

    asked: Asked
    index: int
    fault: str
    span: Span
    kept: bool
    variant: str = "numbered"

    @property
    def label(self) -> str:
        host = "spread-" if self.variant == "spread" else ""
        return f"{host}{self.asked.label}-{self.fault}-{self.span}-{'kept' if self.kept else 'lost'}"

    @property
    def reads(self) -> bool:
        return self.asked.reads

    def fault_in(self, environment: Environment) -> Fault:
        wait = 1 if self.span == "passing" else 30
        every = wire.of_change(environment.redirect_target.url, wait)
        return next(fault for fault in every if fault.label == self.fault)


@dataclass(frozen=True)
class Death:
    """One kill: at a request (before the server has it, or after it did it) or at a write of the receipt."""

    variant: str
    at: Asked | int
    when: Literal["before", "after"]
    memory: Memory  # the next attempt with the receipt, without it, or a run outside CI

    @property
    def place(self) -> str:
        return self.at.label if isinstance(self.at, Asked) else f"write-{self.at}"

    @property
    def label(self) -> str:
        return f"{self.variant}-{self.place}-{self.when}-{self.memory}"


def matrix(recorded: dict[str, Recorded], *, whole: bool, tls: bool) -> Iterator[Cell]:
    every = [*_matrix(recorded["numbered"], "numbered", whole=whole)]
    for variant in (name for name in _OWN_REQUESTS if name in recorded):
        every += _matrix(recorded[variant], variant, whole=whole, but=set(recorded["numbered"].asked))
    if "spread" in recorded and not tls:  # the certificate has one host's name
        ahead = (cell for cell in _matrix(recorded["spread"], "spread", whole=whole) if cell.reads)
        cuts = [fault.label for fault in wire.unsent()]  # which count requests to both hosts, in any order
        every += [cell for cell in ahead if cell.asked.path.startswith(_AHEAD) and cell.fault not in cuts]
    yield from (cell for cell in every if tls or cell.fault != "handshake-before")


def _matrix(recorded: Recorded, variant: str, *, whole: bool, but: Collection[Asked] = ()) -> Iterator[Cell]:
    for index, asked in enumerate(recorded.asked):
        reads = asked.reads
        if (reads and not whole) or asked in but:
            continue
        for fault in wire.of_look_up("", 0) if reads else wire.of_change("", 0):
            if asked.method == "HEAD" and fault.means == "accepted":
                continue  # such an answer has no body
            if not whole and fault.label not in _SLICE:
                continue
            for cell in _spans(index, asked, fault, whole=whole):
                yield replace(cell, variant=variant)


def _spans(index: int, asked: Asked, fault: Fault, *, whole: bool) -> Iterator[Cell]:
    reads = asked.reads
    spans: tuple[Span, ...] = ("once",)
    if fault.passing if reads else fault.means in ("never", "limited"):
        spans = ("passing", "lasting")
    elif asked.method == "HEAD" or fault.means == "maybe":
        spans = ("once", "lasting")
    for span in spans if whole else spans[:1]:
        yield Cell(asked, index, fault.label, span, kept=True)
    # A look-up changes nothing, whatever its fault: one shows what a lost receipt means there.
    # (Of a comment a lost receipt leaves two things unknown at once, and one answer of a person's settles both.)
    if whole and (not reads or fault.name == "503") and "Listeners" not in asked.path:
        yield Cell(asked, index, fault.label, "lasting" if spans[0] == "passing" else "once", kept=False)


def deaths(recorded: dict[str, Recorded], *, whole: bool) -> Iterator[Death]:
    for variant, run in recorded.items():
        if variant == "spread":
            continue
        if variant in _OWN_REQUESTS:
            usual = recorded["numbered"].asked
            own = [a for a in run.posts if a not in usual or (variant == "correcting" and a.path.startswith("/v3"))]
            yield from (Death(variant, asked, when, "kept") for asked in own for when in _TIMES)
            continue
        if not whole:
            yield from (Death(variant, asked, "after", "kept") for asked in run.posts)
            continue
        places: Iterable[Asked | int] = [*run.posts, *range(1, run.writes + 1)]
        memories = _MEMORIES if variant == "unnumbered" else _MEMORIES[:2]
        for at in places:
            for when in _TIMES:
                yield from (Death(variant, at, when, memory) for memory in memories)
