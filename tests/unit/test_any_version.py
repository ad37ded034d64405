"""`validate --any-version`: a config file is checked before there is a tag, a build or notes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from job.initialized import shipline

if TYPE_CHECKING:
    from collections.abc import Iterable

ROOT = Path(__file__).parents[2]
VALID = sorted((ROOT / "tests/examples/pipeline/valid").iterdir())
CONFIG = """
release: {version: "{tag}", notes: {file: CHANGELOG.md}}
artifacts: [{path: "dist/*.zip", url: "https://dl.example.com/{version}/{filename}"}]
buildmaster:
  url: https://buildmaster.widget.test
  application: Widget
  build-number: "{run_number}"
  variables: {Zip: "{artifact_url}", Commit: "{sha}"}
"""


def check(folder: Path, text: str, *arguments: str) -> tuple[int, Iterable[str]]:
    (folder / "shipline.yml").write_text(text)
    ended = shipline(folder, "validate", "--any-version", *arguments)
    return ended.code, (ended.out + ended.err).splitlines()


def test_nothing_of_a_release_is_needed(tmp_path: Path) -> None:
    code, lines = check(tmp_path, CONFIG)
    assert code == 0
    assert "valid: any version; the artifacts and the notes aren't checked" in lines


def test_what_no_version_corrects_is_reported(tmp_path: Path) -> None:
    wrong = CONFIG.replace("{sha}", "{sah}").replace("application", "aplication") + "  start-time: 2027-03-01\n"
    code, lines = check(tmp_path, wrong)
    assert code == 2
    found = [line.split(": ")[1] for line in lines if line.startswith("shipline.yml:")]
    assert found == ["buildmaster.aplication", "buildmaster.variables.Commit", "buildmaster.start-time"]


def test_several_products_are_checked_at_once(tmp_path: Path) -> None:
    (tmp_path / "gadget.yml").write_text(CONFIG.replace("Widget", "Gadget").replace("https:", "ftp:", 2))
    code, lines = check(tmp_path, CONFIG, "shipline.yml", "gadget.yml")
    assert code == 2
    assert [line for line in lines if line.startswith("gadget.yml:")]
    assert not [line for line in lines if line.startswith("shipline.yml:")]


@pytest.mark.nightly
@pytest.mark.parametrize("file", VALID, ids=lambda file: file.name)
def test_every_valid_example_is_valid(file: Path, tmp_path: Path) -> None:
    (tmp_path / file.name).write_bytes(file.read_bytes())
    assert shipline(tmp_path, "validate", "--any-version", file.name).code == 0


@pytest.mark.parametrize("command", ["plan", "run"])
def test_a_release_needs_its_version(command: str, tmp_path: Path) -> None:
    (tmp_path / "shipline.yml").write_text(CONFIG)
    ended = shipline(tmp_path, command, "--any-version")
    assert ended.code == 2
    assert "any-version: is for validate: plan and run need the version" in ended.err
