"""What each command loads, by the names of modules: nobody waits for a library that the command doesn't use."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from shipline_sandbox.server import running

if TYPE_CHECKING:
    from pathlib import Path

HEAVY = {"requests", "urllib3", "jsonschema", "yaml", "markdown_it", "nh3", "flask", "shipline_sandbox"}
CENTERCODE = 'centercode: {url: "https://company.centercode.com", project: WidgetPro, release-type: Firmware}\n'
CONFIG = "release: {version: 1.4.0, notes: {text: New}}\n"
V3 = 'v3: {url: "https://v3.example.com", product-id: 27d6f2a0-3d6b-4f52-9f5e-6a1c6f0e8a11, platforms: [windows]}\n'
BUILDMASTER = 'buildmaster: {url: "https://buildmaster.example.com", application: Widget}\n'

TOLD = """
import atexit, os, sys
def tell():
    libraries = {name.partition(".")[0] for name, module in sys.modules.items() if module}
    print("LOADED", *sorted(libraries | {n for n in sys.modules if n.startswith("shipline.")}), file=sys.stderr)
atexit.register(tell)
opened = []
sys.addaudithook(lambda event, args: opened.append(str(args[0])) if event == "open" else None)
atexit.register(lambda: print("OPENED", *(os.path.basename(n) for n in opened if n.endswith(".json")), file=sys.stderr))
from shipline import startup
startup.lighten()
from shipline.cli import main
main()
"""


def told(what: str, folder: Path, *arguments: str, **environ: str) -> list[str]:
    """The names that the command's process tells under ``what``."""
    command = [sys.executable, "-c", TOLD, *arguments]
    environ = {"PATH": "/usr/bin:/bin", "HOME": str(folder), **environ}
    done = subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return next(line.split()[1:] for line in done.stderr.splitlines() if line.startswith(what))


def loaded(folder: Path, *arguments: str, **environ: str) -> set[str]:
    names = set(told("LOADED", folder, *arguments, **environ))
    assert "shipline.cli" in names
    return names


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["--version"],
        ["run", "--help"],
        ["init", "--help"],
        ["sandbox", "--help"],
        ["schema", "pipeline"],
        ["schema", "v3"],
        ["centercode", "--help"],
        ["centercode", "project-release", "--help"],
    ],
)
def test_help_and_schemas_load_no_library(tmp_path: Path, arguments: list[str]) -> None:
    assert not loaded(tmp_path, *arguments) & HEAVY


@pytest.mark.parametrize("option", ["--help", "--version"])
def test_what_is_told_of_the_program_needs_neither_catalogue_nor_operations(tmp_path: Path, option: str) -> None:
    unneeded = {"shipline.catalogue", "shipline.commands", "shipline.services.openapi", "json", "difflib"}
    assert not loaded(tmp_path, option) & unneeded
    assert told("OPENED", tmp_path, option) == []


@pytest.mark.parametrize("section", [BUILDMASTER, V3, CENTERCODE])
def test_validating_loads_no_network(tmp_path: Path, section: str) -> None:
    (tmp_path / "shipline.yml").write_text(CONFIG + section)
    names = loaded(tmp_path, "validate")
    assert not names & {"requests", "urllib3", "flask", "shipline_sandbox", "shipline.run", "shipline.plan"}
    assert not names & {"ssl", "socket", "subprocess"}
    assert {"yaml", "jsonschema"} <= names


@pytest.mark.parametrize("section", [BUILDMASTER, V3])
def test_only_centercode_gets_notes_as_html(tmp_path: Path, section: str) -> None:
    (tmp_path / "shipline.yml").write_text(CONFIG + section)
    assert not loaded(tmp_path, "validate") & {"markdown_it", "nh3"}
    (tmp_path / "shipline.yml").write_text(CONFIG + CENTERCODE)
    assert "markdown_it" in loaded(tmp_path, "validate")


def schemas(read: list[str]) -> list[str]:
    return sorted(name for name in read if name.endswith((".schema.json", ".openapi.json")))


def test_validating_reads_one_schema_once(tmp_path: Path) -> None:
    (tmp_path / "shipline.yml").write_text(CONFIG + BUILDMASTER + V3 + CENTERCODE)
    assert schemas(told("OPENED", tmp_path, "validate")) == ["pipeline.schema.json"]


def test_a_run_reads_each_schema_that_it_needs_once(tmp_path: Path) -> None:
    with running(speed=1000) as sandbox:
        (tmp_path / "shipline.yml").write_text(CONFIG + V3.replace("https://v3.example.com", sandbox.url))
        environ = {"SHIPLINE_V3_TOKEN": "sandbox-token"}
        assert schemas(told("OPENED", tmp_path, "run", **environ)) == ["pipeline.schema.json", "v3.openapi.json"]
        names = loaded(tmp_path, "run", **environ)
    assert "requests" in names
    assert not names & {"charset_normalizer", "chardet"}  # guessing encodings
    assert not names & {"markdown_it", "nh3", "flask", "shipline_sandbox", "shipline.services.buildmaster"}


def test_a_script_that_uses_the_services_keeps_its_own_guessing_of_encodings(tmp_path: Path) -> None:
    script = "import shipline.services.api, requests, charset_normalizer; assert requests.compat.chardet"
    command = [sys.executable, "-W", "error", "-c", script]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
