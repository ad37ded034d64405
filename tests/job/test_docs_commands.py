"""The commands of README.md and docs/sandbox.md, carried out in the order in which a newcomer meets them."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
import yaml

from job.project import KEYS
from repository.pages import ROOT, Page

if TYPE_CHECKING:
    from job.project import Project
    from shipline_sandbox.server import Running

# A refused request is a failed command here, whatever the page asks of curl.
CURL = 'curl() { command curl --fail --silent --show-error "$@"; }\n'


def bash(project: Project, script: str) -> str:
    """What a script printed. It must succeed in each of its lines."""
    environ = {**KEYS, "HOME": str(project.path), "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin"}
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=project.path,
        env=environ,
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert done.returncode == 0, f"{script}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def test_the_readme(project: Project) -> None:
    page = Page(Path("README.md"))
    block = next(block for block in page.blocks("yaml") if "release" in yaml.safe_load(block))
    text = re.sub(r"https://dl\.example\.com", f"{project.sandbox.url}/files", block)
    project.write("shipline.yml", re.sub(r"https://[a-z.]+\.(example|centercode)\.com", project.sandbox.url, text))
    project.write("CHANGELOG.md", "## 1.4.0\n\n- New.\n")
    project.sandbox.put_file("widget/1.4.0/widget.zip", (project.path / "dist/widget.zip").read_bytes())
    person = ["-c", "user.name=t", "-c", "user.email=t@t", "-c", "commit.gpgsign=false"]
    for command in (["init", "-q"], [*person, "commit", "-qm", "x", "--allow-empty"], ["tag", "v1.4.0"]):
        subprocess.run(["git", *command], cwd=project.path, check=True)
    main_job = [words for words in page.commands if words[0] == "shipline" and len(words) == 2]
    assert [words[1] for words in main_job] == ["init", "doctor", "validate", "plan", "run"]
    told = bash(project, "\n".join(" ".join(words) for words in main_job[1:]))
    assert told.rstrip().endswith("NEXT: nothing")
    state = project.sandbox.admin("state")
    assert [r["version"] for r in state["v3"]["releases"]] == ["1.4.0"]
    assert [r["releaseValue"] for r in state["centercode"]["releases"]] == ["1.4.0"]


@pytest.mark.skipif(not shutil.which("curl"), reason="needs curl")
def test_the_sandbox(project: Project) -> None:
    page = Page(Path("docs/sandbox.md"))
    port = str(urlsplit(project.sandbox.url).port)
    configs = [block for block in page.blocks("yaml") if "release" in yaml.safe_load(block)]
    project.write("shipline.yml", configs[0].replace("8622", port))
    shutil.copytree(ROOT / "examples/sandbox", project.path / "examples/sandbox")
    for block in page.blocks("sh"):
        if "shipline sandbox" not in block:
            bash(project, f"{CURL}U=http://127.0.0.1:{port}\n{block}".replace("8622", port))


@pytest.mark.parametrize("seed", sorted((ROOT / "examples/sandbox").iterdir()), ids=lambda path: path.stem)
def test_an_example_of_a_seed(sandbox: Running, seed: Path) -> None:
    sandbox.admin("seed", json.loads(seed.read_text(encoding="utf-8")))
    assert "GizmoPro" in str(sandbox.admin("state")["centercode"])
