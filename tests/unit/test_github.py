"""GitHub: the event's facts, annotations, outputs, and that nothing foreign becomes a command."""

from __future__ import annotations

import io
import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shipline.ci import detect
from shipline.ci.facts import Facts
from shipline.ci.github import MAX_ANNOTATIONS, GitHub
from shipline.errors import InvalidInputError, Problem, RefusedError
from shipline.redaction import Secret, redact
from shipline.reporting import job_summary
from shipline.reporting.console import Console
from shipline.run.outcome import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator

OURS = re.compile(r"::(add-mask|group|endgroup|error|warning|debug)( [^\r\n]*?)?::")

PIECES = (
    *(
        "::",
        "##[",
        "]",
        "error",
        "set-output name=x",
        "add-mask",
        "stop-commands",
        "::error::",
        "##[error]",
        "%0A",
        "%",
    ),
    *("\r", "\n", "\r\n", " ", "\t", "\u00a0", "\u2028", "\u202e", "\x1b[2J", "\x85", "\u200b", "x", "é"),
)
HOSTILE = st.lists(st.sampled_from(PIECES), max_size=12).map("".join)


def commands(log: str) -> Iterator[str]:
    """What the runner takes for commands: ``::`` after blanks, or ``##[`` anywhere; lines end at CR and LF."""
    for line in re.split(r"\r\n|\r|\n", log):
        if line.lstrip().startswith("::") or "##[" in line:
            yield line


def read_back(text: str) -> dict[str, str]:
    """GITHUB_OUTPUT as the runner reads it: name<<delimiter, lines until the delimiter."""
    values, lines = {}, iter(text.split("\n"))
    for line in lines:
        if not line:
            continue
        name, separator, delimiter = line.partition("<<")
        assert separator, line
        content = []
        for following in lines:
            if following == delimiter:
                break
            content.append(following)
        else:
            pytest.fail("no end of the value")
        values[name] = "\n".join(content)
    return values


def github(tmp_path: Path, **environ: str) -> GitHub:
    return GitHub({"GITHUB_WORKSPACE": str(tmp_path), **environ}, tmp_path)


def facts(tmp_path: Path, event: object = None, **environ: str) -> object:
    file = tmp_path / "event.json"
    file.write_text(json.dumps(event or {}))
    given_always = {
        "GITHUB_SERVER_URL": "https://github.com",
        "GITHUB_REPOSITORY": "acme/widget",
        "GITHUB_RUN_ID": "77",
        "GITHUB_RUN_NUMBER": "12",
        "GITHUB_RUN_ATTEMPT": "2",
        "GITHUB_SHA": "a" * 40,
        "GITHUB_ACTOR": "mona",
        "GITHUB_EVENT_PATH": str(file),
    }
    return github(tmp_path, **(given_always | environ)).facts()


def test_facts_of_a_tag(tmp_path: Path) -> None:
    found = facts(tmp_path, GITHUB_REF_TYPE="tag", GITHUB_REF_NAME="v1.4.0")
    assert (found.tag, found.branch, found.run_number, found.run_attempt) == ("v1.4.0", "", "12", 2)
    assert found.run_url == "https://github.com/acme/widget/actions/runs/77"
    assert (
        found.artifact_urls["github-release"].template
        == "https://github.com/acme/widget/releases/download/v1.4.0/{filename}"
    )
    assert found.artifact_urls["ci"] == found.artifact_urls["github-release"]
    odd = facts(
        tmp_path, GITHUB_REF_TYPE="tag", GITHUB_REF_NAME="w/v1#{x}", GITHUB_SERVER_URL="https://ghe.example.com"
    )
    template = "https://ghe.example.com/acme/widget/releases/download/w/v1%23%7Bx%7D/{filename}"
    assert odd.artifact_urls["github-release"].template == template


@pytest.mark.parametrize(
    ("pushed", "began"),
    [
        (1_793_613_600, datetime(2026, 11, 2, 10, tzinfo=UTC)),  # in a push
        ("2026-11-02T10:00:00Z", datetime(2026, 11, 2, 10, tzinfo=UTC)),  # in all other events
        (None, None),
        (10**30, None),
        ("soon", None),
    ],
)
def test_a_run_began_after_the_last_push(tmp_path: Path, pushed: object, began: datetime | None) -> None:
    found = facts(tmp_path, {"repository": {"pushed_at": pushed}})
    assert isinstance(found, Facts)
    assert found.began == began


def test_each_leg_of_a_matrix_is_a_job_of_its_own(tmp_path: Path) -> None:
    def job(**environ: str) -> str:
        found = facts(tmp_path, GITHUB_JOB="ship", **environ)
        assert isinstance(found, Facts)
        return found.job

    assert job() == job(SHIPLINE_MATRIX="") == job(SHIPLINE_MATRIX="null") == "ship"
    leg = '{\n  "product": "router"\n}'
    assert job(SHIPLINE_MATRIX=leg) == job(SHIPLINE_MATRIX=leg)
    assert len({job(), job(SHIPLINE_MATRIX=leg), job(SHIPLINE_MATRIX=leg.replace("router", "switch"))}) == 3


