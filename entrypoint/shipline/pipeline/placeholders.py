"""Values that a first config has until somebody replaces them: no service has such an address, product or key."""

from __future__ import annotations

import re
from itertools import chain
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from shipline.inputs import catalogue
from shipline.inputs.document import walk

if TYPE_CHECKING:
    from shipline.inputs.document import Document


# RFC 2606 reserves these names for documentation; Centercode's own documentation has the other host.
_HOST = r"(?:.*\.)?example(?:\.com|\.net|\.org)?|(?:your-?)?company\.centercode\.com"
_NIL = r"[{]?0{8}-?0{4}-?0{4}-?0{4}-?0{12}[}]?"
_TEXT = (
    r"<[^<>]+>|(?:change|replace)[-_ ]?(?:me|this)|your[-_].+"
    r"|your (?:\w+ )?(?:app|application|id|key|name|pipeline|product|project|type)"  # a product may be "Your Phone"
)
_ADDRESSES = frozenset({"url", "releases-url", "endpoint-url"})
_NAMES = frozenset({"application", "pipeline", "product-id", "project", "release-type"})
_SECTIONS = ("buildmaster", "v3", "centercode", "notify")


def is_placeholder(name: str, text: str) -> bool:
    """Return True if the text, of the setting with this last name, only shows what belongs there."""
    if name in _ADDRESSES:
        return bool(re.fullmatch(_HOST, _host(text), re.IGNORECASE))
    return name in _NAMES and bool(re.fullmatch(f"{_NIL}|{_TEXT}", text.strip(), re.IGNORECASE))


def check(document: Document, *, refuse: bool) -> None:
    """Report each placeholder of the services' sections: as a problem if ``refuse``, else as a warning."""
    report = document.problems.add if refuse else document.problems.warn
    for path, value in chain.from_iterable(walk(document.get((section,)), (section,)) for section in _SECTIONS):
        name = path[-1]
        if not isinstance(value, str) or not isinstance(name, str):
            continue
        setting = catalogue.at(path)
        if setting is not None and setting.path[-1] == name and is_placeholder(name, value):
            shown = _host(value) if name in _ADDRESSES else value  # the rest of an address may hold a key
            report(document.locations[path], path, f"{shown} is a placeholder: replace it with your own value")


def _host(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "").rstrip(".")
    except ValueError:  # which is reported as such
        return ""
