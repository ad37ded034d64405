"""The files that `shipline init` writes: shipline.yml and a first pipeline for each CI system."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from shipline import __version__, schemas
from shipline.init import templates
from shipline.interpolation import UnknownNameError, interpolate
from shipline.services.registry import SERVICES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from shipline.init.project import Build, Project


CONFIG = "shipline.yml"
FILES = {"github": ".github/workflows/release.yml", "gitlab": ".gitlab-ci.yml", "jenkins": "Jenkinsfile"}
LISTS = frozenset({"v3-platforms", "buildmaster-stages"})
"""The answers that have several items."""

_TEMPLATES = {"github": "github.yml", "gitlab": "gitlab.yml", "jenkins": "jenkins.groovy"}
_CREDENTIALS = {"buildmaster": "buildmaster-key", "v3": "v3-token", "centercode": "centercode-key"}
_VERSION = {  # of the tag, for a shell
    "github": "${GITHUB_REF_NAME#v}",
    "gitlab": "${CI_COMMIT_TAG#v}",
    "jenkins": "${TAG_NAME#v}",
}
_SHELL_GLOB = r"[\w./*?@+-]+"
_SHELL_URL = r"https?://[\w./:@%+{}~-]+"
_SCHEMAS = "https://raw.githubusercontent.com/shipline/shipline/v{version}/schemas/{name}"
_STAGE = "# Its job is in the stage deploy; have that among your own, if the file lists `stages`.\n"


class PipelineOptions(NamedTuple):
    """What a pipeline is written for."""

    ci: str
    project: Project
    services: Sequence[str]
    build: Build
    artifacts_url: str = ""  # where the build uploads the files

    @property
    def file(self) -> str:
        """The pipeline's path in the project."""
        return FILES[self.ci]

    @property
    def key_variables(self) -> list[str]:
        """The variables that Shipline reads the services' keys from."""
        return [SERVICES[service].key_variable for service in self.services]

    @property
    def secrets(self) -> list[str]:
        """The names of the keys in the CI system."""
        if self.ci == "jenkins":
            names, upload = [_CREDENTIALS[service] for service in self.services], "upload-token"
        else:
            names, upload = self.key_variables, "UPLOAD_TOKEN"
        if self.ci == "github":
            names = [name.removeprefix("SHIPLINE_") for name in names]
        return [*names, *([upload] if self._upload else [])]

    def write(self) -> str:
        """Return the pipeline; it deploys and announces with the chosen services only."""
        return templates.render(_TEMPLATES[self.ci], **self._values())

    def addition(self) -> str:
        """Return the lines for a project's own GitLab pipeline or Jenkinsfile, which `init` doesn't change."""
        if self.ci == "gitlab":
            return "\n".join([_STAGE, *templates.render_blocks("gitlab.yml", "addition", **self._values())])
        return "\n".join(templates.render_blocks("jenkins.groovy", "library", "stage", **self._values()))

    def _values(self) -> dict[str, Any]:
        return {
            **self._asdict(),
            "key_variables": self.key_variables,
            "secrets": self.secrets,
            "credentials": _CREDENTIALS,
            "history": not self.project.changelog,  # the commits become the notes
            "upload": self._upload,
        }

    @property
    def _upload(self) -> str:
        """The shell command that uploads each file to its link; empty if a shell can't form the link."""
        version = _VERSION[self.ci]
        names = {"version": version, "tag": version.replace("#v", ""), "filename": "${file##*/}"}
        try:
            url = str(interpolate(self.artifacts_url, names))
        except UnknownNameError:
            return ""
        if not re.fullmatch(_SHELL_GLOB, self.build.artifacts) or not re.fullmatch(_SHELL_URL, self.artifacts_url):
            return ""
        curl = 'curl --fail --silent --show-error --header "Authorization: Bearer $UPLOAD_TOKEN" --upload-file'
        lines = (f"for file in {self.build.artifacts}; do", f'  link="{url}"', f'  {curl} "$file" "$link"', "done")
        return "\n".join(lines)


def write_config(answers: Mapping[str, str], services: Sequence[str], project: Project) -> str:
    """Return shipline.yml for these answers, by input name; a list has one item a line, or commas."""
    schema = _SCHEMAS.format(version=__version__, name=schemas.path("pipeline").name)
    return templates.render("config.yml", answers=answers, services=services, project=project, schema=schema)
