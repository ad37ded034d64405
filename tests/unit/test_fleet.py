"""The names of products, their selection by tag and shard, and the threads that carry them out."""

from __future__ import annotations

import io
import signal
import threading
import time
from collections import deque
from itertools import chain
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

import pytest

from shipline.cancellation import cancel_token
from shipline.ci.facts import Facts
from shipline.ci.local import Local
from shipline.errors import CanceledError, InvalidInputError
from shipline.fleet import products
from shipline.fleet.conflicts import ResolvedProduct
from shipline.fleet.products import Product
from shipline.fleet.workers import ProductConsole, Workers
from shipline.inputs.sources import Inputs
from shipline.pipeline import resolve
from shipline.reporting.console import Console
from shipline.run.outcome import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator


def sources(folder: Path, config: str, tag: str = "") -> resolve.Sources:
    return resolve.Sources(Inputs.read({}, {}), config, None, Facts(tag=tag), folder, need_keys=False)


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
    assert [products.shard_of(path, 4) for path in ("products/router.yml", "products/camera.yml")] == [2, 2]


def test_what_the_ci_system_says_shard_ofs_is_for_several_products(tmp_path: Path) -> None:
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


@pytest.fixture
def resolved(tmp_path: Path) -> deque[ResolvedProduct]:
    pipeline: Any = None  # the threads of these tests don't read it
    return deque(ResolvedProduct(Product(name, f"{name}.yml", ""), pipeline, tmp_path) for name in ("a", "b", "c"))


@pytest.fixture
def console(tmp_path: Path) -> Iterator[Console]:
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield Console(Local({}, tmp_path), out=io.StringIO())
    cancel_token.reset()
    for number, handler in handlers.items():
        signal.signal(number, handler)


def test_a_product_that_does_not_end_after_a_cancel_is_canceled_and_silent(
    resolved: deque[ResolvedProduct], console: Console
) -> None:
    stuck, logs = threading.Event(), []

    def carry_out(product: ResolvedProduct, log: ProductConsole) -> Outcome:
        if product.product.name == "a":
            return Outcome()
        logs.append(log)
        cancel_token.cancel(15)
        stuck.wait(60)
        return Outcome()

    workers = Workers(resolved, carry_out, console)
    begun = time.monotonic()
    assert workers.run(parallel=1, fail_fast=False) == 143
    assert time.monotonic() - begun < 10
    assert {name: outcome.exit_code for name, outcome in workers.outcomes.items()} == {"a": 0, "b": 143}
    assert [left.product.name for left in resolved] == ["c"]
    assert [log.silent for log in logs] == [True]
    stuck.set()


def test_fail_fast_starts_no_other_product(resolved: deque[ResolvedProduct], console: Console) -> None:
    workers = Workers(resolved, lambda *_: Outcome("failed", 5), console)
    assert workers.run(parallel=1, fail_fast=True) == 0
    assert [*workers.outcomes] == ["a"]
    with pytest.raises(CanceledError, match="another product has failed"):
        cancel_token.check()


def test_fewer_threads_than_wanted_carry_out_all_products(
    resolved: deque[ResolvedProduct], console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    start, running = threading.Thread.start, threading.Semaphore(1)

    def limited(thread: threading.Thread) -> None:
        if not running.acquire(blocking=False):
            raise RuntimeError("can't start new thread")
        start(thread)

    def carry_out(*_: object) -> Outcome:
        running.release()
        return Outcome()

    monkeypatch.setattr(threading.Thread, "start", limited)
    workers = Workers(resolved, carry_out, console)
    assert workers.run(parallel=3, fail_fast=False) == 0
    assert [*workers.outcomes] == ["a", "b", "c"]
