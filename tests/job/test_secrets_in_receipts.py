"""A secret that is also a word of the receipt: nothing is sent, and no receipt is changed by masking."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from job.runners import ci

if TYPE_CHECKING:
    from job.project import Project


@pytest.mark.parametrize("word", ["centercode", "Firmware", "WidgetPro", "identity"])
def test_a_password_that_is_a_word_of_the_receipt_is_refused(project: Project, word: str) -> None:
    ended = project.shipline("run", HTTPS_PROXY=f"http://someone:{word}@proxy.invalid:3128", NO_PROXY="127.0.0.1")
    assert ended.code == 2, ended.text
    assert "HTTPS_PROXY" in ended.text
    assert project.operations() == []


def test_a_password_that_is_the_name_of_the_job_is_refused(project: Project) -> None:
    proxy = "http://someone:ship-it-now@proxy.invalid:3128"
    ended = project.shipline("run", HTTPS_PROXY=proxy, NO_PROXY="127.0.0.1", **ci("github", 1, 1, "ship-it-now"))
    assert ended.code == 2, ended.text
    assert "the name of the CI job" in ended.text
    assert project.operations() == []


def test_an_output_that_contains_a_password_is_hidden_as_a_whole(project: Project) -> None:
    """Half a URL would be another one."""
    ended = project.shipline("run", HTTPS_PROXY="http://someone:item.html@proxy.invalid:3128", NO_PROXY="127.0.0.1")
    assert ended.code == 0, ended.text
    assert ended.outputs["centercode-release-url"] == "***"
    assert ended.outputs["buildmaster-stage"] == "Testing"


@pytest.mark.parametrize("word", ["sandbox-Widget", "sandbox-1.4.0"])
def test_a_key_that_is_the_application_or_the_release_is_refused(project: Project, word: str) -> None:
    options = ("--buildmaster-application", "sandbox-Widget", "--buildmaster-release", "sandbox-1.4.0")
    pipelines = {"Standard": {"stages": [{"name": "Integration"}, {"name": "Testing"}]}}
    application = {"id": 1, "name": "sandbox-Widget", "pipelines": pipelines}
    project.sandbox.admin("seed", {"buildmaster": {"applications": [application]}})
    ended = project.shipline("run", *options, SHIPLINE_CENTERCODE_API_KEY=word)
    assert ended.code == 2, ended.text
    assert project.operations() == []
