"""The ``notify`` section: one entry or a list of them, each with a comment listener, a macro listener, or both."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from shipline.pipeline import Listener
from shipline.record import dataclass
from shipline.resolution import urls

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from shipline.pipeline import CentercodeTarget, V3Target
    from shipline.resolution.section import Document, Section
    from shipline.resolution.targets import Context
    from shipline.text import Text
    from shipline.transport.redaction import Secret

NAMES = frozenset({"feedback", "release_url"})
"""What a comment may name beside the rest: each feedback's key, and the first Centercode release's page."""

_KINDS = ("comment", "macro")
_MOST = 500
_ANY_TYPE = "[A-Z][A-Z0-9]*"


@dataclass(frozen=True, slots=True)
class _Announced:
    """The targets that an entry of ``notify`` comes after."""

    v3: Sequence[tuple[Section, V3Target]]
    centercode: Sequence[tuple[Section, CentercodeTarget]]

    @property
    def any(self) -> bool:
        return not (all(target.skip for _, target in self.v3) and all(target.skip for _, target in self.centercode))


def resolve(
    document: Document,
    context: Context,
    v3: Sequence[tuple[Section, V3Target]],
    centercode: Sequence[tuple[Section, CentercodeTarget]],
) -> tuple[Listener, ...]:
    """Each listener to call, in the order written. ``v3`` and ``centercode`` are what is announced before."""
    announced = _Announced(v3, centercode)
    found: dict[tuple[str, ...], Listener] = {}
    for entry in document.targets("notify"):
        if not any(document.section(kind).given() for kind in ("v3", "centercode")):
            entry.complain("needs a v3 or centercode section: it comes after an announcement")
        for listener in _listeners(entry, context, announced):
            same = (listener.kind, listener.url, listener.project, listener.listener)
            if same in found and all(same):
                what = (
                    f"{listener.listener} has its {listener.kind} in this list already: expected one entry a listener"
                )
                entry.complain(what, listener.kind)
            found[same] = listener
    return tuple(found.values())


def _listeners(entry: Section, context: Context, announced: _Announced) -> Iterator[Listener]:
    first = announced.centercode[0][1] if announced.centercode else None
    skip = context.skip(entry)
    used = context.publishing and not skip and announced.any
    feedback, searched = _feedback(entry, context, announced) if used else ((), "")
    url = urls.service_url(entry, "url", suffix="/api/v1") if entry.given("url") else first.url if first else ""
    project = entry.text("project") or (first.project if first else "")
    for name, example in (("url", "https://company.centercode.com"), ("project", "WidgetPro")):
        if first is None and not entry.given(name):
            entry.missing(", and there is no centercode section to take it from", example, name)
    for kind in _KINDS:
        section = entry.document.section(*entry.path, kind)
        if section.node() is None:
            continue
        yield Listener(
            name=f"{_name(entry)}:{kind}",
            kind="comment" if kind == "comment" else "macro",
            url=url,
            key=_key(section, context, announced, used=used),
            project=project,
            listener=section.text("listener") or "",
            body=_body(section, context),
            feedback=feedback,
            searched=searched,
            required=entry.value("required"),
            on_unknown=first.on_unknown if first else "fail",
            skip=skip,
        )


def _name(entry: Section) -> str:
    position = entry.path[-1]
    return f"notify:{position + 1}" if isinstance(position, int) and position else "notify"


def _key(listener: Section, context: Context, announced: _Announced, *, used: bool) -> Secret | None:
    """The listener's own, else that of the first Centercode target."""
    if listener.given("key-env") or not announced.centercode:
        return context.keys.of(listener, "api-key", kind="centercode", used=used)
    section, target = announced.centercode[0]
    return target.key or context.keys.of(section, "api-key", used=used)


def _body(listener: Section, context: Context) -> Mapping[str, Text]:
    names = replace(context.late_names, late=context.late_names.late | NAMES)
    texts = ((name, listener.text(name)) for name in ("author", "message"))
    filled = {name: names.fill(listener, raw, name) for name, raw in texts if raw is not None}
    return {name: text for name, text in filled.items() if text is not None}


def _feedback(entry: Section, context: Context, announced: _Announced) -> tuple[tuple[str, ...], str]:
    """The keys of the feedback to notify, each once, and where they were looked for."""
    if entry.given("feedback"):
        return tuple(key for _, key in entry.entries("feedback")), ""
    search, texts, places = entry.value("search"), [], []
    if search != "notes":
        try:
            history = context.notes_source.commits.read()
        except ValueError as error:
            entry.complain(f"{error}; or set search: notes, or name the feedback", "search")
        else:
            texts += [commit.message for commit in history.commits] if history else []
            places.append(str(history))
    if search != "commits":
        texts += [context.notes.text, *(context.notes_for(section).text for section, _ in announced.centercode)]
        places.append("the notes")
    types = "|".join(re.escape(name) for _, name in entry.entries("types")) or _ANY_TYPE
    # Not CVE-2026-1234, and not a part of a longer word.
    pattern = re.compile(rf"(?<![A-Za-z0-9-])(?:{types})-[0-9]{{4,}}(?![A-Za-z0-9]|-[0-9])")
    keys = tuple(dict.fromkeys(key for text in texts for key in pattern.findall(text)))
    if len(keys) > _MOST:
        entry.complain(
            f"{len(keys)} feedback are named: expected at most {_MOST}; list those that are meant", "feedback"
        )
    return keys, " and ".join(places)
