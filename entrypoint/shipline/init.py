"""`shipline init`: a first shipline.yml and the pipeline that calls it, from flags, a few answers, and the project."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from shipline import catalogue, ci, resolve
from shipline.errors import InvalidInputError, Problem
from shipline.pipeline import Facts
from shipline.report import Console
from shipline.starter import config, pipelines, project, refused
from shipline.starter import files as starter_files
from shipline.starter.project import Build
from shipline.starter.questions import CI, QUESTIONS, SERVICES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from shipline.starter.pipelines import Wanted
    from shipline.starter.project import Project
    from shipline.starter.questions import Question

CONFIG = "shipline.yml"
_OWN_FILES = frozenset({"gitlab", "jenkins"})  # one file holds the whole pipeline, and is the project's own
_LATER = ("artifacts[0].path", "release.notes")  # files that needn't be there yet
_WHERE = {
    "github": "the repository's settings, Environments, release, as its secrets",
    "gitlab": "Settings, CI/CD, Variables, each masked and protected",
    "jenkins": "Manage Jenkins, Credentials, each of the kind Secret text",
}


def main(flags: Mapping[str, str], *, system: str, yes: bool, force: bool) -> int:
    """Write the files; ``flags`` by input name. Returns 0, or 2 with nothing written."""
    console = Console(ci.system("local", os.environ, Path.cwd()))
    try:
        _begin(flags, system, console, asking=not yes and sys.stdin.isatty() and sys.stdout.isatty(), force=force)
    except InvalidInputError as error:
        console.error(error)
        console.last_lines("nothing", "everything", error.todo or "give other values and run again")
        return error.exit_code
    return 0


def _begin(flags: Mapping[str, str], system: str, console: Console, *, asking: bool, force: bool) -> None:
    found = project.look(Path.cwd())
    if found.top is not None and found.top.resolve() != found.folder.resolve():
        what = f"isn't the top of the repository: expected to be started in {found.top}"
        raise InvalidInputError([Problem(str(found.folder), "", what)], todo=f"cd {found.top}")
    assumed: dict[str, str] = {}
    chosen = system or _system(found, assumed, asking=asking)
    services = _services(flags, asking=asking)
    answers = dict(_answers(flags, services, found, assumed, asking=asking))
    refused.check(answers)
    text = config.write(answers, services, found.changelog)
    _check(text, found)
    build = found.build if answers["artifacts"] == found.build.artifacts else Build(answers["artifacts"], "make dist")
    wanted = pipelines.Wanted(found, services, build, history=not found.changelog)
    kept = chosen in _OWN_FILES and (found.folder / pipelines.FILES[chosen]).exists()
    files = {CONFIG: text} | ({} if kept else {pipelines.FILES[chosen]: pipelines.write(chosen, wanted)})
    _write(files, found.folder, force=force)
    _tell(console, wanted, chosen, files, assumed, kept=kept)


def _system(found: Project, assumed: dict[str, str], *, asking: bool) -> str:
    guess = found.ci or "github"
    if asking:
        return str(click.prompt("CI system", default=guess, type=click.Choice(list(CI))))
    if not found.ci:
        assumed["--ci"] = guess
    return guess


def _services(flags: Mapping[str, str], *, asking: bool) -> list[str]:
    """Those that a flag speaks of, else those that are wanted, else all."""
    spoken = {question.service for question in QUESTIONS if flags.get(question.name)}
    named = [service for service in SERVICES if service in spoken]
    if named or not asking:
        return named or list(SERVICES)
    wanted = [service for service, name in SERVICES.items() if click.confirm(f"Use {name}?", default=True)]
    if not wanted:
        raise InvalidInputError([Problem("", "", f"nothing to do: expected at least one of {', '.join(SERVICES)}")])
    return wanted


def _answers(
    flags: Mapping[str, str], services: list[str], found: Project, assumed: dict[str, str], *, asking: bool
) -> Iterator[tuple[str, str]]:
    for question in QUESTIONS:
        if question.service and question.service not in services:
            continue
        leaf, guess = catalogue.by_name()[question.name], question.assumed(found)
        answer = flags.get(question.name, "")
        if not answer and asking:
            click.echo(f"{leaf.description}")
            taken = partial(_taken, question, services, found)
            answer = str(click.prompt(f"{leaf.title} ({leaf.dotted})", default=guess, value_proc=taken))
        elif not answer and guess:
            assumed[f"--{question.name}"] = guess
        yield question.name, answer or guess


def _taken(question: Question, services: list[str], found: Project, text: str) -> str:
    """The answer. Raises click.UsageError, upon which it is asked again, for one that couldn't be written."""
    about = {q.name: q.assumed(found) for q in QUESTIONS if not q.service or q.service in services}
    about[question.name] = text = text.strip()
    try:
        refused.check(about)
        _check(config.write(about, services, found.changelog), found)
    except InvalidInputError as error:
        own = [problem.what for problem in error.problems if problem.place == f"--{question.name}"]
        if own:
            raise click.UsageError("; ".join(own)) from None
    return text


