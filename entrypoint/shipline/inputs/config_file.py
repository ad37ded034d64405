"""The config file: from bytes to plain data, with the line and column of each value. JSON is YAML.

YAML's events are read directly, as YAML 1.2's core schema has them: one document, without tags, and with bounds on its
size, its depth and what aliases multiply.
"""

from __future__ import annotations

import json
import re
from copy import deepcopy
from typing import TYPE_CHECKING, Any

import yaml

from shipline.display import printable
from shipline.inputs.document import Document, Path, Problems, SourceLocation, walk
from shipline.inputs.parsing import expected_config

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Callable, Container


MAX_BYTES = 8 * 1024 * 1024
MAX_NODES = 200_000
MAX_DEPTH = 50
_MAX_DIGITS = 400

# What YAML calls non-printable (section 5.1), less the byte order mark, which is taken off before.
# (All but what is printable would be the same, and takes ten times as long to compile.)
_NON_PRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufeff\ufffe\uffff]")
_SURROGATE_PAIR = r"\\u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})"
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_STR_TAGS = {"!", "tag:yaml.org,2002:str"}
_INT = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(
    r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"
)
_COLLECTION_TAGS = {"!", "tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"}


def read(path: pathlib.Path, name: str, problems: Problems) -> Document | None:
    """The settings in the file at ``path``, called ``name`` in messages; None, and a problem, if it can't be read."""
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except OSError as error:
        what = "no such file" if isinstance(error, FileNotFoundError) else f"is unreadable: {error.strerror}"
        problems.add(SourceLocation(name), (), f"{what}; expected {expected_config(name)}")
        return None
    return parse(raw, name, problems)


def parse(raw: bytes, name: str, problems: Problems) -> Document | None:
    """The settings in ``raw`` (nothing: an empty mapping); None, and a problem, if it isn't a readable mapping."""
    try:
        document = _Builder(name, problems).build(_json_as_yaml(_decoded(raw, name)))
    except YamlError as error:
        problems.add(error.location, (), error.what)
        return None
    if document.data is None and not document.written.get(()):
        return Document(SourceLocation(name, 1, 1), problems)
    if not isinstance(document.data, dict):
        what = f"expected settings such as release: and buildmaster:, found {document.describe(())}"
        problems.add(document.locations[()], (), what)
        return None
    return document


def _decoded(raw: bytes, name: str) -> str:
    if len(raw) > MAX_BYTES:
        raise YamlError(SourceLocation(name), f"is too large: expected at most {MAX_BYTES // 1024 // 1024} MiB")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        location = _position(raw[: error.start].decode("utf-8-sig"), name)
        hint = " (it looks like UTF-16)" if raw[:2] in {b"\xff\xfe", b"\xfe\xff"} else ""
        raise YamlError(location, f"isn't UTF-8{hint}: save the file as UTF-8") from None
    if match := _NON_PRINTABLE.search(text):
        location = _position(text[: match.start()], name)
        raise YamlError(location, f"control character U+{ord(match[0]):04X}: remove it")
    return text


def _position(before: str, name: str) -> SourceLocation:
    return SourceLocation(name, before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1)


def _json_as_yaml(text: str) -> str:
    """JSON with each pair of escapes for a character beyond U+FFFF, which YAML lacks, as the character itself."""
    if text.lstrip()[:1] not in {"{", "["} or not re.search(_SURROGATE_PAIR, text):
        return text
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return text
    return re.sub(_SURROGATE_PAIR, lambda pair: json.loads(f'"{pair[0]}"'), text)


class YamlError(Exception):
    """Nothing after ``location`` can be read."""

    def __init__(self, location: SourceLocation, what: str) -> None:
        super().__init__(what)
        self.location = location
        self.what = what


