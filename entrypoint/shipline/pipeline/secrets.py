"""Secrets: taken from the environment and inputs only, refused elsewhere, and masked in all output."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

from shipline.inputs import catalogue
from shipline.inputs.document import Document, Problems, SourceLocation
from shipline.redaction import Secret, redact
from shipline.services import registry

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from shipline.inputs.sources import Inputs, InputValue
    from shipline.pipeline.section import Section


_MIN_LENGTH = 8  # characters; a shorter key may be an ordinary word


def strip_secrets(document: Document) -> None:
    """Remove the secrets from the document, each of which is a problem; keys within URLs are masked."""
    for path, value in document.named(catalogue.by_name()["centercode-endpoint-url"].path):
        if isinstance(value, str):
            mask_within(value, str(document.locations[path]))
    for setting in catalogue.settings():
        for path, value in list(document.named(setting.path)) if setting.secret else ():
            location = document.locations[path]
            redact.register(Secret(value if isinstance(value, str) else document.written.get(path, ""), str(location)))
            what = f"a secret can't be in the config file: put a new one into the variable {setting.variable}"
            document.problems.add(location, path, what)
            document.remove(path)


def named_variables(document: Document) -> frozenset[str]:
    """The variables that ``key-env`` settings name."""
    return frozenset(value for path, value in document.walk() if path[-1:] == ("key-env",) and isinstance(value, str))


def all_keys(given: Mapping[str, InputValue], inputs: Inputs, named: frozenset[str]) -> dict[str, str]:
    """The text of each key of this run, with its origin; ``named`` are the variables that ``key-env`` settings name."""
    found = {key.source: key.text for key in map(inputs.key, named)}
    found |= {str(value.location): value.text for name, value in given.items() if catalogue.by_name()[name].secret}
    return {text.strip(): name for name, text in found.items() if len(text.strip()) >= _MIN_LENGTH}


def find_secret(text: str, known: Mapping[str, str]) -> str:
    """The problem of a text that is sent, if it contains one of the ``known`` keys; empty if it contains none."""
    name = next((name for key, name in known.items() if key in text), "")
    return f"holds the key of {name}, and everybody who gets this text could use it: take it out" if name else ""


def refuse_in_texts(document: Document, known: Mapping[str, str]) -> None:
    """Report each key in what is sent: as a problem, and as a warning where only BuildMaster gets it."""
    if not known:
        return
    problems = document.problems
    for path, value in document.walk():
        setting = catalogue.at(path) if isinstance(value, str) else None
        if setting is not None and setting.name != "centercode-endpoint-url" and (what := find_secret(value, known)):
            (problems.warn if path[0] == "buildmaster" else problems.add)(document.locations[path], path, what)


def keys_in_query(url: str) -> Iterator[str]:
    """The keys in a URL's query."""
    try:
        query = urlsplit(url).query
    except ValueError:  # a malformed host; reported as such later
        query = url.partition("?")[2]
    yield from (value for name, value in parse_qsl(query) if name.lower() == "apikey" and value)


def mask_within(url: str, name: str) -> None:
    """Hide the keys in a URL's query in all output; ``name`` is the URL's origin."""
    for key in keys_in_query(url):
        redact.register(Secret(key, name))


@dataclass(eq=False, repr=False)
class CredentialResolver:
    """Finds the API key or access token of each service and target.

    ``required``: a missing key is a problem. ``hint``: why the CI system gives this run none. ``missing`` collects the
    variables of keys that a run would need, each once.
    """

    given: Mapping[str, InputValue]
    inputs: Inputs
    problems: Problems
    required: bool
    folder: Path = Path()
    hint: str = ""
    missing: dict[str, None] = field(default_factory=dict)

    def of(
        self, section: Section, name: str, *, input_section: str = "", used: bool = True, embedded: Secret | None = None
    ) -> Secret | None:
        """The key of a section or target: ``embedded`` in its URL, else from ``key-env``, else from the input.

        ``input_section`` is the section that the input belongs to, if it is another one.
        """
        setting = catalogue.by_path()[input_section or str(section.path[0]), name]
        if section.given("key-env"):
            secret = self._from_variable(section)
        else:
            value = self.given.get(setting.name)
            secret = Secret(value.text, value.location.source) if value else None
        if embedded is not None:
            if secret is not None and secret.reveal() != embedded.reveal():
                section.complain(_two_keys(section, secret), "endpoint-url")
            secret = embedded
        if secret is not None:
            variable = section.text("key-env") or setting.variable
            if problem := registry.misread_key(secret, setting.path[0], variable, self.folder):
                self.problems.add(SourceLocation(secret.name), (*section.path, name), problem)
        elif used:
            self.missing[section.text("key-env") or setting.variable] = None
            if self.required and not section.given("key-env"):
                what = f"is missing: expected the key in this variable or in the input {setting.name}{self._because}"
                path = setting.path if input_section else (*section.path, name)
                self.problems.add(SourceLocation(setting.variable), path, what)
        return secret

    @property
    def _because(self) -> str:
        return f"; {self.hint}" if self.hint else ""

    def _from_variable(self, section: Section) -> Secret | None:
        variable = section.text("key-env")
        if variable is None:
            return None
        key = self.inputs.key(variable)
        if key.problem:
            self.problems.add(SourceLocation(key.source), (*section.path, "key-env"), key.problem)
        if key.text or key.problem:
            redact.register(secret := Secret(key.text, key.source))
            return secret
        if self.required:
            what = f"the variable {variable} is missing or empty: expected the key in it{self._because}"
            section.complain(what, "key-env")
        return None


def _two_keys(section: Section, other: Secret) -> str:
    if isinstance(section.path[-1], int) and not section.given("key-env"):
        return (
            f"holds a key, and {other.name}, which is for every target of the list, gives another one: "
            "take the key out, put it into a variable of its own and name that in this target's key-env"
        )
    return f"holds a key, and {other.name} gives another one: expected one key"
