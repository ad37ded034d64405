"""The ``notify`` section: one entry or a list of them, each with a comment listener, a macro listener, or both."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from shipline.pipeline import urls
from shipline.pipeline.model import CentercodeTarget, Listener, V3Target
from shipline.pipeline.section import Section, targets

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from shipline.inputs.document import Document
    from shipline.interpolation import Template
    from shipline.pipeline.target import ReleaseContext
    from shipline.redaction import Secret
    from shipline.release_notes.commits import History


NAMES = frozenset({"feedback", "release_url"})
"""More names for a comment: the feedback's key, and the page of the first Centercode release."""

_KINDS = ("comment", "macro")
_MAX_FEEDBACK = 500
_ANY_TYPE = "[A-Z][A-Z0-9]*"


class _Announced(NamedTuple):
    """The targets that an entry of ``notify`` comes after."""

    v3: Sequence[tuple[Section, V3Target]]
    centercode: Sequence[tuple[Section, CentercodeTarget]]

    @property
    def any(self) -> bool:
        """True if one of them isn't skipped."""
        return not (all(target.skip for _, target in self.v3) and all(target.skip for _, target in self.centercode))


def resolve(
    document: Document,
    context: ReleaseContext,
    v3: Sequence[tuple[Section, V3Target]],
    centercode: Sequence[tuple[Section, CentercodeTarget]],
) -> tuple[Listener, ...]:
    """The listeners to call, in the order of the config. ``v3`` and ``centercode`` are announced before."""
    announced = _Announced(v3, centercode)
    found: dict[tuple[str, ...], Listener] = {}
    for entry in targets(document, "notify"):
        if not any(document.has((kind,)) for kind in ("v3", "centercode")):
            entry.complain("needs a v3 or centercode section, because notifications follow an announcement")
        for listener in _listeners(entry, context, announced):
            same = (listener.kind, listener.url, listener.project, listener.listener)
            if same in found and all(same):
                what = (
                    f"{listener.listener} has its {listener.kind} in this list already: expected one entry a listener"
                )
                entry.complain(what, listener.kind)
            found[same] = listener
    return tuple(found.values())


def _listeners(entry: Section, context: ReleaseContext, announced: _Announced) -> Iterator[Listener]:
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
        section = entry.section(kind)
        if not section.usable():
            continue
        yield Listener(
            name=f"{entry.target_name}:{kind}",
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


def _key(listener: Section, context: ReleaseContext, announced: _Announced, *, used: bool) -> Secret | None:
    """The listener's own key, else that of the first Centercode target."""
    if listener.given("key-env") or not announced.centercode:
        return context.keys.of(listener, "api-key", input_section="centercode", used=used)
    section, target = announced.centercode[0]
    return target.key or context.keys.of(section, "api-key", used=used)


def _body(listener: Section, context: ReleaseContext) -> Mapping[str, Template]:
    names = context.late_names._replace(late=context.late_names.late | NAMES)
    texts = ((name, listener.text(name)) for name in ("author", "message"))
    filled = {name: names.fill(listener, raw, name) for name, raw in texts if raw is not None}
    return {name: text for name, text in filled.items() if text is not None}


def _feedback(entry: Section, context: ReleaseContext, announced: _Announced) -> tuple[tuple[str, ...], str]:
    """The keys of the feedback to notify, each once, and for people what was searched for them."""
    if entry.given("feedback"):
        return tuple(key for _, key in entry.entries("feedback")), ""
    search, texts, searched = entry.value("search"), [], []
    if search != "notes":
        try:
            history = context.notes_source.commits()
        except ValueError as error:
            entry.complain(f"{error}; or set search: notes, or name the feedback", "search")
        else:
            _check_since(entry, context, history)
            texts += [commit.message for commit in history.commits] if history else []
            searched.append(str(history))
    if search != "commits":
        texts += [context.notes.text, *(context.notes_for(section).text for section, _ in announced.centercode)]
        searched.append("the notes")
    types = "|".join(re.escape(name) for _, name in entry.entries("types")) or _ANY_TYPE
    # Neither CVE-2026-1234 nor a part of a longer word.
    pattern = re.compile(rf"(?<![A-Za-z0-9-])(?:{types})-[0-9]{{4,}}(?![A-Za-z0-9]|-[0-9])")
    keys = tuple(dict.fromkeys(key for text in texts for key in pattern.findall(text)))
    if len(keys) > _MAX_FEEDBACK:
        entry.complain(
            f"{len(keys)} feedback keys, expected at most {_MAX_FEEDBACK}; list the ones to notify", "feedback"
        )
    return keys, " and ".join(searched)


def _check_since(entry: Section, context: ReleaseContext, history: History | None) -> None:
    """Report that all commits would be searched, unless this is the first release or its notes report it."""
    release = context.notes_source.release
    if history and not history.since and not (release.given("notes", "from") or release.value("notes", "first")):
        ways_out = "set release.notes.first: true. Or set search: notes, or name the feedback"
        entry.complain(f"{history.without_earlier_tag}. For the first release, {ways_out}", "search")