def test_facts_of_a_pull_request(tmp_path: Path) -> None:
    repo = {"full_name": "acme/widget"}
    event = {"pull_request": {"head": {"sha": "b" * 40, "repo": repo}, "base": {"repo": repo}}}
    found = facts(tmp_path, event, GITHUB_REF_TYPE="branch", GITHUB_REF_NAME="5/merge", GITHUB_HEAD_REF="topic")
    assert (found.tag, found.branch, found.sha) == ("", "topic", "b" * 40)
    assert (found.artifact_urls, found.key_hint) == ({}, "")


@pytest.mark.parametrize(
    ("event_name", "head", "fork"),
    [
        ("pull_request", {"full_name": "stranger/widget"}, True),
        ("pull_request_review", {"full_name": "stranger/widget"}, True),
        ("pull_request", None, True),  # the fork is gone
        ("pull_request", {"full_name": "acme/widget"}, False),
        ("pull_request_target", {"full_name": "stranger/widget"}, False),
    ],
)
def test_a_fork_s_pull_request_has_no_secrets(tmp_path: Path, event_name: str, head: object, fork: bool) -> None:
    sides = {"head": {"sha": "b" * 40, "repo": head}, "base": {"repo": {"full_name": "acme/widget"}}}
    hint = facts(tmp_path, {"pull_request": sides}, GITHUB_EVENT_NAME=event_name).key_hint
    assert ("comes from a fork" in hint) is fork
    assert facts(tmp_path, {"workflow_run": {}}, GITHUB_EVENT_NAME="workflow_run").key_hint == ""


def test_dependabot_s_runs_have_no_secrets_either(tmp_path: Path) -> None:
    same = {"repo": {"full_name": "acme/widget"}}
    sides = {"pull_request": {"head": {"sha": "b" * 40, **same}, "base": same}}
    assert "Dependabot's own" in facts(tmp_path, sides, GITHUB_ACTOR="dependabot[bot]").key_hint
    assert facts(tmp_path, sides, GITHUB_ACTOR="ada").key_hint == ""


def test_facts_of_a_release_event(tmp_path: Path) -> None:
    assert facts(tmp_path, {"release": {"tag_name": "v2.0.0"}}, GITHUB_REF_TYPE="branch").tag == "v2.0.0"


def test_it_is_recognised_and_named() -> None:
    assert detect.system("", {"GITHUB_ACTIONS": "true"}, Path()).name == "github"
    assert detect.system("github", {}, Path()).name == "github"
    assert detect.system("", {}, Path()).name == "local"
    assert detect.system("local", {"GITHUB_ACTIONS": "true"}, Path()).name == "local"


