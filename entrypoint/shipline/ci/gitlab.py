"""GitLab CI/CD: the job's facts, sections of its log, and the reports that GitLab reads after the job."""

from __future__ import annotations

import contextlib
import json
import re
import time
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import ClassVar
from urllib.parse import quote

from shipline.ci import code_quality
from shipline.ci.facts import ArtifactUrl, Facts, Review
from shipline.ci.system import System
from shipline.display import blank_controls
from shipline.values import iso_time

REPORTS = ".shipline-reports"
"""The folder in the job's working directory that the template uploads: outputs.env (dotenv), annotations.json,
codequality.json, the summary, and a copy of the receipt. The receipt itself isn't an artifact: GitLab unpacks the
artifacts of earlier jobs after the cache, so a retried job would get an older one."""

REPORT = f"{REPORTS}/report.html"
"""The path of the run report; the template sets it."""

PREFIX = "SHIPLINE_OUT_"

_LEFT = ("outputs.env", "annotations.json", code_quality.FILE, "summary.md", Path(REPORT).name)
_FORK_HINT = (
    "this merge request comes from a fork, which GitLab gives no protected variable of the project: "
    "run this job when it is merged"
)
_UNPROTECTED_HINT = (
    "GitLab gives protected variables to protected branches and tags only, and this one isn't: "
    "protect it (Settings, Repository), or run this job on one that is"
)
_MAX_DOTENV_BYTES = 5 * 1024  # GitLab rejects a report of this size or more
_MAX_URL_LENGTH = 2048
# Values that survive a dotenv report: GitLab strips blanks, has no quoting, and in a later job expands $NAME and
# %NAME%. `%C3%A9` in a URL looks like the latter.
_PLAIN = re.compile(r"(?!.*%([A-Za-z_]\w*)?%)[!#%&()*+,./0-9:;<=>?@A-Z\[\]^_a-z{|}~-]+", re.ASCII)
_LINK = re.compile(r"https?://[!#-;=?-\[\]_a-z~]+", re.ASCII)


_MATRIX_JOB = re.compile(r": \[.*]$", re.DOTALL)


