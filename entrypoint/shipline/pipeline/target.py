"""What the targets of ``v3``, ``centercode`` and ``notify`` have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from shipline.interpolation import Template, literal
from shipline.pipeline import release_notes

if TYPE_CHECKING:
    from shipline.ci.facts import Facts
    from shipline.pipeline.artifacts import ArtifactSet
    from shipline.pipeline.release_notes import Notes
    from shipline.pipeline.secrets import CredentialResolver
    from shipline.pipeline.section import Section
    from shipline.pipeline.variables import Variables
    from shipline.version import Version


class ReleaseContext(NamedTuple):
    """What every target is resolved from."""

    names: Variables
    late_names: Variables
    version: Version | None  # None: it has a problem
    prerelease: bool
    notes: Notes
    notes_source: release_notes.Source
    title: Template | None
    artifacts: ArtifactSet
    keys: CredentialResolver
    facts: Facts
    publishing: bool  # True if this job announces

    def skip(self, target: Section) -> str:
        """Why ``when`` skips the target; empty if it doesn't."""
        when = target.value("when")
        shown = self.version.text if self.version else "the version"
        if when == "never":
            return "when: never"
        if when == "stable" and self.prerelease:
            return f"when: stable, and {shown} is a pre-release"
        if when == "prerelease" and not self.prerelease:
            return f"when: prerelease, and {shown} isn't a pre-release"
        return ""

    def notes_for(self, target: Section) -> Notes:
        """The target's own notes, else the release's."""
        return release_notes.read(target, self.notes_source) if target.given("notes") else self.notes

    def title_for(self, target: Section, default: str) -> Template:
        """The target's own title, else the release's, else ``default``."""
        raw = target.text("title")
        title = self.title if raw is None else self.late_names.fill(target, raw, "title")
        return title or literal(default)

    def version_text(self) -> str:
        """The version as it is written; empty if it has a problem."""
        return self.version.text if self.version else ""
