"""A user's repository: what they would have written to release Widget by Shipline."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sample
from job.project import changes as asks_for_a_change

if TYPE_CHECKING:
    from shipline_sandbox.server import Running

KEYS = {
    "SHIPLINE_BUILDMASTER_API_KEY": "sandbox-build+key/1=",
    "SHIPLINE_CENTERCODE_API_KEY": "sandbox-center+key/2=",
    "SHIPLINE_V3_TOKEN": "sandbox-token+key/3=",
}
# As the examples name them in the repository's settings.
SECRETS = {name.removeprefix("SHIPLINE_"): value for name, value in KEYS.items()}

_CONFIG = (
    sample.config(
        version="",
        build_number='  build-number: "{{version}}"',
        variables="",
        platforms="  platforms: [linux]",
        subtitle="",
    ).replace("/widget/{{version}}", "")
    + "network: {{retry-for: 2s}}\n"
)


def user_project(sandbox: Running) -> dict[str, str | bytes]:
    """Files by name; the artifact can be downloaded from the sandbox already."""
    content = b"widget\n"
    sandbox.put_file("widget.zip", content)
    return {
        "shipline.yml": _CONFIG.format(url=sandbox.url),
        "CHANGELOG.md": "# Changelog\n\n## 1.4.0\n\n- Widgets turn.\n",
        "dist/widget.zip": content,
    }


def changes(sandbox: Running) -> list[str]:
    """The operations that asked the services to change something, in order."""
    log = sandbox.requests()
    return [r["operation"] for r in log if asks_for_a_change(r)]


def stage(sandbox: Running, name: str, **settings: object) -> None:
    """How deployments to a stage go from now on: outcome, pending_seconds, executing_seconds."""
    stages = [{"name": s, **(settings if s == name else {})} for s in ("Integration", "Testing")]
    application = {"id": 1, "name": "Widget", "pipelines": {"Standard": {"stages": stages}}}
    sandbox.admin("seed", {"buildmaster": {"applications": [application]}})
