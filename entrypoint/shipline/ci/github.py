"""GitHub Actions: the event's facts, workflow commands, and the files for a step's results."""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import secrets
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import quote

from shipline.ci.facts import ArtifactUrl, Facts, Review
from shipline.ci.system import System
from shipline.values import iso_time

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from shipline.errors import Problem

MAX_ANNOTATIONS = 9
"""The runner shows ten errors for each step; the tenth reports how many more exist."""

_MAX_SUMMARY_BYTES = 1024 * 1024  # the runner rejects a larger one
MATRIX = "SHIPLINE_MATRIX"
"""The variable with the job's ``toJSON(matrix)``, ``null`` without one; the action sets it."""

_FORK_HINT = "this pull request comes from a fork, which GitHub gives no secrets: run this step when it is merged"
# GitHub docs, "REST API endpoints for release assets": "GitHub renames asset filenames that have special characters".
# Which ones, and that it makes one dot of several, is seen in uploads.
_REPLACED = r"[^A-Za-z0-9+_-]+"
_COMMAND = re.compile(r"((?:^|[\r\n])\s*):(?=:)")
_DEPENDABOT_HINT = (
    "this run is Dependabot's, which GitHub gives no secrets but Dependabot's own: run this step when it is merged"
)
# Breaks up a command, and can't be seen.
_ZERO_WIDTH_SPACE = "\u200b"


