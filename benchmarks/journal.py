"""What the shared journal adds to the main job, on a git server that takes 200 ms longer for each push."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks import page

from shipline_sandbox.server import running

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from git_server import TOKEN, GitServer
from job.project import KEYS, NOTES, Project

RUNS = 5
_PUSH_S = 0.2
_MOST = 2.5  # seconds


def section() -> page.Section:
    taken: dict[str, list[float]] = {"file": [], "git": []}
    with tempfile.TemporaryDirectory() as name, running(speed=100_000) as sandbox, GitServer(Path(name)) as server:
        server.before = _delay
        for number in range(RUNS):
            for store, times in taken.items():
                folder = Path(name, f"{store}{number}")
                project = Project(folder, sandbox)
                project.write("CHANGELOG.md", NOTES)
                project.write("dist/widget.zip", b"PK")
                sandbox.admin("reset", {})
                sandbox.put_file("widget.zip", b"PK")
                project.config()
                if store == "git":
                    with (folder / "shipline.yml").open("a") as config:
                        config.write(f"\njournal: {{store: git, remote: '{server.create(f'{number}.git')}'}}\n")
                begun = time.monotonic()
                command = [sys.executable, "-m", "shipline", "run"]
                environ = {**os.environ, **KEYS, "SHIPLINE_JOURNAL_TOKEN": TOKEN}
                subprocess.run(command, cwd=folder, env=environ, check=True, capture_output=True)
                times.append(time.monotonic() - begun)
        pushes, requests = server.pushes() / RUNS, len(server.requests) / RUNS
    added = statistics.median(taken["git"]) - statistics.median(taken["file"])
    note = f"{pushes:.0f} pushes of {requests:.0f} requests to git"
    return page.Section((page.Figure("time added, median", added, _MOST, "{:.2f} s", note),))


def _delay(environ: dict[str, Any]) -> None:
    if "receive-pack" in environ["PATH_INFO"]:
        time.sleep(_PUSH_S)
