"""docs/how-to/first-pipeline.md, done by somebody who has nothing yet, up to the first release in each CI system."""

from __future__ import annotations

import html
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.request import urlopen

import pytest

from job.newcomer import PATH, RUNNERS, TAG, Newcomer, newcomer
from job.project import KEYS, changes
from shipline import __version__

if TYPE_CHECKING:
    from shipline_sandbox.server import Running

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/how-to/first-pipeline.md").read_text()
TRIAL, _, OWN = PAGE.partition("## Release from your pipeline")
COMMANDS = [line for block in re.findall(r"```sh\n(.*?)```", OWN, re.DOTALL) for line in block.splitlines()]
PORT = "8622"
VARYING = ((r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "UUID"), (r"127\.0\.0\.1:\d+", "HOST"))


def plain(text: str) -> list[str]:
    for pattern, name in VARYING:
        text = re.sub(pattern, name, text)
    return text.splitlines()


def shows(page: str, printed: str) -> bool:
    """Whether the page shows what was printed; a line of an ellipsis stands for any number of lines."""
    parts = [".*" if line == "…" else re.escape(f"{line}\n") for line in plain(page)]
    return re.fullmatch("".join(parts), "".join(f"{line}\n" for line in plain(printed)), re.DOTALL) is not None


@pytest.mark.parametrize("ci", RUNNERS)
@pytest.mark.skipif(not shutil.which("curl"), reason="needs curl")
def test_the_trial_works_to_the_letter_in_an_empty_folder(ci: str, tmp_path: Path, sandbox: Running) -> None:
    blocks = re.findall(r"```sh\n(.*?)```(?:\n\n```text\n(.*?)```)?", TRIAL, re.DOTALL)
    made = Newcomer(tmp_path, tmp_path, sandbox)
    kept = ["true"]  # what changes the shell itself
    (install, _), (start, listens), *blocks = blocks
    assert install.startswith('python3 -m pip install "shipline[sandbox] @ git+https://github.com/shipline/shipline@')
    assert install.endswith(f'@v{__version__}"\n')
    assert first_line(start) == plain(listens)[0]
    for block, shown in blocks:
        printed = ""
        for written in block.splitlines():
            line = written.replace("--ci github", f"--ci {ci}").replace(PORT, sandbox.url.rpartition(":")[2])
            line = line.replace("init --sandbox", f"init --sandbox={sandbox.url}")  # its port isn't the documented one
            printed += made.shell("; ".join([*kept, line]), {})
            kept += [line] if line.startswith(("cd ", "export ")) else []
        if shown and (ci == "github" or "wrote" not in shown):
            assert shows(shown, printed[printed.rfind("\nInitialized") + 1 :]), printed
    state = sandbox.admin("state")
    assert [(b["number"], b["status"]) for b in state["buildmaster"]["builds"]] == [("1.0.0", "deployed")]
    assert "Release with a pipeline" in state["centercode"]["releases"][0]["body"]
    (address,) = re.findall(r"<(http://[^>]+)>", TRIAL)
    assert address == f"http://127.0.0.1:{PORT}"
    with urlopen(sandbox.url) as page:
        assert "Widget 1.0.0" in page.read().decode()
    report = (tmp_path / "widget/report.html").read_text()
    assert "Widget 1.0.0" in report
    for link in {link for link in re.findall(r'href="(http[^"]+)"', report) if link.startswith(sandbox.url)}:
        with urlopen(html.unescape(link)) as page:
            assert page.status == 200
    assert made.shell("cd widget; git status --porcelain", {}).split() == ["??", "report.html"]
    before = len([r for r in sandbox.requests() if changes(r)])
    made.shell("; ".join([*kept, "shipline run --release-version 1.0.0"]), {})
    assert len([r for r in sandbox.requests() if changes(r)]) == before


def first_line(command: str) -> str:
    """What a server prints first, on any free port."""
    line = command.replace(PORT, "0").split()
    with subprocess.Popen(line, stdout=subprocess.PIPE, text=True, env={"PATH": PATH}) as server:
        assert server.stdout
        try:
            return plain(server.stdout.readline())[0]
        finally:
            server.terminate()


def test_the_prerequisites_are_listed() -> None:
    listed = OWN.partition("Prerequisites:")[2].partition("Let `init`")[0]
    for words in ("protected tag", "mirror of", "multibranch pipeline", '"Discover tags"', "build strategy for tags"):
        assert words in " ".join(listed.split())


def test_the_page_counts_its_commands_and_edits() -> None:
    counted = re.search(r"\*\*(\d+) commands, (\d+) edits? and (\d+) forms\*\*", OWN)
    assert counted
    assert int(counted[1]) == len(COMMANDS)
    assert int(counted[2]) == len(re.findall(r"^\d+\. \*\*Edit\*\*", OWN, re.MULTILINE))


def test_it_takes_few_commands_and_edits_and_the_forms_are_named() -> None:
    command = [sys.executable, ROOT / "tools/first_release.py"]
    counted = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    for name in ("GitHub", "GitLab", "Jenkins"):
        assert f"{name}: {len(COMMANDS)} commands, 1 edits, 5 forms\n" in counted
    for key in ("`CENTERCODE_API_KEY`", "`SHIPLINE_V3_TOKEN`", "`buildmaster-key`"):
        assert counted.count(f": {key}\n") == 1


@pytest.mark.parametrize("ci", RUNNERS)
def test_a_first_release(ci: str, tmp_path: Path, sandbox: Running) -> None:
    made = newcomer(tmp_path, sandbox)
    for line in COMMANDS:
        is_init = line.startswith("shipline init")
        said = made.shell(line.replace("--ci github", f"--ci {ci}"), made.answers if is_init else KEYS)
        if is_init:
            assumed = re.findall(r"^  --([a-z0-9-]+) ", said, re.MULTILINE)
            assert assumed == ["artifacts", "buildmaster-pipeline", "v3-platforms"]
    assert [r for r in sandbox.requests() if changes(r)] == []
    RUNNERS[ci](made)
    state = sandbox.admin("state")
    assert [(b["number"], b["status"]) for b in state["buildmaster"]["builds"]] == [("1.0.0", "deployed")]
    assert [(r["version"], r["published"]) for r in state["v3"]["releases"]] == [(TAG[1:], False)]
    (posted,) = state["centercode"]["releases"]
    assert "Widgets turn" in posted["body"]
    assert posted["links"][0]["url"] == f"{sandbox.url}/files/widget-1.0.0.zip"
