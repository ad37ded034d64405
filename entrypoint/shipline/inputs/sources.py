"""Inputs that are given outside the config file, as flags, wrapper inputs or variables, and the one that wins.

Takes mappings and reads no environment of its own; what a CI system reports about a run arrives as facts.
"""

from __future__ import annotations

import pathlib
import re
from contextlib import suppress
from enum import IntEnum
from typing import TYPE_CHECKING, NamedTuple

from shipline.display import nearest, printable, suggest
from shipline.inputs import catalogue
from shipline.inputs.document import Document, Path, Problems, SourceLocation
from shipline.inputs.parsing import BOOLEANS, list_items, read_text
from shipline.redaction import Secret, redact
from shipline.values import as_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from shipline.inputs.catalogue import Setting


_SECTIONS = frozenset({"release", "artifacts", "buildmaster", "v3", "centercode", "notify", "network"})
# What GitHub itself gives a step that runs an image: neither Shipline's inputs nor misspelled ones.
_RUNNER_INPUTS = frozenset({"args", "entrypoint"})
# What jobs before this one and the wrappers set: neither inputs nor misspelled ones.
_NO_INPUTS = ("SHIPLINE_OUT_", "SHIPLINE_MATRIX")
_MAX_KEY_BYTES = 8192
_COUNT = re.compile(r"[1-9][0-9]{0,2}")


class Rank(IntEnum):
    """The precedence of an input's origin; the lowest wins."""

    FLAG = 0
    INPUT = 1
    VARIABLE = 2


class InputValue(NamedTuple):
    """One value of an input, as text. It may be a key, so it isn't shown."""

    name: str
    text: str
    location: SourceLocation
    rank: Rank
    ambiguous: bool = False  # INPUT_… without SHIPLINE_ before it: other programs own such variables too
    problem: str = ""  # why the file that should hold the value can't be used

    def __repr__(self) -> str:
        return f"InputValue({self.location})"


class KeyInput(NamedTuple):
    """A key or token from a variable, or from the file that the variable's name and ``_FILE`` name. It isn't shown."""

    text: str
    source: str
    problem: str

    def __repr__(self) -> str:
        return f"KeyInput({self.source})"


def read_key(environ: Mapping[str, str], variable: str) -> KeyInput:
    """The key in ``variable`` or in its file, without one line ending at the file's end; empty if both are unset."""
    text, path = environ.get(variable, ""), environ.get(f"{variable}_FILE", "")
    if not path:
        return KeyInput(text, variable, "")
    try:
        with pathlib.Path(path).open("rb") as file:
            raw = file.read(_MAX_KEY_BYTES + 1)
    except (OSError, ValueError) as error:  # the path isn't shown: it may be the key itself
        why = error.strerror if isinstance(error, OSError) else "not a path"
        problem, content = f"can't read the file that it names ({why}): expected the path of a file with the key", ""
    else:
        content = raw.decode("utf-8", "surrogateescape").removesuffix("\n").removesuffix("\r")
        problem = ""
        if not content.strip():
            problem = "names an empty file: expected a file with the key"
        elif len(raw) > _MAX_KEY_BYTES:
            problem = f"names a file of more than {_MAX_KEY_BYTES} bytes: expected a file with the key and nothing else"
        elif text and text != content:
            problem = f"names a file with another key than {variable} holds: set one of the two variables"
    return KeyInput("" if problem else content, f"{variable}_FILE", problem)


