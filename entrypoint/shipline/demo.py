"""`shipline demo`: the main job on a sample project, against a sandbox of the three services on this machine."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import threading
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from shipline import terminal
from shipline.values import human_size

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shipline_sandbox.server import Running

VERSION = "1.4.0"
NEXT_VERSION = "1.5.0-beta.1"
_SPEED = 8.0  # a stage takes some ten seconds on a real BuildMaster
_PRODUCT = "27d6f2a0-3d6b-4f52-9f5e-6a1c6f0e8a11"
_KEYS = {f"SHIPLINE_{name}": "sandbox-demo" for name in ("BUILDMASTER_API_KEY", "CENTERCODE_API_KEY", "V3_TOKEN")}

_NOTES = """# Changelog

## 1.4.0

- Widgets **turn** both ways.
- Fixed: a widget that was turned twice stayed open.

## 1.3.0

- Widgets turn.
"""

_CONFIG = """release:
  version: {version}
  notes: {{file: CHANGELOG.md}}
artifacts:
  - path: dist/*.zip
    url: {url}/files/widget/{{version}}/{{filename}}
buildmaster:
  url: {url}
  application: Widget
  pipeline: Standard
  build-number: "1"
  variables: {{Zip: "{{artifact_url}}"}}
  stages: [Integration, Testing]
v3:
  url: {url}
  product-id: {product}
  platforms: [windows, linux]
  state: published
centercode:
  url: {url}
  project: WidgetPro
  release-type: Firmware
  subtitle: Turns both ways
"""


def main(*, keep: bool) -> int:
    """Returns the exit code of the job."""
    try:
        from shipline_sandbox.server import running
    except ImportError:
        raise click.ClickException("the sandbox isn't installed: pip install 'shipline[sandbox]'") from None
    project = Path(tempfile.mkdtemp(prefix="shipline-demo-"))
    try:
        with running(speed=_SPEED) as sandbox:
            code = _show(sandbox, project)
            _explore(sandbox, project, keep=keep)
            if keep:
                _wait_for_interrupt()
            return code
    finally:
        shutil.rmtree(project, ignore_errors=True)


def _show(sandbox: Running, project: Path) -> int:
    archive = _make_project(project, sandbox.url)
    for version in (VERSION, NEXT_VERSION):
        sandbox.put_file(f"widget/{version}/{archive.name}", archive.read_bytes())
    _title(f"The sandbox listens on {sandbox.url}; the sample project is Widget {VERSION}")
    click.echo((project / "shipline.yml").read_text(encoding="utf-8"))
    _title("shipline plan")
    _shipline("plan", project)
    _title("shipline run")
    code = _shipline("run", project)
    state = sandbox.admin("state")
    _title("What testers see in Centercode")
    _testers(state)
    _title("What customers see in v3")
    _customers(state)
    _title("shipline run, once more: nothing is sent twice")
    before = len(_posts(sandbox))
    again = _shipline("run", project)
    click.echo(f"\nrequests that change something, sent by the second run: {len(_posts(sandbox)) - before}")
    return code or again


def _make_project(project: Path, url: str) -> Path:
    archive = project / "dist" / f"widget-{VERSION}.zip"
    archive.parent.mkdir(parents=True)
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("widget/widget.py", 'def turn(way: str) -> str:\n    return f"turned {way}"\n')
        file.writestr("widget/README.txt", f"Widget {VERSION}\n")
    (project / "CHANGELOG.md").write_text(_NOTES, encoding="utf-8")
    (project / "shipline.yml").write_text(_CONFIG.format(version=VERSION, url=url, product=_PRODUCT), encoding="utf-8")
    return archive


def _shipline(command: str, project: Path) -> int:
    """The real program in a process of its own, with nothing of this machine's SHIPLINE_ settings."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("SHIPLINE_", "INPUT_"))}
    sys.stdout.flush()
    done = subprocess.run(  # noqa: S603 - this program
        [sys.executable, "-m", "shipline", command], cwd=project, env={**environ, **_KEYS}, check=False
    )
    return done.returncode


def _posts(sandbox: Running) -> list[Mapping[str, Any]]:
    return [
        request
        for request in sandbox.requests()
        if request["method"] not in ("GET", "HEAD") and request["service"] != "files"
    ]


def _testers(state: Mapping[str, Any]) -> None:
    for release in state["centercode"]["releases"]:
        click.echo(
            f"{release['title']}  ({release['status']})\n{release.get('subtitle', '')}\n\n{release['body'].strip()}\n"
        )
        for link in release.get("links", ()):
            click.echo(f"  download: {link['label']}, {link.get('size')} {link.get('sizeUnit')}: {link['url']}")


def _customers(state: Mapping[str, Any]) -> None:
    for release in state["v3"]["releases"]:
        published = "published" if release["published"] else "draft: customers don't see it yet"
        click.echo(
            f"{release['name']}  (version {release['version']}, channel {release['channel']}, {published})"
            f"\n\n{release['notes']}\n"
        )
        for file in release["files"]:
            click.echo(f"  file: {file['name']}, {human_size(file['size'])}, MD5 {file['checksum']}: {file['url']}")


def _explore(sandbox: Running, project: Path, *, keep: bool) -> None:
    _title("Explore further")
    if not keep:
        click.echo("shipline demo --keep     leaves the sandbox and the sample project there to play with")
        click.echo("shipline sandbox         serves a fresh one (docs/sandbox.md)")
        return
    click.echo(f"open {sandbox.url}/ in a browser: builds, releases and the request log\n")
    click.echo(f"cd {project}")
    click.echo("export " + " ".join(f"{name}={value}" for name, value in _KEYS.items()))
    click.echo(
        "shipline plan\n"
        f"shipline run --release-version {NEXT_VERSION} --release-notes-text 'Try this' --buildmaster-build-number 2"
    )
    click.echo("\nCtrl-C ends the sandbox and removes the sample project")


def _wait_for_interrupt() -> None:
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        click.echo()


def _title(text: str) -> None:
    bold = terminal.has_colours(os.environ, terminal=terminal.can_erase(sys.stdout, os.environ))
    click.echo(click.style(f"\n━━ {text}\n", bold=bold, reset=bold), color=bold)
