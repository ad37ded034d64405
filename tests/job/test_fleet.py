"""Several products in one process: what a release engineer sees of it, and what the services get."""

from __future__ import annotations

import json
import re
import shlex
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from job import fleet
from job.fleet import ALL, NAMES, done_once, receipts, rows

if TYPE_CHECKING:
    from job.project import Project

BRANCHES = {"GITHUB_ACTIONS": "true", "GITHUB_REF_TYPE": "tag"}


def test_all_are_released_and_a_second_run_does_nothing(products: Project) -> None:
    ended = products.shipline("run", ALL)
    assert ended.code == 0, ended.text
    assert done_once(products), Counter(products.operations())
    assert {name: receipt["result"] for name, receipt in receipts(products).items()} == dict.fromkeys(
        (f"{name}-1.4.0" for name in NAMES), "succeeded"
    )
    assert "router | publish:centercode: posted" in ended.out
    assert rows(ended)["router"] == "succeeded  0     nothing"
    last = [line for line in ended.out.splitlines() if line][-4:]
    assert last == [
        "result=succeeded",
        "DONE: 3 of 3 products: camera, router, switch",
        "NOT DONE: nothing",
        "NEXT: nothing",
    ]
    before = products.operations()
    assert products.shipline("run", ALL).code == 0
    assert products.operations() == before


def test_every_line_is_whole_and_says_whose_it_is(products: Project) -> None:
    ended = products.shipline("run", ALL, "-v")
    own = [line for line in ended.out.splitlines() if " | " in line]
    assert {line.partition(" | ")[0] for line in own} == set(NAMES)
    outcome = ended.out.splitlines().index(next(line for line in ended.out.splitlines() if line.startswith("product ")))
    assert [line for line in ended.out.splitlines()[:outcome] if line and " | " not in line] == []


def test_json_is_an_object_a_line_with_its_product(products: Project) -> None:
    ended = products.shipline("run", ALL, "--format", "json")
    *events, last = ended.events
    assert {event.get("product") for event in events} == set(NAMES)
    assert [(e["product"], e["result"]) for e in events if e["event"] == "result"] != []
    assert (last["event"], last["result"], last["exit_code"], "product" in last) == ("result", "succeeded", 0, False)
    assert [row["product"] for row in last["products"]] == list(NAMES)
    assert last["outputs"] == {"result": "succeeded", "failed-step": ""}


def test_one_that_fails_does_not_stop_the_others(products: Project) -> None:
    fleet.make(products, stages={"camera": {"outcome": "failed"}})
    ended = products.shipline("run", ALL)
    assert ended.code == 5
    assert rows(ended)["camera"].startswith("failed     5     check its log in BuildMaster")
    assert rows(ended)["switch"].startswith("succeeded")
    assert ended.line("result=") == "result=failed"
    assert ended.line("failed-step=") == "failed-step=camera/deploy:Integration"
    assert ended.line("DONE") == "DONE: 2 of 3 products: router, switch"
    assert ended.line("NOT DONE") == "NOT DONE: 1 of 3 products: camera (failed at deploy:Integration)"
    fleet.make(products)
    assert products.shipline("run", ALL).code == 0
    assert Counter(products.operations())["project-release"] == len(NAMES)


def test_the_gravest_exit_code_counts(products: Project) -> None:
    fleet.make(products, stages={"camera": {"outcome": "failed"}})
    lost = {"operation": "project-release", "kind": "status", "status": 502, "when": "after_apply", "times": 1}
    products.sandbox.admin("faults", lost)
    ended = products.shipline("run", ALL)
    assert ended.code == 8
    assert ended.line("result=") == "result=unknown"
    assert sorted(row.split()[1] for name, row in rows(ended).items() if name in NAMES) == ["0", "5", "8"]


def test_wrappers_name_several_by_the_option(products: Project) -> None:
    ended = products.shipline("validate", INPUT_CONFIG="products/camera.yml\nproducts/s*.yml\n")
    assert ended.code == 0
    assert [line.partition(" |")[0] for line in ended.out.splitlines() if " | valid" in line] == ["camera", "switch"]


