"""A repository without anything of Shipline's, and each CI system's part: the shell lines of what was pushed."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from job.project import KEYS, PRODUCT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shipline_sandbox.server import Running

ROOT = Path(__file__).parents[2]
TAG = "v1.0.0"
PATH = f"{Path(sys.executable).parent}:/usr/bin:/bin"
_PLAIN = {
    "PATH": PATH,
    "SHIPLINE_NETWORK_RETRY_FOR": "1s",
    "UPLOAD_TOKEN": "sandbox-upload",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_SYSTEM": "/dev/null",
    **{f"GIT_{who}_{what}": "new@example.com" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
}


@dataclass
class Newcomer:
    folder: Path
    remote: Path
    sandbox: Running

    @property
    def answers(self) -> dict[str, str]:
        """What `shipline init` needs to know, as variables."""
        url = self.sandbox.url
        return {
            "SHIPLINE_ARTIFACTS_URL": f"{url}/files/{{filename}}",
            "SHIPLINE_BUILDMASTER_URL": url,
            "SHIPLINE_BUILDMASTER_APPLICATION": "Widget",
            "SHIPLINE_BUILDMASTER_STAGES": "Integration, Testing",
            "SHIPLINE_V3_URL": url,
            "SHIPLINE_V3_PRODUCT_ID": PRODUCT,
            "SHIPLINE_CENTERCODE_URL": url,
            "SHIPLINE_CENTERCODE_PROJECT": "WidgetPro",
            "SHIPLINE_CENTERCODE_RELEASE_TYPE": "Firmware",
        }

    def shell(self, line: str, environ: Mapping[str, str], folder: Path | None = None) -> str:
        """What the line prints; it must succeed."""
        done = subprocess.run(
            ["bash", "-e", "-c", line],
            cwd=folder or self.folder,
            env={**_PLAIN, **environ},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
        )
        assert done.returncode == 0, (line, done.stdout, done.stderr)
        return done.stdout

    def pushed(self) -> Path:
        """A runner's checkout of the tag."""
        clone = self.folder.parent / "clone"
        command = ["git", "clone", "--quiet", "--branch", TAG, str(self.remote), str(clone)]
        subprocess.run(command, check=True, capture_output=True, env=_PLAIN)
        return clone


def newcomer(folder: Path, sandbox: Running) -> Newcomer:
    made = Newcomer(folder / "somewhere", folder / "widget.git", sandbox)
    made.folder.mkdir()
    (made.folder / "README.md").write_text("# Widget\n")
    for line in (
        f"git init --quiet --bare {made.remote}",
        "git init --quiet --initial-branch main",
        f"git remote add origin {made.remote}",
        "git add README.md",
        "git commit --quiet --message 'Widgets turn'",
    ):
        made.shell(line, {})
    return made


def github(made: Newcomer) -> None:
    """The steps of the written workflow that aren't somebody else's actions."""
    clone = made.pushed()
    workflow: Any = yaml.load((clone / ".github/workflows/release.yml").read_text(), yaml.BaseLoader)
    environ = {
        "GITHUB_ACTIONS": "true",
        "GITHUB_REF_TYPE": "tag",
        "GITHUB_REF_NAME": TAG,
        "GITHUB_RUN_ID": "77",
        "GITHUB_RUN_ATTEMPT": "1",
    }
    assert workflow["on"]["push"]["tags"] == ["v*"]
    for step in workflow["jobs"]["release"]["steps"]:
        if "run" in step and "if" not in step:
            made.shell(step["run"], environ, clone)
        if step.get("uses", "").startswith("shipline/shipline@"):
            inputs = {f"INPUT_{name.upper()}": value for name, value in step.get("with", {}).items()}
            secrets = {name: re.fullmatch(r"\$\{\{ secrets\.(\w+) \}\}", text) for name, text in step["env"].items()}
            keys = {name: KEYS[f"SHIPLINE_{secret[1]}"] for name, secret in secrets.items() if secret}
            made.shell("shipline run", {**environ, **inputs, **keys, "SHIPLINE_INPUT_CI": "github"}, clone)


def gitlab(made: Newcomer) -> None:
    """The job that builds, then the included template's own script."""
    clone = made.pushed()
    pipeline = yaml.safe_load((clone / ".gitlab-ci.yml").read_text())
    environ = {"GITLAB_CI": "true", "CI_COMMIT_TAG": TAG, "CI_PIPELINE_ID": "77"}
    made.shell("\n".join(pipeline["dist"]["script"]), environ, clone)
    (included,) = pipeline["include"]
    header, template = yaml.safe_load_all((ROOT / included["file"]).read_text())
    defaults = {name: spec["default"] for name, spec in header["spec"]["inputs"].items()}
    assert included["inputs"].keys() <= defaults.keys()
    job = template["$[[ inputs.job-name ]]"]
    variables = {
        name: re.sub(r"\$\[\[ inputs\.([\w-]+) \]\]", lambda found: str(defaults[found[1]]), str(value))
        for name, value in job["variables"].items()
    }
    made.shell("\n".join(job["script"]), {**environ, **variables, **KEYS}, clone)


def jenkins(made: Newcomer) -> None:
    """The `sh` step, then what the library starts, with the credentials that are named."""
    clone = made.pushed()
    text = (clone / "Jenkinsfile").read_text()
    environ = {"JENKINS_URL": "https://jenkins.example.com/", "TAG_NAME": TAG, "JOB_NAME": "w", "BUILD_NUMBER": "7"}
    for line, lines in re.findall(r"sh (?:'(?!'')([^\n]*)'|\'{3}(.*?)\'{3})", text, re.DOTALL):
        made.shell(line or lines, environ, clone)
    called = set(re.findall(r"(\w+)CredentialsId: '[\w-]+'", text))
    assert called == {"buildmaster", "centercode", "v3"}
    made.shell("shipline run", {**environ, **KEYS, "SHIPLINE_INPUT_CI": "jenkins"}, clone)


RUNNERS = {"github": github, "gitlab": gitlab, "jenkins": jenkins}
