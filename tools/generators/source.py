"""The program's source as data: which texts an expression may give, with … for what only a run can tell."""

from __future__ import annotations

import ast
import re
from itertools import islice, product
from pathlib import Path
from typing import TYPE_CHECKING

import shipline

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

PACKAGE = Path(shipline.__file__).parent
GAP = "…"
_MOST = 64
_DEEPEST = 9
Function = ast.FunctionDef | ast.AsyncFunctionDef


class Module:
    """One file of the program."""

    def __init__(self, path: Path) -> None:
        self.name = path.relative_to(PACKAGE).as_posix()
        self.tree = ast.parse(path.read_text(encoding="utf-8"))
        self.nodes = list(ast.walk(self.tree))
        self.parents = {child: node for node in self.nodes for child in ast.iter_child_nodes(node)}
        self.functions = {node.name: node for node in self.nodes if isinstance(node, Function)}
        self.imports = {
            alias.asname or alias.name: (node.module or "", alias.name)
            for node in self.nodes
            if isinstance(node, ast.ImportFrom)
            for alias in node.names
        }

    def above(self, node: ast.AST) -> Iterator[ast.AST]:
        while (node := self.parents.get(node, node)) in self.parents or isinstance(node, ast.Module):
            yield node
            if isinstance(node, ast.Module):
                return

    def function_of(self, node: ast.AST) -> Function | None:
        return next((n for n in self.above(node) if isinstance(n, Function)), None)

    def calls(self, name: str) -> Iterator[ast.Call]:
        return (node for node in self.nodes if isinstance(node, ast.Call) and called(node) == name)

    def values_before(self, name: str, use: ast.AST) -> list[ast.expr]:
        """What a name may have been set to when it is used: by the statements before, the nearest first."""
        found: list[ast.expr] = []
        statement = use
        for node in self.above(use):
            for body in ("body", "orelse", "finalbody"):
                statements = getattr(node, body, None)
                if not isinstance(statements, list) or statement not in statements:
                    continue
                for before in reversed(statements[: statements.index(statement)]):
                    found += _set_in(before, name)
                    if found and isinstance(before, ast.Assign | ast.AnnAssign):
                        return found
            found += _set_in(node.test, name) if isinstance(node, ast.If | ast.IfExp | ast.While) else []
            if isinstance(node, Function):
                return found
            statement = node
        return found

    def constants(self, name: str) -> list[ast.expr]:
        top = (n for n in self.tree.body if isinstance(n, ast.Assign | ast.AnnAssign))
        return [value for statement in top for value in _set_in(statement, name)]


