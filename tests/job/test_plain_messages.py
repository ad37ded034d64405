"""Texts that users read, in the words of the house style: who does what, the service's own words, and what to do."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from shipline import schemas

if TYPE_CHECKING:
    from job.project import Project

README = Path(__file__).parents[2] / "README.md"


def described(*path: str) -> str:
    node = schemas.load("pipeline")["$defs" if path[0].endswith("-target") else "properties"][path[0]]
    for name in path[1:]:
        node = node["properties"][name]
    return str(node["description"])


def test_the_readme_begins_with_what_shipline_is_and_does() -> None:
    text = " ".join(README.read_text(encoding="utf-8").replace("**", "").split())
    assert "Shipline is the release step of your pipeline. It creates and deploys a BuildMaster build, then" in text
    assert "`shipline plan` prints the exact requests that `run` will send." in text
    assert "If a job fails or is canceled, re-run it." in text
    assert "Cryptlex" in text


@pytest.mark.parametrize(
    ("path", "words"),
    [
        (("buildmaster", "url"), "BuildMaster's base URL, including any path."),
        (("v3-target", "state"), "Publishing can't be undone."),
    ],
)
def test_a_setting_is_described(path: tuple[str, ...], words: str) -> None:
    assert words in described(*path)


def test_init_names_its_defaults_and_never_overwrites(project: Project) -> None:
    assert "Use defaults for anything not given" in project.shipline("init", "--help").out
    project.write("shipline.yml", "mine")
    ended = project.shipline("init", "--yes", "--ci", "gitlab")
    assert ended.code == 2
    assert "shipline.yml: already exists, and init never overwrites a file" in ended.err


def test_wrong_input_names_the_way_out(project: Project) -> None:
    ended = project.shipline("validate", "--buildmaster-timeout", "soon")
    assert ended.line("NEXT:") == "NEXT: fix the configuration and run again"


def test_a_refusal_has_the_services_words_the_setting_and_the_names(project: Project) -> None:
    ended = project.shipline("run", "--buildmaster-application", "widgets")
    assert ended.code == 4
    assert "why: Application widgets not found." in ended.err
    assert "check buildmaster.application; this key can see: Gadget" in ended.err


def test_a_wrong_key_has_a_list_of_what_to_check(project: Project) -> None:
    ended = project.shipline("run", SHIPLINE_BUILDMASTER_API_KEY="wrong-4711-key")
    assert ended.code == 3
    assert (
        "do: check that the key belongs to this server, is enabled, has the permission, and is allowed from this "
        "IP address (the key is from SHIPLINE_BUILDMASTER_API_KEY)"
    ) in ended.err


def test_doctor_counts_its_checks_and_a_plan_its_limits(project: Project) -> None:
    done = project.shipline("doctor").line("DONE:")
    assert " checks: " in done
    assert " passed, 1 unchecked, " in done
    assert "wait: timeout 30 min (10 min in pending)" in project.shipline("plan").out


def test_a_link_that_nobody_can_reach_is_checked_again(project: Project) -> None:
    ended = project.shipline("run", "--artifacts", "dist/widget.zip => https://nowhere.invalid/widget.zip")
    assert "https://nowhere.invalid/widget.zip: unreachable: host not found" in ended.err
    assert "Shipline checks the link again before publishing" in ended.err
    assert ended.code == 4
