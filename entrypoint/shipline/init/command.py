"""`shipline init`: a first shipline.yml and the pipeline that calls it, from flags, a few answers, and the project."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

import click

from shipline import workspace
from shipline.ci import detect
from shipline.errors import InvalidInputError, Problem
from shipline.init import project as projects
from shipline.init.answer_checks import check
from shipline.init.pipelines import CONFIG, PipelineOptions, write_config
from shipline.init.project import Build, Project
from shipline.init.questions import CI, QUESTIONS, Question, is_placeholder
from shipline.inputs import catalogue
from shipline.pipeline import resolve
from shipline.reporting.console import Console
from shipline.run.outcome import Outcome
from shipline.services.registry import SERVICES

_ONE_FILE_SYSTEMS = frozenset({"gitlab", "jenkins"})  # the project's own file holds the full pipeline
_SECRETS_PAGE = {
    "github": "the repository's settings, Environments, release, as its secrets",
    "gitlab": "Settings, CI/CD, Variables, each masked and protected",
    "jenkins": "Manage Jenkins, Credentials, each of the kind Secret text",
}


def main(flags: Mapping[str, str], *, system: str, yes: bool, force: bool) -> int:
    """Write the files for these flags (by input name). Returns the exit code: 0, or 2 with nothing written."""
    console = Console(detect.system("local", os.environ, Path.cwd()))
    interactive = not yes and sys.stdin.isatty() and sys.stdout.isatty()
    try:
        _init(flags, system, console, interactive=interactive, force=force)
    except InvalidInputError as error:
        console.finish(Outcome.ended_early(error, advice="give other values and run again"))
        return error.exit_code
    return 0


def _init(flags: Mapping[str, str], system: str, console: Console, *, interactive: bool, force: bool) -> None:
    project = projects.inspect(Path.cwd())
    if project.top is not None and project.top.resolve() != project.folder.resolve():
        what = f"isn't the top of the repository: expected to be started in {project.top}"
        raise InvalidInputError([Problem(str(project.folder), "", what)], todo=f"cd {project.top}")
    assumed: dict[str, str] = {}  # by flag
    ci = system or _choose_ci(project, assumed, interactive=interactive)
    services = _choose_services(flags, interactive=interactive)
    answers = dict(_answers(flags, services, project, assumed, interactive=interactive))

    if not project.changelog:
        project = _choose_notes(project, console, interactive=interactive)
    check(answers, services, project)
    artifacts = answers["artifacts"]
    build = project.build if artifacts == project.build.artifacts else Build(artifacts, "make dist")
    pipeline = PipelineOptions(ci, project, services, build, answers["artifacts-url"])
    files = {CONFIG: write_config(answers, services, project)}
    if ci not in _ONE_FILE_SYSTEMS or not (project.folder / pipeline.file).exists():
        files[pipeline.file] = pipeline.write()
    _check_existing(files, project.folder, force=force)
    if ignored := projects.ignore_file(project, build):
        files[".gitignore"] = ignored
    workspace.write(files, project.folder)
    _report(console, pipeline, files, assumed)


def _choose_ci(project: Project, assumed: dict[str, str], *, interactive: bool) -> str:
    guess = project.ci or "github"
    if interactive:
        return str(click.prompt("CI system", default=guess, type=click.Choice(list(CI))))
    if not project.ci:
        assumed["--ci"] = guess
    return guess


def _choose_services(flags: Mapping[str, str], *, interactive: bool) -> list[str]:
    """Return the services that flags set values for; without such a flag the confirmed ones, or all."""
    flagged = {question.service for question in QUESTIONS if flags.get(question.name)}
    chosen = [service for service in SERVICES if service in flagged]
    if chosen or not interactive:
        return chosen or list(SERVICES)
    confirmed = [info.name for info in SERVICES.values() if click.confirm(f"Use {info.label}?", default=True)]
    if not confirmed:
        raise InvalidInputError([Problem("", "", f"nothing to do: expected at least one of {', '.join(SERVICES)}")])
    return confirmed


def _choose_notes(project: Project, console: Console, *, interactive: bool) -> Project:
    """Show what notes from the commits look like. Returns the project with its choice: the commits, or a changelog."""
    notes = projects.commit_notes(project.folder)
    console.line(f"there is no changelog; release notes from the commits ({notes.origin}){':' if notes.lines else ''}")
    for line in notes.shown:
        console.line(f"  | {line}")
    if notes.first and not notes.complete:
        console.line("for the first release, set first: true in release.notes to accept them, or write a CHANGELOG.md")
    if interactive and not click.confirm("Use notes from the commits?", default=True):
        return project._replace(changelog="CHANGELOG.md")
    return project._replace(first=notes.first and notes.complete)


def _answers(
    flags: Mapping[str, str], services: list[str], project: Project, assumed: dict[str, str], *, interactive: bool
) -> Iterator[tuple[str, str]]:
    """Yield input name and answer for each question; collect defaults in ``assumed``."""
    for question in QUESTIONS:
        if question.service and question.service not in services:
            continue
        setting, default = catalogue.by_name()[question.name], question.default(project)
        answer = flags.get(question.name, "")
        if not answer and interactive:
            click.echo(f"{setting.description}")
            accept = partial(_accept, question, services, project)
            shown = None if is_placeholder(question.name, default) else default
            answer = str(click.prompt(f"{setting.title} ({setting.dotted})", default=shown, value_proc=accept))
        elif not answer and default:
            assumed[f"--{question.name}"] = default
        yield question.name, answer or default


def _accept(question: Question, services: list[str], project: Project, text: str) -> str:
    """Return the answer. Raises click.UsageError, which repeats the question, for one that can't be written."""
    answer = text.strip()
    defaults = {q.name: q.default(project) for q in QUESTIONS if not q.service or q.service in services}
    try:
        check(defaults | {question.name: answer}, services, project)
    except InvalidInputError as error:
        own = [problem.what for problem in error.problems if problem.place == f"--{question.name}"]
        if own:
            raise click.UsageError("; ".join(own)) from None
    return answer


