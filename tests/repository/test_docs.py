"""The documents say what the program does, and what they point to is there."""

from __future__ import annotations

import ast
import itertools
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import pytest
import yaml

from repository.pages import ROOT, Page, pages
from shipline import __version__, errors
from shipline.cli.main import cli
from shipline.inputs import catalogue, config_file
from shipline.inputs.document import Problems, dotted
from shipline.inputs.validation import violations
from shipline.reporting import step_view
from shipline.reporting.step_view import StepView
from shipline.run.outcome import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator

PROGRAM = ROOT / "entrypoint/shipline"
PAGES = pages()
each_page = pytest.mark.parametrize("page", [Page(path) for path in PAGES], ids=[p.as_posix() for p in PAGES])

# What may stand in backticks and looks like one of our paths: what a user's project, or a run, has.
_THEIRS = re.compile(
    r"\.shipline/.*|dist/.*|build/.*|products/.*|ci/.*|base\.yml|CHANGELOG\.md|shipline\.ya?ml|Jenkinsfile|\.gitlab-ci\.yml|shipline-report\.html"
    r"|\.pre-commit-config\.yaml|renovate\.json"
)
OF_THE_JOB = {"job-name", "stage", "image", "rules", "needs", "resource-group"}
OF_THE_JOB |= {"environment", "environment-url", "environment-action", "environment-tier"}
_PATH = re.compile(r"(?P<path>[\w.*-]+(/[\w.*-]+)*/?)((?<=\.py)::(?P<test>\w+))?")
_OUR_FILES = (".py", ".md", ".toml", ".json", ".groovy", ".txt", ".yml", ".yaml", ".css", ".html")


def test_every_exit_code_has_a_section() -> None:
    text = (ROOT / "docs/errors.md").read_text()
    sections = set(re.findall(r"^## Exit (\d+)", text, re.MULTILINE))
    classes = [errors.ShiplineError, *errors.ShiplineError.__subclasses__()]
    codes = {str(c.exit_code) for c in classes if c is not errors.CanceledError}
    assert codes | {"0", "130"} == sections
    assert errors.CanceledError(15, "").section == f"{errors.DOCUMENTATION}/errors/#exit-130"


@each_page
def test_every_config_has_only_settings_and_values_that_exist(page: Page) -> None:
    """Those that show a part may leave out the rest."""
    sections = {leaf.path[0] for leaf in catalogue.settings()}
    wrong = []
    for block in page.blocks("yaml", "yml"):
        shown = yaml.safe_load(block)
        if not isinstance(shown, dict) or not sections.issuperset(shown):
            continue
        document = config_file.parse(block.encode(), page.path.name, problems := Problems())
        problems.raise_any()
        assert document is not None
        wrong += [f"{v.location}: {dotted(v.path)}: {v.what}" for v in violations(document) if v.of_value]
    assert wrong == []


@each_page
def test_every_pipeline_gives_only_inputs_that_exist(page: Page) -> None:
    known = {leaf.name for leaf in (*catalogue.settings(), *catalogue.options())}
    given = {name for block in page.blocks("yaml", "yml") for name in _inputs(yaml.safe_load(block))}
    assert given - known - OF_THE_JOB == set()


def _inputs(tree: Any) -> Iterator[str]:
    """Of our action, and of our template."""
    if isinstance(tree, dict):
        if str(tree.get("uses", "")).startswith("shipline/"):
            yield from tree.get("with", {})
        if str(tree.get("file", "")).startswith("ci_templates/"):
            yield from tree.get("inputs", {})
    for inner in tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list) else ():
        yield from _inputs(inner)


def test_the_first_line_of_every_page_names_its_readers() -> None:
    """Under the title, before any code: who the page is for, and what it gives them."""
    without = []
    for path in PAGES:
        if path.parts[0] != "docs" and path.name not in {"SECURITY.md", "TROUBLESHOOTING.md"}:
            continue
        kind, first = [token for token in Page(path).tokens if token.type != "html_block"][3:5]
        if kind.type != "paragraph_open" or not re.match(r"For [^:]+: \S", first.content):
            without.append(path.as_posix())
    assert without == []


@each_page
def test_every_link_leads_somewhere(page: Page) -> None:
    broken = []
    for link in page.links:
        path, _, anchor = link.partition("#")
        if ":" in path:
            continue
        target = ROOT / page.path.parent / path if path else ROOT / page.path
        if not target.exists() or (anchor and anchor not in Page(target.resolve().relative_to(ROOT)).anchors):
            broken.append(link)
    assert broken == []


@each_page
def test_every_path_that_is_named_is_there(page: Page) -> None:
    ours = {path.name for path in ROOT.iterdir()}
    missing = []
    for span in page.spans:
        named = _PATH.fullmatch(span)
        if not named or _THEIRS.fullmatch(span):
            continue
        path, test = named["path"], named["test"]
        first, slash, _ = path.partition("/")
        is_ours = (slash and (first in ours or (PROGRAM / first).is_dir())) or path.endswith(_OUR_FILES)
        if is_ours and not _there(path.strip("/"), page.path):
            missing.append(span)
        if test and f"def {test}(" not in "".join(
            f.read_text() for f in (ROOT / "tests").rglob(path.rpartition("/")[2])
        ):
            missing.append(span)
    assert missing == []


