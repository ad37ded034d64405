"""The questions of `shipline init`: settings of the catalog, whose flags and variables answer them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from shipline.inputs import catalogue
from shipline.pipeline import placeholders
from shipline.services.registry import SERVICES

if TYPE_CHECKING:
    from collections.abc import Callable

    from shipline.init.project import Project


CI = {"github": "GitHub", "gitlab": "GitLab", "jenkins": "Jenkins"}


class Question(NamedTuple):
    """A question for the value of one input."""

    name: str  # of the input
    default: Callable[[Project], str]  # an empty value omits the setting
    sandbox: str = ""  # the value that fits the bundled sandbox, with {url} for its address
    short: str = ""  # another flag

    @property
    def service(self) -> str:
        """The service whose section the setting belongs to, or an empty text."""
        section = self.name.partition("-")[0]
        return section if section in SERVICES else ""


QUESTIONS = (
    Question("artifacts", lambda project: project.build.artifacts),
    Question(
        "artifacts-url",
        lambda project: f"https://dl.example.com/{project.slug}/{{version}}/{{filename}}",
        "{url}/files/{{filename}}",
    ),
    Question("buildmaster-url", lambda _: "https://buildmaster.example.com", "{url}"),
    Question("buildmaster-application", lambda project: project.name, "Widget", "application"),
    Question("buildmaster-pipeline", lambda _: "Standard", "Standard", "pipeline"),
    Question("buildmaster-stages", lambda _: "", "Integration, Testing", "stages"),
    Question("v3-url", lambda _: "https://api.example.com", "{url}"),
    Question("v3-product-id", lambda _: "00000000-0000-0000-0000-000000000000", "27d6f2a0-3d6b-4f52-9f5e-6a1c6f0e8a11"),
    Question("v3-platforms", lambda _: "windows, linux"),
    Question("centercode-url", lambda _: "https://company.centercode.com", "{url}"),
    # No read-only request can check these two: a guess would fail only after the deployment.
    Question("centercode-project", lambda _: "<project key>", "WidgetPro"),
    Question("centercode-release-type", lambda _: "<release type key>", "Software"),
)


def of_sandbox(url: str) -> dict[str, str]:
    """Return the answers that fit the bundled sandbox at this address, by input name."""
    return {q.name: q.sandbox.format(url=url.rstrip("/")) for q in QUESTIONS if q.sandbox}


def is_placeholder(name: str, answer: str) -> bool:
    """Return True for an answer that `plan` refuses: it only shows what belongs there."""
    return placeholders.is_placeholder(catalogue.by_name()[name].path[-1], answer)