def _check(text: str, found: Project) -> None:
    """Raises InvalidInputError for answers that `shipline validate` wouldn't take, each by its flag."""
    facts = Facts(tag="v1.0.0")
    sources = resolve.Sources({}, {}, "-", text, facts, found.folder, need_keys=False)
    try:
        resolve.load(sources)
    except InvalidInputError as error:
        problems = [p for p in error.problems if not p.path.startswith(_LATER)]
        if problems:
            raise InvalidInputError([replace(p, place=_flag(p.path)) for p in problems]) from None


def _flag(path: str) -> str:
    name = path.replace("artifacts[0].", "artifacts-").partition("[")[0].replace(".", "-")
    return next((f"--{question.name}" for question in QUESTIONS if question.name == name), CONFIG)


def _write(files: Mapping[str, str], folder: Path, *, force: bool) -> None:
    there = [name for name in files if os.path.lexists(folder / name)]
    other = os.path.lexists(folder / resolve.DEFAULT_CONFIGS[1])
    there += [resolve.DEFAULT_CONFIGS[1]] * other
    if there and not force:
        problems = [Problem(name, "", "is there already: expected a project without it, or --force") for name in there]
        raise InvalidInputError(problems, todo="move them away, or give --force")
    starter_files.write(files, folder)


def _tell(
    console: Console, wanted: Wanted, system: str, files: Mapping[str, str], assumed: Mapping[str, str], *, kept: bool
) -> None:
    for name in files:
        console.line(f"wrote {name}")
    if kept:
        console.line(f"\n{pipelines.FILES[system]} is the project's own and stays as it is. Add to it:\n")
        console.line(pipelines.to_add(system, wanted).rstrip())
    if assumed:
        console.line("\nassumed, as nothing said otherwise (change it there, or run again with the flag and --force):")
        for flag, value in assumed.items():
            console.line(f"  {flag} {value}")
    console.line("\nthen:")
    for number, step in enumerate(_following(wanted, system, assumed, kept=kept), start=1):
        console.line(f"  {number}. {step}")
    console.last_lines(f"wrote {' and '.join(files)}", "the steps above", "the first of them")


def _following(wanted: Wanted, system: str, assumed: Mapping[str, str], *, kept: bool) -> Iterator[str]:
    if assumed:
        yield f"put your own values for those that are assumed into {CONFIG}"
    yield f"{'add the lines above to' if kept else 'put your own build into'} {pipelines.FILES[system]}"
    yield f"set the keys in {_WHERE[system]}: {', '.join(_keys(wanted, system))}"
    yield "put .shipline/ into .gitignore: the receipt of a run is kept there"
    variables = " ".join(f"{pipelines.KEYS[service]}=…" for service in wanted.services)
    yield f"to try it here: export {variables}"
    version = "" if wanted.project.tagged else " --release-version 1.0.0"
    yield f"shipline validate{version}: is the input right, and are the files there?"
    yield f"shipline doctor{version}: can each service be reached?"
    yield f"shipline plan{version}: what would be sent?"


def _keys(wanted: Wanted, system: str) -> list[str]:
    """As the pipeline calls them."""
    if system == "jenkins":
        return [pipelines.CREDENTIALS[service] for service in wanted.services]
    variables = [pipelines.KEYS[service] for service in wanted.services]
    return variables if system == "gitlab" else [name.removeprefix("SHIPLINE_") for name in variables]
