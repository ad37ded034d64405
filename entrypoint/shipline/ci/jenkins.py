"""Jenkins: the facts of a build, and the result files that the library (ci_templates/jenkins) reads."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import ClassVar

from shipline import git
from shipline.ci import code_quality
from shipline.ci.facts import ArtifactUrl, Facts, host_and_repository
from shipline.ci.system import System

FOLDER = "SHIPLINE_OUT_FOLDER"
"""The variable that names the folder for ``outputs``, ``codequality.json`` and ``description.html``; the library sets
it."""

REPORT = "report.html"
"""The run report, which the library writes into that folder too."""

_TAG = re.compile(r"(?:refs/|origin/)?tags/(.+)")
_LINE_END = re.compile(r"[\r\n]+")
_BRANCH = re.compile(r"(?:(?:refs/)?(?:heads/|remotes/))?(?:origin/)?(.+)")


class Jenkins(System):
    """One step of a Jenkins build (jenkins.io, "Using environment variables"; git plugin, "Environment variables")."""

    name: ClassVar[str] = "jenkins"
    root_variable: ClassVar[str] = "WORKSPACE"

    @classmethod
    def detect(cls, environ: Mapping[str, str]) -> bool:
        return bool(environ.get("JENKINS_URL") or environ.get("JENKINS_HOME"))

    def facts(self) -> Facts:
        env = self.environ
        ref = env.get("GIT_BRANCH", "")
        job, number, url = env.get("JOB_NAME", ""), env.get("BUILD_NUMBER", ""), env.get("BUILD_URL", "")
        tag_ref = _TAG.fullmatch(ref)
        tag = env.get("TAG_NAME") or (tag_ref[1] if tag_ref else "")
        return Facts(
            ci=self.name,
            tag=tag,
            # BRANCH_NAME is the tag in a tag's build, and PR-7 in a pull request's.
            branch="" if tag else env.get("CHANGE_BRANCH") or env.get("BRANCH_NAME") or _branch(ref),
            # Scripted pipelines have a checkout, but no GIT_COMMIT.
            sha=env.get("GIT_COMMIT") or git.head(self.workspace),
            run_id=f"{job}#{number}" if job and number else env.get("BUILD_TAG", ""),
            run_number=number,
            job=env.get("STAGE_NAME", ""),
            run_url=url,
            repository=host_and_repository(env.get("GIT_URL", ""))[1] or job,
            actor=env.get("CHANGE_AUTHOR") or env.get("BUILD_USER_ID", ""),
            artifact_urls={"ci": ArtifactUrl(f"{url.rstrip('/')}/artifact/{{path}}")} if url else {},
        )

    def outputs(self, outputs: Mapping[str, str]) -> None:
        """Write the outputs as lines of name=value, with names as Groovy writes them, and the wrong input."""
        lines = (f"{camel_case(name)}={_LINE_END.sub(' ', text)}\n" for name, text in outputs.items())
        self._write("outputs", "".join(lines))
        self._write(code_quality.FILE, code_quality.report(self, "Jenkinsfile"))

    def summary(self, markdown: str) -> None:
        short = markdown.partition("\n### ")[0]  # what fits the build page; the run report has all
        self._write("description.html", _html(f"{short}\n\n{self._report()}"))

    def _report(self) -> str:
        """Return a link to the run report among the build's artifacts, if it exists."""
        folder, url = self.environ.get(FOLDER, ""), self.environ.get("BUILD_URL", "")
        exists = folder and url and (self.workspace / folder / REPORT).is_file()
        return f"[Run report](<{url.rstrip('/')}/artifact/{folder}/{REPORT}>)\n" if exists else ""

    def _write(self, name: str, text: str) -> None:
        folder = self.environ.get(FOLDER)
        if folder:
            self.write(f"{folder}/{name}", text)


def camel_case(name: str) -> str:
    """Return ``buildmasterBuildNumber`` for ``buildmaster-build-number``: an output's name in Groovy."""
    first, *others = name.split("-")
    return first + "".join(part.capitalize() for part in others)


def _branch(ref: str) -> str:
    """Return ``main`` for ``origin/main`` and ``refs/heads/main``."""
    found = _BRANCH.fullmatch(ref)
    return found[1] if found and ref != "detached" else ""


def _html(markdown: str) -> str:
    """Render Markdown without raw HTML; foreign text is escaped already. ASCII, so that no encoding can garble it."""
    from markdown_it import MarkdownIt

    rendered: str = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"]).render(markdown)
    return rendered.encode("ascii", "xmlcharrefreplace").decode()
