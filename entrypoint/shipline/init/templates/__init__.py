"""The templates of the files that `shipline init` writes.

Statements are comments, ``#% if … %#``, and values are ``<<name>>``: shells, workflows and Groovy keep their own
braces, and the YAML files stay YAML.
"""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from shipline import __version__
from shipline.inputs.parsing import list_items

# Texts that no YAML parser reads as anything but that text, inside a list too.
_PLAIN_SCALAR = r"[A-Za-z][\w./@+*-]*(?:://[\w./@:+*-]*)?(?: [A-Za-z][\w./+*-]*)*"
_YAML_WORDS = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})


def render(name: str, **values: Any) -> str:
    """Render a template of this folder."""
    return _environment().get_template(name).render(values, version=__version__)


def render_blocks(name: str, *blocks: str, **values: Any) -> list[str]:
    """Render single blocks of a template."""
    template = _environment().get_template(name)
    context = template.new_context({**values, "version": __version__})
    return ["".join(template.blocks[block](context)) for block in blocks]


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=False,  # noqa: S701 - not HTML
        undefined=StrictUndefined,
        keep_trailing_newline=True,
        variable_start_string="<<",
        variable_end_string=">>",
        block_start_string="#%",
        block_end_string="%#",
        trim_blocks=True,
        lstrip_blocks=True,
        comment_start_string="<#",
        comment_end_string="#>",
    )
    environment.filters |= {"scalar": _scalar, "sequence": _sequence}
    return environment


def _scalar(text: str) -> str:
    """Write a text as YAML: plain where that is safe, else quoted, as JSON's texts are YAML's."""
    plain = re.fullmatch(_PLAIN_SCALAR, text, re.ASCII) and text.lower() not in _YAML_WORDS
    return text if plain else json.dumps(text, ensure_ascii=False)


def _sequence(text: str) -> str:
    """Write a list as YAML; ``text`` has an item on each line or between commas, or is a JSON array."""
    return f"[{', '.join(map(_scalar, list_items(text, commas=True)))}]"
