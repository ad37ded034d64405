"""Values of settings as text: how flags, variables and wrapper inputs give them."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from shipline.display import printable, suggest
from shipline.local_files import is_glob

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shipline.inputs.catalogue import Setting


BOOLEANS = ("true", "false")
_INTEGER = re.compile(r"[0-9]{1,19}")
_URL = re.compile(r"https?://", re.IGNORECASE)
_QUOTES = "\"'`“”„«»"
_MARKS = f"[] {_QUOTES}"  # around an item that was written as a part of a list
# GitLab writes an array input as Ruby shows it. That is JSON, except that a backslash precedes #{, #$ and #@.
_RUBY_HASH = re.compile(r"((?<!\\)(?:\\\\)*)\\#(?=[{$@])")


def read_text(setting: Setting, text: str) -> Any:
    """The value of a setting that is given as text. Raises ValueError with what is wrong and what is expected."""
    value: Any = text
    match setting.kind:
        case "boolean":
            if text not in BOOLEANS:
                raise ValueError(f"expected true or false, found {printable(text)}{suggest(text, BOOLEANS)}")
            value = text == "true"
        case "integer":
            if not _INTEGER.fullmatch(text):
                raise ValueError(f"expected a whole number, found {printable(text)}")
            value = int(text)
        case "choice":
            value = {str(choice).lower(): choice for choice in setting.enum if isinstance(choice, bool)}.get(text, text)
        case "list":
            value = list_items(text, commas=setting.commas)
        case "map":
            value = _map(text)
        case "artifacts":
            value = [artifact(line) for line in list_items(text)]
        case _:
            pass
    return value


def list_items(text: str, *, commas: bool = False) -> list[str]:
    """The items of a list in text: a JSON array's, else one a line, or with ``commas`` also between commas.

    Empty ones are left out. Raises ValueError for text that begins with ``[`` and isn't a JSON array of texts.
    """
    if not text.lstrip().startswith("["):
        return _parts(text, r"[\n,]" if commas else r"\n")
    if re.match(r"\s*\[\s*\{", text):
        what = "contains a mapping: expected text for each item. An artifact is PATH, PATH => URL or a URL here"
        raise ValueError(f"{what}; the config file has its other settings")
    try:
        items = json.loads(_RUBY_HASH.sub(r"\1#", text))
    except (ValueError, RecursionError) as error:
        meant = [part.strip(_MARKS) for part in _parts(text, r"[\n,]")]
        why = str(error) if isinstance(error, ValueError) else "it is nested too deeply"
        raise ValueError(f"begins with [ and isn't a JSON array ({why}): write {how_to_list(meant)}") from None
    for number, item in enumerate(items, start=1):
        if not isinstance(item, str):
            found = printable(json.dumps(item, ensure_ascii=False))
            what = f"expected text in quotes for each item of the JSON array, found {found} as item {number}"
            raise ValueError(what)  # noqa: TRY004
    return [item.strip() for item in items if item.strip()]


def how_to_list(items: Sequence[str]) -> str:
    """How a list is given as text, for messages."""
    return f"{printable(json.dumps(items, ensure_ascii=False))}, or one item a line"


def _parts(text: str, separator: str) -> list[str]:
    return [item for part in re.split(separator, text) if (item := part.strip())]


def config_paths(config: str | None) -> list[str]:
    """The paths and globs of the option ``config``, which has one a line."""
    return _parts(config or "", r"[\r\n]")


def expected_config(path: str) -> str:
    """What a path of a config file should be: without quotes and a dash, which belong to a list in YAML."""
    meant = re.sub(r"^-\s+", "", path).strip(_QUOTES)
    if meant != path:
        return f"{printable(meant)}, without quotes and dashes"
    return "the path of a config file, relative to the workspace"


def is_fleet(config: str | None) -> bool:
    """True if the option ``config`` has several paths or a glob, however many products it selects."""
    paths = config_paths(config)
    return len(paths) > 1 or any(map(is_glob, paths))


def _map(text: str) -> dict[str, str]:
    entries: dict[str, str] = {}
    for line in _parts(text, r"\n"):
        name, equals, value = line.partition("=")
        name = name.strip()
        if not equals:
            raise ValueError(f"expected lines such as name=value, found {printable(line)}")
        if name in entries:
            raise ValueError(f"{printable(name)} appears twice")
        entries[name] = value.strip()
    return entries


def artifact(line: str) -> dict[str, str]:
    """The settings of an artifact in a text: a path, ``PATH => URL``, or a URL. Raises ValueError."""
    path, arrow, url = (part.strip() for part in line.partition("=>"))
    if arrow and not (path and url):
        raise ValueError(f"expected PATH => URL, found {printable(line)}")
    if not arrow and _URL.match(line):
        path, url = "", line
    return {name: value for name, value in (("path", path), ("url", url)) if value}


def misread(item: str, setting: Setting, *, in_file: bool) -> str:
    """Why an item of a list, or a name, can't be what its author meant, and how to write it; empty if it can.

    Text with quotes or the marks of a list in it, such as ``"dist/*.zip"`` or ``- Testing``, is never sent as a name.
    """
    text = item.strip()
    if text[:1] and text[0] in _QUOTES:
        return f"begins with a quote, which would be sent too: write {printable(text.strip(_QUOTES))}"
    if text.startswith("-") and re.match(r"-\s", text):
        return f"begins with a dash and a space: write {printable(text[1:].strip())}, without them"
    if text.startswith("{") and re.match(r'\{\s*"', text):
        return "begins as a JSON object does: expected plain text, or a JSON array of texts"
    if text.startswith("["):
        pattern = f"; write ./{printable(text)} for a pattern" if setting.kind == "artifacts" else ""
        return f"begins with [, as a list does: write {how_to_list([text.strip(_MARKS)])}{pattern}"
    if setting.single and "," in text:
        items = _parts(text, ",")
        meant = printable(json.dumps(items, ensure_ascii=False)) if in_file else how_to_list(items)
        return f"has a comma: {f'write {meant}' if setting.kind == 'list' else 'expected one name'}"
    return ""
