"""Hostile inputs: each is refused at its place as promised in inputs/*.json, or stays text."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from hostile.server import encoded
from shipline import sanitizer
from shipline.ci.facts import Facts
from shipline.errors import InvalidInputError
from shipline.inputs.sources import Inputs
from shipline.pipeline.resolve import ResolvedPipeline, Sources, load
from shipline.release_notes import render

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDER = Path(__file__).parent / "inputs"
V3 = "v3: {url: 'https://api.widget.test', product-id: p, platforms: [linux]}"
TOKEN = "a-token-for-v3"


def _cases(*files: str) -> Iterator[Any]:
    for file in files:
        for group in json.loads((FOLDER / f"{file}.json").read_text()):
            setting = re.sub(r"[^a-z0-9]+", " ", group.get("template", "")).strip()[:20]
            for name, case in group["cases"].items():
                yield pytest.param({"template": group.get("template", ""), **case}, id=f"{file}: {setting}: {name}")


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """With every kind of file that isn't one, and a secret beside it."""
    outside, made = tmp_path / "outside", tmp_path / "workspace"
    outside.mkdir()
    (outside / "secret.txt").write_text("VERYSECRET")
    (made / "dist").mkdir(parents=True)
    (made / "dist/widget.zip").write_bytes(b"zip")
    for name, target in {
        "link-out": "../outside/secret.txt",
        "link-link": "link-out",
        "folder-out": "../outside",
        "device": "/dev/zero",
        "dangling": "nowhere",
        "loop": "loop",
    }.items():
        (made / name).symlink_to(target)
    os.mkfifo(made / "pipe")
    (made / "binary.md").write_bytes(bytes(range(256)))
    return made


def _read(case: dict[str, Any], workspace: Path) -> ResolvedPipeline:
    if "text" in case or "pieces" in case or "hex" in case or "numbered" in case:
        text = _text(case)
    else:
        text = case["template"].replace("PATH", case.get("fill", ""))
    text = text.replace("V3", V3) if "\nV3" in text else text
    if "version" not in text and "release" not in text:
        text = f"release: {{version: 1.4.0}}\n{text}"
    if case.get("fill") == "sparse.md":
        with (workspace / "sparse.md").open("wb") as file:
            file.truncate(9_000_000)
    facts = Facts(ci="local", tag=case.get("tag", ""), branch=case.get("branch", "main"))
    environ = {"SHIPLINE_V3_TOKEN": case.get("key", TOKEN)}
    (workspace / "shipline.yml").write_bytes(
        text.encode("utf-8", "surrogatepass") if "hex" not in case else encoded(case)
    )
    return load(Sources(Inputs.read({}, environ), None, None, facts, workspace, need_keys=True))


def _text(case: dict[str, Any]) -> str:
    if "numbered" in case:
        line, count = case["numbered"]
        return "".join(line.format(number) for number in range(count))
    return case["text"] if "text" in case else encoded(case).decode(errors="replace")


@pytest.mark.parametrize("case", [*_cases("paths", "yaml", "links", "keys", "names")])
def test_an_input_is_refused_or_stays_text(case: dict[str, Any], workspace: Path) -> None:
    if "title" in case:
        (target,) = _read(case, workspace).pipeline.v3
        assert str(target.title).startswith(case["title"])
        return
    with pytest.raises(InvalidInputError) as caught:
        _read(case, workspace)
    said = "\n".join(map(str, caught.value.problems))
    assert re.search(case["says"], said), said
    assert "VERYSECRET" not in said
    assert case.get("never", "VERYSECRET") not in said
    assert len(said) < 200_000
    assert said.isprintable() or said.replace("\n", "").isprintable()
    assert not list(workspace.rglob("PWNED"))


@pytest.mark.parametrize("case", [*_cases("html")])
def test_a_body_can_do_nothing(case: dict[str, Any]) -> None:
    html = render.to_html(case["markdown"])
    tags = re.findall(r"<\s*/?\s*([^\s>/]+)([^>]*)>", html)
    assert {name for name, _ in tags} <= {
        "p",
        "a",
        "img",
        "pre",
        "code",
        "table",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
        "b",
    }
    for name, attributes in tags:
        assert not re.search(r"(?:^|\s)on\w+\s*=", re.sub(r'"[^"]*"', '""', attributes)), html
        for address in re.findall(r'(?:href|src)="([^"]*)"', attributes):
            assert re.match(r"(?:https?|mailto):", address), html
        assert name != "b"
    clean, changed = sanitizer.sanitize(html)
    assert not changed, (html, clean)


@pytest.mark.parametrize("case", [*_cases("html")])
def test_html_that_was_given_is_sanitised_and_the_change_is_told(case: dict[str, Any]) -> None:
    given = case["markdown"].encode("utf-8", "replace").decode()
    clean, changed = sanitizer.sanitize(given)
    for found in re.findall(r"<\s*([a-z]+)([^>]*)>", clean):
        assert found[0] not in {"script", "style", "iframe", "form", "input", "object", "base", "meta", "link", "svg"}
        assert not re.search(r"\son\w+=|javascript:", found[1], re.IGNORECASE)
    if re.search(r"<(?:script|svg|form|iframe|base|meta|style|link|object|math|img\s[^>]*on)", given):
        assert changed or "<!--" in given or "<![" in given or given.startswith(("```", "![")), (given, clean)


def test_there_are_enough() -> None:
    assert len([*_cases("paths", "yaml", "links", "keys", "names", "html")]) >= 150