class GitLab(System):
    """One job of a pipeline (GitLab docs: "Predefined CI/CD variables")."""

    name: ClassVar[str] = "gitlab"
    root_variable: ClassVar[str] = "CI_PROJECT_DIR"

    @classmethod
    def detect(cls, environ: Mapping[str, str]) -> bool:
        return environ.get("GITLAB_CI") == "true"

    @classmethod
    def shard(cls, environ: Mapping[str, str]) -> str:
        """Return the job's part by ``parallel`` (GitLab docs, "CI/CD YAML syntax reference"); it counts from 1.

        The jobs of a matrix are counted too, but their variables differ already. Their names are ``name: [a, b]``;
        those of others are ``name 2/4``, or ``name: [2/4]`` in gitlab-ci-local.
        """
        index, total, job = (environ.get(f"CI_{name}", "") for name in ("NODE_INDEX", "NODE_TOTAL", "JOB_NAME"))
        part = f"{index}/{total}" if index and total else ""
        return "" if _MATRIX_JOB.search(job) and not job.endswith(f": [{part}]") else part

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
            # A merge request's own commit, not that of GitLab's trial merge.
            sha=env.get("CI_MERGE_REQUEST_SOURCE_BRANCH_SHA") or env.get("CI_COMMIT_SHA", ""),
            run_id=env.get("CI_PIPELINE_ID", ""),
            run_number=env.get("CI_PIPELINE_IID", ""),
            began=iso_time(env.get("CI_PIPELINE_CREATED_AT", "")),
            job=env.get("CI_JOB_NAME", ""),  # of a matrix too: it contains the leg
            run_url=job,
            repository=env.get("CI_PROJECT_PATH", ""),
            actor=env.get("GITLAB_USER_LOGIN", ""),
            artifact_urls=self._artifact_urls(tag),
            git_server=self.git_server("CI_SERVER_URL", "CI_JOB_TOKEN"),
            key_hint=self._key_hint(),
        )

    def _artifact_urls(self, tag: str) -> dict[str, ArtifactUrl]:
        """Return the presets of ``artifacts-url``.

        GitLab docs, "Release fields" (permanent links to release assets) and "Generic packages repository".
        """
        names = ("CI_JOB_URL", "CI_PROJECT_URL", "CI_API_V4_URL", "CI_PROJECT_ID", "CI_PROJECT_NAME")
        job, project, api, number, name = (self.environ.get(variable, "") for variable in names)
        package = f"{api}/projects/{number}/packages/generic/{name}/{{version}}/{{filename}}"
        release = f"{project}/-/releases/{quote(tag, safe='')}/downloads/{{filename}}"
        urls = {
            "ci": f"{job}/artifacts/raw/{{path}}" if job else "",
            "gitlab-release": release if project and tag else "",
            "gitlab-package": package if api and number and name else "",
        }
        return {preset: ArtifactUrl(url) for preset, url in urls.items() if url}

    def review(self) -> Review | None:
        """Return the merge request's comments (GitLab docs, "Notes API"). A job token can only read them."""
        env = self.environ
        api, number = env.get("CI_API_V4_URL"), env.get("CI_MERGE_REQUEST_IID")
        project = env.get("CI_MERGE_REQUEST_PROJECT_ID") or env.get("CI_PROJECT_ID")
        if not (api and number and project):
            return None
        notes = f"{api}/projects/{project}/merge_requests/{number}/notes"
        return Review(
            system="GitLab",
            comments=notes,
            comment=notes,
            update="PUT",
            token=self.secret("GITLAB_TOKEN"),
            header="PRIVATE-TOKEN",
            prefix="",
            needs="set the masked variable GITLAB_TOKEN to a project access token with the scope api",
        )

    def _key_hint(self) -> str:
        """Explain why GitLab gives this job no protected variables; empty if it does.

        GitLab docs, "Merge request pipelines" (forks) and "GitLab CI/CD variables" (protected variables).
        """
        env = self.environ
        source = env.get("CI_MERGE_REQUEST_SOURCE_PROJECT_ID", "")
        # A fork's pipeline runs in the fork; if a member starts it, in the project itself.
        if source and {source} != {env.get(name, source) for name in ("CI_MERGE_REQUEST_PROJECT_ID", "CI_PROJECT_ID")}:
            return _FORK_HINT
        return _UNPROTECTED_HINT if env.get("CI_COMMIT_REF_PROTECTED") == "false" else ""

    def group(self, title: str) -> tuple[str, str]:
        """Return the lines of a section, named after its title (GitLab docs, "Job logs", collapsible sections)."""
        now = int(time.time())
        name = _section(title)
        return (
            f"\x1b[0Ksection_start:{now}:{name}\r\x1b[0K{blank_controls(title)}",
            f"\x1b[0Ksection_end:{now}:{name}\r\x1b[0K",
        )

    def begin(self) -> None:
        """Remove the reports of a job before this one, which came with its artifacts."""
        for name in _LEFT:
            with contextlib.suppress(OSError):
                (self.workspace / REPORTS / name).unlink()

    def outputs(self, outputs: Mapping[str, str]) -> None:
        """Write the dotenv report, the wrong input, and a copy of the receipt."""
        self.write(f"{REPORTS}/outputs.env", dotenv(outputs))
        pipeline = self.environ.get("CI_CONFIG_PATH") or ".gitlab-ci.yml"
        self.write(f"{REPORTS}/{code_quality.FILE}", code_quality.report(self, pipeline))
        if receipt := outputs.get("receipt"):
            self.receipts([receipt])

    def links(self, links: Mapping[str, str]) -> None:
        """Write the links for the job's page, with one to the run report (GitLab docs, "Job artifacts")."""
        job = self.environ.get("CI_JOB_URL")
        has_report = job and (self.workspace / REPORT).is_file()
        report = {"Run report": f"{job}/artifacts/file/{REPORT}"} if has_report else {}
        shown = [
            {"external_link": {"label": label, "url": url}}
            for label, url in {**report, **links}.items()
            if _LINK.fullmatch(url) and len(url) <= _MAX_URL_LENGTH
        ]
        self.write(f"{REPORTS}/annotations.json", json.dumps({"Shipline": shown}, indent=2) + "\n")

    def receipts(self, paths: Iterable[str]) -> None:
        for receipt in (self.workspace / path for path in paths):
            if receipt.is_file():
                self.write(f"{REPORTS}/{receipt.name}", receipt.read_text(encoding="utf-8"))

    def summary(self, markdown: str) -> None:
        self.write(f"{REPORTS}/summary.md", markdown + "\n")


def dotenv(outputs: Mapping[str, str]) -> str:
    """Return the outputs that GitLab reads back unchanged, as ``SHIPLINE_OUT_NAME=value`` lines; the receipt has all.

    The prefix distinguishes them from inputs of a later job with the same template, and from other variables.
    """
    lines, size = [], 0
    for name, value in outputs.items():
        line = f"{PREFIX}{name.upper().replace('-', '_')}={value}\n"
        if _PLAIN.fullmatch(value) and size + len(line) < _MAX_DOTENV_BYTES:
            lines.append(line)
            size += len(line)
    return "".join(lines)


def _section(title: str) -> str:
    """Return a unique section name for a title: letters, digits and ``_.-``."""
    plain = re.sub(r"[^A-Za-z0-9_.-]", "_", title)
    return f"shipline_{plain}" if plain == title.replace(":", "_") else f"shipline_{plain}_{zlib.crc32(title.encode())}"