def test_one_plain_path_is_as_ever(products: Project) -> None:
    ended = products.shipline("run", "products/camera.yml", CI_NODE_INDEX="1", CI_NODE_TOTAL="9", GITLAB_CI="true")
    assert ended.code == 0, ended.text
    assert " | " not in ended.out
    assert ended.outputs["buildmaster-build-number"] == "7"


def test_the_tag_chooses_the_product_and_gives_its_version(products: Project) -> None:
    for name in NAMES:
        fleet.write(products, name, version="")
    tag = {"GITHUB_ACTIONS": "true", "GITHUB_REF_TYPE": "tag", "GITHUB_REF_NAME": "router-v1.5.0"}
    ended = products.shipline("run", ALL, **tag)
    assert ended.code == 0, ended.text
    assert "left out, as the tag router-v1.5.0 isn't theirs: camera, switch" in ended.out
    assert list(receipts(products)) == ["router-1.5.0"]
    single = products.shipline("validate", "products/router.yml", **tag)
    assert "valid: version 1.5.0" in single.out
    wrong = products.shipline("validate", "products/camera.yml", **tag)
    assert wrong.code == 2
    assert "the tag is router-v1.5.0: expected camera-v and a version (tag-prefix)" in wrong.out


def test_a_tag_of_no_product_ends_well(products: Project) -> None:
    tag = {"GITHUB_ACTIONS": "true", "GITHUB_REF_TYPE": "tag", "GITHUB_REF_NAME": "docs-v1.5.0"}
    ended = products.shipline("run", ALL, **tag)
    assert ended.code == 0
    assert ended.line("DONE") == "DONE: nothing: this run has no products"
    assert products.sandbox.requests() == []


@pytest.mark.parametrize("system", ["true", "false", ""])  # "false" is what gitlab-ci-local says
def test_parallel_jobs_share_the_products(products: Project, system: str) -> None:
    done = []
    for index in ("1", "2"):
        ended = products.shipline("run", ALL, GITLAB_CI=system, CI_NODE_INDEX=index, CI_NODE_TOTAL="2")
        assert ended.code == 0
        done.append(ended.line("DONE"))
    assert done_once(products), Counter(products.operations())
    assert done == ["DONE: 1 of 1 products: switch", "DONE: 2 of 2 products: camera, router"]
    wrong = products.shipline("run", ALL, GITLAB_CI=system, CI_NODE_INDEX="0", CI_NODE_TOTAL="2")
    assert wrong.code == 2
    assert "CI_NODE_INDEX/CI_NODE_TOTAL: expected a shard and their number, such as 1/4 to 4/4, found 0/2" in wrong.text


def test_gitlab_shows_the_receipt_of_each_product(products: Project) -> None:
    ended = products.shipline("run", ALL, GITLAB_CI="true")
    assert ended.code == 0, ended.text
    kept = {path.stem: json.loads(path.read_text()) for path in (products.path / ".shipline-reports").glob("*-1*.json")}
    assert kept == receipts(products)
    assert len(kept) == len(NAMES)


def test_gitlab_shows_the_wrong_input_of_each_product(products: Project) -> None:
    files = sorted(products.path.glob("products/*.yml"))[:2]
    right = {file: file.read_text() for file in files}
    for file, text in right.items():
        file.write_text(f"stepss: build\n{text}")
    report = products.path / ".shipline-reports/codequality.json"
    assert products.shipline("validate", ALL, GITLAB_CI="true").code == 2
    places = [issue["location"] for issue in json.loads(report.read_text())]
    assert places == [{"path": f"products/{file.name}", "lines": {"begin": 1}} for file in files]
    for file, text in right.items():
        file.write_text(text)
    assert products.shipline("validate", ALL, GITLAB_CI="true").code == 0
    assert json.loads(report.read_text()) == []


