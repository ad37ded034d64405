"""TeamCity: the facts of a build, service messages, and the files that it publishes as artifacts."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from shipline import git
from shipline.ci.facts import Facts, host_and_repository
from shipline.ci.system import System, break_commands

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from shipline.errors import Problem

REPORTS = ".shipline-reports"
"""The folder for the summary, which TeamCity publishes as the artifact folder ``shipline``."""

_MAX_PROBLEM = 4000  # characters of a build problem; TeamCity cuts longer ones
_COMMAND = re.compile(r"##(?=teamcity)", re.IGNORECASE)
_ESCAPES = {"|": "||", "'": "|'", "[": "|[", "]": "|]", "\n": "|n", "\r": "|r"}
_ESCAPES |= {"\x85": "|x", "\u2028": "|l", "\u2029": "|p"}
_PROPERTY = re.compile(r"(?P<name>(?:[^\\=:\s]|\\.)+)\s*[=:]?\s*(?P<value>.*)")
_UNESCAPED = {"n": "\n", "r": "\r", "t": "\t", "f": "\f"}
_TAG = re.compile(r"(?:refs/)?tags/(.+)")


class TeamCity(System):
    """One step of a build (TeamCity docs: "List of Predefined Build Parameters", "Service Messages").

    No service message hides a text: TeamCity itself hides the values of parameters of the type password.
    """

    name: ClassVar[str] = "teamcity"
    _summary: Path | None = None  # of this run: the workspace may have one of an earlier run

    @classmethod
    def detect(cls, environ: Mapping[str, str]) -> bool:
        return bool(environ.get("TEAMCITY_VERSION"))

    def facts(self) -> Facts:
        env = self.environ
        system = _properties(env.get("TEAMCITY_BUILD_PROPERTIES_FILE", ""))
        config = _properties(system.get("teamcity.configuration.properties.file", ""))
        ref = _branch_of_root(config) or config.get("teamcity.build.branch", "")
        tag = _TAG.fullmatch(ref)
        number = env.get("BUILD_NUMBER", "")
        configuration = system.get("teamcity.buildType.id") or env.get("TEAMCITY_BUILDCONF_NAME", "")
        return Facts(
            ci=self.name,
            tag=tag[1] if tag else "",
            # <default> is the logical name of the default branch in some older versions.
            branch="" if tag or ref == "<default>" else ref.removeprefix("refs/heads/"),
            sha=env.get("BUILD_VCS_NUMBER") or git.head(self.workspace),
            run_id=system.get("teamcity.build.id") or (f"{configuration}#{number}" if number else ""),
            run_number=number,
            job=configuration,
            run_url=env.get("BUILD_URL", ""),
            repository=host_and_repository(config.get("vcsroot.url", ""))[1] or env.get("TEAMCITY_PROJECT_NAME", ""),
            actor=config.get("teamcity.build.triggeredBy.username", ""),
        )

    def escape_commands(self, text: str) -> str:
        """Break up service messages: the agent obeys them anywhere in a line."""
        return break_commands(_COMMAND, text)

    def group(self, title: str) -> tuple[str, str]:
        return _message("blockOpened", name=title), _message("blockClosed", name=title)

    def problems(self, problems: Iterable[Problem]) -> Iterator[str]:
        """Yield a build problem for each, and an inspection at its line, for the tab Code Inspection."""
        found = list(problems)
        if any(map(self.located, found)):
            description = "What Shipline refuses in its input"
            yield _message(
                "inspectionType", id="shipline", name="Wrong input", category="Shipline", description=description
            )
        for problem in found:
            yield _problem(str(problem))
            if place := self.located(problem):
                file, line, _ = place
                yield _message(
                    "inspection", typeId="shipline", message=str(problem), file=file, line=line, SEVERITY="ERROR"
                )

    def warning(self, text: str) -> str:
        return _message("message", text=text, status="WARNING")

    def error(self, title: str, text: str) -> str:
        return _problem(f"{title}: {text}")

    def summary(self, markdown: str) -> None:
        self._summary = self.write(f"{REPORTS}/summary.md", markdown + "\n")

    def results(self, outputs: Mapping[str, str]) -> Iterator[str]:
        """Yield a parameter for each output, the build's status, and the artifacts.

        Not for a value with ``%``: TeamCity would put a parameter's value there, also a password's; the receipt has it.
        """
        for name, value in outputs.items():
            if "%" not in value:
                variable = f"env.SHIPLINE_OUT_{name.upper().replace('-', '_')}"
                yield _message("setParameter", name=variable, value=value)
        if result := outputs.get("result"):
            yield _message("buildStatus", text=f"{{build.status.text}}; Shipline: {result}")
        if self._summary:
            yield _message("publishArtifacts", f"{self._summary} => shipline")


def _message(message: str, value: str = "", /, **attributes: str) -> str:
    shown = [f"'{escaped(value)}'"] if value else [f"{key}='{escaped(text)}'" for key, text in attributes.items()]
    return f"##teamcity[{' '.join((message, *shown))}]"


def _problem(text: str) -> str:
    return _message("buildProblem", description=text[:_MAX_PROBLEM])


def escaped(text: str) -> str:
    """Escape a value (TeamCity docs, "Service Messages", escaped values; the last three are in the older ones)."""
    return "".join(_ESCAPES.get(char, char) for char in text)


def _properties(file: str) -> dict[str, str]:
    """Read a file of Java properties, one a line, as TeamCity writes them; empty if there is none."""
    try:
        lines = Path(file).read_text(encoding="latin-1").splitlines() if file else []
    except OSError:
        return {}
    found = (_PROPERTY.fullmatch(line.strip()) for line in lines if not line.startswith(("#", "!")))
    return {_plain(match["name"]): _plain(match["value"]) for match in found if match}


def _plain(text: str) -> str:
    text = re.sub(r"\\u([0-9A-Fa-f]{4})", lambda match: chr(int(match[1], 16)), text)
    return re.sub(r"\\(.)", lambda match: _UNESCAPED.get(match[1], match[1]), text)


def _branch_of_root(config: Mapping[str, str]) -> str:
    """Return the full ref that was checked out, if it is the only one."""
    refs = {value for name, value in config.items() if name.startswith("teamcity.build.vcs.branch.")}
    return refs.pop() if len(refs) == 1 else ""
