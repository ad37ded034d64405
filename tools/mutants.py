#!/usr/bin/env python3
"""Changes the code in small ways and sees whether a test notices: prints the share noticed, and which were not.

mutmut makes the changes and runs the tests (`[tool.mutmut]` in pyproject.toml), in a copy of the tree in build/mutants.
What is tried is a random sample of each module, the same for the same seed; what was noticed before, in a function that
is still the same, isn't tried again. tools/mutants.toml names the changes that make no difference.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import io
import json
import os
import random
import shutil
import sys
import tomllib
from dataclasses import dataclass
from functools import cached_property
from math import sqrt
from multiprocessing import Pool
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
TREE = ROOT / "build/mutants"
DOCUMENT = ROOT / "docs/test-results.md"
BEGIN, END = "<!-- Mutants: written by `make mutants`. -->\n", "<!-- End of the mutants. -->\n"
NOTICED = {1, 3, 24, 36, 152, 255, -24, -11, -9}  # a test failed, time ran out, or the process died
TIMES = 6  # as long as the tests take on the unchanged code, in processor time, is too long
FEWEST = 4  # changes of a module in a sample
MOST_OTHERS = 40  # tests of a change, beside the closest
SURE = 1.96  # standard errors on each side of a 95 % interval


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("modules", nargs="*", help="such as session or steps.deploy; all if none is named")
    parser.add_argument("--sample", type=int, default=400, help="changes, each module by its size; 0: all")
    parser.add_argument("--seed", default="1", help="for another sample")
    parser.add_argument("--jobs", type=int, default=4)
    parser.add_argument("--write", action="store_true", help="of all modules: into docs/test-results.md")
    parser.add_argument("--report", action="store_true", help="try nothing, show what is known")
    given = parser.parse_args()
    lay_out()
    os.chdir(TREE)
    generate()
    modules = [m for m in all_modules() if not given.modules or any(m.name.endswith(n) for n in given.modules)]
    if not modules:
        parser.error("there is no such module")
    share = given.sample / sum(len(m.changes) for m in modules) if given.sample else 1
    for module in modules:
        module.draw(given.seed, share)
    todo = [] if given.report else [n for m in modules for n in m.sample if m.codes[n] not in NOTICED]
    if todo:
        try_out(todo, given.jobs)
    report = Report(modules, seed=given.seed)
    print(f"{report.totals}\n\n{report.details}")
    if given.write and not given.modules:
        write(report.totals)
    return 0


def lay_out() -> None:
    """The copy: src/shipline, and links to the rest. A file that hasn't changed keeps its time, and its mutants."""
    for source in (ROOT / "entrypoint/shipline").rglob("*.py"):
        target = TREE / "src" / source.relative_to(ROOT / "entrypoint")
        text = undecorated(source.read_text(encoding="utf-8"))
        if not target.exists() or target.read_text(encoding="utf-8") != text:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
    for name in ("tests", "schemas", "pyproject.toml"):
        if not (TREE / name).exists():
            (TREE / name).symlink_to(ROOT / name)


def undecorated(text: str) -> str:
    """``@property`` above a function as ``name = property(name)`` below it: mutmut passes decorated functions over."""
    lines = text.splitlines()
    functions = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef)]
    for node in sorted(functions, key=lambda n: -n.lineno):
        names = [ast.unparse(decorator) for decorator in node.decorator_list]
        if not names or set(names) & {"classmethod", "staticmethod", "abstractmethod"} or node.end_lineno is None:
            continue
        applied = f"{'('.join([*names, node.name])}{')' * len(names)}"
        lines.insert(node.end_lineno, f"{' ' * node.col_offset}{node.name} = {applied}")
        del lines[node.decorator_list[0].lineno - 1 : node.lineno - 1]
    return "\n".join(lines) + "\n"


def generate() -> None:
    from mutmut import __main__ as mutmut

    mutmut.set_mutant_under_test("mutant_generation")
    Path("mutants").mkdir(exist_ok=True)
    shutil.rmtree("mutants/tests", ignore_errors=True)
    with contextlib.redirect_stdout(io.StringIO()):
        mutmut.copy_src_dir()
        mutmut.copy_also_copy_files()
        mutmut.create_mutants(os.cpu_count() or 1)
    mutmut.setup_source_paths()


