"""Products that would conflict, and wrong selections: refused before anything is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from job import fleet
from job.fleet import ALL, NAMES
from shipline.fleet.products import shard_of

if TYPE_CHECKING:
    from job.project import Project

BRANCHES = {"GITHUB_ACTIONS": "true", "GITHUB_REF_TYPE": "tag"}


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
    shards = {name: f"{shard_of(f'products/{name}.yml', 4)}/4" for name in NAMES}
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
    for name in ("camera", "switch"):
        text = (products.path / f"products/{name}.yml").read_text()
        products.write(f"products/{name}.yml", text.replace("buildmaster:\n", "buildmaster:\n  release: '1.4'\n"))
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
