"""A user's repository: what they would have written to release Widget by Shipline."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shipline_sandbox.server import Running

KEYS = {
    "SHIPLINE_BUILDMASTER_API_KEY": "sandbox-build+key/1=",
    "SHIPLINE_CENTERCODE_API_KEY": "sandbox-center+key/2=",
    "SHIPLINE_V3_TOKEN": "sandbox-token+key/3=",
}
# As the examples name them in the repository's settings.
SECRETS = {name.removeprefix("SHIPLINE_"): value for name, value in KEYS.items()}

_CONFIG = """\
release:
  notes: {{file: CHANGELOG.md}}
artifacts:
  - path: dist/*.zip
    url: {url}/files/{{filename}}
buildmaster:
  url: {url}
  application: Widget
  pipeline: Standard
  build-number: "{{version}}"
  stages: [Integration, Testing]
v3:
  url: {url}
  product-id: 27d6f2a0-3d6b-4f52-9f5e-6a1c6f0e8a11
  platforms: [linux]
  state: published
centercode:
  url: {url}
  project: WidgetPro
  release-type: Firmware
network: {{retry-for: 2s}}
"""


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
    return [r["operation"] for r in log if r["method"] not in ("GET", "HEAD") and r["service"] != "files"]


def stage(sandbox: Running, name: str, **settings: object) -> None:
    """How deployments to a stage go from now on: outcome, pending_seconds, executing_seconds."""
    stages = [{"name": s, **(settings if s == name else {})} for s in ("Integration", "Testing")]
    application = {"id": 1, "name": "Widget", "pipelines": {"Standard": {"stages": stages}}}
    sandbox.admin("seed", {"buildmaster": {"applications": [application]}})
