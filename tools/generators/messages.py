"""Every message of the program about something wrong: its words, its exit code, and what it says to do."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from generators.source import GAP, PACKAGE, Function, Module, Source, called, returns
from shipline import errors

if TYPE_CHECKING:
    from collections.abc import Iterator

_INVALID = errors.InvalidInputError.exit_code
_WARNING = 0
_USAGE = {"ClickException": 1, "UsageError": _INVALID}

_PLACES: dict[str, tuple[int, int]] = {
    "Problem": (_INVALID, 2),
    "StopError": (_INVALID, 1),
    "NoSectionError": (_INVALID, 0),
    "ValueError": (_INVALID, 0),
    "Flaw": (_INVALID, 2),
    "complain": (_INVALID, 0),
    "add": (_INVALID, 2),
    "warn": (_WARNING, 0),
    "warning": (_WARNING, 0),
}
"""Where else a message goes in: its exit code, and the position of its text among the arguments."""
_FINDINGS = "shipline.checks"
"""Whose ``warning`` has the text second, after what it is about, and third what to do."""
_INTERNAL = ("steps/", "services/v3.py")
"""Their ValueErrors are caught where they are raised."""


@dataclass(frozen=True, slots=True)
class Message:
    """A text, the exit code it leads to (0: a warning), what it says to do, and the file it is in."""

    exit_code: int
    what: str
    todo: tuple[str, ...]
    file: str


def collect() -> list[Message]:
    """Every message, in the order of the files, each once."""
    reader = _Reader()
    found: dict[tuple[int, str], Message] = {}
    for module in reader.source.modules.values():
        for node in module.nodes:
            if isinstance(node, ast.Call):
                for message in reader.of_call(module, node):
                    earlier = found.get((message.exit_code, message.what), message)
                    todo = tuple(dict.fromkeys((*earlier.todo, *message.todo)))
                    found[message.exit_code, message.what] = Message(
                        earlier.exit_code, earlier.what, todo, earlier.file
                    )
    return list(found.values())


class _Reader:
    def __init__(self) -> None:
        self.source = Source()
        for found in pkgutil.walk_packages([str(PACKAGE)], "shipline."):
            if not found.name.endswith("__main__"):
                importlib.import_module(found.name)
        self.exits = {c.__name__: c.exit_code for c in _classes(errors.ShiplineError)} | _USAGE
        del self.exits["InvalidInputError"]  # its problems are the messages

    def of_call(self, module: Module, call: ast.Call) -> Iterator[Message]:
        function = module.function_of(call)
        if function is not None and function.name in _PLACES:
            return
        for code, text, todo in self._places(module, call):
            told = tuple(t for t in self.source.texts(module, todo) if t.strip(GAP)) if todo else ()
            for what in self.source.texts(module, text):
                if re.search("[a-z]{3}", what) and what == what.strip():
                    yield Message(code, what, told, module.name)

    def _places(self, module: Module, call: ast.Call) -> Iterator[tuple[int, ast.expr, ast.expr | None]]:
        name, given = called(call), call.args
        named = {keyword.arg: keyword.value for keyword in call.keywords}
        for error in self._classes_called(module, call):
            position = 1 if error == "CanceledError" else 0
            yield from ((self.exits[error], text, named.get("todo")) for text in given[position : position + 1])
        code, position = _PLACES.get(name, (_INVALID, len(given)))
        if name == "warning" and module.imports.get(name) == (_FINDINGS, name):
            yield code, given[1], given[2] if len(given) > 2 else None  # noqa: PLR2004 - what, and what to do
        elif name == "Finding" and "problem" in (text.value for text in given[2:3] if isinstance(text, ast.Constant)):
            yield _INVALID, given[1], given[3]
        elif name in {"add", "warn"} and len(given) == 3:  # noqa: PLR2004 - place, path, text
            yield code, given[2], None
        elif name != "add" and not (name == "ValueError" and module.name.startswith(_INTERNAL)):
            yield from ((code, text, None) for text in given[position : position + 1])
        if name == "missing" and given:
            yield _INVALID, ast.BinOp(ast.Constant("is missing"), ast.Add(), given[0]), None
        yield from ((_WARNING, text, None) for text in self._each(module, named.get("warnings")))

    def _classes_called(self, module: Module, call: ast.Call) -> Iterator[str]:
        if called(call) in self.exits:
            yield called(call)
        if isinstance(call.func, ast.Call) and (function := module.functions.get(called(call.func))):
            names = (n.id for node in returns(function) for n in ast.walk(node) if isinstance(n, ast.Name))
            yield from (name for name in names if name in self.exits)

    def _each(self, module: Module, node: ast.expr | None) -> Iterator[ast.expr]:
        """The texts of a tuple or list of them."""
        match node:
            case ast.Tuple(elts=texts) | ast.List(elts=texts):
                yield from texts
            case ast.IfExp(body=body, orelse=other):
                yield from (*self._each(module, body), *self._each(module, other))
            case ast.Call(func=ast.Name(id="tuple"), args=[inner]):
                yield from self._each(module, inner)
            case ast.Call() as call:
                for value in self.source.returned(module, call)[1]:
                    yield from self._each(module, value)
            case ast.Name(id=name):
                for value in module.values_before(name, node):
                    yield from self._each(module, value)
                scope = module.function_of(node)
                yield from _appended(scope, name) if scope else ()
            case _:
                pass


def _appended(scope: Function, name: str) -> Iterator[ast.expr]:
    for node in ast.walk(scope):
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id=found), attr="append"), args=[text]) if found == name:
                yield text
            case _:
                pass


def _classes(base: type[errors.ShiplineError]) -> Iterator[type[errors.ShiplineError]]:
    yield base
    for below in base.__subclasses__():
        yield from _classes(below)
