"""What two products of a fleet must not both do, and what they may."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from shipline.ci.facts import Facts
from shipline.fleet import conflicts
from shipline.fleet.products import Product
from shipline.inputs.document import Problems
from shipline.inputs.sources import Inputs
from shipline.pipeline import resolve
from shipline.values import normalize_url

if TYPE_CHECKING:
    from pathlib import Path

BUILD = """\
release: {{version: {version}}}
buildmaster: {{url: "{url}", application: "{application}", {more}}}
"""
TYPE = """\
release: {{version: {version}}}
centercode: {{url: "{url}", project: "{project}", release-type: {kind}}}
"""
RELEASE = """\
release: {{version: {version}}}
v3: {{url: "{url}", product-id: "{product}", platforms: [{platform}]}}
"""
PRODUCT = "0b1c7d52-3f5e-4a3e-9a55-3f2a0c9d7abc"
URL = "https://x.example"


def found(folder: Path, *files: str, others: tuple[str, ...] = (), environ: dict[str, str] | None = None) -> list[str]:
    """The problems of products a, b, … with these files; ``others``, named after them, are other shards'."""
    sources = resolve.Sources(Inputs.read({}, environ or {}), None, None, Facts(), folder, need_keys=False)
    named = {f"{chr(97 + at)}.yml": text for at, text in enumerate((*files, *others))}
    for name, text in named.items():
        (folder / name).write_text(text)
    members = [*conflicts.identifiable([Product(name[0], name, "") for name in named], sources)]
    given = sources.inputs.settings(Problems())
    return [str(p) for p in conflicts.find(members[: len(files)], given, None, members[len(files) :])]


def build(version: str, more: str, application: str = "camera", url: str = URL) -> str:
    more = more if "release:" in more else f'{more}, release: "1.4"'
    return BUILD.format(version=version, more=more, application=application, url=url)


def release_type(project: str, kind: str = "Firmware", version: str = "1.4.0", url: str = URL) -> str:
    return TYPE.format(project=project, kind=kind, version=version, url=url)


def release(product: str, platform: str, version: str = "1.4.0") -> str:
    return RELEASE.format(product=product, platform=platform, version=version, url=URL)


def test_two_are_not_the_same_build(tmp_path: Path) -> None:
    one = build("1.4.0", 'build-number: "7"')
    other = build("1.4.1", 'build-number: "7"', "Camera", f"{URL}:443")
    [problem] = found(tmp_path, one, other)
    assert problem.startswith("b.yml: buildmaster: a, b would both be build 7 of release 1.4: expected another")


@pytest.mark.parametrize(
    "other",
    [
        build("1.4.1", 'build-number: "7", release: "{version}"'),
        build("1.4.1", 'build-number: "8"'),
        build("1.4.1", 'build-number: "7", release: "1.5"'),
        build("1.4.1", 'build-number: "7"', "router"),
        build("1.4.1", 'build-number: "7"', url="https://y.example"),
        build("1.4.1", 'build-number: "{nonesuch}"'),
        build("1.4.1", "build-id: 7"),
        build("1.4.1", "pipeline: Standard"),
    ],
)
def test_other_builds_are_none_of_its(tmp_path: Path, other: str) -> None:
    assert found(tmp_path, build("1.4.0", 'build-number: "7"'), other) == []


def test_builds_without_a_number_are_each_their_own(tmp_path: Path) -> None:
    assert found(tmp_path, build("1.4.0", "pipeline: A"), build("1.4.1", "pipeline: A")) == []


def test_two_do_not_deploy_the_same_build(tmp_path: Path) -> None:
    both = build("1.4.0", "build-id: 77"), build("1.4.0", "build-id: 77", "router")
    assert found(tmp_path, *both) == ["b.yml: buildmaster.build-id: is a's too: expected another build"]


