"""Check the structure of the program and the sandbox: import cycles, boundaries, refused constructs, sizes.

``structure.py [root]`` prints the counts and exits with 1 if a rule is broken. Imports inside functions and under
``TYPE_CHECKING`` count as well.
"""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import tempfile
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT = Path(__file__).resolve().parents[1]
PROGRAM, SANDBOX = "shipline", "shipline_sandbox"
FOLDERS = {PROGRAM: "entrypoint", SANDBOX: "sandbox"}

BASE = frozenset(
    {
        "escapes",
        "redaction",
        "errors",
        "early_signals",
        "cancellation",
        "display",
        "version",
        "values",
        "interpolation",
        "git",
        "sanitizer",
        "schemas",
        "workspace",
        "local_files",
        "checksums",
    }
)
"""Modules that every package may import; of the program they import only one another."""

BOUNDARIES: dict[str, frozenset[str]] = {
    "release_notes": frozenset(),
    "inputs": frozenset(),
    "ci": frozenset(),
    "transport": frozenset(),
    "journal": frozenset({"transport"}),
    "services": frozenset({"transport"}),
    "pipeline": frozenset({"ci", "inputs", "release_notes", "transport", "services"}),
    "run": frozenset({"journal", "pipeline", "release_notes", "services", "transport"}),
    "reporting": frozenset({"ci", "inputs", "pipeline", "release_notes", "run", "services", "transport"}),
    "fleet": frozenset({"ci", "inputs", "pipeline", "reporting", "run"}),
    "doctor": frozenset({"inputs", "journal", "pipeline", "reporting", "run", "services", "transport"}),
    "init": frozenset({"ci", "inputs", "pipeline", "release_notes", "reporting", "run", "services"}),
    "cli": frozenset(
        {
            "ci",
            "doctor",
            "fleet",
            "init",
            "inputs",
            "journal",
            "pipeline",
            "reporting",
            "run",
            "services",
            "transport",
            SANDBOX,
        }
    ),
    "__main__": frozenset({"cli"}),
}
"""What each package of the program may import in addition to the base; a package imports only those above it."""

SERVICES = frozenset({"buildmaster", "centercode", "v3"})
"""Packages of the sandbox, one for each service, that never import one another."""

REFUSED = {
    r"\bre\.compile\s*=(?!=)": "replaces re.compile",
    r"\bsys\.modules(?:\[[^]]*\]\s*=(?!=)|\.(?:setdefault|update|pop)\b)|\bdel sys\.modules\b": "writes to sys.modules",
    r"\bsys\._getframe\b|\binspect\.currentframe\b": "inspects frames",
    r"\b_thread\.start_new_thread\b": "starts a bare thread",
    r"\bdataclass_transform\b": "imitates the dataclass decorator",
}
"""Patterns that no source file of the program may contain, and what each one does."""

STATE = re.compile(r"\b(?:details|entry|event|made|outcome|outputs|record|receipt|row|step|values)\[[\"']")
"""State that types describe, indexed by a literal name instead."""

LIMITS = {
    "lines": 12_800,
    "lines that the main job loads": 9_600,
    "layers": 12,
    "lines of the longest file": 300,
}
SMALLEST_FILE = 25
SIZES_FAIL = False
"""Whether a size above its limit fails the check; else it is only reported."""

JOB = """\
release: {{version: 1.4.0, notes: {{text: New}}}}
artifacts: [{{path: widget.zip, url: "{url}/files/{{filename}}"}}]
buildmaster: {{url: "{url}", application: Gadget, release: "1.0", build-number: "7", stages: [Integration, Testing]}}
v3: {{url: "{url}", product-id: 27d6f2a0-3d6b-4f52-9f5e-6a1c6f0e8a11, platforms: [windows], state: published}}
centercode: {{url: "{url}", project: WidgetPro, release-type: Firmware}}
"""
"""The config of a job with all three services."""


class Sources(NamedTuple):
    """The modules of the program and of the sandbox, each with the modules that it imports."""

    files: Mapping[str, Path]
    imports: Mapping[str, frozenset[str]]

    def of(self, package: str) -> list[str]:
        return sorted(name for name in self.files if name == package or name.startswith(f"{package}."))


def read(root: Path = ROOT) -> Sources:
    """Parse all modules below ``root``."""
    files = {}
    for package, folder in FOLDERS.items():
        for path in sorted((root / folder / package).rglob("*.py")):
            name = ".".join(path.relative_to(root / folder).with_suffix("").parts)
            files[name.removesuffix(".__init__")] = path
    return Sources(files, {name: frozenset(_imported(path, files)) - {name} for name, path in files.items()})


def _imported(path: Path, files: Mapping[str, Path]) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in files)
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                if inner in files:
                    yield inner
                elif node.module in files:
                    yield node.module


def cycles(sources: Sources) -> list[str]:
    """Return the first import cycle found, as one line, or nothing."""
    try:
        TopologicalSorter(sources.imports).prepare()
    except CycleError as error:
        return ["import cycle: " + " → ".join(reversed(error.args[1]))]
    return []


def layers(imports: Mapping[str, frozenset[str]]) -> list[str]:
    """Return the longest chain of imports, the importing module first. Raises CycleError."""
    longest: dict[str, list[str]] = {}
    for name in TopologicalSorter(imports).static_order():
        longest[name] = [name, *max((longest[used] for used in imports[name]), key=len, default=[])]
    return max(longest.values(), key=len)


