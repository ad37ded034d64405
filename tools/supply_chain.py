"""What the program is made of, and what must not be in it. Runs in .venv/audit (requirements/audit.txt): `make audit`.

audit [--required]   look every locked dependency up in the database of known vulnerabilities; where that can't be
                     reached it says so and passes, unless it is required
secrets [--accept]   look for keys and passwords in what is or would be committed; --accept: those found are invented
sbom FILE            write a CycloneDX bill of the wheel's and the image's dependencies
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
BIN = Path(sys.executable).parent
LOCK = "requirements/sandbox.txt"  # what the image carries
KNOWN = "tools/known_secrets.json"
# Locks and receipts hold hashes; the two bombs are for YAML readers, such as the scanner itself.
UNREAD = re.compile(
    r"requirements/.*\.txt|.*/package-lock\.json|tests/unit/receipts/.*\.json|tests/examples/.*/alias-.*\.yml|"
    + re.escape(KNOWN)
)
# The sandbox takes no other keys, and no service takes one of these.
INVENTED = r"^(sandbox-|SANDBOX/|do-not-print-me)"
HEURISTICS = (
    "is_indirect_reference",
    "is_not_alphanumeric_string",
    "is_potential_uuid",
    "is_prefixed_with_dollar_sign",
    "is_sequential_string",
    "is_templated_secret",
)


def audit(option: str = "") -> int:
    """pip-audit over every lock, one at a time: it refuses two versions of one package."""
    locks = sorted(path.relative_to(ROOT).as_posix() for path in ROOT.glob("requirements/*.txt"))
    command = [BIN / "pip-audit", "--disable-pip", "--require-hashes", "--progress-spinner", "off", "--format", "json"]
    found: dict[tuple[str, str | None], Any] = {}
    for lock in locks:
        done = subprocess.run([*command, "--requirement", lock], cwd=ROOT, capture_output=True, text=True, check=False)
        try:
            entries = json.loads(done.stdout)["dependencies"]
        except ValueError:
            entries = []
        if not any("vulns" in entry for entry in entries):
            # Then pip-audit itself may report "no known vulnerabilities": if another index responds instead of its own.
            why = done.stderr.strip().splitlines()[-1:] if done.returncode else ["it lists none of the dependencies"]
            print(f"audit: SKIPPED, pip-audit has no result for {lock}: {' '.join(why)}")
            return int(option == "--required")
        found |= {(entry["name"], entry.get("version")): entry for entry in entries}
    for (name, version), entry in found.items():
        for known in entry.get("vulns", ()):
            fixed = ", ".join(known["fix_versions"]) or "no version yet"
            print(f"audit: {name} {version}: {known['id']}, fixed in {fixed}")
    missing = sorted(name for (name, _), entry in found.items() if "vulns" not in entry)
    if missing:
        print(f"audit: not in the database: {', '.join(missing)}")
    print(f"audit: {len(found) - len(missing)} dependencies of {len(locks)} locks")
    return int(bool(missing) or any(entry.get("vulns") for entry in found.values()))


def secrets(option: str = "") -> int:
    """detect-secrets with all its plugins over the repository's files."""
    path = ROOT / KNOWN
    known = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    found = _scanned()
    if option == "--accept":
        path.write_text(json.dumps(found, indent=2, sort_keys=True) + "\n", encoding="utf-8")
        known = found
    new, gone = found.keys() - known.keys(), known.keys() - found.keys()
    for digest in sorted(new, key=found.__getitem__):
        print(f"secrets: {found[digest]}: take it out and have it replaced")
    for digest in gone:
        print(f"secrets: no longer here: {known[digest]}")
    if new or gone:
        print(f"secrets: if what is new is invented: {BIN / 'python'} tools/supply_chain.py secrets --accept")
    print(f"secrets: {len(found)} that look like one, {len(new)} not known to be invented")
    return int(bool(new or gone))


def _scanned() -> dict[str, str]:
    """What looks like a secret: its hash, and what and where it is."""
    from detect_secrets.core.plugins.util import get_mapping_from_secret_type_to_class
    from detect_secrets.core.scan import scan_file
    from detect_secrets.settings import transient_settings

    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")
    plugins = [{"name": plugin.__name__} for plugin in get_mapping_from_secret_type_to_class().values()]
    filters = [{"path": f"detect_secrets.filters.heuristic.{name}"} for name in HEURISTICS]
    invented = {"path": "detect_secrets.filters.regex.should_exclude_secret", "pattern": [INVENTED]}
    found: dict[str, str] = {}
    with transient_settings({"plugins_used": plugins, "filters_used": [*filters, invented]}):
        for file in sorted(set(listed)):
            if file and not UNREAD.fullmatch(file) and (ROOT / file).is_file():
                for secret in scan_file(str(ROOT / file)):
                    found.setdefault(secret.secret_hash, f"{secret.type} in {file}")
    return found


def sbom(target: str) -> int:
    """From a fresh environment that holds exactly the locked dependencies: so it has their licences too."""
    with tempfile.TemporaryDirectory() as folder:
        python = Path(folder, "bin", "python")
        pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", "--python", str(python)]
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
        subprocess.run(
            [*pip, "install", "--require-hashes", "--only-binary", ":all:", "-r", LOCK], cwd=ROOT, check=True
        )
        make = [BIN / "cyclonedx-py", "environment", "--pyproject", "pyproject.toml", "--output-reproducible"]
        done = subprocess.run([*make, python], cwd=ROOT, check=True, capture_output=True, text=True)
    bill = json.loads(done.stdout)
    init = (ROOT / "entrypoint/shipline/__init__.py").read_text(encoding="utf-8")
    bill["metadata"]["component"]["version"] = init.partition('__version__ = "')[2].partition('"')[0]
    Path(target).parent.mkdir(parents=True, exist_ok=True)
    Path(target).write_text(json.dumps(bill, indent=2) + "\n", encoding="utf-8")
    print(f"sbom: {len(bill['components'])} dependencies in {target}")
    return 0


def main(arguments: list[str]) -> int:
    """Carry out one of the commands above."""
    allowed = {"audit": {"", "--required"}, "secrets": {"", "--accept"}}
    match arguments:
        case ["audit" | "secrets" as name, *options] if len(options) < 2 and {*options} <= allowed[name]:  # noqa: PLR2004
            return {"audit": audit, "secrets": secrets}[name](*options)
        case ["sbom", target]:
            return sbom(target)
    print(__doc__, file=sys.stderr)
    return 2


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