def test_a_name_and_an_id_may_be_one_application(tmp_path: Path) -> None:
    by_name, by_id = build("1.4.0", 'build-number: "7"'), build("1.4.1", 'build-number: "7"', "id:42")
    [problem] = found(tmp_path, by_name, by_id)
    assert "build 7 of release 1.4, if their applications are one, which only the server knows" in problem
    assert found(tmp_path, by_name, build("1.4.1", 'build-number: "8"', "id:42")) == []


def test_another_shards_product_counts_but_not_its_own_conflicts(tmp_path: Path) -> None:
    same = release_type("camera", version="1.4.0"), release_type("camera", version="1.4.1")
    [problem] = found(tmp_path, same[0], others=same[1:])
    assert problem.startswith("b.yml: centercode: announces the same as a")
    assert found(tmp_path, release_type("router"), others=same) == []


def test_another_shards_product_counts_whatever_files_it_lacks(tmp_path: Path) -> None:
    needy = "artifacts: [{path: none.bin}]\n" + release_type("camera", version="1.4.1").replace(
        "1.4.1", "1.4.1, notes: {file: NONE.md}"
    )
    [problem] = found(tmp_path, release_type("camera"), others=(needy, "release: [", "nonesuch: 1", "v3: {}"))
    assert problem.startswith("b.yml: centercode: announces the same as a")


def test_other_spellings_are_the_same(tmp_path: Path) -> None:
    types = release_type("camera"), release_type("Camera", "firmware", "1.4.1", "https://X.example.:443/")
    assert "announces the same as a" in found(tmp_path, *types)[0]
    releases = release(PRODUCT, "linux"), release(PRODUCT.upper(), "linux")
    assert any("announces the same as a" in problem for problem in found(tmp_path, *releases))
    assert normalize_url("http://X.example.:80/a/") == normalize_url("http://x.example/a")
    assert normalize_url("http://x.example:443") != normalize_url("http://x.example")


@pytest.mark.parametrize(
    ("name", "value", "what", "files"),
    [
        ("BUILDMASTER_APPLICATION", "all", "application", (build("1.4.0", "wait: true"), build("1.5.0", "wait: true"))),
        (
            "CENTERCODE_PROJECT",
            "all",
            "Centercode project",
            (release_type("camera", "Firmware"), release_type("router", "Manual", "1.4.1")),
        ),
        (
            "CENTERCODE_RELEASE_TYPE",
            "Firmware",
            "Centercode release type",
            (release_type("camera", "Manual"), release_type("router", "App")),
        ),
        (
            "CENTERCODE_ENDPOINT_URL",
            f"{URL}/api/v1/projects/x/releaseTypes/y",
            "Centercode project and release type",
            (release_type("camera"), release_type("router")),
        ),
        ("V3_PRODUCT_ID", PRODUCT, "product id", (release("x", "linux"), release("y", "mac", "1.4.1"))),
    ],
)
def test_a_flat_input_does_not_say_what_two_products_are(
    tmp_path: Path, name: str, value: str, what: str, files: tuple[str, ...]
) -> None:
    assert found(tmp_path, *files) == []
    problems = found(tmp_path, *files, environ={f"SHIPLINE_{name}": value})
    assert f"SHIPLINE_{name}: gives a, b the same {what}: set it in each one's config file" in problems


def test_a_flat_input_for_other_servers_makes_nothing_the_same(tmp_path: Path) -> None:
    apart = build("1.4.0", "wait: true"), build("1.4.1", "wait: true", url="https://y.example")
    assert found(tmp_path, *apart, environ={"SHIPLINE_BUILDMASTER_APPLICATION": "all"}) == []
    apart = release_type("camera"), release_type("router", url="https://y.example")
    flat = {"SHIPLINE_CENTERCODE_PROJECT": "all", "SHIPLINE_CENTERCODE_RELEASE_TYPE": "Firmware"}
    assert found(tmp_path, apart[0], apart[1].replace("1.4.0", "1.4.1"), environ=flat) == []
    one = release_type("camera"), build("1.4.0", "wait: true", "router")
    assert found(tmp_path, *one, environ={"SHIPLINE_CENTERCODE_RELEASE_TYPE": "Firmware"}) == []