def _there(path: str, page: Path) -> bool:
    """From the top, from the page, in the program, or, if it is a name alone, anywhere in the tree."""
    folders = [ROOT, (ROOT / page).parent, PROGRAM, ROOT / "sandbox/shipline_sandbox"]
    if any(any(folder.glob(path)) for folder in folders):
        return True
    trees = (
        ROOT / name
        for name in ("entrypoint", "sandbox", "tests", "tools", "docs", "schemas", "ci_templates", ".github")
    )
    return "/" not in path and any(any(tree.rglob(path)) for tree in trees)


@each_page
def test_every_command_is_one_that_the_program_takes(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command line is read as ever, and nothing is carried out."""
    monkeypatch.setattr(click.Command, "invoke", lambda *_: None)
    wrong = {}
    for words in itertools.chain(page.commands, page.mentioned):
        if words[0].rpartition("/")[2] == "shipline" and len(words) > 1:
            try:
                cli.main(["1" if word.startswith("$") else word for word in words[1:]], standalone_mode=False)
            except click.UsageError as error:
                wrong[" ".join(words)] = error.format_message()
    assert wrong == {}


def test_every_pipeline_names_this_version() -> None:
    files = [*(ROOT / page for page in PAGES), *(path for path in (ROOT / "examples").rglob("*") if path.is_file())]
    tags = re.compile(r"(?:shipline/shipline(?:/native)?[@:]|'shipline@|ref: )v([0-9]+(?:\.[0-9]+)+)")
    named = {version for path in files for version in tags.findall(path.read_text(encoding="utf-8"))}
    assert named == {__version__}


def test_every_target_of_make_that_is_named_exists() -> None:
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"^([a-z][a-z-]*):", makefile, re.MULTILINE))
    named = {
        (word, page.as_posix())
        for page in PAGES
        for words in itertools.chain(Page(page).commands, Page(page).mentioned)
        if words[0] == "make"
        for word in words[1:2]
        if re.fullmatch(r"[a-z][a-z-]*", word)
    }
    assert {(word, page) for word, page in named if word not in targets} == set()
    assert "demo" in {word for word, _ in named}


def test_the_messages_that_the_page_of_errors_quotes_are_the_programs() -> None:
    """Each part of a quoted message, between what differs, is in the texts of one module."""
    modules = {path: literals(path) for path in PROGRAM.rglob("*.py")}
    page = (ROOT / "docs/errors.md").read_text(encoding="utf-8").partition("## Messages worth explaining")[2]
    quoted = [
        long or short
        for cell in re.findall(r"^\| (`.*?) \|", page, re.MULTILINE)
        for long, short in re.findall(r"`` (.+?) ``|`([^`]+)`", cell)
    ]
    assert len(quoted) > 50
    unknown = []
    for message in quoted:
        parts = [part.strip(" :,()") for part in re.split(r"…|, |\b[\d,]+\b", message)]
        if not any(all(is_of(text, part) for part in parts) for text in modules.values()):
            unknown.append(message)
    assert unknown == []


def is_of(text: str, part: str) -> bool:
    """Whether the text has the part, perhaps in two pieces: one may be filled into the other."""
    spaces = [at for at, letter in enumerate(part) if letter == " "]
    return part in text or any(part[:at] in text and part[at:].strip() in text for at in spaces)


def literals(path: Path) -> str:
    """The texts in a module of the program, without its docstrings' line breaks."""
    nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    values = [node.value for node in nodes if isinstance(node, ast.Constant)]
    return "\n".join(value for value in values if isinstance(value, str))


def test_the_readme_shows_the_report_as_it_looks() -> None:
    """Its words, icons and colors are those of the report; the address works on PyPI too."""
    (picture,) = [link for link in Page(Path("README.md")).links if link.endswith(".svg")]
    folder = "https://raw.githubusercontent.com/shipline/shipline/main/"
    drawn = (ROOT / picture.removeprefix(folder)).read_text(encoding="utf-8")
    words = {*re.findall(r"<text[^>]*>([^<]+)</text>", drawn)}
    names = ("release", "build", "deploy:Integration", "deploy:Testing", "publish:v3", "publish:centercode")
    steps = [StepView(name, "done") for name in names]
    assert {text for step in steps for text in (step.label, step.service)} <= words
    build = "https://buildmaster.widget.test/applications/12/builds/build?buildId=3057"
    failed = Outcome(error=errors.DeploymentFailedError("x"), outputs={"buildmaster-url": build})
    action = step_view.action(failed, "")
    assert action is not None
    assert {action.label, action.hint, "BuildMaster responded", "Next", "Failed"} <= words
    templates = PROGRAM / "reporting/templates"
    design = (templates / "design.css").read_text(encoding="utf-8")
    assert {*re.findall(r"--[a-z-]+: #\w+", drawn)} <= {*re.findall(r"--[a-z-]+: #\w+", design)}
    assert re.findall(r'd="(M11 3v10[^"]+)"', drawn)[0] in (templates / "report.html.jinja").read_text(encoding="utf-8")
