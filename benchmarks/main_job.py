"""The requests of the main job by operation, as the sandbox logs them, and whether each has a reason."""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks import measure, page

from shipline_sandbox.server import running

_CONFIG = """\
release: {{version: 1.4.0, notes: {{text: New}}}}
artifacts: [{{path: widget.zip, url: "{url}/files/{{filename}}"}}]
buildmaster: {{url: "{url}", application: Gadget, release: "1.0", build-number: "7", stages: [Integration, Testing]}}
v3: {{url: "{url}", product-id: 27d6f2a0-3d6b-4f52-9f5e-6a1c6f0e8a11, platforms: [windows], state: published}}
centercode: {{url: "{url}", project: WidgetPro, release-type: Firmware}}
"""
_KEYS = {f"SHIPLINE_{name}": "sandbox-key" for name in ("BUILDMASTER_API_KEY", "CENTERCODE_API_KEY", "V3_TOKEN")}
_FILE = b"PK" + bytes(2046)


@dataclass(frozen=True, slots=True)
class _Reason:
    """What the requests of an operation are for that have these parameters; the first that fits holds."""

    operation: str
    why: str
    parameters: frozenset[str] = frozenset()
    sent: bool | None = None  # before the first POST or not; None: either
    follows: str = ""  # the operation before it


_REASONS = (
    _Reason("get-releases", "Finds the release, checks the key and for a newer version.", sent=False),
    _Reason("get-builds", "Finds a build of this number.", frozenset({"buildNumber"})),
    _Reason("list-releases", "Checks for a newer version.", frozenset({"published"})),
    _Reason("list-releases", "Finds the release, checks the token.", sent=False),
    _Reason("get-file", "Checks the link, reads the size.", sent=False),
    _Reason("create-build", "Creates the build."),
    _Reason(
        "get-deployments",
        "Reads the targets' deployments.",
        frozenset({"buildId", "pipelineStageName"}),
        follows="get-deployments",
    ),
    _Reason("get-deployments", "Finds a running deployment.", frozenset({"buildId", "pipelineStageName"})),
    _Reason("deploy-build", "Deploys to the stage."),
    _Reason("get-deployments", "Polls the deployment, by its id.", frozenset({"deploymentId"})),
    _Reason("get-builds", "Reads what a plan or person may change.", frozenset({"buildId"})),
    _Reason("get-deployments", "Checks for a later build.", frozenset({"releaseId"})),
    _Reason("get-file", "Checks the link again.", sent=True),
    _Reason("list-releases", "Finds a release created meanwhile.", sent=True),
    _Reason("create-release", "Creates the draft."),
    _Reason("create-release-file", "Adds a file."),
    _Reason("publish-release", "Publishes the release."),
    _Reason("", "Checks that Centercode is up."),
    _Reason("project-release", "Posts the announcement."),
)


def section() -> page.Section:
    log = _log()
    lists = {"get-releases", "get-builds", "get-deployments"}
    sent, without, before = False, 0, ""
    for entry in log:
        sent |= entry["method"] == "POST" and entry["operation"] not in lists
        without += not _why(entry, before, sent=sent)
        before = entry["operation"] or ""
    counts = Counter(f"`{entry['operation'] or entry['method']}`" for entry in log)
    text = ", ".join(f"{name} {count}" if count > 1 else name for name, count in counts.most_common())
    figure = page.Figure("requests without a reason", without, 0, "{:.0f}", f"of {len(log)}")
    return page.Section((figure,), f"Operations: {text}.")


def _log() -> list[dict[str, Any]]:
    """Of a job whose deployments have ended when they are first asked for."""
    with tempfile.TemporaryDirectory() as name, running(speed=100_000) as sandbox:
        folder = Path(name)
        (folder / "widget.zip").write_bytes(_FILE)
        sandbox.put_file("widget.zip", _FILE)
        (folder / "shipline.yml").write_text(_CONFIG.format(url=sandbox.url), encoding="utf-8")
        measure.process((sys.executable, "-m", "shipline", "run"), folder, _KEYS)
        return sandbox.requests()


def _why(entry: dict[str, Any], before: str, *, sent: bool) -> str:
    for reason in _REASONS:
        given = {*entry["query"], *(entry["body"] if isinstance(entry["body"], dict) else ())}
        fits = reason.operation == (entry["operation"] or "") and reason.parameters <= given
        if fits and reason.sent in (None, sent) and reason.follows in ("", before):
            return reason.why
    return ""
