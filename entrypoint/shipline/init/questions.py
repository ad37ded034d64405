"""The questions of `shipline init`: settings of the catalog, whose flags and variables answer them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from shipline.services.registry import SERVICES

if TYPE_CHECKING:
    from collections.abc import Callable

    from shipline.init.project import Project


CI = {"github": "GitHub", "gitlab": "GitLab", "jenkins": "Jenkins"}


class Question(NamedTuple):
    """A question for the value of one input."""

    name: str  # of the input
    default: Callable[[Project], str]  # an empty value omits the setting
    short: str = ""  # another flag

    @property
    def service(self) -> str:
        """The service whose section the setting belongs to, or an empty text."""
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
