"""Jinja2 templates of the run report and the job summary; every value in them is escaped."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from shipline.display import escape_controls, escape_markdown, one_line

FOLDER = Path(__file__).with_name("templates")


def html(name: str, **values: Any) -> str:
    """Return an HTML page from the template ``name``: values are shown as text, in elements and in attributes."""
    return _environment(_html_text).get_template(name).render(values).lstrip()


def markdown(name: str, *, sparingly: bool = False, **values: Any) -> str:
    """Return Markdown from the template ``name``: each value is one line that Markdown shows as it is.

    ``sparingly``: the source stays readable (display.escape_markdown).
    """
    finalize = _prose if sparingly else _markdown_text
    return _environment(finalize).get_template(name).render(values).strip() + "\n"


def _html_text(value: Any) -> Any:
    return value if isinstance(value, Markup) else escape_controls(str(value))  # then autoescape


def _markdown_text(value: Any) -> Markup:
    return value if isinstance(value, Markup) else Markup(escape_markdown(one_line(str(value))))  # noqa: S704


def _prose(value: Any) -> Markup:
    return value if isinstance(value, Markup) else Markup(escape_markdown(one_line(str(value)), sparingly=True))  # noqa: S704


@cache
def _environment(finalize: Callable[[Any], Any]) -> Environment:
    """Create an environment whose expressions go through ``finalize``, except for what is markup already."""
    return Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        finalize=finalize,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
