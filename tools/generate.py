"""Writes what follows from the schemas. With --check: writes nothing, exits with 1 and names what has drifted."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from generators import azure, github, gitlab, jenkins, operations, options, security, teamcity

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parents[1]
DESIGN = ROOT / "entrypoint/shipline/reporting/templates/design.css"
"""The report's design; the sandbox has a copy, since neither package imports the other."""

GENERATED: dict[str, Callable[[], str]] = {
    "docs/options.md": options.options,
    "docs/security.md": security.document,
    "docs/operations.md": operations.reference,
    "entrypoint/shipline/services/__init__.pyi": operations.types,
    "action.yml": github.action,
    "native/action.yml": github.native_action,
    "ci_templates/gitlab/shipline.yml": gitlab.template,
    "ci_templates/jenkins/vars/shipline.groovy": jenkins.library,
    "ci_templates/jenkins/vars/shipline.txt": jenkins.help_text,
    "ci_templates/azure/shipline.yml": azure.template,
    "ci_templates/teamcity/Shipline.xml": teamcity.meta_runner,
    "sandbox/shipline_sandbox/static/design.css": lambda: DESIGN.read_text(encoding="utf-8"),
}


def main(arguments: list[str]) -> int:
    """Write the files, or with ``--check`` compare them."""
    if set(arguments) - {"--check"}:
        print("usage: generate.py [--check]", file=sys.stderr)
        return 2
    drifted = 0
    for name, make in GENERATED.items():
        path, text = ROOT / name, make()
        there = path.read_text(encoding="utf-8") if path.is_file() else None
        if there == text:
            continue
        if "--check" in arguments:
            print(f"{name} has drifted from what it is made of: run make generate", file=sys.stderr)
            drifted = 1
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="\n")
            print(f"wrote {name}")
    return drifted


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