def test_problems_are_annotations_on_their_line_and_the_tenth_counts_the_rest(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    system = GitHub({"GITHUB_WORKSPACE": str(tmp_path)}, tmp_path / "sub")
    problems = [Problem(f"shipline.yml:{line}:5", "v3.url", "50% wrong, say: why") for line in range(1, 13)]
    lines = list(system.problems(problems))
    assert lines[0] == (
        "::error file=sub/shipline.yml,line=1,endLine=1,col=5,title=v3.url::"
        "shipline.yml:1:5: v3.url: 50%25 wrong, say: why"
    )
    assert len(lines) == len(problems) + 1
    assert lines[MAX_ANNOTATIONS] == "::error title=shipline::3 more: see the log or the summary"
    flat = next(system.problems([Problem("--v3-url", "v3.url", "wrong")]))
    assert flat == "::error title=v3.url::--v3-url: v3.url: wrong"


def shown(log: str) -> list[str]:
    """The log as actions/runner shows it (ActionCommandManager.cs): the text of an annotation, but no mask."""
    lines = [line for line in log.splitlines() if not line.startswith("::add-mask::")]
    plain = [re.sub(r"^::(error|warning) .*?::(.*)", lambda m: f"##[{m[1]}]{m[2][:4096]}", line) for line in lines]
    return "\n".join(plain).replace("%0A", "\n").replace("%25", "%").splitlines()


@pytest.mark.parametrize("variables", [{}, {"FORGEJO_ACTIONS": "true"}, {"GITEA_ACTIONS": "true"}], ids=str)
@pytest.mark.parametrize("long", ["", "x" * 5000], ids=["short", "long"])
def test_the_log_shows_each_mask_error_and_warning_once(variables: dict[str, str], long: str, tmp_path: Path) -> None:
    redact.unmasked_forms()
    redact.register(Secret("sandbox-shown-once", "TEST"))
    out = io.StringIO()
    console = Console(github(tmp_path, **variables), out=out)
    console.warning("the clock is 70% off")
    console.error(InvalidInputError([Problem(f"shipline.yml:{line}:5", "v3.url", "wrong") for line in range(1, 13)]))
    error = RefusedError(f"the responses were: {long}|", why="as the log of BuildMaster shows", todo="open its page")
    console.finish(Outcome(finished={"release": "created"}, error=error, failed_step="build", not_done=["deploy"]))
    log = out.getvalue()
    assert len(set(masks := re.findall("^::add-mask::.*", log, re.MULTILINE))) == len(masks)
    lines = shown(log)
    once = ["the clock is 70% off", *(f"shipline.yml:{line}:5: v3.url: wrong" for line in range(1, 13)), f"{long}|"]
    once += ["why: as the log of BuildMaster", "do: open its page", error.section]
    once += [] if long else ["build: the responses"]  # of a text that the runner cuts, the annotation is another line
    assert {text: len([line for line in lines if text in line]) for text in once} == dict.fromkeys(once, 1)
    assert [line.partition(":")[0] for line in lines[-3:]] == ["DONE", "NOT DONE", "NEXT"]


@given(HOSTILE)
def test_nothing_foreign_becomes_a_command(text: str) -> None:
    redact.unmasked_forms()  # other tests' secrets
    out, err = io.StringIO(), io.StringIO()
    console = Console(GitHub({}, Path("/nowhere")), out=out, err=err)
    console.line(text)
    console.progress(text)
    console.done(text, text)
    console.warning(text)
    console.error(RefusedError(text, why=text, todo=text), text)
    console.error(InvalidInputError([Problem(text, text, text)]))
    outcome = Outcome(finished={text: text}, outputs={"centercode-release-url": text}, not_done=[text])
    console.finish(outcome)
    with console.step(text):
        console.progress(text)
    found = list(commands(out.getvalue() + "\n" + err.getvalue()))
    assert [line for line in found if not OURS.match(line)] == []
    assert [line.split("::")[1].split()[0] for line in found] == ["warning", "error", "error", "group", "endgroup"]


@given(st.dictionaries(st.from_regex(r"[a-z][a-z-]{0,9}", fullmatch=True), HOSTILE.map(lambda t: t.replace("\r", ""))))
def test_outputs_are_read_back_exactly(tmp_path_factory: pytest.TempPathFactory, outputs: dict[str, str]) -> None:
    file = tmp_path_factory.mktemp("out") / "output"
    GitHub({"GITHUB_OUTPUT": str(file)}, file.parent).outputs(outputs)
    assert read_back(file.read_text(encoding="utf-8") if outputs else "") == outputs


def test_every_form_of_a_secret_is_masked_before_anything_else_is_printed(tmp_path: Path) -> None:
    redact.unmasked_forms()
    redact.register(Secret("mask+me/now=%25", "TEST"))
    out = io.StringIO()
    Console(github(tmp_path), out=out).line("the key is mask%2Bme%2Fnow%3D%2525")
    lines = out.getvalue().splitlines()
    masks = [line for line in lines if line.startswith("::add-mask::")]
    assert lines[: len(masks)] == masks
    assert "::add-mask::mask+me/now=%2525" in masks  # the runner turns %25 back into %
    assert "::add-mask::mask%252Bme%252Fnow%253D%252525" in masks
    assert lines[-1] == "the key is ***"


def test_json_stays_json_and_commands_go_beside_it(tmp_path: Path) -> None:
    out, err = io.StringIO(), io.StringIO()
    console = Console(github(tmp_path), form="json", out=out, err=err)
    console.error(RefusedError("no ##[error] here\n::warning::x"))
    (event,) = [json.loads(line) for line in out.getvalue().splitlines()]
    assert event["exit_code"] == 4
    assert err.getvalue().startswith("::error title=shipline%3A refused::")


def test_the_summary_shows_foreign_text_as_it_is(tmp_path: Path) -> None:
    error = RefusedError("<img src=x> [a](http://b) | `c` ![d](e) # f", todo="do")
    file = tmp_path / "summary.md"
    GitHub({"GITHUB_STEP_SUMMARY": str(file)}, tmp_path).summary(job_summary.of_error(error))
    text = file.read_text()
    assert "&lt;img" in text
    assert "](http" not in text
    assert r"\|" in text
    assert "**Next**: Do" in text


def test_a_summary_that_is_too_long_is_cut_at_a_line(tmp_path: Path) -> None:
    file = tmp_path / "summary.md"
    GitHub({"GITHUB_STEP_SUMMARY": str(file)}, tmp_path).summary("é" * 99 + ("\n" + "x" * 1000) * 1100)
    content = file.read_bytes()
    assert len(content) <= 1024 * 1024
    assert content.endswith(b"(cut here: the summary is too long)\n")
