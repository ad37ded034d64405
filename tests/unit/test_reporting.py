"""Outcomes, and the templates of summary and report: every value in them is text."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from shipline.ci.github import GitHub
from shipline.ci.local import Local
from shipline.errors import (
    CanceledError,
    DeploymentFailedError,
    InvalidInputError,
    Problem,
    RefusedError,
    ShiplineError,
    TimedOutError,
    UnknownOutcomeError,
)
from shipline.redaction import Secret, redact
from shipline.reporting import html_page, html_view, job_summary, step_view, templates
from shipline.reporting.console import Console
from shipline.reporting.delivery import finish
from shipline.reporting.html_timeline import ReleasedFile, RunTimeline
from shipline.run.outcome import Outcome, ProductRow

HOSTILE = "a*b <script>x</script> | `c` [d](https://e) www.example.com\n# f"


def test_an_error_without_advice_takes_the_default() -> None:
    outcome = Outcome.ended_early(RefusedError("no"), advice="fix the input")
    assert (outcome.result, outcome.exit_code) == ("failed", 4)
    assert dict(outcome.last_lines) == {"DONE": "nothing", "NOT DONE": "everything", "NEXT": "fix the input"}
    assert Outcome.ended_early(RefusedError("no", todo="ask"), advice="fix the input").next == "ask"


def test_texts_replace_the_lists_of_the_last_lines() -> None:
    outcome = Outcome(finished={"a": "did a", "b": "did b"}, not_done=["c", "d"])
    assert [text for _, text in outcome.last_lines] == ["did a; did b", "c, d", "nothing"]
    outcome.done_text, outcome.not_done_text = "2 of 4", "the others"
    assert [text for _, text in outcome.last_lines] == ["2 of 4", "the others", "nothing"]


def test_a_summary_is_rendered_only_where_it_is_shown(tmp_path: Path) -> None:
    rendered = []

    def summary() -> str:
        rendered.append(1)
        return "## Widget"

    file = tmp_path / "summary.md"
    for system in (Local({}, tmp_path), GitHub({"GITHUB_STEP_SUMMARY": str(file)}, tmp_path)):
        console = Console(system, out=io.StringIO(), err=io.StringIO())
        assert finish(console, Outcome(exit_code=5), summary) == 5
    assert rendered == [1]
    assert file.read_text() == "## Widget\n"


def test_the_failed_step_is_an_output_of_every_command(tmp_path: Path) -> None:
    file = tmp_path / "output"
    console = Console(GitHub({"GITHUB_OUTPUT": str(file)}, tmp_path), out=io.StringIO(), err=io.StringIO())
    finish(console, Outcome("failed", failed_step="deploy:Testing", outputs={"result": "failed"}))
    assert "deploy:Testing" in file.read_text()


def test_values_of_a_summary_are_one_line_of_text() -> None:
    outcome = Outcome.ended_early(RefusedError(HOSTILE, why=HOSTILE, todo=HOSTILE))
    outcome.products = [ProductRow(HOSTILE, HOSTILE, "1.0", "failed", 4, HOSTILE, HOSTILE, HOSTILE, HOSTILE)]
    text = job_summary.of_fleet(outcome, [(HOSTILE, outcome)])
    assert "<script" not in text
    assert "](https" not in text
    assert not [line for line in text.splitlines() if line.startswith("# ")]
    (row,) = [line for line in text.splitlines() if line.startswith("| ❌")]
    assert row.count("|") - row.count("\\|") == 7


def test_a_json_event_hides_keys_in_its_values_and_stays_json(tmp_path: Path) -> None:
    redact.register(Secret('named-7", "', "SHIPLINE_V3_TOKEN"))
    redact.register(Secret("named-7", "SHIPLINE_BUILDMASTER_API_KEY"))
    out = io.StringIO()
    event = {"named-7": ['named-7", "', "##[error] named-7"], "a": 1}
    Console(Local({}, tmp_path), out=out, form="json").event(**event)
    assert json.loads(out.getvalue()) == {"named-7": ["***", "##[error] ***"], "a": 1}
    assert "##[" not in out.getvalue()


@pytest.mark.parametrize("key", ["127", "2026", "what", "planned", "4f5e"])
def test_no_key_makes_a_json_event_wrong(tmp_path: Path, key: str) -> None:
    """Shipline hides an id or a URL that contains the key, and the names of its own fields stay."""
    redact.register(Secret(key, "SHIPLINE_BUILDMASTER_API_KEY"))
    out = io.StringIO()
    event = {"event": "planned", "at": "2026-12-01", "id": "27d6-4f5e", "url": "http://127.0.0.1/"}
    steps = [{"what": "tell what is planned", f"${key}-3": 1}]
    Console(Local({}, tmp_path), out=out, form="json").event(**event, steps=steps)
    shown = json.loads(out.getvalue())
    for name, value in event.items():
        assert shown[name] in (value, "***")
    assert "what" in shown["steps"][0]
    assert key not in json.dumps([*shown.values(), *shown["steps"][0].values()]).replace('"what":', "")


def test_a_body_in_a_summary_cannot_end_its_block() -> None:
    block = job_summary._code_block({"notes": "````\n```"}).splitlines()
    assert block[0] == "  `````json"
    assert block[-1] == "  `````"


def test_a_template_without_one_of_its_values_fails() -> None:
    with pytest.raises(Exception, match="'icon' is undefined"):
        templates.markdown("summary.md.jinja", title="x")


@pytest.mark.parametrize(
    ("error", "state"),
    [(RefusedError("x"), "failed"), (UnknownOutcomeError("x"), "unknown"), (CanceledError(15, "x"), "canceled")],
)
def test_the_report_shows_how_the_failed_step_ended(error: RefusedError, state: str) -> None:
    timeline = RunTimeline()
    timeline.add_event({"event": "step", "name": "deploy:Testing"}, 1.0)
    timeline.add_event({"event": "error", "source": error, "step": "deploy:Testing"}, 2.5)
    (step,) = timeline.steps
    assert (step.state, step.ended) == (state, 2.5)
    (view,) = html_view.steps(timeline)
    assert (view.label, view.state, view.seconds) == ("Deploy to Testing", state, 1.5)


def test_values_of_a_report_are_text() -> None:
    timeline = RunTimeline(error=InvalidInputError([Problem(HOSTILE, HOSTILE, HOSTILE)]), warnings=[HOSTILE])
    page = html_page.page(HOSTILE, {"": timeline}, 0, 0)
    assert "<script" not in page.replace("<script>//", "")
    assert page.count("&lt;script&gt;x&lt;/script&gt;") == 6


def test_a_page_is_recognized_as_a_report(tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    file.write_text(html_page.page("run", {}, 0, 0), encoding="utf-8")
    assert html_page.is_report(file)
    assert not html_page.is_report(Path(__file__))


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_what_takes_long_is_a_line_a_minute_in_a_log_and_nothing_in_json(tmp_path: Path) -> None:
    for form, expected in (("text", "  … reading a.zip: 10 %\n"), ("json", "")):
        out = io.StringIO()
        console = Console(Local({}, tmp_path), form=form, out=out, err=io.StringIO())
        for text in ("reading a.zip: 10 %", "reading a.zip: 20 %", ""):
            console.ongoing(text)
        assert out.getvalue() == expected


def test_what_takes_long_is_at_the_foot_of_a_terminal_until_it_ends(tmp_path: Path) -> None:
    out = _Terminal()
    console = Console(Local({"TERM": "xterm"}, tmp_path), out=out, err=io.StringIO())
    for text in ("reading a.zip: 10 %", "reading\na.zip: 20 %", ""):
        console.ongoing(text)
    console.line("valid")
    assert out.getvalue() == "reading a.zip: 10 %\r\x1b[2Kreading a.zip: 20 %\r\x1b[2Kvalid\n"


@pytest.mark.parametrize("error", [DeploymentFailedError("x"), TimedOutError("x")])
def test_a_failed_deployment_leads_to_its_log(error: ShiplineError) -> None:
    page = "https://bm.widget.test/applications/1/builds/build?buildId=1"
    outcome = Outcome(error=error, outputs={"buildmaster-url": page})
    action = step_view.action(outcome, "https://ci.example.com/7")
    assert action is not None
    assert action[:2] == ("Open the deployment log", page)


def test_addresses_in_advice_are_links_and_all_else_is_text() -> None:
    page = "https://bm.widget.test/applications/1/builds/build?buildId=1"
    error = DeploymentFailedError("it failed", todo=f"check its log in BuildMaster ({page}); ask *<b>*")
    outcome = Outcome.ended_early(error, advice="")
    summary = job_summary.of_error(error)
    assert f"1. Check its log in BuildMaster \\(<{page}>\\)\n" in summary
    assert "2. Ask \\*&lt;b&gt;\\*\n" in summary
    shown = html_view.linked(outcome.next)
    assert f'(<a href="{page}" rel="noopener noreferrer">{page}</a>); ask *&lt;b&gt;*' in shown


@pytest.mark.parametrize(
    ("next_step", "command"),
    [
        ("publish the v3 draft when customers may see it: shipline publish 1.4.0", "shipline publish 1.4.0"),
        ("shipline run sends the requests above", "shipline run"),
        ("shipline plan", "shipline plan"),
        ("publish it: shipline publish 1.4.0$(reboot)", "shipline publish 1.4.0"),  # a command to copy runs no other
        ("shipline publishes again; x: shipline v3 delete-release", None),
    ],
)
def test_a_command_that_comes_next_is_the_one_to_copy(next_step: str, command: str | None) -> None:
    action = step_view.action(Outcome(next=next_step), "")
    assert (action and (action.label, action.url)) == (command and (command, ""))


def test_the_report_sums_up_the_links() -> None:
    def files(*states: str) -> list[ReleasedFile]:
        return [ReleasedFile("a.zip", "1 KB", "", "https://dl.example.com/a.zip", state) for state in states]

    assert html_view.links([*files("checked", "checked"), ReleasedFile("b", "", "", "", "unchecked")]) == (
        "Shipline checked every link."
    )
    assert html_view.links(files("unchecked")) == "The links are unchecked."
    mixed = html_view.links(files("checked", "the server responds 404", "unchecked"))
    assert mixed == "Links: 1 checked, 1 bad, 1 unchecked."
    assert html_view.links([]) == ""


def test_a_step_of_each_kind_has_a_label() -> None:
    names = ("deploy", "await:Testing", "publish:v3:2", "notify:comment:BUG-1", "notify:2:macro", "new")
    labels = [step_view.StepView(name, "done").label for name in names]
    assert labels[:2] == ["Deploy", "Wait for Testing"]
    assert labels[2:] == ["Publish to customers", "Comment on BUG-1", "Run macro on feedback", "new"]


def test_github_folds_the_progress_of_a_step_and_nothing_else() -> None:
    out = io.StringIO()
    console = Console(GitHub({}, Path()), out=out, err=out)
    with console.step("release"):
        console.done("release", "created release 1.4.0")
    with console.step("deploy:Testing"):
        console.progress("pending")
        console.progress("executing")
        console.warning("the build waits")
        console.progress("succeeded")
        console.done("deploy:Testing", "deployed to Testing")
    fold = "::group::deploy:Testing"
    assert out.getvalue().splitlines() == [
        "release: created release 1.4.0",
        fold,
        "  … pending",
        "  … executing",
        "::endgroup::",
        "::warning title=shipline::the build waits",
        fold,
        "  … succeeded",
        "::endgroup::",
        "deploy:Testing: deployed to Testing",
    ]