class Inputs:
    """All flags, wrapper inputs and variables of a process, read once.

    ``environ`` is a copy of the environment, in which ``key-env`` settings name variables of their own.
    """

    def __init__(self, flags: Mapping[str, str], environ: Mapping[str, str]) -> None:
        self.environ = dict(environ)
        self._keys: dict[str, KeyInput] = {}
        self._choose([*_read(flags, self.environ)])

    def _choose(self, values: list[InputValue]) -> None:
        self._values = sorted(values, key=lambda value: value.rank)
        self._chosen: dict[str, InputValue] = {}
        for value in self._values:
            if value.problem or not _is_unset(value):
                self._chosen.setdefault(value.name, value)

    def with_flags(self, flags: Mapping[str, str]) -> Inputs:
        """Return these inputs with other values for some flags. Variables and files aren't read again."""
        other = Inputs({}, {})
        other.environ, other._keys = self.environ, self._keys
        kept = [value for value in self._values if value.rank is not Rank.FLAG or value.name not in flags]
        other._choose([*_read(flags, {}), *kept])
        return other

    @classmethod
    def read(cls, flags: Mapping[str, str], environ: Mapping[str, str]) -> Inputs:
        """Read flags (by input name) and variables, and hide every key among them in all output from now on.

        Later would be too late: messages are cut, and half a key can't be recognized.
        """
        inputs, known = cls(flags, environ), catalogue.by_name()
        for value in inputs._values:
            if value.name in known and known[value.name].secret:
                redact.register(Secret(value.text, value.location.source))
        return inputs

    def key(self, variable: str) -> KeyInput:
        """The key that a ``key-env`` setting names the variable of. A file is read once: it may be a pipe."""
        if variable not in self._keys:
            self._keys[variable] = read_key(self.environ, variable)
        return self._keys[variable]

    def get(self, name: str) -> InputValue | None:
        """The value that wins; None if the input is unset."""
        return self._chosen.get(name)

    def option(self, name: str) -> InputValue | None:
        """The value of a program option, whatever the others are; None if it is unset or invalid."""
        value = self.get(name)
        return value if value is not None and not _option_problem(catalogue.by_name()[name], value.text) else None

    def options(self) -> dict[str, str]:
        """The program options by name, with their defaults; unset options without a default are absent.

        Booleans are ``true`` or ``false``. Raises InvalidInputError.
        """
        problems, options = Problems(), {}
        for setting in catalogue.options():
            value = self.get(setting.name)
            if value is not None:
                options[setting.name] = value.text
                if what := _option_problem(setting, value.text):
                    problems.add(value.location, (setting.name,), what)
            elif setting.default is not None:
                options[setting.name] = as_text(setting.default)
        with suppress(KeyError, ValueError):  # unset; a glob that begins with [
            options["config"] = "\n".join(list_items(options["config"]))
        problems.raise_any()
        return options

    def settings(self, problems: Problems, key_variables: frozenset[str] = frozenset()) -> dict[str, InputValue]:
        """The settings that are given, secrets too, by input name.

        Unknown inputs are problems, and unknown variables warnings, except for ``key_variables``, which ``key-env``
        settings name.
        """
        known, ci = catalogue.by_name(), self.get("ci")
        on_github = ci is not None and ci.text == "github"
        for value in self._values:
            setting = known.get(value.name)
            if setting is None:
                source = value.location.source
                if value.text and not {source, source.removesuffix("_FILE")} & key_variables:
                    _report_unknown(value, problems, on_github=on_github)
            elif value.problem and self._chosen[value.name].rank is value.rank:
                problems.add(value.location, setting.path, value.problem)
            elif setting.secret and value.rank is Rank.FLAG and value.text:
                what = "a secret can't be a flag, where others can read it: put it into the variable"
                problems.add(value.location, setting.path, f"{what} {setting.variable}")
        chosen = ((setting, self.get(setting.name)) for setting in catalogue.settings())
        return {s.name: value for s, value in chosen if value and not (s.secret and value.rank is Rank.FLAG)}


def _is_unset(value: InputValue) -> bool:
    """True for an empty string or, of a list, an empty JSON array: a CI system passes an unset input like this."""
    setting = catalogue.by_name().get(value.name)
    is_list = setting is not None and setting.kind in {"list", "artifacts"}
    return not value.text or (is_list and value.text.strip() == "[]")


