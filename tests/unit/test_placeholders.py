"""Values that only show what belongs there: plan and run refuse them where they are written, `validate` warns."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from unit.resolving import CENTERCODE, V3, problems, read

if TYPE_CHECKING:
    from pathlib import Path

BUILDMASTER = "buildmaster:\n  url: https://buildmaster.widget.test\n  application: Widget\n"
ENVIRON = {
    "SHIPLINE_BUILDMASTER_API_KEY": "a-buildmaster-key",
    "SHIPLINE_V3_TOKEN": "a-token-of-v3",
    "SHIPLINE_CENTERCODE_API_KEY": "a-centercode-key",
}
HOSTS = (
    "buildmaster.example.com",
    "EXAMPLE.org",
    "a.b.example.net",
    "bm.example",
    "example.com.",
    "company.centercode.com",
)


@pytest.mark.parametrize("host", HOSTS)
def test_the_address_of_a_documentation_is_refused_at_its_line(host: str, workspace: Path) -> None:
    text = BUILDMASTER.replace("buildmaster.widget.test", f"{host}/x")
    (found,) = problems(workspace, text, environ=ENVIRON)
    shown = host.lower().rstrip(".")
    assert found == f"<stdin>:2:8: buildmaster.url: {shown} is a placeholder: replace it with your own value"
    assert read(workspace, text).pipeline.warnings == (found,)


@pytest.mark.parametrize(
    ("section", "old", "new"),
    [
        (V3, "p-1", "00000000-0000-0000-0000-000000000000"),
        (V3, "p-1", "CHANGE_ME"),
        (CENTERCODE, "WidgetPro", '"<project key>"'),
        (CENTERCODE, "Firmware", "your-release-type"),
        (CENTERCODE, "cc.widget.test", "cc.example.com"),
    ],
)
def test_so_is_a_made_up_product_or_key_of_a_target(section: str, old: str, new: str, workspace: Path) -> None:
    (found,) = problems(workspace, section.replace(old, new), environ=ENVIRON)
    assert "is a placeholder: replace it with your own value" in found


@pytest.mark.parametrize("host", ["example.com.widget.test", "myexample.com", "acme.centercode.com", "127.0.0.1:8622"])
def test_hosts_that_only_look_like_it_are_taken(host: str, workspace: Path) -> None:
    assert read(workspace, V3.replace("api.widget.test", host), environ=ENVIRON, need=True).pipeline.warnings == ()


@pytest.mark.parametrize(("name", "taken"), [("Your Phone", True), ("your application", False), ("Your_App", False)])
def test_a_product_may_be_yours(name: str, workspace: Path, *, taken: bool) -> None:
    text = BUILDMASTER.replace("application: Widget", f"application: {name}")
    assert bool(read(workspace, text).pipeline.warnings) is not taken


def test_the_address_of_an_artifact_is_anybodys(workspace: Path) -> None:
    text = "artifacts: [{url: 'https://dl.example.com/a.zip', size: 5}]\n" + V3
    assert read(workspace, text, environ=ENVIRON, need=True).pipeline.warnings == ()


@pytest.mark.parametrize("key", ["changeme", "YOUR_API_KEY", "your-token-here", "XXXXXXXX"])
def test_a_key_that_is_none_is_refused_and_not_shown(key: str, workspace: Path) -> None:
    (found,) = problems(workspace, BUILDMASTER, environ=ENVIRON | {"SHIPLINE_BUILDMASTER_API_KEY": key})
    assert found.startswith(
        "SHIPLINE_BUILDMASTER_API_KEY: buildmaster.api-key: is a placeholder, and not the key itself"
    )