def test_each_job_of_a_gitlab_matrix_has_all_its_products(products: Project) -> None:
    node = {"GITLAB_CI": "true", "CI_NODE_INDEX": "2", "CI_NODE_TOTAL": "2", "CI_JOB_NAME": "shipline: [eu, products]"}
    ended = products.shipline("validate", ALL, **node)
    assert ended.line("DONE") == "DONE: checked the input of 3 products"


def test_a_plan_is_in_one_piece_and_sends_nothing(products: Project) -> None:
    ended = products.shipline("plan", ALL)
    assert ended.code == 0
    assert ended.line("result=") == "result=planned"
    whose = [line.partition(" | ")[0] for line in ended.out.splitlines() if " | " in line]
    assert sum(a != b for a, b in pairwise(whose)) == len(NAMES) - 1
    assert products.changes() == []


def test_a_plan_says_what_is_left_of_each(products: Project) -> None:
    assert products.shipline("run", "products/router.yml").code == 0
    ended = products.shipline("plan", ALL)
    assert ended.line("DONE") == "DONE: 1 of 3 products: router"
    left = "release, build, deploy:Integration, deploy:Testing, publish:v3, publish:centercode"
    assert ended.line("NOT DONE") == f"NOT DONE: 2 of 3 products: camera ({left}), switch ({left})"
    assert ended.line("NEXT") == "NEXT: camera, switch: shipline run sends the requests above"
    assert rows(ended)["router"] == "planned  0     nothing to do"
    *_, last = products.shipline("plan", ALL, "--format", "json").events
    assert (last["done"], last["not_done"]) == (["router"], ["camera", "switch"])


def test_a_plan_tells_whose_outcome_is_not_known(products: Project) -> None:
    lost = {"operation": "project-release", "kind": "status", "status": 502, "when": "after_apply", "times": 1}
    products.sandbox.admin("faults", lost)
    assert products.shipline("run", "products/camera.yml").code == 8
    ended = products.shipline("plan", "products/c*.yml", "products/c*.yml")
    assert ended.code == 8
    assert "publish:centercode may have been applied" in ended.line("NOT DONE")
    assert ended.line("NEXT").startswith("NEXT: camera: open http")
    *_, last = products.shipline("plan", "products/c*.yml", "--format", "json").events
    assert [row["unknown"] for row in last["products"]] == ["publish:centercode"]


def test_github_gets_outputs_annotations_and_one_summary(products: Project) -> None:
    fleet.make(products, stages={"camera": {"outcome": "failed"}})
    files = {name: str(products.path / name) for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
    ended = products.shipline("run", ALL, GITHUB_ACTIONS="true", **files)
    assert ended.code == 5
    assert "::error title=shipline%3A camera%3A deploy%3AIntegration::" in ended.out
    assert "::group::" not in ended.out
    outputs = (products.path / "GITHUB_OUTPUT").read_text()
    assert set(re.findall(r"^([a-z-]+)<<", outputs, re.MULTILINE)) == {"result", "failed-step"}
    page = (products.path / "GITHUB_STEP_SUMMARY").read_text()
    assert "## ❌ 3 products: failed" in page
    assert "| router | 1.4.0 | succeeded | 0 | nothing |" in page
    assert "## camera\\: Deploy to Integration\n\n> **The deployment to Integration failed" in page


def test_the_commands_of_fleets_md_work(products: Project) -> None:
    page = (Path(__file__).parents[2] / "docs/how-to/fleets.md").read_text()
    blocks = re.findall(r"```sh\n(.*?)```", page, re.DOTALL)
    lines = [shlex.split(line) for block in blocks for line in block.splitlines()]
    ended = {" ".join(line): products.shipline(*line[1:]) for line in lines}
    assert {line: e.text for line, e in ended.items() if e.code} == {}
    assert ended["shipline matrix products/*.yml --tag router-v1.4.0"].out == "products/router.yml\n"
    assert done_once(products)
