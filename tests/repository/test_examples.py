"""Every config file in tests/examples/pipeline: the valid ones load, the invalid ones give the problem they name."""

from __future__ import annotations

import copy
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shipline.ci.facts import Facts
from shipline.errors import InvalidInputError
from shipline.inputs.sources import Inputs
from shipline.pipeline.resolve import ResolvedPipeline, Sources, load

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shipline.errors import Problem

EXAMPLES = Path(__file__).parents[1] / "examples" / "pipeline"
INVALID = sorted((EXAMPLES / "invalid").iterdir())
VALID = sorted((EXAMPLES / "valid").iterdir())
FACTS = Facts(tag="v1.4.0", branch="main", sha="0123456789abcdef", run_number="7")
EXPECT = re.compile(r"# expect: (?P<place>[0-9:]+) (?P<path>[^|]*?) ?\| (?P<what>.+)")


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    (tmp_path / "dist").mkdir()
    (tmp_path / "dist" / "widget-1.4.0.zip").write_bytes(b"zip")
    (tmp_path / "CHANGELOG.md").write_text("# Changelog\n\n## 1.4.0\n\n- Faster.\n", encoding="utf-8")
    return tmp_path


def read(example: Path, workspace: Path) -> ResolvedPipeline:
    copy = workspace / example.name
    copy.write_bytes(example.read_bytes())
    return load(Sources(Inputs.read({}, {}), copy.name, None, FACTS, workspace, need_keys=False))


@pytest.mark.parametrize("example", INVALID, ids=lambda path: path.stem)
def test_an_invalid_file_gives_the_problem_it_names_and_shows_no_secret(example: Path, workspace: Path) -> None:
    head = example.read_bytes().decode("utf-8", "replace").splitlines()
    expected = [match for line in head if (match := EXPECT.fullmatch(line))]
    assert expected
    with pytest.raises(InvalidInputError) as caught:
        read(example, workspace)
    shown = [str(problem) for problem in caught.value.problems]
    assert not [line for line in shown if "do-not-print-me" in line or "\n" in line or "\x1b" in line]
    for match in expected:
        start = f"{example.name}:{match['place']}"
        assert [
            line for line in shown if line.startswith(start) and f": {match['path']}" in line and match["what"] in line
        ], shown


@pytest.mark.parametrize("example", VALID, ids=lambda path: path.stem)
def test_a_valid_file_loads(example: Path, workspace: Path) -> None:
    loaded = read(example, workspace)
    assert loaded.config == example.name
    assert loaded.pipeline.version.text == "1.4.0"


def test_there_is_a_bad_input_for_every_rule() -> None:
    assert len(INVALID) >= 40


ODD: list[Any] = [None, True, 0, -1, 1.5, 10**30, "", " ", "x", "{x}", "{version}", "{build_number}", "a\nb", "\x07"]
ODD += [
    "https://[::1",
    "https://a:99999/",
    "//",
    "?#",
    "0s",
    "99999h",
    "9999-12-31T23:59:59-23:59",
    "dist",
    "**",
    "[",
    "id:",
]
ODD += [[], {}, [[]], ["a", "a"], [None], {"a": None}, {"text": "x"}, "é" * 300, "%", "1.2.3.4-beta.1", "never", False]
FULL = yaml.load((EXAMPLES / "valid" / "full.yml").read_text(encoding="utf-8"), yaml.BaseLoader)


def paths(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    for key, value in node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ():
        yield (*path, key)
        yield from paths(value, (*path, key))


@settings(
    max_examples=150, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(changes=st.lists(st.tuples(st.sampled_from(list(paths(FULL))), st.sampled_from(ODD)), min_size=1, max_size=3))
def test_whatever_stands_there_is_a_pipeline_or_a_problem(workspace: Path, changes: list[tuple[Any, Any]]) -> None:
    document = copy.deepcopy(FULL)
    for path, value in changes:
        node = document
        for part in path[:-1]:
            node = node[part] if isinstance(node, dict | list) and part in keys(node) else {}
        last = path[-1]
        if isinstance(node, dict) or (isinstance(node, list) and isinstance(last, int) and last < len(node)):
            node[last] = copy.deepcopy(value)
    found: tuple[Problem, ...] = ()
    try:
        load(Sources(Inputs.read({}, {}), "-", json.dumps(document), FACTS, workspace, need_keys=True))
    except InvalidInputError as error:
        found = error.problems
    assert all(str(problem).isprintable() for problem in found)


def keys(node: Any) -> list[Any]:
    return list(node) if isinstance(node, dict) else list(range(len(node)))
