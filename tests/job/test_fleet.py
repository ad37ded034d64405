"""Several products in one process: what a release engineer sees of it, and what the services get."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from job import fleet
from job.fleet import NAMES
from job.project import KEYS
from shipline.fleet.products import of_shard

if TYPE_CHECKING:
    from collections.abc import Iterator

    from job.project import Ended, Project

ALL = "products/*.yml"
BRANCHES = {"GITHUB_ACTIONS": "true", "GITHUB_REF_TYPE": "tag"}


@pytest.fixture
def products(project: Project) -> Project:
    (project.path / "shipline.yml").unlink()
    fleet.make(project)
    return project


def receipts(project: Project) -> dict[str, dict[str, Any]]:
    return {path.stem: json.loads(path.read_text()) for path in (project.path / ".shipline").glob("*.json")}


def done_once(project: Project, count: int = len(NAMES)) -> bool:
    """Whether the services have each product's build, deployments and announcements, once."""
    wanted = dict.fromkeys(("create-build", "project-release", "publish-release"), count) | {"deploy-build": 2 * count}
    asked = Counter(project.operations())
    return {name: asked[name] for name in wanted} == wanted


def rows(ended: Ended) -> dict[str, str]:
    """Of the combined table: what stands after each product."""
    return dict(
        match.groups()
        for line in ended.out.splitlines()
        if (match := re.fullmatch(r"(\S+) +(\S.*)", line)) and " | " not in line
    )


def until(project: Project, operation: str, count: int) -> None:
    end = time.monotonic() + 30
    while project.operations().count(operation) < count:
        assert time.monotonic() < end, project.operations()
        time.sleep(0.05)


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
    assert rows(ended)["camera"].startswith("failed     5     look at its log in BuildMaster")
    assert rows(ended)["switch"].startswith("succeeded")
    assert ended.line("result=") == "result=failed"
    assert ended.line("failed-step=") == "failed-step=camera/deploy:Integration"
    assert ended.line("DONE") == "DONE: 2 of 3 products: router, switch"
    assert ended.line("NOT DONE") == "NOT DONE: 1 of 3 products: camera (failed at deploy:Integration)"
    fleet.make(products)
    assert products.shipline("run", ALL).code == 0
    assert Counter(products.operations())["project-release"] == len(NAMES)


def test_fail_fast_starts_no_further_one(products: Project) -> None:
    fleet.make(products, stages={"camera": {"outcome": "failed"}})
    ended = products.shipline("run", ALL, "--fail-fast", "--parallel", "1")
    assert ended.code == 5
    assert products.operations().count("create-build") == 1
    assert rows(ended)["switch"] == "not started  -     run again"
    assert "router (not started), switch (not started)" in ended.line("NOT DONE")


def test_fail_fast_stops_those_under_way_before_their_next_request(products: Project) -> None:
    stages = {"camera": {"outcome": "failed", "executing_seconds": 60}, "router": {"executing_seconds": 6000}}
    fleet.make(products, stages=stages)
    ended = products.shipline("run", ALL, "--fail-fast")
    assert ended.code == 5
    assert ended.line("result=") == "result=failed"
    assert ended.line("failed-step=") == "failed-step=camera/deploy:Integration"
    assert rows(ended)["router"].startswith("canceled   130   run again: it goes on where this run stopped")
    assert "router | error: deploy:Integration: stopped before its next request, as another product has f" in ended.text
    fleet.make(products)
    products.sandbox.admin("clock", {"advance": 6000})
    assert products.shipline("run", ALL).code == 0
    assert Counter(products.operations())["project-release"] == len(NAMES)
    assert Counter(products.operations())["create-build"] == len(NAMES)