def scalar(text: str) -> str | int | float | bool | None:
    """The value of a plain (unquoted) scalar."""
    if text in {"", "~", "null", "Null", "NULL"}:
        return None
    if text in {"true", "false"}:
        return text == "true"
    if _INT.fullmatch(text) and len(text) <= _MAX_DIGITS:
        return int(text, {"0o": 8, "0x": 16}.get(text[:2], 10))
    if _FLOAT.fullmatch(text):
        return float(text.replace(".i", "i").replace(".I", "i").replace(".n", "n").replace(".N", "N"))
    return text


class _Value:
    """A value that is an alias's target, or a list or mapping whose end hasn't come yet."""

    def __init__(self, value: Any, path: Path, *, height: int, anchor: str | None = None) -> None:
        self.value = value
        self.path = path
        self.anchor = anchor
        self.key: str | int | None = None  # where a mapping's next value goes; None: the next event is a key
        self.size = 1  # itself and the values in it, aliases written out
        self.height = height


class _Builder:
    """Builds a document from events, without recursion."""

    def __init__(self, name: str, problems: Problems) -> None:
        self._name = name
        self._document = Document(SourceLocation(name, 1, 1), problems)
        self._document.data = None
        self._open: list[_Value] = []
        self._anchors: dict[str, _Value | None] = {}  # None: still open
        self._count = 0
        self._duplicates = 0
        self._documents = 0

    def build(self, text: str) -> Document:
        """The document. Raises YamlError."""
        readers: dict[type, Callable[[Any], None]] = {
            yaml.ScalarEvent: self._scalar,
            yaml.AliasEvent: self._alias,
            yaml.DocumentStartEvent: self._document_start,
            **dict.fromkeys((yaml.MappingStartEvent, yaml.SequenceStartEvent), self._begin),
            **dict.fromkeys((yaml.MappingEndEvent, yaml.SequenceEndEvent), self._end),
        }
        try:
            for event in yaml.parse(text, Loader=_LOADER):
                if read := readers.get(type(event)):
                    read(event)
        except yaml.MarkedYAMLError as error:
            raise self._syntax(error, text) from None
        except yaml.YAMLError:
            raise YamlError(SourceLocation(self._name, 1, 1), "isn't YAML: expected lines such as `release:`") from None
        return self._document

    def _document_start(self, event: Any) -> None:
        self._documents += 1
        if self._documents > 1:
            raise YamlError(self._at(event), "a second document begins here: expected one document a file")

    def _at(self, event: Any) -> SourceLocation:
        return SourceLocation(self._name, event.start_mark.line + 1, event.start_mark.column + 1)

    def _scalar(self, event: Any) -> None:
        location = self._at(event)
        self._check_tag(event, _STR_TAGS, location)
        plain = event.implicit[0] and event.tag is None and event.style in {None, ""}
        if self._wants_key():
            if plain and event.value == "<<":
                raise YamlError(location, "merge keys (<<) aren't supported: write the settings out")
            self._key(event.value, location)
            return
        value = scalar(event.value) if plain else event.value
        self._count_values(1, 0, location)
        path = self._add(value, location)
        if not isinstance(value, str):
            self._document.written[path] = event.value
        if event.anchor:
            self._anchors[event.anchor] = _Value(value, path, height=0)

    def _key(self, key: str, location: SourceLocation) -> None:
        top = self._open[-1]
        top.key = key
        first = self._document.keys.setdefault((*top.path, key), location)
        if first is not location:
            what = f"the key {printable(key)} is here twice, first in line {first.line}"
            self._document.problems.add(location, (), what)
            self._duplicates -= 1
            top.key = self._duplicates  # the value is read to find its problems, and dropped

    def _alias(self, event: Any) -> None:
        location = self._at(event)
        if self._wants_key():
            raise YamlError(location, "an alias can't be a key: write the key out")
        name = printable(event.anchor)
        if event.anchor not in self._anchors:
            raise YamlError(location, f"the alias *{name} has no anchor: write &{name} before it")
        anchored = self._anchors[event.anchor]
        if anchored is None:
            raise YamlError(location, f"the alias *{name} is inside its own anchor")
        self._count_values(anchored.size, anchored.height, location)
        value, document = deepcopy(anchored.value), self._document
        path = self._add(value, document.locations[anchored.path])
        for inner, _ in walk(value, ()):
            source, target = (*anchored.path, *inner), (*path, *inner)
            document.locations[target] = document.locations[source]
            if inner and source in document.keys:
                document.keys[target] = document.keys[source]
            if source in document.written:
                document.written[target] = document.written[source]

    def _begin(self, event: Any) -> None:
        location = self._at(event)
        self._check_tag(event, _COLLECTION_TAGS, location)
        if self._wants_key():
            what = 'a key can\'t be a mapping or list; text that begins with { or [ is quoted: "{version}"'
            raise YamlError(location, what)
        if event.anchor:
            self._anchors[event.anchor] = None
        self._count_values(1, 1, location)
        value: Any = {} if isinstance(event, yaml.MappingStartEvent) else []
        self._open.append(_Value(value, self._add(value, location), height=1, anchor=event.anchor))

    def _end(self, _event: Any) -> None:
        done = self._open.pop()
        if done.anchor:
            self._anchors[done.anchor] = done
        if self._open:
            top = self._open[-1]
            top.size += done.size - 1
            top.height = max(top.height, done.height + 1)

    def _count_values(self, size: int, height: int, location: SourceLocation) -> None:
        """Count what comes next. Raises YamlError beyond a limit."""
        self._count += size
        if self._count > MAX_NODES:
            raise YamlError(location, f"has too many values, with all aliases expanded: expected at most {MAX_NODES}")
        if len(self._open) + height > MAX_DEPTH:
            raise YamlError(location, f"is nested too deeply: expected at most {MAX_DEPTH} levels")
        if self._open:
            top = self._open[-1]
            top.size += size
            top.height = max(top.height, height + 1)

    def _add(self, value: Any, location: SourceLocation) -> Path:
        """Add a value to the innermost open list or mapping; its path."""
        top = self._open[-1] if self._open else None
        if top is None:
            path: Path = ()
            self._document.data = value
        elif isinstance(top.value, list):
            path = (*top.path, len(top.value))
            top.value.append(value)
        else:
            path = (*top.path, top.key or "")
            if isinstance(top.key, str):
                top.value[top.key] = value
            top.key = None
        self._document.locations[path] = location
        return path

    def _wants_key(self) -> bool:
        return bool(self._open) and isinstance(self._open[-1].value, dict) and self._open[-1].key is None

    def _check_tag(self, event: Any, allowed: Container[str], location: SourceLocation) -> None:
        if event.tag is not None and event.tag not in allowed:
            what = f"the tag {printable(event.tag)} isn't supported: expected plain values"
            self._document.problems.add(location, (), what)

    def _syntax(self, error: yaml.MarkedYAMLError, text: str) -> YamlError:
        mark = error.problem_mark or error.context_mark
        if mark is None:
            return YamlError(SourceLocation(self._name, 1, 1), f"isn't YAML: {error.problem}")
        lines = text.splitlines()
        line = lines[mark.line] if mark.line < len(lines) else ""
        hint = "expected lines such as `release:` with two spaces before what is in it"
        if line[mark.column : mark.column + 1] == "\t":
            hint = "YAML is indented by spaces, not tabs"
        elif re.search(r":\s+\{+[a-z0-9_]+\}+.", line):
            hint = 'text that begins with { is quoted: "{version} …"'
        elif line[mark.column : mark.column + 1] in {"@", "`", "%"} or "mapping values" in str(error.problem):
            hint = 'text that holds ": " or begins with a sign is quoted: "…"'
        return YamlError(
            SourceLocation(self._name, mark.line + 1, mark.column + 1), f"isn't YAML ({error.problem}): {hint}"
        )
