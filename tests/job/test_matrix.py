"""The products of a repository as jobs of each CI system."""

from __future__ import annotations

import json
import re
from itertools import chain
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from job import fleet
from job.fleet import NAMES

if TYPE_CHECKING:
    from job.project import Project

ALL = "products/*.yml"
KEYLESS = {"SHIPLINE_BUILDMASTER_API_KEY": "", "SHIPLINE_CENTERCODE_API_KEY": "", "SHIPLINE_V3_TOKEN": ""}
TAG = {"GITHUB_ACTIONS": "true", "GITHUB_REF_TYPE": "tag", "GITHUB_REF_NAME": "router-v1.5.0"}


@pytest.fixture
def products(project: Project) -> Project:
    for name in NAMES:
        fleet.write(project, name, version="", text="")
    project.environ |= KEYLESS
    return project


def test_a_path_a_line(products: Project) -> None:
    ended = products.shipline("matrix", ALL)
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.splitlines() == [f"products/{name}.yml" for name in NAMES]
    assert products.sandbox.requests() == []


@pytest.mark.parametrize("form", ["json", "jenkins", "gitlab", "text"])
def test_a_key_changes_no_matrix_and_one_in_it_is_an_error(products: Project, form: str) -> None:
    line = ("matrix", ALL, "--format", form, "--include", "acme/ci@v1")
    shown = products.shipline(*line)
    assert products.shipline(*line, SHIPLINE_V3_TOKEN="config", SHIPLINE_CENTERCODE_API_KEY="include").out == shown.out
    refused = products.shipline(*line, SHIPLINE_V3_TOKEN="products/camera")
    assert (refused.code, refused.out) == (2, "")
    assert "SHIPLINE_V3_TOKEN: is part of ***.yml, which the jobs need" in refused.err


def test_the_tags_product_for_github_in_an_output(products: Project) -> None:
    ended = products.shipline("matrix", ALL, GITHUB_OUTPUT=str(products.path / "output"), **TAG)
    wanted = {"include": [{"product": "router", "config": "products/router.yml", "version": "1.5.0"}]}
    assert json.loads(ended.out) == wanted
    assert ended.out.count("\n") == 1
    assert "left out, as the tag router-v1.5.0 isn't theirs: camera, switch" in ended.err
    output = re.fullmatch(r"matrix<<(\S+)\n(.*)\n\1\n", (products.path / "output").read_text())
    assert output
    assert json.loads(output[2]) == wanted
    other = products.shipline("matrix", ALL, "--tag", "switch-v2.0", "--format", "json", **TAG)
    assert [(e["product"], e["version"]) for e in json.loads(other.out)["include"]] == [("switch", "2.0")]


def test_gitlab_includes_the_template_for_each(products: Project) -> None:
    ended = products.shipline("matrix", ALL, GITLAB_CI="true", CI_PIPELINE_ID="77", CI_COMMIT_TAG="camera-v1.0.0")
    (included,) = yaml.safe_load(ended.out)["include"]
    assert included["file"] == "ci_templates/gitlab/shipline.yml"
    assert included["inputs"] == {
        "job-name": "shipline:camera",
        "config": "products/camera.yml",
        "resource-group": "shipline-camera",
    }


def test_gitlabs_jobs_do_not_share_a_cache(products: Project) -> None:
    names = ("a-b", "a/b", "c/b", "d", f"{'y' * 60}1", f"{'y' * 60}2")
    for number, name in enumerate(names):
        fleet.write(products, f"p/{name}", application=f"  application: app-{number}")

    def jobs(*arguments: str) -> list[str]:
        ended = products.shipline("matrix", "products/p/**/*.yml", "--format", "gitlab", *arguments)
        assert ended.code == 0, ended.err
        return [included["inputs"]["job-name"] for included in yaml.safe_load(ended.out).get("include", ())]

    every = jobs()
    assert len({re.sub(r"[^a-z0-9]", "-", job.lower())[:63] for job in every}) == len(every) == len(names)
    assert {"shipline:c/b", "shipline:d"} < set(every)
    assert sorted([*jobs("--shard", "1/2"), *jobs("--shard", "2/2")]) == sorted(every)