class Source:
    """The whole program."""

    def __init__(self) -> None:
        self.modules = {m.name: m for m in map(Module, sorted(PACKAGE.rglob("*.py")))}
        self._properties = {
            name: (module, function)
            for module in self.modules.values()
            for name, function in module.functions.items()
            if any(isinstance(d, ast.Name) and d.id == "property" for d in function.decorator_list)
        }

    def texts(self, module: Module, node: ast.expr, depth: int = 0) -> list[str]:
        """Every text that an expression may give."""
        if depth > _DEEPEST:
            return [GAP]
        found = list(islice(self._texts(module, node, depth + 1), _MOST))
        joined = dict.fromkeys(re.sub(rf"{GAP}[{GAP} ]*{GAP}", GAP, text) for text in found)
        return _without_special_cases(list(joined)) or [GAP]

    def _texts(self, module: Module, node: ast.expr, depth: int) -> Iterator[str]:
        match node:
            case ast.Constant(value=str() as text):
                yield " ".join(re.split(r"\s", re.sub("%[sd]", GAP, text)))
            case ast.Constant(value=bool() | None):
                yield GAP
            case ast.Constant(value=value):
                yield str(value)
            case ast.JoinedStr(values=parts):
                yield from self._joined(module, parts, depth)
            case ast.FormattedValue(value=value, conversion=-1):
                yield from self.texts(module, value, depth)
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                yield from self._joined(module, [left, right], depth)
            case ast.IfExp(body=body, orelse=other):
                yield from self._any(module, [body, other], depth)
            case ast.BoolOp(op=ast.Or(), values=either):
                yield from filter(None, self._any(module, either, depth))
            case ast.Name() | ast.Attribute():
                yield from self._named(module, node, depth)
            case ast.Call() | ast.Subscript():
                home, values = self._made(module, node)
                yield from self._any(home, values, depth) if values else [GAP]
            case _:
                yield GAP

    def _made(self, module: Module, node: ast.Call | ast.Subscript) -> tuple[Module, Sequence[ast.expr]]:
        """What the expressions are that a call, or a place of its answer, gives."""
        match node:
            case ast.Call(func=ast.Attribute(value=value, attr="rstrip" | "strip")):
                return module, [value]
            case ast.Call(func=ast.Subscript(value=ast.Name(id=name))):
                return module, list(self._of_table(module, node, name))
            case ast.Subscript(value=ast.Call() as call, slice=ast.Constant(value=int() as index)):
                home, values = self.returned(module, call)
                return home, [v.elts[index] if isinstance(v, ast.Tuple) else ast.Constant(None) for v in values]
            case ast.Call() as call:
                return self.returned(module, call)
            case _:
                return module, ()

    def _any(self, module: Module, nodes: Iterable[ast.expr], depth: int) -> Iterator[str]:
        for node in nodes:
            yield from self.texts(module, node, depth)

    def _joined(self, module: Module, parts: Iterable[ast.expr], depth: int) -> Iterator[str]:
        return map("".join, product(*(self.texts(module, part, depth) for part in parts)))

    def _named(self, module: Module, node: ast.Name | ast.Attribute, depth: int) -> Iterator[str]:
        if isinstance(node, ast.Attribute):
            yield from self._property(module, node, node.attr, depth)
            return
        name = node.id
        function = module.function_of(node)
        values = module.values_before(name, node)
        if function is not None and not values:
            values = self._given(module, function, name)
        yield from self._any(module, values or module.constants(name), depth)

    def _given(self, module: Module, function: Function, name: str) -> list[ast.expr]:
        """What the calls within the module give for a parameter of the function."""
        names = [a.arg for a in function.args.args if a.arg != "self"]
        found: list[ast.expr] = []
        for call in module.calls(function.name):
            found += [k.value for k in call.keywords if k.arg == name]
            if name in names and names.index(name) < len(call.args):
                found.append(call.args[names.index(name)])
        if name in names and not function.name.startswith("_"):
            found.append(ast.Constant(None))
        defaults = dict(zip(names[::-1], function.args.defaults[::-1], strict=False))
        defaults |= {a.arg: d for a, d in zip(function.args.kwonlyargs, function.args.kw_defaults, strict=True) if d}
        return [*found, defaults[name]] if name in defaults else found

    def _of_table(self, module: Module, node: ast.expr, name: str) -> Iterator[ast.expr]:
        for table in module.values_before(name, node):
            for value in table.values if isinstance(table, ast.Dict) else ():
                yield value.body if isinstance(value, ast.Lambda) else value

    def _property(self, module: Module, node: ast.Attribute, name: str, depth: int) -> Iterator[str]:
        own = isinstance(node.value, ast.Name) and node.value.id == "self" and name in module.functions
        home, function = (module, module.functions[name]) if own else self._properties.get(name, (module, None))
        if function is None or (not own and depth > 1):
            yield GAP
        else:
            yield from self._any(home, returns(function), depth)

    def returned(self, module: Module, call: ast.Call) -> tuple[Module, Sequence[ast.expr]]:
        """What the called function gives back, and where it is; nothing of one that isn't the program's."""
        name, path = called(call), ""
        match call.func:
            case ast.Name() if name not in module.functions and name in module.imports:
                path, name = module.imports[name]
            case ast.Attribute(value=ast.Name(id=owner)) if owner in module.imports:
                path = ".".join(module.imports[owner])
            case ast.Attribute(value=ast.Name(id=owner)) if owner != "self":
                return module, []
        if path:
            file = path.removeprefix("shipline").removeprefix(".").replace(".", "/")
            module = self.modules.get(f"{file}.py", module)
        function = module.functions.get(name)
        return module, returns(function) if function is not None else []


def called(call: ast.Call) -> str:
    match call.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case _:
            return ""


def returns(function: Function) -> list[ast.expr]:
    return [n.value for n in ast.walk(function) if isinstance(n, ast.Return) and n.value is not None]


def pattern(text: str) -> re.Pattern[str]:
    """What a text with gaps fits."""
    return re.compile(".*".join(map(re.escape, text.split(GAP))), re.DOTALL)


def _without_special_cases(texts: list[str]) -> list[str]:
    """``found …`` says what ``found nothing`` says."""
    wide = [(text, pattern(text)) for text in texts if GAP in text and re.search("[a-z]{3}", text)]
    return [text for text in texts if not any(text != other and fits.fullmatch(text) for other, fits in wide)]


def _set_in(scope: ast.AST, name: str) -> list[ast.expr]:
    found: list[ast.expr] = []
    for node in ast.walk(scope):
        match node:
            case (
                ast.Assign(targets=[ast.Name(id=target)], value=value)
                | ast.AnnAssign(target=ast.Name(id=target), value=ast.expr() as value)
                | ast.NamedExpr(target=ast.Name(id=target), value=value)
            ) if target == name:
                found.append(value)
            case ast.Assign(targets=[ast.Tuple(elts=targets)], value=value):
                at = [i for i, target in enumerate(targets) if isinstance(target, ast.Name) and target.id == name]
                if isinstance(value, ast.Tuple):
                    found += [value.elts[i] for i in at]
                elif isinstance(value, ast.Call):
                    found += [ast.Subscript(value, ast.Constant(i)) for i in at]
            case ast.AugAssign(target=ast.Name(id=target)) if target == name:
                found.append(ast.Constant(None))
            case _:
                pass
    return found