class GitHub(System):
    """One step of a GitHub Actions job (docs: "Workflow commands for GitHub Actions")."""

    name: ClassVar[str] = "github"
    longest_shown = 3900  # the runner cuts after 4096, title included (actions/runner, ExecutionContext.cs, AddIssue)
    root_variable: ClassVar[str] = "GITHUB_WORKSPACE"

    @classmethod
    def detect(cls, environ: Mapping[str, str]) -> bool:
        return environ.get("GITHUB_ACTIONS") == "true"

    @property
    def _is_compatible(self) -> bool:
        """True in Forgejo and Gitea, which run workflows for GitHub with its variables and commands.

        They give a run's page its number, show no summary and no annotation, and don't count attempts in each version:
        Gitea 1.22 to 1.24 leave GITHUB_RUN_ATTEMPT empty.
        """
        return bool(self.environ.get("FORGEJO_ACTIONS") or self.environ.get("GITEA_ACTIONS"))

    @property
    def shows_summary(self) -> bool:
        return not self._is_compatible

    @property
    def debugging(self) -> bool:
        return self.environ.get("RUNNER_DEBUG") == "1"

    def facts(self) -> Facts:
        env = self.environ
        event = self._event()
        is_tag = env.get("GITHUB_REF_TYPE") == "tag"
        ref = env.get("GITHUB_REF_NAME", "")
        tag = ref if is_tag else str(_value(event, "release", "tag_name") or "")
        repository = f"{env.get('GITHUB_SERVER_URL', 'https://github.com')}/{env.get('GITHUB_REPOSITORY', '')}"
        attempt = env.get("GITHUB_RUN_ATTEMPT", "")
        run_id, run_number = env.get("GITHUB_RUN_ID", ""), env.get("GITHUB_RUN_NUMBER", "")
        asset = ArtifactUrl(f"{repository}/releases/download/{quote(tag)}/{{filename}}", _REPLACED)
        return Facts(
            ci=self.name,
            tag=tag,
            # A pull request's own branch and commit, not those of GitHub's trial merge.
            branch=env.get("GITHUB_HEAD_REF") or ("" if is_tag else ref),
            sha=str(_value(event, "pull_request", "head", "sha") or env.get("GITHUB_SHA", "")),
            run_id=run_id,
            run_number=run_number,
            run_attempt=int(attempt) if re.fullmatch(r"[0-9]{1,9}", attempt) and not self._is_compatible else None,
            began=_moment(_value(event, "repository", "pushed_at")),
            job=self._job(),
            run_url=f"{repository}/actions/runs/{run_number if self._is_compatible else run_id}" if run_id else "",
            repository=env.get("GITHUB_REPOSITORY", ""),
            actor=env.get("GITHUB_ACTOR", ""),
            artifact_urls=dict.fromkeys(("ci", "github-release"), asset) if tag else {},
            git_server=self.git_server("GITHUB_SERVER_URL", "GITHUB_TOKEN"),
            key_hint=self._key_hint(event),
        )

    def _job(self) -> str:
        """Return the job's id and, for a leg of a matrix, a hash of its values: GitHub gives all legs one id."""
        job, matrix = self.environ.get("GITHUB_JOB", ""), self.environ.get(MATRIX, "").strip()
        return f"{job} {hashlib.sha256(matrix.encode()).hexdigest()[:8]}" if matrix not in ("", "null") else job

    def _key_hint(self, event: Any) -> str:
        """Explain why GitHub gives this run no secrets; empty if it does.

        GitHub docs, "Using secrets in GitHub Actions" (forks get none, except for pull_request_target) and
        "Troubleshooting Dependabot on GitHub Actions".
        """
        if self.environ.get("GITHUB_ACTOR") == "dependabot[bot]":
            return _DEPENDABOT_HINT
        if self.environ.get("GITHUB_EVENT_NAME") == "pull_request_target" or not _value(event, "pull_request", "head"):
            return ""
        head, base = (_value(event, "pull_request", side, "repo", "full_name") for side in ("head", "base"))
        # A deleted fork is null.
        return _FORK_HINT if head != base else ""

    def review(self) -> Review | None:
        """Return the pull request's comments (GitHub docs, "REST API endpoints for issue comments")."""
        api, repository = self.environ.get("GITHUB_API_URL"), self.environ.get("GITHUB_REPOSITORY")
        number = _value(self._event(), "pull_request", "number")
        if not (api and repository and isinstance(number, int)):
            return None
        issues = f"{api}/repos/{repository}/issues"
        token = self.secret("GITHUB_TOKEN")
        return Review(
            system="GitHub",
            comments=f"{issues}/{number}/comments",
            comment=f"{issues}/comments",
            update="PATCH",
            token=token,
            by_bot=token is not None and token.reveal().startswith("ghs_"),  # GitHub docs, "GitHub's token formats"
            header="Authorization",
            prefix="Bearer ",
            needs="give the job permissions: pull-requests: write",
        )

    def _event(self) -> Any:
        try:
            return json.loads(Path(self.environ["GITHUB_EVENT_PATH"]).read_text(encoding="utf-8"))
        except (KeyError, OSError, ValueError, RecursionError):
            return {}

    def escape_commands(self, text: str) -> str:
        """Break up commands: the runner obeys ``##[command]`` anywhere, and ``::command`` at the start of a line.

        Blanks may precede ``::``, and CR ends a line too.
        """
        return _COMMAND.sub(rf"\1:{_ZERO_WIDTH_SPACE}", text.replace("##[", f"#{_ZERO_WIDTH_SPACE}#["))

    def masks(self, forms: Iterable[str]) -> Iterator[str]:
        return (f"::add-mask::{_data(form)}" for form in forms)

    def group(self, title: str) -> tuple[str, str]:
        return f"::group::{_data(title)}", "::endgroup::"

    def problems(self, problems: Iterable[Problem]) -> Iterator[str]:
        """Yield an error for each: the runner makes annotations of the first ten, and shows all in the log."""
        found = list(problems)
        for index, problem in enumerate(found):
            if index == MAX_ANNOTATIONS:
                yield self._annotation(
                    "error", f"{len(found) - index} more: see the log or the summary", {"title": "shipline"}
                )
            properties: dict[str, str] = {"title": problem.path or problem.place or "shipline"}
            if place := self.located(problem):
                file, line, column = place
                properties = {"file": file, "line": line, "endLine": line, "col": column} | properties
            yield self._annotation("error", str(problem), properties)

    def warning(self, text: str) -> str:
        return self._annotation("warning", text, {"title": "shipline"})

    def error(self, title: str, text: str) -> str:
        return self._annotation("error", f"{title}: {text}", {"title": f"shipline: {title}"})

    def _annotation(self, name: str, text: str, properties: Mapping[str, str]) -> str:
        if self._is_compatible:
            return ""
        shown = ",".join(f"{key}={_property(value)}" for key, value in properties.items() if value)
        return f"::{name} {shown}::{_data(text)}"

    def outputs(self, outputs: Mapping[str, str]) -> None:
        self._append("GITHUB_OUTPUT", "".join(_assignment(name, value) for name, value in outputs.items()))

    def summary(self, markdown: str) -> None:
        encoded = (markdown + "\n").encode()
        if len(encoded) > _MAX_SUMMARY_BYTES:
            notice = b"\n\n(cut here: the summary is too long)\n"
            encoded = encoded[: _MAX_SUMMARY_BYTES - len(notice)].rpartition(b"\n")[0] + notice
        self._append("GITHUB_STEP_SUMMARY", encoded.decode(errors="ignore"))

    def _append(self, variable: str, text: str) -> None:
        """Append to the file that a variable names, in one write; the runner reads it after the step."""
        file = self.environ.get(variable)
        if file:
            with Path(file).open("a", encoding="utf-8", newline="\n") as handle:
                handle.write(text)


def _value(event: Any, *names: str) -> Any:
    """Return the value at a path of the event; None if the path doesn't exist."""
    for name in names:
        event = event.get(name) if isinstance(event, dict) else None
    return event


def _moment(value: Any) -> datetime | None:
    """Return a moment of an event: seconds since the epoch in a push's, else ISO 8601."""
    if isinstance(value, int):
        with contextlib.suppress(OverflowError, ValueError, OSError):
            return datetime.fromtimestamp(value, UTC)
    return iso_time(value) if isinstance(value, str) else None


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _assignment(name: str, value: str) -> str:
    """Assign an output, with a random delimiter: with a known one, a value could assign other outputs."""
    delimiter = f"shipline_{secrets.token_hex(16)}"
    return f"{name}<<{delimiter}\n{value}\n{delimiter}\n"