@pytest.mark.parametrize(
    ("include", "source"),
    [
        ("https://example.com/shipline.yml", {"remote": "https://example.com/shipline.yml"}),
        ("/ci/shipline.yml", {"local": "/ci/shipline.yml"}),
        ("acme/mirror@v1", {"project": "acme/mirror", "ref": "v1", "file": "ci_templates/gitlab/shipline.yml"}),
    ],
)
def test_gitlab_takes_the_template_from_elsewhere(products: Project, include: str, source: dict[str, str]) -> None:
    arguments = ("--tag", "camera-v1.0", "--format", "gitlab", "--include", include, "--needs", "dist")
    ended = products.shipline("matrix", ALL, *arguments, GITLAB_CI="true", CI_PIPELINE_ID="77")
    (included,) = yaml.safe_load(ended.out)["include"]
    inputs: dict[str, Any] = included.pop("inputs")
    assert included == source
    assert inputs["needs"] == [{"pipeline": "77", "job": "dist"}]
    assert inputs["release-version"] == "1.0"


def test_more_jobs_than_github_makes_of_a_matrix_are_warned_of(products: Project) -> None:
    for number in range(257):
        fleet.write(products, f"p{number}", tag_prefix="")

    def told(*arguments: str) -> str:
        ended = products.shipline("matrix", "products/p*.yml", "--format", "github", *arguments)
        assert ended.code == 0, ended.err
        return ended.err

    assert "warning: 257 products are as many jobs, and GitHub takes 256 of them from a matrix: make several" in told()
    assert "GitHub takes" not in told("--shard", "1/2")


def test_jenkins_gets_a_map_of_branches(products: Project) -> None:
    ended = products.shipline("matrix", ALL, JENKINS_URL="https://ci.example.com/")
    assert json.loads(ended.out) == {name: {"config": f"products/{name}.yml"} for name in NAMES}


def test_nothing_to_release_is_no_failure(products: Project) -> None:
    def empty(form: str) -> str:
        ended = products.shipline("matrix", ALL, "--tag", "docs-v1.0", "--format", form)
        assert ended.code == 0
        return ended.out

    assert empty("text") == ""
    assert json.loads(empty("github")) == {"include": []}
    assert json.loads(empty("jenkins")) == {}
    (job,) = yaml.safe_load(empty("gitlab")).values()
    assert job["script"] == ['echo "this run has no products"']


def test_a_product_without_a_prefix_has_the_tags_of_no_other(products: Project) -> None:
    fleet.write(products, "switch", tag_prefix="", version="", text="")
    assert products.shipline("matrix", ALL, "--tag", "v3.0").out == "products/switch.yml\n"
    assert products.shipline("matrix", ALL, "--tag", "router-v3.0").out == "products/router.yml\n"


def test_shards_together_have_each_product_once(products: Project) -> None:
    for number in range(100):
        fleet.write(products, f"p{number}")
    shards = [products.shipline("matrix", "products/p*.yml", "--shard", f"{i}/4").out.split() for i in (1, 2, 3, 4)]
    assert sorted(chain(*shards)) == sorted(f"products/p{number}.yml" for number in range(100))
    assert min(map(len, shards)) > 10


def test_what_is_wrong_with_the_files_is_told(products: Project) -> None:
    products.write("products/broken.yml", "release: [")
    products.write("products/odd.yml", "release: {version: one}")
    ended = products.shipline("matrix", ALL)
    assert ended.code == 2
    assert ended.out == ""
    assert "products/broken.yml:2:1:" in ended.err
    assert "products/odd.yml:1:" in ended.err
    assert products.shipline("matrix", ALL, "--shard", "5/4").code == 2


def test_folders_name_their_products(products: Project) -> None:
    for name in ("a/router", "b/router", "b/hub"):
        fleet.write(products, f"{name}/shipline")
    ended = products.shipline("matrix", "products/*/*/shipline.yml", "--format", "jenkins")
    assert list(json.loads(ended.out)) == ["a/router", "hub", "b/router"]
