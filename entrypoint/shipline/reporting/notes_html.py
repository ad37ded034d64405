"""Release notes as a part of the report and of the job summary."""

from __future__ import annotations

import re
from collections.abc import Iterable

from shipline import sanitizer
from shipline.display import escape_controls
from shipline.release_notes import render
from shipline.reporting import plan_text


def of_targets(notes: Iterable[tuple[str, str]], level: int) -> str:
    """Return the notes that testers see, else those of customers, as harmless HTML; empty if there are none.

    ``notes`` are the rendered notes by target. Headings begin at ``level`` and leave no level out.
    """
    every = [(plan_text.is_html(name), text) for name, text in notes]
    html = next((text for is_html, text in every if is_html), "")
    html = html or next((render.to_html(text) for is_html, text in every if not is_html), "")
    clean = sanitizer.sanitize(escape_controls(html), embedded=True)[0]
    clean = re.sub(r'<input type="checkbox"( checked="")?[^>]*>', lambda box: "☑ " if box[1] else "☐ ", clean)
    ranks = {found: level + rank for rank, found in enumerate(sorted(set(re.findall(r"<h([1-6])", clean))))}
    last, opened = level - 1, level

    def moved(tag: re.Match[str]) -> str:
        nonlocal last, opened
        if not tag[1]:
            last = opened = min(ranks[tag[2]], last + 1, 6)
        return f"<{tag[1]}h{opened}"

    return re.sub(r"<(/?)h([1-6])", moved, clean)
