"""The requests of the main job, as the sandbox logs them, each with what it is for."""

from __future__ import annotations

import sys
import tempfile
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
    _Reason(
        "get-releases",
        "Is the release there? Like every look-up before the first POST it shows too that the key is right.",
        frozenset({"releaseNumber"}),
    ),
    _Reason(
        "get-builds",
        "Is this build there already? Then it is taken up, not made twice.",
        frozenset({"buildNumber"}),
    ),
    _Reason(
        "list-releases",
        "Is this version released already? And a token that has expired is found before the deployment.",
        sent=False,
    ),
    _Reason(
        "get-file",
        "Is there what will be announced? Better told before the build is made; its size goes into the announcements.",
        sent=False,
    ),
    _Reason("create-build", "The build."),
    _Reason(
        "get-deployments",
        "The deployments that do the work, one a target: no other answer has them, and all must have ended.",
        frozenset({"buildId", "pipelineStageName"}),
        follows="get-deployments",
    ),
    _Reason(
        "get-deployments",
        "Is the build on its way to the stage already, by the pipeline or by somebody? Then that is waited for.",
        frozenset({"buildId", "pipelineStageName"}),
    ),
    _Reason("deploy-build", "The deployment to a stage."),
    _Reason(
        "get-deployments",
        "How far is it? One request a poll; the deployment that the others belong to is shown only by its id.",
        frozenset({"deploymentId"}),
    ),
    _Reason(
        "get-builds",
        "A plan may have changed the build's number, which announcements name; somebody may have rejected the build.",
        frozenset({"buildId"}),
    ),
    _Reason(
        "get-deployments",
        "Has a later build overtaken this one in the last stage? Then it isn't announced.",
        frozenset({"releaseId"}),
    ),
    _Reason(
        "get-file", "Is it still there, or by now? Between the first look and this one lies the deployment.", sent=True
    ),
    _Reason("list-releases", "Has somebody released it meanwhile? A deployment can take hours.", sent=True),
    _Reason("create-release", "The release for customers, a draft: nobody sees it before it has its files."),
    _Reason("create-release-file", "A file of it: the API takes one a request."),
    _Reason("publish-release", "Customers see the release, whole."),
    _Reason("project-release", "The announcement to testers; last, as it can't be looked up."),
)


def section() -> page.Section:
    log = _log()
    rows, sent, without, before = [], False, 0, ""
    for number, entry in enumerate(log, start=1):
        sent |= entry["method"] == "POST"
        why = _why(entry, before, sent=sent)
        before = entry["operation"]
        without += not why
        rows.append(f"| {number} | {entry['method']} | `{entry['operation']}` | {why or '**none**'} |")
    heads = "| | method | operation | what it is for |\n| ---: | --- | --- | --- |\n"
    figure = page.Figure("requests without a reason", without, 0, "{:.0f}")
    return page.Section((figure,), heads + "\n".join(rows))


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
        fits = reason.operation == entry["operation"] and reason.parameters <= set(entry["query"])
        if fits and reason.sent in (None, sent) and reason.follows in ("", before):
            return reason.why
    return ""
