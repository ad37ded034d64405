"""How to send a first release: the config, the keys and the names, for the page and for `shipline sandbox`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shipline_sandbox.request_context import RequestContext
    from shipline_sandbox.store import Doc

_CONFIG = """\
release:
  version: 1.4.0
  notes: {{text: "Widget 1.4.0 **pairs faster**."}}
buildmaster:
  url: {url}
  application: Widget
  pipeline: Standard
  stages: [Integration, Testing]
v3:
  url: {url}
  product-id: 27d6f2a0-3d6b-4f52-9f5e-6a1c6f0e8a11
  platforms: [windows, linux]
  attach: none
  state: published
centercode:
  url: {url}
  project: WidgetPro
  release-type: Software
"""
KEYS = """\
export SHIPLINE_BUILDMASTER_API_KEY=sandbox-me
export SHIPLINE_CENTERCODE_API_KEY=sandbox-me
export SHIPLINE_V3_TOKEN=sandbox-me"""
COMMAND = "shipline run"


def config(url: str) -> str:
    """Return a complete shipline.yml for the sandbox at this URL."""
    return _CONFIG.format(url=url)


def text(url: str) -> str:
    """Return the steps to a first release, for a terminal."""
    steps = (
        (f"1. Save this as shipline.yml (or write one for your project: shipline init --sandbox {url}):", config(url)),
        ("2. Set the keys. The sandbox accepts every key that begins with sandbox-:", KEYS),
        (f"3. Send a release, and watch it at {url}:", COMMAND),
    )
    return "\n".join(f"{title}\n\n{_indented(block)}\n" for title, block in steps)


def names(context: RequestContext) -> list[tuple[str, str, list[tuple[str, str]]]]:
    """Return the names that a config can use: each service with what it does, and its names by their kind."""
    session = context.session
    applications = [(one["name"], ", ".join(one["pipelines"])) for one in session.all("application")]
    projects: dict[str, list[str]] = {}
    for kind in session.all("release_type"):
        projects.setdefault(kind["project"], []).append(kind["key"])
    products: list[Doc] = session.all("product")
    return [
        ("BuildMaster", "Builds and deploys", [(f"Application {name}", found) for name, found in applications]),
        ("Cryptlex", "Offers updates to customers", [(one["name"] or "Product", one["id"]) for one in products]),
        ("Centercode", "Shows releases to testers", [(f"Project {k}", ", ".join(v)) for k, v in projects.items()]),
    ]


def _indented(block: str) -> str:
    return "\n".join(f"  {line}" for line in block.rstrip().splitlines())
