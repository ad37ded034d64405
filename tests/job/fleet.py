"""Several products of one repository, each with its config file, application, project and product."""

from __future__ import annotations

import json
import re
import time
from collections import Counter
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from job.project import PRODUCT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from job.project import Ended, Project

ALL = "products/*.yml"
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


def receipts(project: Project) -> dict[str, dict[str, Any]]:
    """Return the receipts by their names."""
    return {path.stem: json.loads(path.read_text()) for path in (project.path / ".shipline").glob("*.json")}


def done_once(project: Project, count: int = len(NAMES)) -> bool:
    """True if the services have each product's build, deployments and announcements, once."""
    wanted = dict.fromkeys(("create-build", "project-release", "publish-release"), count) | {"deploy-build": 2 * count}
    asked = Counter(project.operations())
    return {name: asked[name] for name in wanted} == wanted


def rows(ended: Ended) -> dict[str, str]:
    """Return the row of each product in the combined table."""
    return dict(
        match.groups()
        for line in ended.out.splitlines()
        if (match := re.fullmatch(r"(\S+) +(\S.*)", line)) and " | " not in line
    )


def until(project: Project, operation: str, count: int) -> None:
    """Wait until the services have received so many requests of the operation."""
    end = time.monotonic() + 30
    while project.operations().count(operation) < count:
        assert time.monotonic() < end, project.operations()
        time.sleep(0.05)
