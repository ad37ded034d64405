"""Azure Pipelines: the facts of a run, logging commands, and the summary of a job."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, ClassVar
from urllib.parse import quote

from shipline.ci.facts import Facts
from shipline.ci.system import System, break_commands

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from shipline.errors import Problem

SUMMARY = ".shipline-reports/summary.md"
"""The job summary, which the agent uploads after the step."""

PREFIX = "OUT_"
"""Of output variables. The template's step is `shipline`, so later steps have SHIPLINE_OUT_…, which is no input."""

_REF = re.compile(r"refs/(heads|tags)/(.+)")
_ATTEMPTS = ("SYSTEM_JOBATTEMPT", "SYSTEM_PHASEATTEMPT", "SYSTEM_STAGEATTEMPT")
_FORK_HINT = (
    "this pull request comes from a fork, which Azure Pipelines gives no secrets by default: "
    "run this step when it is merged"
)
# The agent obeys ##vso[command] anywhere in a line (azure-pipelines-agent, Command.cs), and the web page shows a line
# with ##[error] or ##[group] as such. The agent compares as people read, so that it would overlook a zero-width space.
_COMMAND = re.compile(r"##(?=\[|vso)", re.IGNORECASE)


class Azure(System):
    """One step of a job (Microsoft Learn: "Use predefined variables", "Logging commands")."""

    name: ClassVar[str] = "azure"
    longest_shown = 100_000  # the agent cuts none (azure-pipelines-agent, ExecutionContext.cs, AddIssue)
    root_variable: ClassVar[str] = "SYSTEM_DEFAULTWORKINGDIRECTORY"
    _summary: Path | None = None  # of this run: the workspace may have one of an earlier run

    @classmethod
    def detect(cls, environ: Mapping[str, str]) -> bool:
        return environ.get("TF_BUILD", "").lower() == "true"

    @property
    def debugging(self) -> bool:
        return self.environ.get("SYSTEM_DEBUG", "").lower() == "true"

    def facts(self) -> Facts:
        env = self.environ
        run_id, project = env.get("BUILD_BUILDID", ""), env.get("SYSTEM_TEAMPROJECT", "")
        collection = env.get("SYSTEM_COLLECTIONURI") or env.get("SYSTEM_TEAMFOUNDATIONCOLLECTIONURI", "")
        kind, name = _ref(env.get("BUILD_SOURCEBRANCH", ""))
        attempts = [int(env[name]) for name in _ATTEMPTS if re.fullmatch(r"[0-9]{1,9}", env.get(name, ""))]
        run_url = f"{collection.rstrip('/')}/{quote(project)}/_build/results?buildId={run_id}"
        return Facts(
            ci=self.name,
            tag=name if kind == "tags" else "",
            # A pull request's own branch and commit, not those of the trial merge.
            branch=_ref(env.get("SYSTEM_PULLREQUEST_SOURCEBRANCH", ""))[1] or (name if kind == "heads" else ""),
            sha=env.get("SYSTEM_PULLREQUEST_SOURCECOMMITID") or env.get("BUILD_SOURCEVERSION", ""),
            run_id=run_id,
            # Build.BuildNumber is a text that the pipeline forms and may change while it runs.
            run_number=run_id,
            # "Rerun failed jobs" counts the stage's and the job's attempts.
            run_attempt=max(attempts, default=None),
            # A job outside a matrix has the name __default.
            job=".".join(env.get(f"SYSTEM_{part}NAME", "") for part in ("STAGE", "PHASE", "JOB")).strip("."),
            run_url=run_url if collection and project and run_id else "",
            repository=env.get("BUILD_REPOSITORY_NAME", ""),
            actor=env.get("BUILD_REQUESTEDFOR", ""),
            git_server=self.git_server("SYSTEM_COLLECTIONURI", "SYSTEM_ACCESSTOKEN"),
            key_hint=_FORK_HINT if env.get("SYSTEM_PULLREQUEST_ISFORK", "").lower() == "true" else "",
        )

    def escape_commands(self, text: str) -> str:
        return break_commands(_COMMAND, text)

    def masks(self, forms: Iterable[str]) -> Iterator[str]:
        return (f"##vso[task.setsecret]{_data(form)}" for form in forms)

    def group(self, title: str) -> tuple[str, str]:
        return f"##[group]{self.escape_commands(title)}", "##[endgroup]"

    def problems(self, problems: Iterable[Problem]) -> Iterator[str]:
        """Yield an issue for each problem; of more than ten, the agent leaves the rest to the log."""
        for problem in problems:
            place = self.located(problem)
            properties = zip(("sourcepath", "linenumber", "columnnumber"), place or (), strict=False)
            yield self._issue("error", str(problem), dict(properties))

    def warning(self, text: str) -> str:
        return self._issue("warning", text, {})

    def error(self, title: str, text: str) -> str:
        return self._issue("error", f"{title}: {text}", {})

    def _issue(self, kind: str, text: str, properties: Mapping[str, str]) -> str:
        shown = "".join(f";{name}={_property(value)}" for name, value in properties.items())
        return f"##vso[task.logissue type={kind}{shown}]{_data(self.escape_commands(text))}"

    def summary(self, markdown: str) -> None:
        self._summary = self.write(SUMMARY, markdown + "\n")

    def results(self, outputs: Mapping[str, str]) -> Iterator[str]:
        """Yield an output variable for each output, and the upload of the summary.

        Not for a value with ``$(name)``: before each further step, the agent would put the variable's value there, also
        a secret's (Variables.cs, RecalculateExpanded); the receipt has it.
        """
        for name, value in outputs.items():
            if "$(" not in value:
                variable = f"{PREFIX}{name.upper().replace('-', '_')}"
                yield f"##vso[task.setvariable variable={variable};isOutput=true]{_data(value)}"
        if self._summary:
            yield f"##vso[task.uploadsummary]{_data(str(self._summary))}"


def _ref(ref: str) -> tuple[str, str]:
    """Return ``heads`` or ``tags``, and the name; twice nothing for other refs."""
    found = _REF.fullmatch(ref)
    return (found[1], found[2]) if found else ("", "")


def _data(text: str) -> str:
    """Escape a command's text (azure-pipelines-task-lib, taskcommand.ts)."""
    return text.replace("%", "%AZP25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace("]", "%5D").replace(";", "%3B")
