"""`make canary` finds a key in whatever form it was written; else its zero would say nothing."""

from __future__ import annotations

import gzip
import importlib.util
import sqlite3
import sys
from pathlib import Path
from typing import Any

import pytest

from job.project import KEYS
from unit.forms import FORMS

KEY = KEYS["SHIPLINE_CENTERCODE_API_KEY"]


@pytest.fixture(scope="module")
def canary() -> Any:
    spec = importlib.util.spec_from_file_location("canary", Path(__file__).parents[2] / "tools/canary.py")
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules["canary"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.EXCEPT = {}  # these tests' own folders are among them
    return module


@pytest.mark.parametrize("form", FORMS)
def test_each_form_is_found(canary: Any, form: str, tmp_path: Path) -> None:
    (tmp_path / "log").write_text(f"x {FORMS[form](KEY)} y")
    assert canary.scan([tmp_path]).hits


def test_it_is_found_in_a_database_and_beside_other_bytes(canary: Any, tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "x.sqlite") as database:
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("CREATE TABLE log (line)")
        database.execute("INSERT INTO log VALUES (?)", (f"GET /x?apiKey={KEY}",))
        database.commit()
        assert [hit for hit in canary.scan([tmp_path]).hits if "x.sqlite-wal" in hit]
    database.close()


def test_what_holds_none_has_no_hit(canary: Any, tmp_path: Path) -> None:
    (tmp_path / "log").write_text(f"::add-mask::{KEY}\nkey=***\n")
    (tmp_path / "packed").write_bytes(gzip.compress(b"nothing"))
    found = canary.scan([tmp_path])
    assert (found.files, found.hits) == (2, [])


def test_every_canary_has_what_is_easily_garbled() -> None:
    for key in KEYS.values():
        assert set("+/=%'\"") <= set(key)
