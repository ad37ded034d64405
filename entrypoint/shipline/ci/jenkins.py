"""Jenkins: the facts of a build, and the files that the library (ci_templates/jenkins) takes its results from."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, ClassVar
from urllib.parse import urlsplit

from shipline.ci import System, local
from shipline.pipeline import Facts

if TYPE_CHECKING:
    from collections.abc import Mapping

FOLDER = "SHIPLINE_OUT_FOLDER"
"""The variable that names the folder for ``outputs`` and ``description.html``; the library sets it."""

REPORT = "report.html"
"""The run report, which the library has written into that folder too."""

_TAG = re.compile(r"(?:refs/|origin/)?tags/(.+)")
_BRANCH = re.compile(r"(?:(?:refs/)?(?:heads/|remotes/))?(?:origin/)?(.+)")
# Of the summary's parts, what fits the build page; the run report has all.
_SHORT = re.compile(r"Links\n|[^\n]+ \(exit [0-9]+\)\n")


class Jenkins(System):
    """One step of a Jenkins build (jenkins.io, "Using environment variables"; git plugin, "Environment variables")."""

    name: ClassVar[str] = "jenkins"

    @classmethod
    def detect(cls, environ: Mapping[str, str]) -> bool:
        return bool(environ.get("JENKINS_URL") or environ.get("JENKINS_HOME"))

    def facts(self) -> Facts:
        env = self.environ
        ref = env.get("GIT_BRANCH", "")
        job, number, url = env.get("JOB_NAME", ""), env.get("BUILD_NUMBER", ""), env.get("BUILD_URL", "")
        in_tag = _TAG.fullmatch(ref)
        tag = env.get("TAG_NAME") or (in_tag[1] if in_tag else "")
        return Facts(
            ci=self.name,
            tag=tag,
            # BRANCH_NAME of a tag's build is the tag, and of a pull request's build PR-7.
            branch="" if tag else env.get("CHANGE_BRANCH") or env.get("BRANCH_NAME") or _branch(ref),
            # Scripted pipelines have no GIT_COMMIT, but the checkout.
            sha=env.get("GIT_COMMIT") or local.Local(env, self.workspace).facts().sha,
            run_id=f"{job}#{number}" if job and number else env.get("BUILD_TAG", ""),
            run_number=number,
            run_url=url,
            repository=_repository(env.get("GIT_URL", "")) or job,
            actor=env.get("CHANGE_AUTHOR") or env.get("BUILD_USER_ID", ""),
            artifact_base_url=f"{url.rstrip('/')}/artifact/{{path}}" if url else "",
        )

    def outputs(self, outputs: Mapping[str, str]) -> None:
        """Lines of name=value, the names as Groovy writes them, each value on one line."""
        self._write("outputs", "".join(f"{camel_case(name)}={_one_line(text)}\n" for name, text in outputs.items()))

    def summary(self, markdown: str) -> None:
        head, *parts = markdown.split("\n### ")
        short = "\n### ".join([head, *(part for part in parts if _SHORT.match(part))])
        self._write("description.html", _html(f"{short}\n\n{self._report()}"))

    def _report(self) -> str:
        """A link to it among the build's artifacts."""
        folder, url = self.environ.get(FOLDER, ""), self.environ.get("BUILD_URL", "")
        there = folder and url and (self.workspace / folder / REPORT).is_file()
        return f"[Run report](<{url.rstrip('/')}/artifact/{folder}/{REPORT}>)\n" if there else ""

    def _write(self, name: str, text: str) -> None:
        folder = self.environ.get(FOLDER)
        if folder:
            path = self.workspace / folder
            path.mkdir(parents=True, exist_ok=True)
            (path / name).write_text(text, encoding="utf-8", newline="\n")


def camel_case(name: str) -> str:
    """``buildmasterBuildNumber`` for ``buildmaster-build-number`` (the naming law)."""
    first, *others = name.split("-")
    return first + "".join(part.capitalize() for part in others)


def _branch(ref: str) -> str:
    found = _BRANCH.fullmatch(ref)
    return found[1] if found and ref != "detached" else ""


def _repository(url: str) -> str:
    """``acme/widget`` of ``https://host/acme/widget.git`` and ``git@host:acme/widget.git``."""
    path = urlsplit(url).path if "://" in url else url.rpartition(":")[2]
    return path.strip("/").removesuffix(".git")


def _one_line(text: str) -> str:
    return re.sub(r"[\r\n]+", " ", text)


def _html(markdown: str) -> str:
    """Foreign text is escaped in the Markdown, and raw HTML is off; ASCII, so that no encoding can garble it."""
    from shipline.markdown import parser

    rendered: str = parser(html=False).render(markdown)
    return rendered.encode("ascii", "xmlcharrefreplace").decode()
