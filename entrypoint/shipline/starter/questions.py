"""What `shipline init` needs to know: settings of the catalogue, whose flags and variables they have."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from shipline.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable

    from shipline.starter.project import Project

SERVICES = {"buildmaster": "BuildMaster", "v3": "v3 releases", "centercode": "Centercode"}
CI = {"github": "GitHub", "gitlab": "GitLab", "jenkins": "Jenkins"}


@dataclass(frozen=True, slots=True)
class Question:
    """``name`` is the input's. ``assumed`` is what is written without an answer; empty: the setting is left out."""

    name: str
    assumed: Callable[[Project], str]
    short: str = ""  # another flag

    @property
    def service(self) -> str:
        """The section it belongs to; empty: none of the services'."""
        section = self.name.partition("-")[0]
        return section if section in SERVICES else ""


QUESTIONS = (
    Question("artifacts", lambda project: project.build.artifacts),
    Question("artifacts-url", lambda project: f"https://dl.example.com/{project.slug}/{{version}}/{{filename}}"),
    Question("buildmaster-url", lambda _: "https://buildmaster.example.com"),
    Question("buildmaster-application", lambda project: project.name, "application"),
    Question("buildmaster-pipeline", lambda _: "Standard", "pipeline"),
    Question("buildmaster-stages", lambda _: "", "stages"),
    Question("v3-url", lambda _: "https://api.example.com"),
    Question("v3-product-id", lambda _: "00000000-0000-0000-0000-000000000000"),
    Question("v3-platforms", lambda _: "windows, linux"),
    Question("centercode-url", lambda _: "https://company.centercode.com"),
    Question("centercode-project", lambda project: re.sub(r"[^A-Za-z0-9]+", "", project.name.title()) or "Project"),
    Question("centercode-release-type", lambda _: "Software"),
)
