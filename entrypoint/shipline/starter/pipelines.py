"""A first pipeline for each CI system: the example that a test runs, cut down, with the project's own names."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from shipline.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Collection

    from shipline.starter.project import Build, Project

FILES = {"github": ".github/workflows/release.yml", "gitlab": ".gitlab-ci.yml", "jenkins": "Jenkinsfile"}
_EXAMPLES = {
    "github": "github/tag-release.yml",
    "gitlab": "gitlab/tag-release.yml",
    "jenkins": "jenkins/declarative.groovy",
}
KEYS = {
    "buildmaster": "SHIPLINE_BUILDMASTER_API_KEY",
    "v3": "SHIPLINE_V3_TOKEN",
    "centercode": "SHIPLINE_CENTERCODE_API_KEY",
}
CREDENTIALS = {"buildmaster": "buildmaster-key", "v3": "v3-token", "centercode": "centercode-key"}
"""Jenkins' credentials, as the example names them."""

_STAGE = "# Its job is in the stage deploy; have that among your own, if the file lists `stages`."
_HEAD = "A pushed tag is released. What is released is said in shipline.yml."


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a pipeline is made for."""

    project: Project
    services: Collection[str]
    build: Build
    history: bool  # whether the notes are made of the commits

    @property
    def unused(self) -> list[str]:
        return [service for service in KEYS if service not in self.services]


def write(ci: str, wanted: Wanted) -> str:
    """The file of that CI system; deploying and announcing only as far as it is wanted."""
    return _WRITERS[ci](_example(ci), wanted)


def to_add(ci: str, wanted: Wanted) -> str:
    """The lines for a file of the project's own, which isn't changed."""
    text = write(ci, wanted)
    if ci == "gitlab":
        blocks = [block for block in text.split("\n\n") if block.startswith(("variables:", "include:"))]
        return "\n\n".join([_STAGE, *blocks]) + "\n"
    library = re.search(r"^library .*?\n\)\n", text, re.MULTILINE | re.DOTALL)
    stage = re.search(r"^( *)stage\('Release'\) \{\n.*?^\1\}\n", text, re.MULTILINE | re.DOTALL)
    return "\n".join(found[0] for found in (library, stage) if found)


def _example(ci: str) -> str:
    """In an installed wheel beside the program, else at the top of the repository."""
    here = Path(__file__).resolve().parents[1]
    packed = here / "examples" / _EXAMPLES[ci]
    return (packed if packed.is_file() else here.parents[1] / "examples" / _EXAMPLES[ci]).read_text(encoding="utf-8")


def _github(text: str, wanted: Wanted) -> str:
    text = _named(_headed(text, f"# {_HEAD}\n"), wanted).replace('tags: ["v*"]', f'tags: ["{wanted.project.tags}"]')
    for service in wanted.unused:
        text = re.sub(rf"^ *{KEYS[service]}: .*\n", "", text, flags=re.MULTILINE)
    blocks = text.rstrip().split("\n\n")
    if "buildmaster" in wanted.unused:
        blocks = [block for block in blocks if "outputs.buildmaster-" not in block]
    text = "\n\n".join(blocks) + "\n"
    if wanted.build.command:
        text = re.sub(r"( +- name: Build .*\n +run: )\|\n(?: {10}.*\n)+", rf"\g<1>{wanted.build.command}\n", text)
    if wanted.history:
        line = "persist-credentials: false\n"
        text = text.replace(line, f"{line}          fetch-depth: 0 # the notes are made of the commits\n", 1)
    return text


def _gitlab(text: str, wanted: Wanted) -> str:
    keys = ", ".join(KEYS[service] for service in wanted.services)
    text = _named(
        _headed(text, f"# {_HEAD} The keys are\n# masked and protected variables of the project: {keys}.\n"), wanted
    )
    blocks = text.rstrip().split("\n\n")
    if "buildmaster" in wanted.unused:
        blocks = [block.replace("deploy, report]", "deploy]") for block in blocks if not block.startswith("outcome:")]
    if wanted.history:
        blocks.insert(1, 'variables:\n  GIT_DEPTH: "0" # the notes are made of the commits')
    text = "\n\n".join(blocks) + "\n"
    if wanted.build.command:
        script = rf"\1    - {wanted.build.command}\n"
        text = re.sub(r"(^dist:.*\n(?:  .*\n)*?  script:\n)(?:    - .*\n)+", script, text, flags=re.MULTILINE)
        text = text.replace("paths: [dist/]", f"paths: [{_folder(wanted.build.artifacts)}/]")
    return text


def _jenkins(text: str, wanted: Wanted) -> str:
    text = _named(_headed(text, f"// {_HEAD}\n"), wanted)
    for service in wanted.unused:
        text = re.sub(rf"^ *\w+CredentialsId: '{CREDENTIALS[service]}',?\n", "", text, flags=re.MULTILINE)
    told = "${out.result}"
    told = f"build ${{out.buildmasterBuildNumber}}: {told}" if "buildmaster" in wanted.services else told
    told = f"{told}, ${{out.centercodeReleaseUrl}}" if "centercode" in wanted.services else told
    text = re.sub(r'echo ".*"', lambda _: f'echo "{told}"', text)
    archive = f'mkdir -p dist && git archive --output "dist/{wanted.project.slug}-${{TAG_NAME#v}}.zip" HEAD'
    return text.replace("sh 'make dist'", f"sh '{wanted.build.command or archive}'")


_WRITERS = {"github": _github, "gitlab": _gitlab, "jenkins": _jenkins}


def _headed(text: str, head: str) -> str:
    """With another comment at its beginning."""
    return re.sub(r"\A(?:(?:#|//) .*\n)(?:# .*\n)*", lambda _: head, text)


def _named(text: str, wanted: Wanted) -> str:
    return re.sub(r"\b[Ww]idget\b", wanted.project.slug, text)


def _folder(pattern: str) -> str:
    """The folder of a glob that has no wildcard before it."""
    return re.split(r"/[^/]*[*?\[]", pattern, maxsplit=1)[0]
