"""The sample project of `shipline demo`, for tests to vary."""

from __future__ import annotations

from string import Template

from shipline.cli.demo import SAMPLE

PRODUCT = "27d6f2a0-3d6b-4f52-9f5e-6a1c6f0e8a11"


def config(**lines: str) -> str:
    """The sample's config as a format string with ``{url}``.

    ``lines`` replace those that begin with the key (``_`` for ``-``); an empty one removes the line.
    """
    text = (SAMPLE / "shipline.yml").read_text(encoding="utf-8")
    text = Template(text.replace("{", "{{").replace("}", "}}")).substitute(url="{url}")
    for key, line in lines.items():
        start = f"{key.replace('_', '-')}:"
        (old,) = (old for old in text.splitlines(keepends=True) if old.strip().startswith(start))
        text = text.replace(old, f"{line}\n" if line else "")
    return text
