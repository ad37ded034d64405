"""Texts that stand for a section's settings, and settings under a name that is nearly theirs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from shipline.ci.facts import Facts
from unit.resolving import BUILDMASTER, CENTERCODE, pipeline, problems

if TYPE_CHECKING:
    from pathlib import Path


def test_artifacts_are_paths_urls_or_both(workspace: Path) -> None:
    for name in ("a.zip", "b.exe", "c.bin"):
        (workspace / "dist" / name).write_bytes(b"x")
    text = (
        "artifacts: [dist/a.*, 'dist/b.exe => https://dl.example.com/{filename}', HTTPS://dl.example.com/d.bin, "
        "{path: dist/c.bin}]\n"
    )
    found = pipeline(workspace, text + BUILDMASTER).artifacts
    assert [(item.filename, str(item.url) if item.url else None) for item in found] == [
        ("a.zip", None),
        ("b.exe", "https://dl.example.com/b.exe"),
        ("d.bin", "HTTPS://dl.example.com/d.bin"),
        ("c.bin", None),
    ]


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        ("dist/none.zip", "artifacts[0].path: "),
        ("a.zip =>", "artifacts[0]: expected PATH => URL, found a.zip =>"),
        ('""', "artifacts[0]: is empty"),
        ("7", "artifacts[0]: expected settings, one a line, or text, found the number 7: quote it"),
        ("ftp://dl.example.com/a.zip", "artifacts[0].path: only http and https links are possible, found ftp"),
    ],
)
def test_an_entry_of_artifacts_that_is_wrong_is_one_problem_at_its_place(
    entry: str, says: str, workspace: Path
) -> None:
    (found,) = problems(workspace, f"artifacts: [{entry}]\n{BUILDMASTER}")
    assert found.startswith(f"<stdin>:1:13: {says}")


def test_other_sections_are_no_plain_texts(workspace: Path) -> None:
    (found,) = problems(workspace, f"release: '1.4.0'\n{CENTERCODE}")
    assert found.startswith("<stdin>:1:10: release: expected settings, one a line, found text")


@pytest.mark.parametrize("name", ["product", "productId", "product_id", "Product-ID", "id", "productid"])
def test_a_near_name_of_a_required_setting_is_one_problem_that_shows_what_to_write(name: str, workspace: Path) -> None:
    text = f"v3: {{url: https://api.widget.test, {name}: my-product, platforms: [windows]}}\n"
    (found,) = problems(workspace, text)
    expected = f"v3.{name}: unknown setting: did you mean product-id? Write product-id: my-product"
    assert found == f"<stdin>:1:36: {expected}"


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("buildmaster: {host: https://bm.widget.test, application: W}", "url"),
        ("buildmaster: {url: https://bm.widget.test, app: W}", "application"),
        ("buildmaster: {url: https://bm.widget.test, project: W}", "application"),
        ("buildmaster: {url: https://bm.widget.test, application: W, environments: [A]}", "stages"),
        ("centercode: {url: https://cc.widget.test, projectKey: W, release-type: F}", "project"),
        ("centercode: {url: https://cc.widget.test, project: W, type: F}", "release-type"),
        ("v3: [{url: https://api.widget.test, product: p, platforms: [windows]}]", "product-id"),
        ("v3: {url: https://api.widget.test, product-id: p, os: [windows]}", "platforms"),
        (f"{BUILDMASTER}release: {{changelog: CHANGELOG.md}}", "notes"),
        (f"{BUILDMASTER}files: [a.zip]", "artifacts"),
    ],
)
def test_common_near_names_are_one_problem(text: str, meant: str, workspace: Path) -> None:
    (found,) = problems(workspace, text)
    assert f"unknown setting: did you mean {meant}?" in found


def test_a_near_name_beside_the_setting_itself_is_only_unknown(workspace: Path) -> None:
    (found,) = problems(workspace, "v3: {url: https://a.example.com, product-id: p, product: q, platforms: [linux]}")
    assert found.endswith("v3.product: unknown setting: did you mean product-id?")


def test_a_name_that_is_near_none_leaves_what_is_missing(workspace: Path) -> None:
    unknown, missing = sorted(problems(workspace, "v3: {url: https://a.example.com, xyzzy: p, platforms: [linux]}"))
    assert "v3.xyzzy: unknown setting: expected one of" in max(unknown, missing, key=len)
    assert any("v3.product-id: is missing" in line for line in (unknown, missing))


def test_a_near_name_of_an_input_is_one_problem(workspace: Path) -> None:
    text = "v3: {url: https://a.widget.test, platforms: [linux]}"
    environ = {"SHIPLINE_V3_TOKEN": "a-token-of-v3", "SHIPLINE_INPUT_V3_PRODUCT": "p"}
    (found,) = problems(workspace, text, environ=environ)
    assert found == "v3-product: unknown input: did you mean v3-product-id?"


def test_a_near_name_of_the_version_is_one_problem(workspace: Path) -> None:
    (found,) = problems(workspace, f"release: {{versoin: '1.4.0'}}\n{BUILDMASTER}", facts=Facts(ci="local"))
    assert "release.versoin: unknown setting: did you mean version?" in found