def _read(flags: Mapping[str, str], environ: Mapping[str, str]) -> Iterator[InputValue]:
    """Yield each value of an input that flags and variables give, known or not."""
    for name, text in flags.items():
        yield InputValue(name, text, SourceLocation(f"--{name}"), Rank.FLAG)
    key_files = {f"{setting.variable}_FILE": setting for setting in catalogue.settings() if setting.secret}
    of_action = {setting.name for setting in catalogue.of_action()}  # act and Forgejo pass them to the program too
    for variable, text in environ.items():
        if setting := key_files.get(variable):
            key = read_key(environ, setting.variable)
            if text:
                yield InputValue(setting.name, key.text, SourceLocation(variable), Rank.VARIABLE, problem=key.problem)
            continue
        prefix = next((p for p in ("INPUT_", "SHIPLINE_INPUT_", "SHIPLINE_") if variable.startswith(p)), "")
        if not prefix or variable.startswith(_NO_INPUTS):
            continue
        name = variable.removeprefix(prefix).replace("_", "-").lower()
        if prefix == "INPUT_" and name in of_action:
            continue
        if prefix == "SHIPLINE_":
            yield InputValue(name, text, SourceLocation(variable), Rank.VARIABLE)
        else:
            # No shell sets a variable with a hyphen: one that has it is an input that GitHub gives an image.
            ambiguous = prefix == "INPUT_" and "-" not in variable
            yield InputValue(name, text, SourceLocation(name), Rank.INPUT, ambiguous)


def _option_problem(setting: Setting, text: str) -> str:
    """What is wrong with an option's value; empty if nothing is."""
    allowed = BOOLEANS if setting.kind == "boolean" else tuple(map(str, setting.enum))
    if allowed and text not in allowed:
        return f"expected {' or '.join(allowed)}, found {printable(text)}{suggest(text, allowed)}"
    if setting.kind == "integer" and not _COUNT.fullmatch(text):
        return f"expected a whole number from 1 to 999, found {printable(text)}"
    if setting.kind == "list":
        try:
            list_items(text)
        except ValueError as error:
            return str(error)
    shown = text.replace("\n", "").replace("\r", "") if setting.multiline else text
    return "" if shown.isprintable() else "has a control character, expected text on one line"


def _report_unknown(value: InputValue, problems: Problems, *, on_github: bool) -> None:
    """Report an unknown input, unless it may be another program's; an unknown variable is only a warning."""
    part = catalogue.shorthands().get((tuple(value.name.split("-")), False))  # release-notes is release-notes-file
    near = f"{value.name}-{part}" if part else nearest(value.name, catalogue.by_name())
    if value.rank is Rank.VARIABLE:
        hint = f": did you mean {catalogue.by_name()[near].variable}?" if near else ""
        problems.warn(value.location, (), f"unknown variable, ignored{hint}")
        return
    foreign = value.ambiguous and value.name.split("-")[0] not in _SECTIONS
    if foreign and (not on_github or value.name in _RUNNER_INPUTS):
        return
    what = "flag" if value.rank is Rank.FLAG else "input"
    problems.add(value.location, (), f"unknown {what}{f': did you mean {near}?' if near else ''}")
    if near:
        problems.misnamed.add(catalogue.by_name()[near].path)


def merge(document: Document, given: Mapping[str, InputValue], problems: Problems) -> None:
    """Set the values that are given outside the config file over the file's own; secrets are left out."""
    for setting in catalogue.settings():
        value = given.get(setting.name)
        excluded = {name: given.get("-".join((*setting.path[:-1], name))) for name in setting.excludes}
        if value is None or setting.secret or any(other and other.rank < value.rank for other in excluded.values()):
            continue
        try:
            read = read_text(setting, value.text)
        except ValueError as error:
            problems.add(value.location, setting.path, str(error))
            continue
        paths = _targets(setting, document)
        if not paths:
            what = f"the config file has a list of {setting.target} targets: set it there, in the target it is for"
            problems.add(value.location, setting.path, what)
        for path in paths:
            for name, other in excluded.items():
                if other is None or other.rank > value.rank:
                    document.remove((*path[:-1], name))  # `release-notes-text` replaces the file's `notes: {file: …}`
            document.put(path, read, value.location, written=value.text)


def _targets(setting: Setting, document: Document) -> list[Path]:
    """The paths that a value given outside the file is for: one, each target of a list, or none."""
    section, *names = setting.path
    targets = document.get((section,)) if setting.target else None
    if not isinstance(targets, list):
        return [setting.path]
    return [(section, index, *names) for index in range(len(targets)) if setting.name in catalogue.FOR_EVERY_TARGET]
