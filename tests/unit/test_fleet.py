"""What several products are called, and which of them a run takes."""

from __future__ import annotations

import threading
from itertools import chain
from pathlib import Path, PurePosixPath

import pytest

from shipline import resolve
from shipline.errors import CanceledError, InvalidInputError
from shipline.fleet import products
from shipline.pipeline import Facts, Network
from shipline.transport.session import Request, Session
from shipline.transport.stopping import Stop, stop


def sources(folder: Path, config: str, tag: str = "") -> resolve.Sources:
    return resolve.Sources({}, {}, config, None, Facts(tag=tag), folder, need_keys=False)


def names(folder: Path, *paths: str, tag: str = "", shard: str = "", ci_shard: str = "") -> list[str]:
    config = "\n".join(paths)
    selected = products.select(sources(folder, config, tag), shard=shard, ci_shard=ci_shard)
    return [product.name for product in selected.products]


def write(folder: Path, *paths: str, text: str = "") -> None:
    for path in paths:
        file = folder / PurePosixPath(path)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        (("p/a.yml", "p/b.yml"), ["a", "b"]),
        (("p/a/x.yml", "p/b/x.yml"), ["a/x", "b/x"]),
        (("p/a/shipline.yml", "p/b/shipline.yml"), ["a", "b"]),
        (("shipline.yml", "p/a.yml"), ["a", "shipline"]),
        (("p/a.yaml", "p/a.yml"), ["a.yaml", "a.yml"]),
        (("1/p/a.yml", "2/p/a.yml", "b.yml"), ["1/p/a", "2/p/a", "b"]),
    ],
)
def test_each_has_the_shortest_name_that_no_other_has(
    tmp_path: Path, paths: tuple[str, ...], expected: list[str]
) -> None:
    assert names(tmp_path, *paths) == expected


def test_a_file_that_is_named_twice_is_one_product(tmp_path: Path) -> None:
    write(tmp_path, "p/a.yml", "p/b.yml")
    assert names(tmp_path, "p/*.yml", "./p/a.yml", str(tmp_path / "p/a.yml")) == ["a", "b"]


def test_shards_are_stable_and_cover_everything_once(tmp_path: Path) -> None:
    paths = [f"p/{number}.yml" for number in range(100)]
    for count in (1, 2, 3, 7, 100):
        parts = [names(tmp_path, *paths, shard=f"{index}/{count}") for index in range(1, count + 1)]
        assert sorted(chain(*parts)) == sorted(str(number) for number in range(100))
    assert [products.of_shard(path, 4) for path in ("products/router.yml", "products/camera.yml")] == [2, 2]


def test_what_the_ci_system_says_of_shards_is_for_several_products(tmp_path: Path) -> None:
    write(tmp_path, "a.yml")
    assert names(tmp_path, "a.yml", ci_shard="1/50") == names(tmp_path, "a.yml", ci_shard="2/50") == ["a"]
    assert names(tmp_path, "*.yml", ci_shard="1/50") + names(tmp_path, "*.yml", ci_shard="2/50") != ["a", "a"]
    explicit = [names(tmp_path, "a.yml", shard=f"{index}/2", ci_shard="1/1") for index in (1, 2)]
    assert sorted(explicit) == [[], ["a"]]


@pytest.mark.parametrize("shard", ["0/2", "3/2", "1", "a/b", "1/0", "-1/2", "1/2/3", "\uff11/2"])
def test_a_shard_that_is_none_is_refused(tmp_path: Path, shard: str) -> None:
    with pytest.raises(InvalidInputError) as raised:
        names(tmp_path, "a.yml", shard=shard)
    assert "such as 1/4" in raised.value.problems[0].what


def test_a_tag_is_its_prefixs(tmp_path: Path) -> None:
    write(tmp_path, "router.yml", text="tag-prefix: router-v")
    write(tmp_path, "router-pro.yml", text="tag-prefix: router-")
    write(tmp_path, "plain.yml")
    write(tmp_path, "router-eu.yml", text="tag-prefix: router-v")
    assert names(tmp_path, "*.yml", tag="router-v1.0") == ["router-eu", "router"]
    assert names(tmp_path, "*.yml", tag="router-1.0") == ["router-pro"]
    assert names(tmp_path, "*.yml", tag="v1.0") == ["plain"]
    assert names(tmp_path, "*.yml", tag="router-vnext") == ["plain"]
    assert names(tmp_path, "*.yml") == ["plain", "router-eu", "router-pro", "router"]


@pytest.mark.parametrize("name", ["r\udcff", "r\nx", "r\u2028x", "r\x1bx"])
def test_a_file_whose_name_cannot_be_shown_is_refused(tmp_path: Path, name: str) -> None:
    write(tmp_path, "a.yml", f"{name}.yml")
    with pytest.raises(InvalidInputError) as raised:
        names(tmp_path, "*.yml")
    (problem,) = raised.value.problems
    assert problem.what.endswith(f"rename {f'{name}.yml'!r}")
    assert problem.what.isprintable()


def test_a_thread_that_sleeps_wakes_up_as_it_is_stopped() -> None:
    stopping, ends = Stop(), []

    def sleeper() -> None:
        try:
            stopping.sleep(60)
        except CanceledError as error:
            ends.append(error.exit_code)

    threads = [threading.Thread(target=sleeper) for _ in range(3)]
    for thread in threads:
        thread.start()
    stopping.check()
    stopping.call(15)
    for thread in threads:
        thread.join(10)
    assert ends == [143] * 3
    with pytest.raises(CanceledError):
        stopping.check()
    stopping.reset()
    stopping.check()


def test_nothing_is_sent_once_it_is_stopped() -> None:
    stop.call(2)
    try:
        with pytest.raises(CanceledError) as raised:
            Session("v3", Network()).send(Request("POST", "http://127.0.0.1:9/"))
    finally:
        stop.reset()
    assert raised.value.exit_code == 130
