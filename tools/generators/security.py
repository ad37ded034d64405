"""The table in docs/security.md: which masker hides which form of a key. The rest of that file is written by hand."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from shipline.redaction import variants

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = ROOT / "docs/security.md"
BEGIN = "<!-- Maskers: written by tools/generate.py from tests/unit/maskers.py. -->\n"
END = "<!-- End of the maskers. -->\n"


def document() -> str:
    """docs/security.md, its table made anew."""
    before, begin, rest = DOCUMENT.read_text(encoding="utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{DOCUMENT} has lost the lines that enclose its table")
    return f"{before}{BEGIN}\n{_table()}\n{END}{after}"


def _table() -> str:
    spec = importlib.util.spec_from_file_location("maskers", ROOT / "tests/unit/maskers.py")
    assert spec is not None and spec.loader is not None  # noqa: S101, PT018 - it is a file
    maskers = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(maskers)
    systems = {**maskers.MASKERS, "Shipline": variants}
    lines = [f"| The key is there | {' | '.join(systems)} |", "| --- " * (len(systems) + 1) + "|"]
    for form, texts in maskers.FORMS.items():
        verdicts = " | ".join(maskers.verdict(masker, texts) for masker in systems.values())
        lines.append(f"| {form} | {verdicts} |")
    return "\n".join(lines) + "\n"
