"""A first shipline.yml, with comments that say what each setting is for."""

from __future__ import annotations

import json
import re
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING

from shipline import __version__, schemas
from shipline.starter.questions import SERVICES

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

_REPOSITORY = "https://raw.githubusercontent.com/shipline/shipline"
_TEMPLATE = "config.yml"
LISTS = frozenset({"v3-platforms", "buildmaster-stages"})
"""The answers that have several items."""
# What no YAML reader takes for anything but the text that it is, inside a list too.
_PLAIN = re.compile(r"[A-Za-z][\w./@+*-]*(?:://[\w./@:+*-]*)?(?: [A-Za-z][\w./+*-]*)*", re.ASCII)
_WORDS = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})


def write(answers: Mapping[str, str], services: Collection[str], changelog: str) -> str:
    """The file for these answers, by input name; a list has one item a line, or commas."""
    values = {name.replace("-", "_"): _value(name, text) for name, text in answers.items()}
    stages = answers.get("buildmaster-stages", "")
    values["stages"] = f"stages: {_list(stages)}" if stages else "# stages: [Integration, Testing]"
    values["notes"] = (
        f"notes: {{file: {_text(changelog)}}} # this version's section of it"
        if changelog
        else "notes: {from: commits} # the subjects of the commits since the last version; or {file: CHANGELOG.md}"
    )
    values["schema"] = f"{_REPOSITORY}/v{__version__}/schemas/{schemas.path('pipeline').name}"
    values["options"] = f"https://github.com/shipline/shipline/blob/v{__version__}/docs/options.md"
    text = Template((Path(__file__).parent / _TEMPLATE).read_text(encoding="utf-8")).safe_substitute(values)
    blocks = text.rstrip().split("\n\n")
    left_out = [service for service in SERVICES if service not in services]
    return "\n\n".join(block for block in blocks if not block.startswith(tuple(f"{s}:" for s in left_out))) + "\n"


def _value(name: str, text: str) -> str:
    return _list(text) if name in LISTS else _text(text)


def _list(text: str) -> str:
    items = [item.strip() for line in text.splitlines() for item in line.split(",")]
    return f"[{', '.join(_text(item) for item in items if item)}]"


def _text(text: str) -> str:
    """Plain where that is safe, else quoted: JSON's strings are YAML's."""
    safe = _PLAIN.fullmatch(text) and text.lower() not in _WORDS
    return text if safe else json.dumps(text, ensure_ascii=False)
