"""A project, the proxy before its services, and what is there after each run."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import requests

from faults.proxy import ID, Proxy
from faults.redirect_target import RedirectTarget
from job import project
from job.project import KEYS, NOTES, PRODUCT, Ended
from job.tls import spoken
from shipline_sandbox.server import running

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fork_server import ForkServer
    from shipline_sandbox.server import Running

_SPEED = 100_000  # a deployment has ended when it is first asked for: requests come in the same order each time
_ARCHIVE = b"PK" + b"w" * 2046

CONFIG = (
    project.CONFIG.replace('  build-number: "7"\n', "{number}")
    .replace("  stages: [Integration, Testing]\n", "{stages}")
    .replace("{{retry-for", "{{connect-timeout: 3s, read-timeout: 3s, retry-for")
)
_TIMEOUT = "  timeout: 15s\n"  # a wait lasts so long if a service stays unavailable
_NOTIFY = """
notify:
  search: notes
  required: true
  comment: {listener: BugComment, message: "Fixed in {version}", author: admin@centercode.com}
"""


class Environment:
    """``run`` starts the real program; ``objects`` is what the services have, without ids and dates."""

    forks: ForkServer | None = None
    """Forks the process of each run; None: each run is a new process."""

    def __init__(self, folder: Path, sandbox: Running, proxy: Proxy, redirect_target: RedirectTarget) -> None:
        self.folder, self.sandbox, self.proxy, self.redirect_target = folder, sandbox, proxy, redirect_target
        self.pid = 0
        self.over = ""
        """What the services are spoken to over, if not plain HTTP."""
        self._way: dict[str, str] = {}

    def trusts(self, authority: Path) -> None:
        """The proxy speaks TLS, with a certificate of this authority."""
        self.over += " over TLS"
        self._way |= {"SHIPLINE_NETWORK_CA_BUNDLE": str(authority)}

    def goes_by(self, proxy: str) -> None:
        """Nothing is reached but by a proxy, as in many companies."""
        self.over += " through a proxy"
        self._way |= {"HTTP_PROXY": proxy, "HTTPS_PROXY": proxy, "NO_PROXY": "", "no_proxy": ""}

    def reset(
        self,
        *,
        numbered: bool = True,
        stages: Sequence[str] = ("Integration", "Testing"),
        telling: bool = False,
        correcting: bool = False,
        spread: bool = False,
    ) -> None:
        """As before the first run of a project; ``telling``: with an upload, and a comment on what the notes name.

        ``correcting``: with a draft that the run has to update. ``spread``: v3 and the files have another host name.
        """
        self.sandbox.admin("reset", {})
        self.sandbox.put_file("widget.zip", _ARCHIVE)
        self.proxy.clear()
        self.redirect_target.heard.clear()
        shutil.rmtree(self.folder, ignore_errors=True)
        (self.folder / "dist").mkdir(parents=True)
        (self.folder / "dist/widget.zip").write_bytes(_ARCHIVE)
        (self.folder / "CHANGELOG.md").write_text(NOTES)
        number = '  build-number: "7"\n' if numbered else ""
        named = f"  stages: [{', '.join(stages)}]\n" if stages else ""
        config = CONFIG.format(url=self.proxy.url, product=PRODUCT, number=number + _TIMEOUT, stages=named)
        if telling:
            upload = f"  state: published\n  attach: upload\n  releases-url: {self.proxy.url}/v3\n"
            config = config.replace("  state: published\n", upload) + _NOTIFY
            (self.folder / "CHANGELOG.md").write_text(NOTES + "- Mends what BUG-0001 said.\n")
        if correcting:
            config = config.replace("  state: published\n", "  state: published\n  if-exists: update\n")
            self._draft_something_else()
        if spread:
            before, mark, after = config.partition("v3:")
            here, there = self.proxy.url, self.proxy.url.replace("127.0.0.1", "localhost")
            config = before.replace(f"{here}/files", f"{there}/files") + mark + after.replace(here, there, 1)
        (self.folder / "shipline.yml").write_text(config)

    def _draft_something_else(self) -> None:
        release = {"name": "Else", "version": "1.4.0", "channel": "stable", "platforms": ["linux", "windows"]}
        file = {"name": "widget.zip", "url": "https://dl.example.com/old.zip", "size": 1, "secured": False}
        headers = {"Authorization": "Bearer sandbox-other"}
        url = f"{self.sandbox.url}/v3"
        made = requests.post(f"{url}/releases", json=release | {"productId": PRODUCT}, headers=headers, timeout=10)
        body = file | {"releaseId": made.json()["id"]}
        assert requests.post(f"{url}/release-files", json=body, headers=headers, timeout=10).ok

    def lose_receipt(self) -> None:
        shutil.rmtree(self.folder / ".shipline", ignore_errors=True)

    def run(self, *flags: str, attempt: int | None = None, launch: Sequence[str] = ()) -> Ended:
        """``attempt``: which of a GitHub run; None: outside CI. ``launch``: the mode of launch.py and what it takes."""
        inherited = {k: v for k, v in os.environ.items() if not k.startswith(("SHIPLINE_", "INPUT_", "GITHUB_", "CI"))}
        environ = {**inherited, **KEYS, **self._way, **self._github(attempt)}
        if self.forks:
            code, out, err = self.forks.run(["run", *flags], self.folder, environ, launch, self._started)
        else:
            code, out, err = self._start(["run", *flags], environ, launch)
        self.pid = 0
        ended = Ended(code, "\n".join(ln for ln in out.splitlines() if "::add-mask::" not in ln), err)
        self._check(ended)
        return ended

    def _started(self, pid: int) -> None:
        self.pid = pid

    def _start(self, arguments: Sequence[str], environ: dict[str, str], launch: Sequence[str]) -> tuple[int, str, str]:
        program = [str(Path(__file__).with_name("launch.py")), *launch] if launch else ["-m", "shipline"]
        process = subprocess.Popen(
            [sys.executable, *program, *arguments],
            cwd=self.folder,
            env=environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.pid = process.pid
        out, err = process.communicate(timeout=90)
        return process.returncode, out, err

    def _github(self, attempt: int | None) -> dict[str, str]:
        if attempt is None:
            return {}
        return {
            "GITHUB_ACTIONS": "true",
            "GITHUB_RUN_ID": "77",
            "GITHUB_RUN_ATTEMPT": str(attempt),
            "GITHUB_OUTPUT": str(self.folder / "output"),
            "GITHUB_STEP_SUMMARY": str(self.folder / "summary"),
            "GITHUB_WORKSPACE": str(self.folder),
        }

    def _check(self, ended: Ended) -> None:
        """What holds after every run, whatever failed."""
        heard = b"".join(self.redirect_target.heard)
        for key in KEYS.values():
            for form in (key, quote(key, safe="")):
                assert form not in ended.text, f"a key is in the log:\n{ended.text}"
                assert form.encode() not in heard, "a key was sent to another host"
        assert "Traceback" not in ended.text, ended.text
        if ended.code >= 0:
            for start in ("DONE: ", "NOT DONE: ", "NEXT: "):
                assert any(line.startswith(start) for line in ended.out.splitlines()), f"no {start}\n{ended.text}"

    def objects(self) -> dict[str, list[Any]]:
        state = self.sandbox.admin("state")
        builder = state["buildmaster"]
        return {
            "release": _sorted(
                (r["number"], r["status"]) for r in builder["releases"] if r["applicationName"] == "Widget"
            ),
            "build": _sorted((b["releaseNumber"], b["number"], b["status"]) for b in builder["builds"]),
            "deployment": _sorted(
                (d["buildNumber"], d["pipelineStageName"], d["status"], d["parentId"] is None)
                for d in builder["deployments"]
            ),
            "v3 release": _sorted(
                _picked(r, "version", "channel", "name", "notes", "platforms", "published", "private")
                for r in state["v3"]["releases"]
            ),
            "v3 file": _sorted(
                {**_picked(f, "name", "size", "checksum"), "url": ID.sub("{id}", f["url"])}
                for r in state["v3"]["releases"]
                for f in r["files"]
            ),
            "comment": [c["message"] for f in state["centercode"]["feedback"] for c in f["comments"]],
            "announcement": _sorted(
                _picked(r, "releaseType", "releaseValue", "title", "body", "links", "archived")
                for r in state["centercode"]["releases"]
            ),
        }

    def duplicates(self) -> list[str]:
        """The kinds of which there is more than one where a clean run makes one."""
        objects = self.objects()
        parents = Counter(stage for _, stage, _, parent in objects["deployment"] if parent)
        several = [f"deployment to {stage}" for stage, count in parents.items() if count > 1]
        return several + [kind for kind, those in objects.items() if kind != "deployment" and len(those) > 1]

    def deployed(self, stage: str) -> bool:
        return any(there == stage for _, there, _, _ in self.objects()["deployment"])

    def settle(self, ended: Ended) -> list[str]:
        """What a person does about an exit 8 whose one unknown object the message names; the flags of the next run."""
        unknown = set(re.findall(r"can't determine whether ([^\n;<%]*)", ended.text))
        assert len(unknown) == 1, f"exit 8, and not one object is named but {sorted(unknown)}\n{ended.text}"
        (what,) = unknown
        if "comment" in what:
            return ["--centercode-on-unknown", "assume" if self.objects()["comment"] else "resend"]
        if "Centercode" in what:
            return ["--centercode-on-unknown", "assume" if self.objects()["announcement"] else "resend"]
        builds = self.sandbox.admin("state")["buildmaster"]["builds"]
        if "build" in what:
            return ["--buildmaster-build-id", str(builds[0]["id"])] if builds else ["--buildmaster-build-number", "1"]
        stage = next((name for name in ("Integration", "Testing") if name in what), "Integration")
        if not self.deployed(stage):
            form = {"buildId": str(builds[0]["id"]), "toStage": stage}
            url = f"{self.sandbox.url}/api/releases/builds/deploy"
            assert requests.post(url, form, headers={"X-ApiKey": "sandbox-operator"}, timeout=10).ok
        return []


def _sorted(items: Iterator[Any]) -> list[Any]:
    return sorted(items, key=repr)


def _picked(data: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: data[name] for name in names}


@contextmanager
def environment(folder: Path, *, tls: bool = False, proxied: bool = False) -> Iterator[Environment]:
    context = spoken(folder.parent, "IP:127.0.0.1,DNS:localhost") if tls else None
    with (
        running(speed=_SPEED) as sandbox,
        RedirectTarget() as redirect_target,
        Proxy(("127.0.0.1", int(sandbox.url.rpartition(":")[2])), tls=context, forward=proxied) as proxy,
    ):
        made = Environment(folder, sandbox, proxy, redirect_target)
        if tls:
            made.trusts(folder.parent / "company-ca.pem")
        if proxied:
            made.goes_by(proxy.address)
        yield made