def packages(sources: Sources) -> dict[str, frozenset[str]]:
    """Return what each package, and each module outside of one, of the program imports of the others."""
    units: dict[str, set[str]] = {}
    for name in sources.of(PROGRAM):
        used = units.setdefault(unit(name), set())
        used.update(unit(other) for other in sources.imports[name])
    return {name: frozenset(used - {name}) for name, used in units.items()}


def unit(module: str) -> str:
    """Return the package or module at the top of the program that ``module`` is in; the sandbox is one."""
    package, *inner = module.split(".")
    return inner[0] if package == PROGRAM and inner else package


def crossings(sources: Sources) -> list[str]:
    """Return one line for each import across a boundary."""
    found = []
    for name in sources.files:
        found += [
            f"boundary: {name} imports {used}" for used in sorted(sources.imports[name]) if not _allowed(name, used)
        ]
    found += [f"no boundary is set for the package {name}" for name in packages(sources) if not _is_known(name)]
    return found


def _allowed(name: str, used: str) -> bool:
    if name.partition(".")[0] == SANDBOX:
        parts = (name.split(".")[1:2], used.split(".")[1:2])
        between_services = parts[0] != parts[1] and all(SERVICES.issuperset(part) and part for part in parts)
        return used.partition(".")[0] == SANDBOX and not between_services
    here, there = unit(name), unit(used)
    return there in BASE | {here, PROGRAM} | BOUNDARIES.get(here, frozenset())


def _is_known(name: str) -> bool:
    return name in BOUNDARIES or name in BASE or name == PROGRAM


def refused(sources: Sources) -> list[str]:
    """Return one line for each refused construct."""
    found = []
    for name, path in sources.files.items():
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            found += [f"{name}:{number}: {what}" for pattern, what in REFUSED.items() if re.search(pattern, line)]
            if unit(name) in ("ci", "cli", "fleet", "journal", "reporting", "run") and STATE.search(line):
                found.append(f"{name}:{number}: indexes state by a literal name")
    return found


def lengths(sources: Sources) -> dict[str, int]:
    """Return the physical lines of each module of the program."""
    return {name: len(sources.files[name].read_text(encoding="utf-8").splitlines()) for name in sources.of(PROGRAM)}


def too_small(sources: Sources, lines: Mapping[str, int]) -> list[str]:
    return [
        f"{name} has only {count} lines"
        for name, count in lines.items()
        if count < SMALLEST_FILE and sources.files[name].name not in ("__init__.py", "__main__.py")
    ]


def loaded() -> list[str]:
    """Run a job against the sandbox and return the modules of the program that it loads, as ``python -X importtime``
    lists them. Raises RuntimeError if the job fails."""
    from shipline_sandbox.server import running

    keys = {f"SHIPLINE_{name}": "sandbox-key" for name in ("BUILDMASTER_API_KEY", "CENTERCODE_API_KEY", "V3_TOKEN")}
    inherited = {
        name: value for name, value in os.environ.items() if not name.startswith(("SHIPLINE_", "GITHUB_", "CI"))
    }
    with tempfile.TemporaryDirectory() as name, running(speed=100_000) as sandbox:
        folder, content = Path(name), b"PK"
        (folder / "widget.zip").write_bytes(content)
        sandbox.put_file("widget.zip", content)
        (folder / "shipline.yml").write_text(JOB.format(url=sandbox.url), encoding="utf-8")
        job = subprocess.run(
            [sys.executable, "-X", "importtime", "-m", "shipline", "run"],
            cwd=folder,
            env={**inherited, **keys},
            capture_output=True,
            text=True,
            check=False,
        )
    if job.returncode:
        raise RuntimeError(f"the job failed: {job.stdout}{job.stderr[-2000:]}")
    modules = re.findall(r"^import time:.*\| +(shipline(?:\.\S+)?)$", job.stderr, re.MULTILINE)
    return sorted({*modules, f"{PROGRAM}.__main__"})


def violations(sources: Sources) -> list[str]:
    """Return every broken rule that isn't about sizes."""
    return [*cycles(sources), *crossings(sources), *refused(sources)]


def main(arguments: list[str]) -> int:
    """Print the counts and what breaks a rule; return 1 if the check fails."""
    sources = read(Path(arguments[0]) if arguments else ROOT)
    broken = violations(sources)
    lines = lengths(sources)
    longest = max(lines, key=lines.__getitem__)
    counts = {
        "lines": sum(lines.values()),
        "lines that the main job loads": sum(lines[name] for name in loaded()),
        "lines of the longest file": lines[longest],
    }
    print(f"{len(lines)} files; the longest is {longest}")
    try:
        known = {*BASE, *BOUNDARIES}
        chain = layers({name: used & known for name, used in packages(sources).items()})
        counts["layers"] = len(chain)
        print(f"longest chain of packages: {' → '.join(chain)}")
        modules = layers({name: sources.imports[name] - {*sources.of(SANDBOX)} for name in sources.of(PROGRAM)})
        print(f"longest chain of modules: {len(modules)}")
    except CycleError as error:
        broken += ["packages import each other: " + " → ".join(reversed(error.args[1]))]
    for name, count in counts.items():
        print(f"{name}: {count} (limit {LIMITS[name]})")
    sizes = [f"{name}: {count} is over {LIMITS[name]}" for name, count in counts.items() if count > LIMITS[name]]
    sizes += [
        f"{name} has {count} lines" for name, count in lines.items() if count > LIMITS["lines of the longest file"]
    ]
    sizes += too_small(sources, lines)
    for line in broken:
        print(f"error: {line}", file=sys.stderr)
    for line in sizes:
        print(f"{'error' if SIZES_FAIL else 'warning'}: {line}", file=sys.stderr)
    return int(bool(broken or (SIZES_FAIL and sizes)))


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
