"""Answers that a first shipline.yml can't hold as they are meant, or mustn't hold at all."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from shipline import catalogue, flat
from shipline.document import Place
from shipline.errors import InvalidInputError, Problem
from shipline.starter import config, pipelines

if TYPE_CHECKING:
    from collections.abc import Mapping

_ITEM = re.compile(r"[\n,]")  # between the items of a list


def check(answers: Mapping[str, str]) -> None:
    """Raises InvalidInputError for a key, for several artifacts, and for lines where one is expected."""
    keys = {name: text for name in pipelines.KEYS.values() if (text := os.environ.get(name, "").strip())}
    problems = []
    for name, text in answers.items():
        parts = {text, *map(str.strip, _ITEM.split(text))}
        same = next((variable for variable, key in keys.items() if key in parts), "")
        if same:
            what = f"is the key in {same}: keys are never written; expected another value"
        elif name == "artifacts" and not _is_one_path(text):
            what = "expected one path, such as dist/*.zip; where it is downloaded from is said by --artifacts-url"
        elif name not in config.LISTS and len(text.splitlines()) > 1:
            what = "has a line break: expected a value of one line"
        else:
            continue
        problems.append(Problem(f"--{name}", "", what))
    if problems:
        raise InvalidInputError(problems)


def _is_one_path(text: str) -> bool:
    try:
        read = flat.node(catalogue.by_name()["artifacts"], text, Place("--artifacts")).plain()
    except ValueError:
        return False
    return bool(read == [{"path": text.strip()}])
