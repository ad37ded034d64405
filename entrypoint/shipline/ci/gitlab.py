"""GitLab CI/CD: the job's facts, sections of its log, and the reports that GitLab reads when the job has ended."""

from __future__ import annotations

import json
import re
import time
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from shipline.ci import System
from shipline.pipeline import Facts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

REPORTS = ".shipline-reports"
"""The folder, from the job's working directory, that the template uploads: outputs.env (dotenv), annotations.json, the
summary, and a copy of the receipt. The receipt itself isn't an artifact: GitLab unpacks those of earlier jobs after the
cache, so a retried job would get an older one."""

REPORT = f"{REPORTS}/report.html"
"""Where the template has the run report written."""

PREFIX = "SHIPLINE_OUT_"

_FORK = (
    "this merge request comes from a fork, which GitLab gives no protected variable of the project: "
    "run this job when it is merged"
)
_UNPROTECTED = (
    "GitLab gives protected variables to protected branches and tags only, and this one isn't: "
    "protect it (Settings, Repository), or run this job on one that is"
)
_LARGEST_DOTENV = 5 * 1024  # bytes; GitLab refuses the report whole from there on
_LONGEST_URL = 2048
# What a dotenv report gives back unchanged: GitLab strips blanks, knows no quoting, and in a later job expands $NAME
# and %NAME%, which `%C3%A9` in a URL looks like too.
_PLAIN = re.compile(r"(?!.*%([A-Za-z_]\w*)?%)[!#%&()*+,./0-9:;<=>?@A-Z\[\]^_a-z{|}~-]+", re.ASCII)
_LINK = re.compile(r"https?://[!#-;=?-\[\]_a-z~]+", re.ASCII)


class GitLab(System):
    """One job of a pipeline (GitLab docs: "Predefined CI/CD variables")."""

    name: ClassVar[str] = "gitlab"

    @classmethod
    def detect(cls, environ: Mapping[str, str]) -> bool:
        return environ.get("GITLAB_CI") == "true"

    @property
    def debugging(self) -> bool:
        return self.environ.get("CI_DEBUG_TRACE") == "true"

    def facts(self) -> Facts:
        env = self.environ
        tag, job = env.get("CI_COMMIT_TAG", ""), env.get("CI_JOB_URL", "")
        merge_request = env.get("CI_MERGE_REQUEST_SOURCE_BRANCH_NAME", "")
        return Facts(
            ci=self.name,
            tag=tag,
            branch="" if tag else merge_request or env.get("CI_COMMIT_BRANCH") or env.get("CI_COMMIT_REF_NAME", ""),
            # A merge request's own commit, not that of the merge that GitLab tries out.
            sha=env.get("CI_MERGE_REQUEST_SOURCE_BRANCH_SHA") or env.get("CI_COMMIT_SHA", ""),
            run_id=env.get("CI_PIPELINE_ID", ""),
            run_number=env.get("CI_PIPELINE_IID", ""),
            run_url=job,
            repository=env.get("CI_PROJECT_PATH", ""),
            actor=env.get("GITLAB_USER_LOGIN", ""),
            artifact_base_url=f"{job}/artifacts/raw/{{path}}" if job else "",
            key_hint=self._key_hint(),
        )

    def _key_hint(self) -> str:
        """GitLab docs, "Merge request pipelines" (forks) and "GitLab CI/CD variables" (protected variables)."""
        env = self.environ
        source = env.get("CI_MERGE_REQUEST_SOURCE_PROJECT_ID", "")
        # Its pipeline runs in the fork, or, if a member starts it, in the project itself.
        if source and {source} != {env.get(name, source) for name in ("CI_MERGE_REQUEST_PROJECT_ID", "CI_PROJECT_ID")}:
            return _FORK
        return _UNPROTECTED if env.get("CI_COMMIT_REF_PROTECTED") == "false" else ""

    def group(self, title: str) -> tuple[str, str]:
        """A section (GitLab docs, "Job logs", custom collapsible sections), the same one each time for a title."""
        now = int(time.time())
        name = _section(title)
        return (
            f"\x1b[0Ksection_start:{now}:{name}\r\x1b[0K{_printable(title)}",
            f"\x1b[0Ksection_end:{now}:{name}\r\x1b[0K",
        )

    def outputs(self, outputs: Mapping[str, str]) -> None:
        """The dotenv report, links for the job's page, and the receipt beside them."""
        self._write("outputs.env", dotenv(outputs))
        path = outputs.get("receipt")
        receipt = self.workspace / path if path else None
        text = receipt.read_text(encoding="utf-8") if receipt and receipt.is_file() else "{}"
        if receipt and text != "{}":
            self._write(receipt.name, text)
        links = [
            {"external_link": {"label": label, "url": url}}
            for label, url in dict([*self._report(), *_links(outputs, json.loads(text))]).items()
            if _LINK.fullmatch(url) and len(url) <= _LONGEST_URL
        ]
        self._write("annotations.json", json.dumps({"Shipline": links}, indent=2) + "\n")

    def receipts(self, paths: Iterable[str]) -> None:
        for receipt in (self.workspace / path for path in paths):
            if receipt.is_file():
                self._write(receipt.name, receipt.read_text(encoding="utf-8"))

    def _report(self) -> Iterator[tuple[str, str]]:
        """The page of the run report among the job's artifacts (GitLab docs, "Job artifacts")."""
        job = self.environ.get("CI_JOB_URL")
        if job and (self.workspace / REPORT).is_file():
            yield "Run report", f"{job}/artifacts/file/{REPORT}"

    def summary(self, markdown: str) -> None:
        self._write("summary.md", markdown + "\n")

    def _write(self, name: str, text: str) -> None:
        folder = self.workspace / REPORTS
        folder.mkdir(exist_ok=True)
        Path(folder, name).write_text(text, encoding="utf-8", newline="\n")


def dotenv(outputs: Mapping[str, str]) -> str:
    """The outputs that GitLab would read back unchanged, as ``SHIPLINE_OUT_NAME=value`` lines; the receipt has all.

    The prefix keeps a later job with the same template from taking them for its inputs, and them from replacing any
    other variable.
    """
    lines, size = [], 0
    for name, value in outputs.items():
        line = f"{PREFIX}{name.upper().replace('-', '_')}={value}\n"
        if _PLAIN.fullmatch(value) and size + len(line) < _LARGEST_DOTENV:
            lines.append(line)
            size += len(line)
    return "".join(lines)


def _links(outputs: Mapping[str, str], receipt: Any) -> Iterator[tuple[str, str]]:
    """Label and URL of what the run made: the build, and each release."""
    yield "BuildMaster build", outputs.get("buildmaster-url", "")
    for entry in receipt.get("steps", []):
        service, url = entry["key"].split("|")[:2]
        label, made = f"{entry['name'].removeprefix('publish:')} release", entry["made"]
        if service == "v3" and made.get("release-id"):
            yield label, f"{url}/v3/releases/{made['release-id']}"
        elif made.get("release-url"):
            yield label, made["release-url"]


def _section(title: str) -> str:
    """A section's name has letters, digits and ``_.-``; two titles that look the same without the rest differ."""
    plain = re.sub(r"[^A-Za-z0-9_.-]", "_", title)
    return f"shipline_{plain}" if plain == title.replace(":", "_") else f"shipline_{plain}_{zlib.crc32(title.encode())}"


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else " " for c in text)
