"""Checks of the answers that `shipline init` writes into a config."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from shipline.ci.facts import Facts
from shipline.errors import InvalidInputError, Problem
from shipline.init import pipelines
from shipline.init.questions import QUESTIONS
from shipline.inputs import catalogue, parsing, sources
from shipline.pipeline import resolve
from shipline.services.registry import SERVICES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from shipline.init.project import Project


_LATER = ("artifacts[0].path", "release.notes")  # these files needn't exist yet


def check(answers: Mapping[str, str], services: Sequence[str], project: Project) -> None:
    """Raise InvalidInputError, with their flags, for answers that a config can't hold or `validate` rejects."""
    problems = list(_unwritable(answers)) or list(_invalid(answers, services, project))
    if problems:
        raise InvalidInputError(problems)


def _unwritable(answers: Mapping[str, str]) -> Iterator[Problem]:
    """Yield a problem for each key, for several artifacts, and for several lines where one is expected."""
    variables = [info.key_variable for info in SERVICES.values()]
    keys = {key: name for name in variables if (key := sources.read_key(os.environ, name).text.strip())}
    for name, text in answers.items():
        parts = [text.strip() for text in (text, *text.replace(",", "\n").split("\n"))]
        if name in pipelines.LISTS:
            try:
                parts += parsing.list_items(text, commas=True)
            except ValueError as error:
                yield Problem(f"--{name}", "", str(error))
        variable = next((keys[part] for part in parts if part in keys), "")
        if variable:
            what = f"is the key in {variable}: keys are never written; expected another value"
        elif name == "artifacts" and not _is_one_path(text):
            what = "expected one path, such as dist/*.zip; set its download address with --artifacts-url"
        elif name not in pipelines.LISTS and len(text.splitlines()) > 1:
            what = "has a line break: expected a value of one line"
        else:
            continue
        yield Problem(f"--{name}", "", what)


def _is_one_path(text: str) -> bool:
    try:
        value = parsing.read_text(catalogue.by_name()["artifacts"], text)
    except ValueError:
        return False
    return bool(value == [{"path": text.strip()}])


def _invalid(answers: Mapping[str, str], services: Sequence[str], project: Project) -> Iterator[Problem]:
    """Yield the problems that `shipline validate` would report, each with its answer's flag."""
    text = pipelines.write_config(answers, services, project)
    inputs = sources.Inputs.read({}, {})
    try:
        resolve.load(resolve.Sources(inputs, "-", text, Facts(tag="v1.0.0"), project.folder, need_keys=False))
    except InvalidInputError as error:
        for problem in error.problems:
            if not problem.path.startswith(_LATER):
                yield Problem(_flag(problem.path), problem.path, problem.what)


def _flag(path: str) -> str:
    """Return the flag of a setting; the config's name if none does."""
    name = path.replace("artifacts[0].", "artifacts-").partition("[")[0].replace(".", "-")
    return next((f"--{question.name}" for question in QUESTIONS if question.name == name), pipelines.CONFIG)
