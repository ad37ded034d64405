"""The names that text in braces may use, and what to say of one that has no value."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache, partial
from typing import TYPE_CHECKING
from urllib.parse import quote

from shipline.document import suggest
from shipline.record import dataclass
from shipline.text import LATE_NAMES, Text, UnknownNameError, interpolate
from shipline.validate import bad_character

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shipline.pipeline import Facts
    from shipline.resolution.section import Section
    from shipline.version import Version

_SHORT_SHA = 7
_VERSION_NAMES = frozenset({"version", "major", "minor", "patch", "prerelease", "prerelease_number"})
# A stable version has no pre-release, and one config file serves both.
_MAY_BE_EMPTY = frozenset({"prerelease", "prerelease_number"})
# A whole URL, which percent-encoding would break.
_URLS = frozenset({"run_url"})
_quoted = lru_cache(partial(quote, safe="/"))


@dataclass(frozen=True, slots=True)
class Names:
    values: Mapping[str, str]
    absent: Mapping[str, str]  # known names without a value, and why
    late: frozenset[str] = frozenset()
    silent: frozenset[str] = frozenset()  # without a value because of a problem that is reported already

    def with_values(self, values: Mapping[str, str]) -> Names:
        """More values; an empty one says nothing about itself, so it is only unknown."""
        return replace(self, values={**self.values, **values})

    def without(self, absent: Mapping[str, str]) -> Names:
        return replace(self, absent={**self.absent, **absent})

    def with_late(self) -> Names:
        """For what is sent after the build exists."""
        return replace(self, late=self.late | LATE_NAMES)

    def for_url(self) -> Names:
        """The values as parts of a URL's path."""
        return replace(self, values={k: v if k in _URLS else _quoted(v) for k, v in self.values.items()})

    def fill(self, section: Section, raw: str, *path: str | int) -> Text | None:
        """``raw``, which stands at ``path`` of the section, filled; None, and problems, if it uses a name in vain."""
        values, usable = dict(self.values), True
        while True:
            try:
                text = interpolate(raw, values, self.late)
            except UnknownNameError as error:
                usable = False
                values[error.name] = ""
                if error.name not in self.silent:
                    section.complain(self._why_not(error.name), *path)
            else:
                return text if usable else None

    def filled(self, section: Section, name: str) -> str | None:
        """The text of a setting, filled, where no name stays open; None if it is unset or wrong."""
        raw = section.text(name)
        text = None if raw is None else self.fill(section, raw, name)
        if text is None:
            return None
        if not str(text).strip():
            section.complain("is empty once its names are filled in", name)
            return None
        return str(text)

    def entries(self, section: Section, name: str) -> list[tuple[str | int, str]]:
        """The entries of a list, filled, each with its position; those that are wrong are left out."""
        filled = [(at, self.fill(section, raw, name, at)) for at, raw in section.entries(name)]
        for at, text in filled:
            if text is not None and not str(text).strip():
                section.complain("is empty once its names are filled in", name, at)
        return [(at, str(text)) for at, text in filled if text is not None]

    def _why_not(self, name: str) -> str:
        if name in self.absent:
            return f"{{{name}}} has no value: {self.absent[name]}"
        if name in LATE_NAMES:
            return f"{{{name}}} is known only when the build exists, too late for this setting"
        known = sorted({*self.values, *self.absent, *self.late} - LATE_NAMES | self.late)
        hint = suggest(name, known) or f": expected one of {', '.join(known)}, or {{{{{name}}}}} for the text itself"
        return f"unknown name {{{name}}}{hint}"


def of_run(facts: Facts) -> Names:
    """The names that a version may be made of: what the CI system says."""
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
    unsaid = f"the CI system ({facts.ci}) doesn't say"
    absent = {name: reasons.get(name, unsaid) for name, value in given.items() if not value}
    # A branch may be called so that the text around it reads otherwise, and an actor what a terminal obeys.
    found = {name: bad_character(value) for name, value in given.items()}
    wrong = {name: f"what the CI system ({facts.ci}) gives for it {what}" for name, what in found.items() if what}
    absent |= wrong
    absent |= dict.fromkeys(_VERSION_NAMES, "the version is what is being made here")
    return Names({name: value for name, value in given.items() if value and name not in wrong}, absent)


def with_version(names: Names, version: Version | None) -> Names:
    """With the version's names; None: the version has a problem."""
    absent = {name: why for name, why in names.absent.items() if name not in _VERSION_NAMES}
    if version is None:
        return replace(names, absent=absent, silent=_VERSION_NAMES)
    return replace(names, absent=absent, values={**names.values, **version.names()})
