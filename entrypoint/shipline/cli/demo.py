"""`shipline demo`: the main job on a sample project, against a sandbox of the three services on this machine."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
import zipfile
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING, Any

import click

from shipline.reporting import terminal
from shipline.reporting.notes import as_text
from shipline.services import openapi
from shipline.services.registry import SERVICES
from shipline.transport.loopback import WITHOUT_PROXY
from shipline.values import human_size

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from types import ModuleType

    from shipline_sandbox.server import Running


SAMPLE = Path(__file__).with_name("sample")
"""The sample project: a config, in which ``$url`` is the services' address, and notes."""

VERSION = "1.4.0"
NEXT_VERSION = "1.5.0-beta.1"
_SPEED = 8.0  # a stage takes some ten seconds on a real BuildMaster
_KEYS = {SERVICES[name].key_variable: "sandbox-demo" for name in sorted(SERVICES)}


def sandbox_server() -> ModuleType:
    """Return the module that serves the sandbox. Raises ClickException if this installation hasn't got it."""
    try:
        from shipline_sandbox import server
    except ImportError:
        raise click.ClickException(
            "the sandbox isn't installed: run pip install '.[sandbox]' in a checkout of Shipline"
        ) from None
    return server


def main(*, keep: bool) -> int:
    """Run the demo. Returns the exit code of the job; ``keep`` serves the sandbox until Ctrl-C."""
    server = sandbox_server()
    with (
        tempfile.TemporaryDirectory(prefix="shipline-demo-", ignore_cleanup_errors=True) as folder,
        server.running(speed=_SPEED) as sandbox,
    ):
        code = _release(sandbox, Path(folder))
        _explore(sandbox, folder, keep=keep)
        if keep:
            try:
                threading.Event().wait()
            except KeyboardInterrupt:
                click.echo()
        return code


def _release(sandbox: Running, project: Path) -> int:
    """Plan and run the job, show what it announced, and run it again. Returns the exit code."""
    _create_project(sandbox, project)
    _title(f"The sandbox listens on {sandbox.url}; the sample project is Widget {VERSION}")
    click.echo((project / "shipline.yml").read_text(encoding="utf-8"))
    _title("shipline plan")
    _shipline("plan", project)
    _title("shipline run")
    code = _shipline("run", project)
    for title, lines in announcements(sandbox.admin("state")):
        _title(title)
        click.echo("\n".join(lines))
    _title("shipline run again: it sends nothing twice")
    before = count_changes(sandbox)
    again = _shipline("run", project)
    click.echo(f"\nrequests that change something, sent by the second run: {count_changes(sandbox) - before}")
    return code or again


def _create_project(sandbox: Running, project: Path) -> None:
    """Copy the sample project, and make its artifact, which the sandbox offers for download too."""
    for file in SAMPLE.iterdir():
        text = Template(file.read_text(encoding="utf-8")).safe_substitute(url=sandbox.url)
        (project / file.name).write_text(text, encoding="utf-8")
    archive = project / "dist" / f"widget-{VERSION}.zip"
    archive.parent.mkdir()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as content:
        content.writestr("widget/widget.py", 'def turn(way: str) -> str:\n    return f"turned {way}"\n')
        content.writestr("widget/README.txt", f"Widget {VERSION}\n")
    for version in (VERSION, NEXT_VERSION):
        sandbox.put_file(f"widget/{version}/{archive.name}", archive.read_bytes())


def _shipline(command: str, project: Path) -> int:
    """Run the real program in its own process, without this machine's SHIPLINE_ settings. Returns the exit code."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("SHIPLINE_", "INPUT_"))}
    sys.stdout.flush()
    done = subprocess.run(  # noqa: S603 - this program
        [sys.executable, "-m", "shipline", command], cwd=project, env={**environ, **WITHOUT_PROXY, **_KEYS}, check=False
    )
    return done.returncode


def count_changes(sandbox: Running) -> int:
    """Return how many requests that change something the sandbox has received."""
    reads = {operation.id for operation in openapi.operations("buildmaster").values() if operation.reads}
    return sum(
        request["method"] not in ("GET", "HEAD") and request["service"] != "files" and request["operation"] not in reads
        for request in sandbox.requests()
    )


def announcements(state: Mapping[str, Any]) -> Iterator[tuple[str, list[str]]]:
    """Yield what testers and what customers see, if anything, as a title and lines; ``state`` is the sandbox's."""
    lines: list[str] = []
    for release in state["centercode"]["releases"]:
        lines += [f"{release['title']}  ({release['status']})", *filter(None, [release.get("subtitle")])]
        lines += ["", as_text(release.get("body", "")).strip(), ""]
        lines += [f"  file: {file['fileName']}" for file in release.get("ftpBucketFiles", ())]
        lines += [
            f"  download: {link['label']}, {link.get('size')} {link.get('sizeUnit')}: {link['url']}"
            for link in release.get("links", ())
        ] + [""]
    if lines:
        yield "What testers see in Centercode", lines
    lines = []
    for release in state["v3"]["releases"]:
        published = "published" if release["published"] else "draft: customers don't see it yet"
        lines += [f"{release['name']}  (version {release['version']}, channel {release['channel']}, {published})"]
        lines += ["", release["notes"], ""]
        lines += [
            f"  file: {file['name']}, {human_size(file['size'])}, MD5 {file['checksum'] or 'not known'}: {file['url']}"
            for file in release["files"]
        ] + [""]
    if lines:
        yield "What customers see in v3", lines


def _explore(sandbox: Running, folder: str, *, keep: bool) -> None:
    _title("Explore further")
    if not keep:
        click.echo("shipline demo --keep     leaves the sandbox and the sample project there to play with")
        click.echo("shipline sandbox         serves a fresh one (docs/sandbox.md)")
        return
    click.echo(
        f"open {sandbox.url}/ in a browser: builds, releases and the request log\n\n"
        f"cd {folder}\n"
        f"export {' '.join(f'{name}={value}' for name, value in _KEYS.items())}\n"
        "shipline plan\n"
        f"shipline run --release-version {NEXT_VERSION} --release-notes-text 'Try this' --buildmaster-build-number 2\n"
        "\nCtrl-C ends the sandbox and removes the sample project"
    )


def _title(text: str) -> None:
    bold = terminal.has_colors(os.environ, terminal=terminal.can_erase(sys.stdout, os.environ))
    click.echo(click.style(f"\n━━ {text}\n", bold=bold, reset=bold), color=bold)
