"""GitHub Actions: workflow commands, the files a step writes its results to, and the facts of the event."""

from __future__ import annotations

import json
import re
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from shipline.ci import System
from shipline.pipeline import Facts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from shipline.errors import Problem

MOST_ANNOTATIONS = 9
"""The runner shows ten errors a step; the tenth says how many more there are."""

_LARGEST_SUMMARY = 1024 * 1024  # bytes; the runner refuses a larger one
_PLACE = re.compile(r"(?P<file>.+):(?P<line>[0-9]+):(?P<column>[0-9]+)")
_FORK = "this pull request comes from a fork, which GitHub gives no secrets: run this step when it is merged"
_COMMAND = re.compile(r"((?:^|[\r\n])\s*):(?=:)")
_DEPENDABOT = (
    "this run is Dependabot's, which GitHub gives no secrets but Dependabot's own: run this step when it is merged"
)
# What keeps a command from being seen, and can't be seen itself.
_GAP = "\u200b"


class GitHub(System):
    """One step of a GitHub Actions job (docs: "Workflow commands for GitHub Actions")."""

    name: ClassVar[str] = "github"

    @classmethod
    def detect(cls, environ: Mapping[str, str]) -> bool:
        return environ.get("GITHUB_ACTIONS") == "true"

    @property
    def debugging(self) -> bool:
        return self.environ.get("RUNNER_DEBUG") == "1"

    def facts(self) -> Facts:
        env = self.environ
        event = self._event()
        is_tag = env.get("GITHUB_REF_TYPE") == "tag"
        ref = env.get("GITHUB_REF_NAME", "")
        tag = ref if is_tag else str(_in(event, "release", "tag_name") or "")
        repository = f"{env.get('GITHUB_SERVER_URL', 'https://github.com')}/{env.get('GITHUB_REPOSITORY', '')}"
        attempt = env.get("GITHUB_RUN_ATTEMPT", "")
        run_id = env.get("GITHUB_RUN_ID", "")
        return Facts(
            ci=self.name,
            tag=tag,
            # A pull request's own branch and commit, not those of the merge that GitHub tries out.
            branch=env.get("GITHUB_HEAD_REF") or ("" if is_tag else ref),
            sha=str(_in(event, "pull_request", "head", "sha") or env.get("GITHUB_SHA", "")),
            run_id=run_id,
            run_number=env.get("GITHUB_RUN_NUMBER", ""),
            run_attempt=int(attempt) if attempt.isdecimal() else None,
            run_url=f"{repository}/actions/runs/{run_id}" if run_id else "",
            repository=env.get("GITHUB_REPOSITORY", ""),
            actor=env.get("GITHUB_ACTOR", ""),
            artifact_base_url=f"{repository}/releases/download/{tag}/{{filename}}" if tag else "",
            key_hint=self._key_hint(event),
        )

    def _key_hint(self, event: Any) -> str:
        """GitHub docs, "Using secrets in GitHub Actions": forks get none, but by pull_request_target; and
        "Troubleshooting Dependabot on GitHub Actions".
        """
        if self.environ.get("GITHUB_ACTOR") == "dependabot[bot]":
            return _DEPENDABOT
        if self.environ.get("GITHUB_EVENT_NAME") == "pull_request_target" or not _in(event, "pull_request", "head"):
            return ""
        head, base = (_in(event, "pull_request", side, "repo", "full_name") for side in ("head", "base"))
        # A fork that was deleted is null.
        return _FORK if head != base else ""

    def _event(self) -> Any:
        try:
            return json.loads(Path(self.environ["GITHUB_EVENT_PATH"]).read_text(encoding="utf-8"))
        except (KeyError, OSError, ValueError, RecursionError):
            return {}

    def neutral(self, text: str) -> str:
        """The runner obeys ``##[command]`` anywhere in a line, and ``::command`` after blanks; CR ends a line too."""
        return _COMMAND.sub(rf"\1:{_GAP}", text.replace("##[", f"#{_GAP}#["))

    def masks(self, forms: Iterable[str]) -> Iterator[str]:
        return (f"::add-mask::{_data(form)}" for form in forms)

    def group(self, title: str) -> tuple[str, str]:
        return f"::group::{_data(title)}", "::endgroup::"

    def problems(self, problems: Iterable[Problem]) -> Iterator[str]:
        every = list(problems)
        for problem in every[:MOST_ANNOTATIONS]:
            place = _PLACE.fullmatch(problem.place)
            properties: dict[str, str] = {"title": problem.path or problem.place or "shipline"}
            if place:
                line = place["line"]
                file = self._from_root(place["file"])
                properties = {"file": file, "line": line, "endLine": line, "col": place["column"]} | properties
            yield _command("error", str(problem), properties)
        if len(every) > MOST_ANNOTATIONS:
            yield _command("error", f"{len(every) - MOST_ANNOTATIONS} more, see the summary", {"title": "shipline"})

    def _from_root(self, file: str) -> str:
        """A file's path from the repository's root, as annotations want it."""
        root = Path(self.environ.get("GITHUB_WORKSPACE") or self.workspace)
        path = self.workspace / file
        return path.relative_to(root).as_posix() if path.is_relative_to(root) else file

    def warning(self, text: str) -> str:
        return _command("warning", text, {"title": "shipline"})

    def error(self, title: str, text: str) -> str:
        return _command("error", text, {"title": f"shipline: {title}"})

    def outputs(self, outputs: Mapping[str, str]) -> None:
        self._append("GITHUB_OUTPUT", "".join(_assigned(name, value) for name, value in outputs.items()))

    def summary(self, markdown: str) -> None:
        encoded = (markdown + "\n").encode()
        if len(encoded) > _LARGEST_SUMMARY:
            notice = b"\n\n(cut here: the summary is too long)\n"
            encoded = encoded[: _LARGEST_SUMMARY - len(notice)].rpartition(b"\n")[0] + notice
        self._append("GITHUB_STEP_SUMMARY", encoded.decode(errors="ignore"))

    def _append(self, variable: str, text: str) -> None:
        """One write, LF line ends: the runner reads the file when the step has ended."""
        file = self.environ.get(variable)
        if file:
            with Path(file).open("a", encoding="utf-8", newline="\n") as handle:
                handle.write(text)


def _in(event: Any, *names: str) -> Any:
    for name in names:
        event = event.get(name) if isinstance(event, dict) else None
    return event


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _command(name: str, text: str, properties: Mapping[str, str]) -> str:
    given = ",".join(f"{key}={_property(value)}" for key, value in properties.items() if value)
    return f"::{name} {given}::{_data(text)}"


def _assigned(name: str, value: str) -> str:
    """A fresh delimiter each time: with a known one, a value could assign other outputs."""
    delimiter = f"shipline_{secrets.token_hex(16)}"
    return f"{name}<<{delimiter}\n{value}\n{delimiter}\n"
