"""The table in docs/security.md: which CI system masks which form of a key. The rest of it is written by hand."""

from __future__ import annotations

import importlib.util
from collections import defaultdict
from pathlib import Path

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
    forms: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for form, texts in maskers.FORMS.items():
        forms[tuple(maskers.verdict(masker, texts) for masker in maskers.MASKERS.values())].append(form)
    lines = [f"| {' | '.join(maskers.MASKERS)} | Forms of the key |", "|---" * (len(maskers.MASKERS) + 1) + "|"]
    lines += [f"| {' | '.join(verdicts)} | {'; '.join(alike)} |" for verdicts, alike in forms.items()]
    return "\n".join(lines) + "\n"