def test_the_gravest_exit_code_counts(products: Project) -> None:
    fleet.make(products, stages={"camera": {"outcome": "failed"}})
    lost = {"operation": "project-release", "kind": "status", "status": 502, "when": "after_apply", "times": 1}
    products.sandbox.admin("faults", lost)
    ended = products.shipline("run", ALL)
    assert ended.code == 8
    assert ended.line("result=") == "result=unknown"
    assert sorted(row.split()[1] for name, row in rows(ended).items() if name in NAMES) == ["0", "5", "8"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_canceled_fleet_ends_at_once_and_goes_on_later(products: Project, number: int) -> None:
    fleet.make(products, stages={"router": {"executing_seconds": 6000}})
    process = products.start("run", ALL, "--parallel", "2")
    until(products, "project-release", 2)  # camera's and switch's; router is being deployed
    time.sleep(0.3)
    begun = time.monotonic()
    ended = products.cancel(process, number)
    assert time.monotonic() - begun < 3
    assert ended.code == 128 + number
    assert ended.line("result=") == "result=canceled"
    assert ended.line("DONE") == "DONE: 2 of 3 products: camera, switch"
    assert "router (canceled at deploy:Integration)" in ended.line("NOT DONE")
    assert "Traceback" not in ended.text
    assert receipts(products)["router-1.4.0"]["exit-code"] == 128 + number
    products.sandbox.admin("clock", {"advance": 9000})
    assert products.shipline("run", ALL).code == 0
    assert done_once(products), Counter(products.operations())


def test_a_signal_while_announcements_are_under_way(products: Project) -> None:
    late = {"operation": "project-release", "kind": "delay", "seconds": 8, "times": None}
    products.sandbox.admin("faults", late)
    process = products.start("run", ALL)
    until(products, "publish-release", len(NAMES))
    time.sleep(1)
    before = products.operations()
    begun = time.monotonic()
    ended = products.cancel(process)
    assert time.monotonic() - begun < 3
    assert ended.code == 143
    assert ended.line("NOT DONE").count("publish:centercode may have been applied") == len(NAMES)
    states = [r["steps"][-1] for r in receipts(products).values()]
    assert {(s["name"], s["status"], s["requests"][-1]["phase"]) for s in states} == {
        ("publish:centercode", "unknown", "sent")
    }
    products.sandbox.admin("faults", [])
    again = products.shipline("run", ALL)
    assert again.code == 8
    assert [op for op in products.operations() if op != "project-release"] == [
        op for op in before if op != "project-release"
    ]


@pytest.fixture
def silent_server() -> Iterator[str]:
    """One that a connection is never made to: its queue is full."""
    with socket.socket() as server, contextlib.ExitStack() as waiting:
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        for _ in range(3):
            client = waiting.enter_context(socket.socket())
            client.setblocking(False)
            client.connect_ex(server.getsockname())
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


def test_a_signal_while_no_connection_is_made(products: Project, silent_server: str) -> None:
    for name in NAMES:
        target = {"project": name, "release-type": "Firmware", "url": silent_server}
        config = {"release": {"version": "1.4.0"}, "centercode": target}
        products.write(f"products/{name}.yml", json.dumps(config))
    process = products.start("run", ALL)
    time.sleep(4)
    begun = time.monotonic()
    ended = products.cancel(process)
    assert time.monotonic() - begun < 3
    assert ended.code == 143
    assert ended.line("NOT DONE").startswith("NOT DONE: 3 of 3 products: camera (canceled)")
    assert "may have been applied" not in ended.out
    assert {r["steps"][-1]["status"] for r in receipts(products).values()} == {"refused"}
    assert "Traceback" not in ended.text
    assert "Fatal" not in ended.text


def test_nothing_more_is_sent_after_a_signal(products: Project) -> None:
    busy = {"operation": "project-release", "kind": "status", "status": 429, "headers": {"Retry-After": "30"}}
    products.sandbox.admin("faults", {**busy, "times": None})
    for name in NAMES:
        fleet.write(products, name, network="network: {retry-for: 2m}")
    process = products.start("run", ALL)
    until(products, "project-release", len(NAMES))
    time.sleep(0.5)
    ended = products.cancel(process)
    assert ended.code == 143
    assert "may have been applied" not in ended.line("NOT DONE")
    assert {r["steps"][-1]["status"] for r in receipts(products).values()} == {"refused"}


def test_all_problems_of_all_products_are_told_before_anything_is_sent(products: Project) -> None:
    fleet.write(products, "camera", platforms="  platforms: []")
    fleet.write(products, "switch", stages="  stagges: [Testing]")
    ended = products.shipline("run", ALL, SHIPLINE_V3_TOKEN="")
    assert ended.code == 2
    assert "products/camera.yml:" in ended.err
    assert "did you mean stages?" in ended.err
    assert ended.err.count("SHIPLINE_V3_TOKEN") == 1
    assert products.changes() == []


def test_a_flat_input_that_makes_two_products_one_is_refused(products: Project) -> None:
    ended = products.shipline(
        "run",
        ALL,
        "--buildmaster-application",
        "camera",
        SHIPLINE_CENTERCODE_PROJECT="camera",
        SHIPLINE_V3_PRODUCT_ID="x",
    )
    assert ended.code == 2
    assert (
        "--buildmaster-application: gives camera, router, switch the same application: set it in each one's config file"
        in ended.err
    )
    assert "SHIPLINE_CENTERCODE_PROJECT: gives camera, router, switch the same Centercode project" in ended.err
    assert "SHIPLINE_V3_PRODUCT_ID: gives" in ended.err
    assert products.sandbox.requests() == []
    assert products.shipline("validate", "products/camera.yml", "--buildmaster-application", "camera").code == 0


def test_products_that_would_announce_the_same_are_refused(products: Project) -> None:
    fleet.write(
        products, "switch", project="  project: camera", product_id=f"  product-id: {fleet.product_id('router')}"
    )
    ended = products.shipline("run", ALL)
    assert ended.code == 2
    assert "products/switch.yml: centercode: announces the same as camera: url, project and release type" in ended.err
    assert "products/switch.yml: v3: announces the same as router: url, product-id, version 1.4.0" in ended.err


def test_products_of_two_shards_are_not_announced_twice(products: Project) -> None:
    shards = {name: f"{of_shard(f'products/{name}.yml', 4)}/4" for name in NAMES}
    assert shards["switch"] != shards["camera"] == shards["router"], shards
    fleet.write(products, "switch", project="  project: CAMERA")
    same = "products/switch.yml: centercode: announces the same as camera: url, project and release type"
    for name in ("camera", "switch"):
        ended = products.shipline("run", ALL, "--shard", shards[name])
        assert ended.code == 2
        assert same in ended.err
    asked = products.shipline("matrix", ALL)
    assert (asked.code, asked.out) == (2, "")
    assert same in asked.err
    free = next(f"{index}/4" for index in (1, 2, 3, 4) if f"{index}/4" not in shards.values())
    assert products.shipline("validate", ALL, "--shard", free).code == 0
    assert products.sandbox.requests() == []


def test_products_that_would_be_the_same_build_are_refused(products: Project) -> None:
    fleet.write(products, "switch", application="  application: Camera", version="  version: 1.4.1")
    ended = products.shipline("run", ALL)
    assert ended.code == 2
    assert "products/switch.yml: buildmaster: camera, switch would both be build 7 of release 1.4: " in ended.err
    assert products.sandbox.requests() == []


def test_products_with_one_receipt_are_refused(products: Project) -> None:
    fleet.write(products, "switch", application="  application: camera")
    ended = products.shipline("run", ALL)
    assert ended.code == 2
    assert "camera, switch would have the same receipt, .shipline/camera-1.4.0.json" in ended.err
    assert "can't be one for several products" in products.shipline("run", ALL, "--receipt", "r.json").err


def test_a_glob_without_a_match_and_two_ways_at_once_are_refused(products: Project) -> None:
    none = products.shipline("run", "none/*.yml")
    assert none.code == 2
    assert "none/*.yml" in none.err
    both = products.shipline("run", ALL, "--config", "products/camera.yml")
    assert both.code == 2
    assert "not both" in both.err


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
    assert ended.line("DONE") == "DONE: nothing: no product is left for this run"
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
    assert ended.line("NEXT") == "NEXT: camera, switch: shipline run sends what stands above"
    assert rows(ended)["router"] == "planned  0     nothing is left to do"
    *_, last = products.shipline("plan", ALL, "--format", "json").events
    assert (last["done"], last["not_done"]) == (["router"], ["camera", "switch"])


def test_a_plan_tells_whose_outcome_is_not_known(products: Project) -> None:
    lost = {"operation": "project-release", "kind": "status", "status": 502, "when": "after_apply", "times": 1}
    products.sandbox.admin("faults", lost)
    assert products.shipline("run", "products/camera.yml").code == 8
    ended = products.shipline("plan", "products/c*.yml", "products/c*.yml")
    assert ended.code == 0
    assert "publish:centercode may have been applied" in ended.line("NOT DONE")
    assert ended.line("NEXT").startswith("NEXT: camera: nothing can be sent yet: ")
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
    assert "## camera/deploy\\:Integration" in page


def test_a_fleet_that_was_killed_goes_on(products: Project) -> None:
    fleet.make(products, stages={"router": {"executing_seconds": 6000}})
    process = products.start("run", ALL)
    until(products, "project-release", 2)
    time.sleep(1)
    process.kill()
    process.communicate()
    products.sandbox.admin("clock", {"advance": 9000})
    assert products.shipline("run", ALL).code == 0
    assert done_once(products), Counter(products.operations())


def test_the_commands_of_fleets_md_work(products: Project) -> None:
    page = (Path(__file__).parents[2] / "docs/how-to/fleets.md").read_text()
    blocks = re.findall(r"```sh\n(.*?)```", page, re.DOTALL)
    lines = [shlex.split(line) for block in blocks for line in block.splitlines()]
    ended = {" ".join(line): products.shipline(*line[1:]) for line in lines}
    assert {line: e.text for line, e in ended.items() if e.code} == {}
    assert ended["shipline matrix products/*.yml --tag router-v1.4.0"].out == "products/router.yml\n"
    assert done_once(products)


@pytest.mark.parametrize("log", [">/dev/full 2>&1", ">&- 2>&-"])
def test_a_log_that_cant_be_written_doesnt_hold_a_fleet(products: Project, log: str) -> None:
    command = [sys.executable, "-m", "shipline", "run", ALL]
    environ = {"PATH": os.environ["PATH"], **KEYS}
    bash = ["bash", "-c", f'"$@" {log}', "bash", *command]
    assert subprocess.run(bash, cwd=products.path, env=environ, check=False, timeout=60).returncode == 0
    assert done_once(products), Counter(products.operations())
