"""Several products of one repository, each with its config file, application, project and product."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

from job.project import PRODUCT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from job.project import Project

NAMES = ("camera", "router", "switch")
FIRMWARE = [{"key": "Firmware"}]

CONFIG = """\
tag-prefix: {name}-v
release:
  version: 1.4.0
  notes: {{text: "What is new in {name}"}}
buildmaster:
  url: {url}
  application: {name}
  pipeline: Standard
  build-number: "7"
  stages: [Integration, Testing]
v3:
  url: {url}
  product-id: {product}
  platforms: [linux]
  state: published
centercode:
  url: {url}
  project: {name}
  release-type: Firmware
network: {{retry-for: 1s}}
"""


def make(
    project: Project, names: tuple[str, ...] = NAMES, stages: Mapping[str, dict[str, object]] | None = None
) -> None:
    """products/NAME.yml for each, and what the services know of them; ``stages``: how a product's first one goes."""
    for name in names:
        write(project, name)
    known = {
        "buildmaster": {"applications": [_application(at, name, stages or {}) for at, name in enumerate(names, 100)]},
        "centercode": {"projects": [{"key": name, "name": name, "release_types": FIRMWARE} for name in names]},
        "v3": {"products": [{"id": product_id(name), "name": name} for name in names]},
    }
    project.sandbox.admin("seed", known)


def write(to: Project, of: str, **changes: str) -> None:
    """The config; ``changes`` replace or remove (empty) lines, by the key that a line begins with."""
    text = CONFIG.format(name=of, url=to.sandbox.url, product=product_id(of))
    lines = text.splitlines()
    for key, line in changes.items():
        start = key.replace("_", "-") + ":"
        lines = [line if old.strip().startswith(start) else old for old in lines]
    to.write(f"products/{of}.yml", "\n".join(lines))


def product_id(name: str) -> str:
    return PRODUCT[:-12] + sha256(name.encode()).hexdigest()[:12]


def _application(at: int, name: str, stages: Mapping[str, dict[str, object]]) -> dict[str, object]:
    both = [{"name": "Integration", **stages.get(name, {})}, {"name": "Testing"}]
    return {"id": at, "name": name, "pipelines": {"Standard": {"stages": both}}}