def try_out(names: list[str], jobs: int) -> None:
    """Run the tests that reach each mutant, and keep what came of it beside the mutants."""
    from mutmut import __main__ as mutmut
    from mutmut.runners.harness import PytestRunner
    from mutmut.state import state
    from mutmut.workers.isolation import ForkRunner

    os.environ["JOB_TESTS_IN_PROCESS"] = "1"
    runner = ForkRunner(jobs, PytestRunner())
    with contextlib.redirect_stdout(io.StringIO()):
        mutmut.set_mutant_under_test("")
        tests = sorted(runner.list_all_tests().ids)
    reached, seconds = state().tests_by_mangled_function_name, state().duration_by_test
    with Pool(jobs, maxtasksperchild=1) as pool:
        for found, took in pool.imap_unordered(watched, [tests[i :: 4 * jobs] for i in range(4 * jobs)]):
            seconds.update(took)
            for function, by in found.items():
                reached[function] |= by
    print(f"{len(tests)} tests pass; trying {len(names)} changes", flush=True)
    mutants, _ = mutmut.collect_source_file_mutation_data(mutant_names=names)
    files = {name: file for file, name, _ in mutants}
    runner.startup()
    for name in sorted(names, key=mutmut.estimated_worst_case_time):
        while not runner.has_capacity():
            _note(runner, files)
        by = chosen(reached.get(mutmut.mangled_name_from_mutant_name(name), set()), seconds)
        expected = sum(seconds[test] for test in by)
        runner.submit(name, by, int(TIMES * expected) + 60, expected)
    while runner.pending_count():
        _note(runner, files)
    runner.shutdown()


def chosen(tests: set[str], seconds: dict[str, float]) -> list[str]:
    """The tests that look closest, and the quickest of the others: a change that is reached by all can't meet all."""
    close = {test for test in tests if "/unit/" in test or "/test_told.py" in test}
    return [*close, *sorted(tests - close, key=lambda test: seconds[test])[:MOST_OTHERS]]


def _note(runner: Any, files: dict[str, Any]) -> None:
    from mutmut import __main__ as mutmut

    result = runner.wait_for_result()
    mutmut._register_mutant_result(result, files)  # noqa: SLF001 - pinned
    told = "noticed" if result.exit_code in NOTICED else f"survived ({result.exit_code})"
    print(f"{result.mutant_name}: {told}, {result.duration:.0f} s", flush=True)


def watched(tests: list[str]) -> tuple[dict[str, set[str]], dict[str, float]]:
    """Run tests on the unchanged code: which reach which function, and how long each takes."""
    from mutmut import __main__ as mutmut
    from mutmut.configuration import config
    from mutmut.runners.harness import PytestRunner
    from mutmut.state import reset_state, state

    reset_state()
    config().track_dependencies = False
    mutmut.set_mutant_under_test("stats")
    while True:
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            code = PytestRunner().run_stats(tests=tests)
        failing = {line.split(" ")[1] for line in said.getvalue().splitlines() if line.startswith(("FAILED", "ERROR "))}
        left = [test for test in tests if test not in failing]
        if not code:
            break
        if left == tests:
            raise RuntimeError(f"the tests can't be run:\n{said.getvalue()}")
        print(f"left out, since it fails before anything was changed: {', '.join(failing)}", flush=True)
        tests = left
        reset_state()
    return dict(state().tests_by_mangled_function_name), dict(state().duration_by_test)


@dataclass
class Change:
    """A function before and after."""

    before: ast.FunctionDef
    after: ast.FunctionDef

    @property
    def of_wording(self) -> bool:
        """Whether only a sentence for people is another: a text with a space in it."""
        return _without_sentences(self.before) == _without_sentences(self.after)

    @cached_property
    def shown(self) -> str:
        old, new = ast.unparse(self.before).splitlines()[1:], ast.unparse(self.after).splitlines()[1:]
        header = ast.unparse(self.before.args), ast.unparse(self.after.args)
        if header[0] != header[1]:
            return f"({header[0]}) -> ({header[1]})"
        where = next((i for i, pair in enumerate(zip(old, new, strict=False)) if pair[0] != pair[1]), 0)
        return _around(old[where].strip(), new[where].strip())


def _around(old: str, new: str, margin: int = 30) -> str:
    """What differs, with a little of what is around it."""
    start = _same_start(old, new)
    end = _same_start(old[start:][::-1], new[start:][::-1])
    first = max(0, start - margin)
    cut = ("…" if first else "", "…" if end > margin else "")
    return " -> ".join(f"{cut[0]}{t[first : len(t) - max(0, end - margin)]}{cut[1]}" for t in (old, new))


def _same_start(one: str, other: str) -> int:
    return next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def _without_sentences(node: ast.FunctionDef) -> str:
    body = ast.parse(ast.unparse(node.body))
    for one in ast.walk(body):
        if isinstance(one, ast.Constant) and isinstance(one.value, str) and " " in one.value:
            one.value = ""
    return ast.dump(body) + ast.dump(node.args)