def _check_existing(files: Mapping[str, str], folder: Path, *, force: bool) -> None:
    """Raise InvalidInputError if a file exists, or a config of the other name, without ``force``."""
    existing = [name for name in (*files, resolve.DEFAULT_CONFIGS[1]) if os.path.lexists(folder / name)]
    if existing and not force:
        what = "already exists, and init never overwrites a file"
        raise InvalidInputError([Problem(name, "", what) for name in existing], todo="move them away, or use --force")


def _report(console: Console, pipeline: PipelineOptions, files: Mapping[str, str], assumed: Mapping[str, str]) -> None:
    """Print the files, the lines to add to the project's own file, the assumed values, and the next steps."""
    for name in files:
        console.line(f"wrote {name}")
    if pipeline.file not in files:
        console.line(f"\n{pipeline.file} is the project's own and stays as it is. Add to it:\n")
        console.line(pipeline.addition().rstrip())
    if assumed:
        console.line("\nassumed (change it in the file, or run again with the flag and --force):")
        for flag, value in assumed.items():
            console.line(f"  {flag} {value}")
    console.line("\nthen:")
    for number, step in enumerate(_next_steps(pipeline, files, assumed), start=1):
        console.line(f"  {number}. {step}")
    done = {"files": f"wrote {', '.join(files)}"}
    console.finish(Outcome(finished=done, not_done=["the steps above"], next="the first of them"))


def _next_steps(pipeline: PipelineOptions, files: Mapping[str, str], assumed: Mapping[str, str]) -> Iterator[str]:
    placeholders = [flag for flag, value in assumed.items() if flag != "--ci" and is_placeholder(flag[2:], value)]
    if placeholders:
        yield f"replace the placeholders in {CONFIG}, which plan and run refuse: {', '.join(placeholders)}"
    elif assumed:
        yield f"check the assumed values in {CONFIG}"
    if pipeline.project.changelog and not (pipeline.project.folder / pipeline.project.changelog).exists():
        yield f"write {pipeline.project.changelog}, with a section for each version, such as ## 1.0.0"
    if pipeline.file in files:
        yield f"replace the build and the upload in {pipeline.file} with your own"
    else:
        yield f"add the lines above to {pipeline.file}"
    yield f"set the keys in {_SECRETS_PAGE[pipeline.ci]}: {', '.join(pipeline.secrets)}"
    yield f"to try it here: export {' '.join(f'{variable}=…' for variable in pipeline.key_variables)}"
    version = "" if pipeline.project.tagged else " --release-version 1.0.0"
    yield f"shipline validate{version}: check the settings and the files"
    yield f"shipline doctor{version}: check the connections, keys and names"
    yield f"shipline plan{version}: print the requests that run will send"
