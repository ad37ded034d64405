"""``extends``: files that share settings, and ``base-dir``: what paths are relative to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from shipline.ci.facts import Facts
from shipline.errors import InvalidInputError
from shipline.fleet import products
from shipline.inputs.sources import Inputs
from shipline.pipeline.resolve import ResolvedPipeline, Sources, load

if TYPE_CHECKING:
    from pathlib import Path

BASE = """\
release: {version: 1.4.0, notes: CHANGELOG.md}
buildmaster:
  url: https://bm.widget.test
  stages: [Integration, Testing]
  variables: {Branch: main, Kind: base}
"""
OWN = "extends: ../base.yml\nbuildmaster: {application: router}\n"


def write(folder: Path, **files: str) -> None:
    """Write each text, and the notes; the names have ``_`` for ``/``."""
    for name, text in {**files, "CHANGELOG": "## 1.4.0\n\nNew.\n"}.items():
        path = folder / (name.replace("_", "/") + (".md" if name.endswith("CHANGELOG") else ".yml"))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def read(folder: Path, config: str | None = "products/router.yml", **flags: str) -> ResolvedPipeline:
    given = {name.replace("_", "-"): text for name, text in flags.items()}
    return load(Sources(Inputs.read(given, {}), config, None, Facts(), folder, need_keys=False))


def problems(folder: Path, config: str | None = "products/router.yml", **flags: str) -> list[str]:
    with pytest.raises(InvalidInputError) as caught:
        read(folder, config, **flags)
    return [str(problem) for problem in caught.value.problems]


def origins(loaded: ResolvedPipeline) -> dict[str, tuple[str, str]]:
    return {name: (shown, origin) for name, shown, origin in loaded.origins}


def test_settings_are_merged_and_lists_replaced(tmp_path: Path) -> None:
    own = f"{OWN.rstrip()[:-1]}, stages: [Testing], variables: {{Kind: own, More: x}}}}\n"
    write(tmp_path, base=BASE, products_router=own)
    builder = read(tmp_path).pipeline.buildmaster
    assert builder is not None
    assert (builder.url, builder.application, builder.stages) == ("https://bm.widget.test", "router", ("Testing",))
    assert builder.variables == {"Branch": "main", "Kind": "own", "More": "x"}


def test_the_own_settings_win_and_then_those_of_the_later_file(tmp_path: Path) -> None:
    own = "extends: [a.yml, b.yml]\nbuildmaster: {application: own}\n"
    write(
        tmp_path,
        base=BASE,
        products_a="extends: ../base.yml\nbuildmaster: {application: a, pipeline: a, template: ''}\n",
        products_b="buildmaster: {application: b, pipeline: b}\n",
        products_router=own,
    )
    builder = read(tmp_path).pipeline.buildmaster
    assert builder is not None
    assert (builder.application, builder.pipeline) == ("own", "b")
    assert read(tmp_path, buildmaster_pipeline="flag").pipeline.buildmaster == builder._replace(pipeline="flag")


def test_each_value_shows_the_file_that_gives_it(tmp_path: Path) -> None:
    write(tmp_path, base=BASE, products_router=OWN)
    shown = origins(read(tmp_path))
    assert shown["buildmaster.url"] == ("https://bm.widget.test", "base.yml:3:8")
    assert shown["buildmaster.application"] == ("router", "products/router.yml:2:28")
    assert shown["buildmaster.stages"] == ('["Integration", "Testing"]', "base.yml:4:11")


def test_a_setting_replaces_the_one_that_it_can_not_be_given_with(tmp_path: Path) -> None:
    write(tmp_path, base=BASE, products_router=f"{OWN}release: {{notes: {{text: Own}}}}\n")
    assert read(tmp_path).pipeline.notes_from == "text"


def test_the_short_form_of_a_section_is_merged_as_the_section(tmp_path: Path) -> None:
    write(tmp_path, base=BASE, products_router=f"{OWN}release: {{notes: {{header: Read this}}}}\n")
    assert origins(read(tmp_path))["release.notes.file"] == ("CHANGELOG.md", "base.yml:1:34")


def test_an_empty_text_removes_a_shared_setting_or_section(tmp_path: Path) -> None:
    v3 = "v3: {url: https://api.widget.test, product-id: p, platforms: [linux]}\n"
    own = OWN.replace("router}", "router, variables: ''}") + "v3: ''\n"
    write(tmp_path, base=BASE + v3, products_router=own)
    loaded = read(tmp_path).pipeline
    assert loaded.v3 == ()
    assert loaded.buildmaster is not None
    assert loaded.buildmaster.variables == {}


def test_a_problem_is_where_its_value_stands(tmp_path: Path) -> None:
    write(tmp_path, base=BASE.replace("stages", "stagess"), products_router=OWN.replace("r}", "r, force: 1}"))
    assert problems(tmp_path) == [
        "base.yml:4:3: buildmaster.stagess: unknown setting: did you mean stages?",
        "products/router.yml:2:43: buildmaster.force: expected true or false, found the number 1",
    ]


NO_FILE = "expected the path of a config file, relative to the one that names it"
CYCLE = "extends itself (products/router.yml → base.yml → products/router.yml): remove this entry"


@pytest.mark.parametrize(
    ("base", "problem"),
    [
        ("extends: products/router.yml\n", f"base.yml:1:10: extends: products/router.yml {CYCLE}"),
        ("extends: [base.yml]\n", "base.yml:1:11: extends[0]: base.yml extends itself (base.yml → base.yml)"),
        ("extends: more/no.yml\n", f"base.yml:1:10: extends: there is no file more/no.yml: {NO_FILE}"),
        ("extends: products\n", f"base.yml:1:10: extends: there is no file products: {NO_FILE}"),
        (
            "extends: 4\n",
            "base.yml:1:10: extends: expected the path of a config file, or a list of them, found the num",
        ),
        ('extends: "a\\x00b"\n', "base.yml:1:10: extends: has the control character U+0000"),
        (f"extends: {'x' * 5000}\n", "base.yml:1:10: extends: there is no file xxx"),
        ("- a\n", "base.yml:1:1: expected settings such as release: and buildmaster:, found a list"),
    ],
)
def test_what_can_not_be_extended_is_a_problem_of_its_entry(tmp_path: Path, base: str, problem: str) -> None:
    write(tmp_path, base=base, products_router=OWN)
    assert problems(tmp_path)[0].startswith(problem)


def test_a_link_to_a_folder_around_it_is_a_cycle(tmp_path: Path) -> None:
    write(tmp_path, products_router="extends: again/router.yml\n")
    (tmp_path / "products/again").symlink_to(tmp_path / "products")
    (problem,) = problems(tmp_path)
    assert problem.startswith("products/router.yml:1:10: extends: products/again/router.yml extends itself")


def test_a_file_that_two_files_share_is_read_once_and_no_cycle(tmp_path: Path) -> None:
    files = {f"p{level}": f"extends: [./p{level + 1}.yml, p{level + 1}.yml]\n" for level in range(18)}
    write(tmp_path, **files, p18=BASE, products_router=OWN.replace("base", "p0"))
    assert read(tmp_path).pipeline.version.text == "1.4.0"


def test_it_is_an_input_too(tmp_path: Path) -> None:
    write(tmp_path, base=BASE)
    loaded = read(tmp_path, None, extends="base.yml", buildmaster_application="router")
    assert origins(loaded)["buildmaster.url"] == ("https://bm.widget.test", "base.yml:3:8")
    assert problems(tmp_path, None, extends="no.yml")[0].startswith("--extends: extends[0]: there is no file no.yml")


def test_paths_are_relative_to_the_products_file(tmp_path: Path) -> None:
    files = 'base-dir: .\nartifacts: [{path: "dist/*.bin", url: "https://dl.example.com/{filename}"}]\n'
    write(tmp_path, base=BASE + files, products_router=OWN, products_CHANGELOG="")
    (tmp_path / "CHANGELOG.md").unlink()
    (tmp_path / "products/CHANGELOG.md").write_text("## 1.4.0\n\nRouted.\n")
    (tmp_path / "products/dist").mkdir()
    (tmp_path / "products/dist/a.bin").write_bytes(b"a")
    loaded = read(tmp_path).pipeline
    assert [artifact.shown_path for artifact in loaded.artifacts] == ["products/dist/a.bin"]
    assert loaded.notes_from == "products/CHANGELOG.md"
    assert problems(tmp_path, base_dir="no")[-1] == (
        "--base-dir: base-dir: there is no folder products/no: expected one, relative to the product's config file"
    )
    assert "leaves the workspace" in problems(tmp_path, base_dir="../..")[0]
    assert "there is no folder" in problems(tmp_path, base_dir="x" * 4000)[-1]


def test_a_file_that_others_extend_is_no_product_unless_it_is_named(tmp_path: Path) -> None:
    write(tmp_path, products_base=BASE, products_router=OWN.replace("../", ""), products_switch="extends: base.yml\n")

    def selected(config: str) -> products.Selected:
        sources = Sources(Inputs.read({}, {}), config, None, Facts(), tmp_path, need_keys=False)
        return products.select(sources, shard="")

    chosen = selected("products/*.yml")
    assert [product.name for product in chosen.products] == ["router", "switch"]
    assert chosen.left_out == ("left out, as other config files extend them: products/base.yml",)
    assert len(selected("products/*.yml\nproducts/base.yml").products) == 3
