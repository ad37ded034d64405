"""The names that text in braces may use, with their values, or why they have none."""

from __future__ import annotations

from functools import lru_cache, partial
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote

from shipline.display import bad_character, suggest
from shipline.interpolation import LATE_NAMES, Template, UnknownNameError, interpolate

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shipline.ci.facts import Facts
    from shipline.pipeline.section import Section
    from shipline.version import Version


_SHORT_SHA = 7
_VERSION_NAMES = frozenset({"version", "major", "minor", "patch", "prerelease", "prerelease_number"})
_URL_NAMES = frozenset({"run_url"})  # full URLs, which percent-encoding would break
_quote = lru_cache(partial(quote, safe="/"))


def _encode(name: str, value: str) -> str:
    """Return a value percent-encoded for a URL's path."""
    return value if name in _URL_NAMES else _quote(value)


class Variables(NamedTuple):
    """Names in braces. A setting fills its text from the names that are known where it is used."""

    values: Mapping[str, str]
    absent: Mapping[str, str]  # known names without a value, and why
    late: frozenset[str] = frozenset()
    silent: frozenset[str] = frozenset()  # without a value because of a problem that is reported already

    def with_values(self, values: Mapping[str, str]) -> Variables:
        """A copy with more values."""
        return self._replace(values={**self.values, **values})

    def without(self, absent: Mapping[str, str]) -> Variables:
        """A copy in which names have no value, each with the reason."""
        return self._replace(absent={**self.absent, **absent})

    def with_late(self) -> Variables:
        """A copy for what is sent after the build exists."""
        return self._replace(late=self.late | LATE_NAMES)

    def unknown(self) -> Variables:
        """A copy in which no name has a value, and using one is no problem."""
        return self._replace(values={}, absent={}, silent=frozenset({*self.values, *self.absent}))

    def fill(self, section: Section, raw: str, *path: str | int, in_url: bool = False) -> Template | None:
        """Fill ``raw``, the text at ``path`` of the section; None, and problems, if a name in it has no value.

        ``in_url``: with percent-encoded values, for a URL's path.
        """
        values, usable = self.values, True
        while True:
            try:
                text = interpolate(raw, values, self.late, _encode if in_url else None)
            except UnknownNameError as error:
                usable = False
                values = {**values, error.name: ""}
                if error.name not in self.silent:
                    section.complain(self._explain(error.name), *path)
            else:
                return text if usable else None

    def filled(self, section: Section, name: str) -> str | None:
        """The filled text of a setting; None if it is unset or has a problem."""
        raw = section.text(name)
        text = None if raw is None else self.fill(section, raw, name)
        if text is None:
            return None
        if not (shown := str(text)).strip():
            section.complain("is empty after Shipline has replaced its names", name)
            return None
        return shown

    def entries(self, section: Section, name: str) -> list[tuple[str | int, str]]:
        """The filled entries of a list, each with its position; those with a problem are left out."""
        filled = [(at, self.fill(section, raw, name, at)) for at, raw in section.entries(name)]
        for at, text in filled:
            if text is not None and not str(text).strip():
                section.complain("is empty after Shipline has replaced its names", name, at)
        return [(at, str(text)) for at, text in filled if text is not None]

    def _explain(self, name: str) -> str:
        """Why a name has no value."""
        if name in self.absent:
            return f"{{{name}}} has no value: {self.absent[name]}"
        if name in LATE_NAMES:
            return f"{{{name}}} has no value before the build exists, which is too late for this setting"
        known = sorted({*self.values, *self.absent, *self.late} - LATE_NAMES | self.late)
        hint = suggest(name, known) or f": expected one of {', '.join(known)}, or {{{{{name}}}}} for the text itself"
        return f"unknown name {{{name}}}{hint}"


def of_run(facts: Facts) -> Variables:
    """The names that a version may be made of: the facts that the CI system reports."""
    given = {
        "tag": facts.tag,
        "branch": facts.branch,
        "sha": facts.sha,
        "short_sha": facts.sha[:_SHORT_SHA],
        "run_id": facts.run_id,
        "run_number": facts.run_number,
        "run_url": facts.run_url,
        "repository": facts.repository,
        "actor": facts.actor,
    }
    reasons = {"tag": facts.tag_hint or "no tag in this run", "branch": "no branch in this run"}
    unknown = f"the CI system ({facts.ci}) doesn't say"
    absent = {name: reasons.get(name, unknown) for name, value in given.items() if not value}
    # A branch's name may reorder the text around it, and an actor's may control a terminal.
    bad = {name: what for name, value in given.items() if (what := bad_character(value))}
    absent |= {name: f"what the CI system ({facts.ci}) gives for it {what}" for name, what in bad.items()}
    absent |= dict.fromkeys(_VERSION_NAMES, "this setting defines the version")
    return Variables({name: value for name, value in given.items() if value and name not in bad}, absent)


def with_version(names: Variables, version: Version | None) -> Variables:
    """The names with the version's; without a version, which has a problem then, using its names reports nothing."""
    absent = {name: why for name, why in names.absent.items() if name not in _VERSION_NAMES}
    if version is None:
        return names._replace(absent=absent, silent=names.silent | _VERSION_NAMES)
    return names._replace(absent=absent, values={**names.values, **version.names()})
