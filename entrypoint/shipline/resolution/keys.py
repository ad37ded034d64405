"""Keys: from the environment and inputs only, masked the moment they are seen."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

from shipline import catalogue
from shipline.document import Node, Path, Place, Problems
from shipline.record import dataclass
from shipline.transport.redaction import Secret, redact

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from shipline.catalogue import Leaf
    from shipline.inputs import Given
    from shipline.resolution.section import Section


def taken_out(root: Node, problems: Problems) -> Node:
    """The file's tree without the secrets that stand in it, each of which is a problem; keys within URLs are masked."""
    secrets: set[Path] = set()
    for path, node in root.walk():
        leaf = _leaf(path)
        if leaf is None:
            continue
        if leaf.name == "centercode-endpoint-url" and isinstance(node.value, str):
            mask_within(node.value, str(node.place))
        if leaf.secret:
            redact.register(Secret(node.written, str(node.place)))
            what = f"a secret can't be in the config file: put a new one into the variable {leaf.variable}"
            problems.add(node.place, path, what)
            secrets.add(path)
    return root.pruned(secrets)


def named_variables(root: Node) -> frozenset[str]:
    """The variables that ``key-env`` settings name."""
    return frozenset(
        node.value for path, node in root.walk() if path[-1:] == ("key-env",) and isinstance(node.value, str)
    )


def all_of(given: Mapping[str, Given], environ: Mapping[str, str], named: frozenset[str]) -> dict[str, str]:
    """Every key of this run, with where it comes from; ``named`` are the variables that ``key-env`` settings name."""
    found = {name: environ.get(name, "") for name in named}
    found |= {str(value.place): value.text for name, value in given.items() if catalogue.by_name()[name].secret}
    return {text.strip(): name for name, text in found.items() if len(text.strip()) >= _SHORTEST}


def in_text(text: str, known: Mapping[str, str]) -> str:
    """What is wrong with a text that is sent, if a key stands in it: everybody who gets the text could use it."""
    name = next((name for key, name in known.items() if key in text), "")
    return f"holds the key of {name}, and everybody who gets this text could use it: take it out" if name else ""


def refuse_in_texts(root: Node, known: Mapping[str, str], problems: Problems) -> None:
    """A key in what is sent is a problem, and a warning where only BuildMaster gets it."""
    for path, node in root.walk():
        leaf = catalogue.at(path)
        if not isinstance(node.value, str) or leaf is None or leaf.name == "centercode-endpoint-url":
            continue
        if what := in_text(node.value, known):
            (problems.warn if path[0] == "buildmaster" else problems.add)(node.place, path, what)


def within(url: str) -> Iterator[str]:
    """The keys in a URL's query."""
    try:
        query = urlsplit(url).query
    except ValueError:  # a malformed host; reported as such later
        query = url.partition("?")[2]
    yield from (value for name, value in parse_qsl(query) if name.lower() == "apikey" and value)


def mask_within(url: str, name: str) -> None:
    for key in within(url):
        redact.register(Secret(key, name))


_SHORTEST = 8  # characters; a shorter one may be an ordinary word


@dataclass(frozen=True, slots=True)
class Keys:
    given: Mapping[str, Given]
    environ: Mapping[str, str]
    required: bool  # whether a missing key is a problem
    problems: Problems
    hint: str = ""  # why the CI system gives this run none
    missing: dict[str, None] = field(default_factory=dict)  # variables of keys that a run would need, each once

    def of(
        self, section: Section, name: str, *, kind: str = "", used: bool = True, embedded: Secret | None = None
    ) -> Secret | None:
        """The key of a section or target: from ``key-env``, else from the input, else ``embedded`` in its URL.

        ``kind`` is the section that the input belongs to, if it is another one.
        """
        leaf = catalogue.by_path()[kind or str(section.path[0]), name]
        secret = self._named(section) if section.given("key-env") else self._given(leaf)
        if embedded is not None:
            if secret is not None and secret.reveal() != embedded.reveal():
                section.complain(_two_keys(section, secret), "endpoint-url")
            secret = embedded
        if secret is None:
            if used:
                self.missing[section.text("key-env") or leaf.variable] = None
            if self.required and used and not section.given("key-env"):
                what = f"is missing: expected the key in this variable or in the input {leaf.name}{self._why}"
                self.problems.add(Place(leaf.variable), leaf.path if kind else (*section.path, name), what)
            return None
        if secret.malformed:
            self.problems.add(Place(secret.name), (*section.path, name), secret.malformed)
        return secret

    def _named(self, section: Section) -> Secret | None:
        variable = section.text("key-env")
        if variable is None:
            return None
        text = self.environ.get(variable, "")
        if text:
            return _masked(text, variable)
        if self.required:
            what = f"the variable {variable} is missing or empty: expected the key in it{self._why}"
            section.complain(what, "key-env")
        return None

    @property
    def _why(self) -> str:
        return f"; {self.hint}" if self.hint else ""

    def _given(self, leaf: Leaf) -> Secret | None:
        value = self.given.get(leaf.name)
        return None if value is None else _masked(value.text, value.place.source)


def _two_keys(section: Section, other: Secret) -> str:
    if isinstance(section.path[-1], int) and not section.given("key-env"):
        return (
            f"holds a key, and {other.name}, which is for every target of the list, gives another one: "
            "take the key out, put it into a variable of its own and name that in this target's key-env"
        )
    return f"holds a key, and {other.name} gives another one: expected one key"


def _masked(text: str, name: str) -> Secret:
    secret = Secret(text, name)
    redact.register(secret)
    return secret


def _leaf(path: Path) -> Leaf | None:
    return catalogue.by_path().get(tuple(part for part in path if isinstance(part, str)))
