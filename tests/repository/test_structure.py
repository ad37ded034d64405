"""The rules of tools/structure.py hold, and it detects what breaks them."""

from __future__ import annotations

import importlib.util
import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from types import ModuleType

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def structure() -> ModuleType:
    spec = importlib.util.spec_from_file_location("structure", ROOT / "tools/structure.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def broken(structure: Any, root: Path, **modules: str) -> list[str]:
    """Write modules and check them: ``ci_github`` is ci/github.py of the program, ``sandbox_app`` the sandbox's."""
    for name, text in modules.items():
        folder = "sandbox/shipline_sandbox" if name.startswith("sandbox_") else "entrypoint/shipline"
        path = root / folder / f"{name.removeprefix('sandbox_').replace('_', '/')}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n", encoding="utf-8")
    found: list[str] = structure.violations(structure.read(root))
    return found


def test_every_rule_holds(structure: Any) -> None:
    assert structure.violations(structure.read()) == []


def test_a_package_imports_only_those_above_it_in_the_table(structure: Any) -> None:
    above: set[str] = {structure.SANDBOX}
    for name, imported in structure.BOUNDARIES.items():
        assert imported <= above, name
        above.add(name)


def test_the_architecture_page_shows_the_table(structure: Any) -> None:
    page = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `(\w+)` \| [^|]+ \| ([^|]*) \|$", page, re.MULTILINE))
    shown = {name: frozenset(re.findall(r"`(\w+)`", imported)) for name, imported in rows.items()}
    assert shown == structure.BOUNDARIES
    (base,) = re.findall(r"^\| base \| [^|]+ \|", page, re.MULTILINE)
    assert frozenset(re.findall(r"`(\w+)`", base)) == structure.BASE


@pytest.mark.parametrize(
    ("modules", "expected"),
    [
        ({"ci_github": "from shipline.services import client", "services_client": ""}, "boundary: shipline.ci.github"),
        ({"run_step": "def f():\n    import shipline.fleet.run", "fleet_run": ""}, "boundary: shipline.run.step"),
        ({"errors": "from shipline.ci import facts", "ci_facts": ""}, "boundary: shipline.errors"),
        ({"sandbox_app": "from shipline import errors", "errors": ""}, "boundary: shipline_sandbox.app"),
        ({"run_plan": "import shipline_sandbox.app", "sandbox_app": ""}, "boundary: shipline.run.plan"),
        (
            {"sandbox_v3_routes": "import shipline_sandbox.centercode.queue", "sandbox_centercode_queue": ""},
            "boundary: shipline_sandbox.v3.routes",
        ),
        ({"new_part": ""}, "no boundary is set for the package new"),
        (
            {"errors": "import shipline.values", "values": "if TYPE_CHECKING:\n    import shipline.errors"},
            "import cycle: ",
        ),
        ({"errors": "re.compile = cached"}, "shipline.errors:1: replaces re.compile"),
        ({"errors": "sys.modules['idna'] = None"}, "shipline.errors:1: writes to sys.modules"),
        ({"errors": "frame = sys._getframe(1)"}, "shipline.errors:1: inspects frames"),
        ({"errors": "frame = inspect.currentframe()"}, "shipline.errors:1: inspects frames"),
        ({"errors": "_thread.start_new_thread(work, ())"}, "shipline.errors:1: starts a bare thread"),
        ({"run_step": "status = record['status']"}, "shipline.run.step:1: indexes state by a literal name"),
    ],
)
def test_a_broken_rule_is_detected(structure: Any, tmp_path: Path, modules: dict[str, str], expected: str) -> None:
    (found,) = broken(structure, tmp_path, **modules)
    assert found.startswith(expected)


def test_what_the_rules_allow_is_not_reported(structure: Any, tmp_path: Path) -> None:
    allowed = {
        "cli_demo": "from shipline_sandbox import server",
        "sandbox_server": "from shipline_sandbox.v3 import routes",
        "sandbox_v3_routes": "",
        "run_step": "from shipline import errors\nfrom shipline.services import client",
        "services_client": "import re\nPATTERN = re.compile('a')\nhere = sys.modules['re']",
        "errors": "",
    }
    assert broken(structure, tmp_path, **allowed) == []


def test_the_longest_chain_is_found(structure: Any) -> None:
    imports = {"a": frozenset({"b", "c"}), "b": frozenset({"c"}), "c": frozenset(), "d": frozenset({"c"})}
    assert structure.layers(imports) == ["a", "b", "c"]


def test_a_file_that_is_too_small_is_named(structure: Any, tmp_path: Path) -> None:
    broken(structure, tmp_path, errors="1", run_step="\n".join("1" * 25))
    sources = structure.read(tmp_path)
    assert structure.too_small(sources, structure.lengths(sources)) == ["shipline.errors has only 1 lines"]


def test_mutation_tests_name_files_that_exist() -> None:
    options = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["mutmut"]
    tests = options["pytest_add_cli_args_test_selection"]
    mutated = [pattern.replace("src/", "entrypoint/", 1) for pattern in options["only_mutate"]]
    assert [pattern for pattern in (*tests, *mutated) if not [*ROOT.glob(pattern)]] == []