class Module:
    """One file: its mutants, by mutmut's names, and what came of those tried."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.name = ".".join(path.relative_to("src/shipline").with_suffix("").parts).removesuffix(".__init__")
        self.sample: list[str] = []

    @property
    def codes(self) -> dict[str, int | None]:
        codes: dict[str, int | None] = json.loads(Path("mutants", f"{self.path}.meta").read_text())["exit_code_by_key"]
        return codes

    @cached_property
    def changes(self) -> dict[str, Change]:
        tree = ast.parse(Path("mutants", self.path).read_text(encoding="utf-8"))
        functions = {node.name: node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
        made = {}
        for key in self.codes:
            name = key.rpartition(".")[2]
            made[key] = Change(functions[f"{name.partition('__mutmut_')[0]}__mutmut_orig"], functions[name])
        return {key: change for key, change in made.items() if not change.of_wording}

    def draw(self, seed: str, share: float) -> None:
        names = sorted(self.changes)
        drawn = random.Random(f"{seed} {self.name}")  # noqa: S311 - the same each time is what is wanted
        self.sample = drawn.sample(names, min(len(names), max(FEWEST, round(share * len(names)))))

    def tried(self) -> list[str]:
        return [name for name in self.sample if self.codes[name] is not None]

    def survivors(self) -> list[str]:
        return [name for name in self.tried() if self.codes[name] not in NOTICED]

    def function(self, key: str) -> str:
        name = key.rpartition(".")[2].partition("__mutmut_")[0]
        return f"{self.name}.{name.removeprefix('x').strip('ǁ_').replace('ǁ', '.')}"


def all_modules() -> list[Module]:
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["mutmut"]["only_mutate"]
    return [m for m in (Module(path) for glob in wanted for path in sorted(Path().glob(glob))) if m.changes]


class Report:
    def __init__(self, modules: list[Module], *, seed: str) -> None:
        self._drawn = modules
        self._modules = [m for m in modules if m.tried()]
        self._seed = seed
        known = tomllib.loads((ROOT / "tools/mutants.toml").read_text(encoding="utf-8"))["same"]
        self._same = {(one["function"], one["change"]): one["why"] for one in known}

    def _why(self, module: Module, key: str) -> str:
        return self._same.get((module.function(key), module.changes[key].shown), "")

    def _counts(self, module: Module) -> tuple[int, int, int]:
        """Noticed, survived, and of those the same as before."""
        survivors = module.survivors()
        return len(module.tried()) - len(survivors), len(survivors), sum(bool(self._why(module, k)) for k in survivors)

    def _overall(self, *, but_same: bool) -> tuple[float, float]:
        """The estimated share noticed of all changes, and half its 95 % interval: each module weighs what it has."""
        whole = sum(len(m.changes) for m in self._modules)
        share = variance = 0.0
        for module in self._modules:
            noticed, survived, same = self._counts(module)
            n, size = noticed + survived - same * but_same, len(module.changes)
            if not n:
                continue
            p = noticed / n
            share += size / whole * p
            # One noticed and one not are added, so that a small sample without survivors isn't taken for certain.
            q = (noticed + 1) / (n + 2)
            variance += (size / whole) ** 2 * q * (1 - q) / n * (1 - n / size)
        return 100 * share, 100 * SURE * sqrt(max(variance, 0.0))

    @property
    def totals(self) -> str:
        tried, all_of = sum(len(m.tried()) for m in self._modules), sum(len(m.changes) for m in self._modules)
        left = sum(len(m.sample) for m in self._drawn) - tried
        worded = sum(len(m.codes) for m in self._modules) - all_of
        shares = (self._overall(but_same=same) for same in (False, True))
        of_all, of_real = (f"**{share:.1f} % ± {off:.1f}**" for share, off in shares)
        lines = [
            f"Tried: {tried:,} of {all_of:,} changes in {len(self._modules)} modules (seed {self._seed!r}), without",
            f"{worded} that only reword a sentence. The tests notice an estimated {of_all} (95 % interval),",
            f"and {of_real} of those that make a difference.",
            *([f"The run ended early: {left} more changes weren't tried."] if left else []),
        ]
        return "\n".join(lines)

    @property
    def details(self) -> str:
        """Each module, and what survived."""
        lines = [
            "| module | changes | tried | noticed | survived | of those the same | score % |",
            f"| --- |{' ---: |' * 6}",
        ]
        for m in self._modules:
            noticed, survived, same = self._counts(m)
            score = 100 * noticed / (noticed + survived)
            cells = (len(m.changes), noticed + survived, noticed, survived, same, f"{score:.0f}")
            lines.append(f"| {m.name} | {' | '.join(map(str, cells))} |")
        lines += ["", "What survived, and why it makes no difference, if it doesn't:", ""]
        lines += ["| where | change | the same because |", "| --- | --- | --- |"]
        for m in self._modules:
            for key in m.survivors():
                shown = m.changes[key].shown.replace("|", "\\|")
                lines.append(f"| {m.function(key)} | `{shown}` | {self._why(m, key)} |")
        return "\n".join(lines)


def write(text: str) -> None:
    before, _, rest = DOCUMENT.read_text(encoding="utf-8").partition(BEGIN)
    after = rest.partition(END)[2]
    DOCUMENT.write_text(f"{before}{BEGIN}\n{text}\n\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
