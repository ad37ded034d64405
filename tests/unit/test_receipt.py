"""The receipt: what it keeps, what it refuses, and how it is written."""

from __future__ import annotations

import json
import os
import re
import stat
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import jsonschema
import pytest

from shipline import __version__, schemas, workspace
from shipline.ci.facts import Facts
from shipline.errors import InvalidInputError, RefusedError
from shipline.inputs.sources import Inputs
from shipline.pipeline.resolve import Sources, load
from shipline.redaction import Secret, redact
from shipline.run.naming import slug
from shipline.run.receipt import Receipt, fingerprint
from shipline.transport.messages import Request
from shipline.transport.upload import Upload

if TYPE_CHECKING:
    from pathlib import Path

    from shipline.journal.lease import Journal
    from shipline.pipeline.model import Pipeline

BUILDMASTER = "buildmaster: {url: https://bm.widget.test, application: Widget Pro, pipeline: Standard}\n"
CENTERCODE = "centercode: {url: https://cc.widget.test, project: WidgetPro, release-type: Firmware}\n"
V3 = "v3: {url: https://api.widget.test, product-id: P_1, platforms: [windows]}\n"
FILE = "artifacts: [{path: dist/w.zip, url: 'https://dl.example.com/{filename}'}]\n"
FIRST = {"ci": "github", "run_id": "77", "run_attempt": 1, "run_url": "https://ci.example.com/77"}
SECOND = {"ci": "github", "run_id": "77", "run_attempt": 2}
THIRD = {**SECOND, "run_attempt": 3}
PART = {"file": "w.zip", "size": 2, "url": "https://dl.example.com/w.zip"}
LONG = "x" * 900
REQUEST = Request("POST", "https://bm.widget.test/api/x", form={"a": "1", "b": "ü"}, query={"q": "1"})


def pipeline(
    folder: Path, text: str = BUILDMASTER, version: str = "v1.4.0", steps: str = "[build, deploy]", **facts: Any
) -> Pipeline:
    (folder / "dist").mkdir(exist_ok=True)
    (folder / "dist/w.zip").write_bytes(b"PK")
    text += "release: {notes: {text: Better}}\n" + (f"steps: {steps}\n" if BUILDMASTER in text else "")
    facts = Facts(tag=version, **facts)
    return load(Sources(Inputs.read({}, {}), "-", text, facts, folder, need_keys=False)).pipeline


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "kept/receipt.json"


@pytest.fixture
def receipt(tmp_path: Path, path: Path) -> Receipt:
    """The receipt of a first attempt."""
    return Receipt.open(path, pipeline(tmp_path, **FIRST))


def on_disk(path: Path) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(schemas.load("receipt")).validate(data)
    return data


def refusal(path: Path, of: Pipeline) -> InvalidInputError:
    with pytest.raises(InvalidInputError) as refused:
        Receipt.open(path, of)
    return refused.value


def test_what_a_run_was_and_what_it_made_can_be_read_from_it(tmp_path: Path, path: Path) -> None:
    of = pipeline(tmp_path, BUILDMASTER + FILE, **FIRST)
    made = Receipt.open(path, of)
    made.start(whole=True, targets=["x"])
    begun = on_disk(path)
    moment = begun.pop("started")
    assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", moment)
    assert begun == {
        "receipt": 1,
        "shipline": __version__,
        "identity": {
            "of": "widget-pro",
            "name": "widget pro",
            "version": "1.4.0",
            "buildmaster": "https://bm.widget.test",
        },
        "run": {"ci": "github", "id": "77", "attempt": 1, "url": "https://ci.example.com/77"},
        "whole": True,
        "runs": [{"id": "77", "attempt": 1, "steps": ["build", "deploy"], "knew": True, "job": "", "targets": ["x"]}],
        "run-key": made.run_key,
        "ended": None,
        "result": None,
        "steps": [],
        "artifacts": [{**PART, "sha256": of.artifacts[0].sha256}],
        "outputs": {},
    }
    made.end("warned", 0, "", {"receipt": "x"})
    ended = on_disk(path)
    assert (ended["result"], ended["exit-code"], ended["failed-step"]) == ("warned", 0, "")
    assert ended["outputs"] == {"receipt": "x"}
    assert ended["ended"] >= moment


def test_a_file_without_a_link_has_none(tmp_path: Path, path: Path) -> None:
    of = pipeline(tmp_path, BUILDMASTER + "artifacts: [{path: dist/w.zip}]\n")
    Receipt.open(path, of).start(whole=True)
    assert on_disk(path)["artifacts"][0]["url"] is None


def test_a_request_is_on_disk_before_it_is_sent_and_what_came_of_it_after(receipt: Receipt, path: Path) -> None:
    record = receipt.begin("build", "build|1")
    line = receipt.sending(record, REQUEST)
    (step,) = on_disk(path)["steps"]
    (request,) = step["requests"]
    assert (step["name"], step["key"], step["status"], step["made"]) == ("build", "build|1", "sending", {})
    assert (request["method"], request["url"], request["status"]) == ("POST", f"{REQUEST.url}?q=1", "sending")
    assert request["fingerprint"] == fingerprint(REQUEST)
    assert re.fullmatch(r"20\S+Z", request["at"])
    line.status, record.attempt = "sent", 2
    receipt.settle(record, "sent", made={"id": "1"})
    receipt.settle(record, "done", made={"number": "7"})
    (step,) = on_disk(path)["steps"]
    assert (step["status"], step["made"], step["attempt"]) == ("done", {"id": "1", "number": "7"}, 2)
    assert step["requests"][0]["status"] == "sent"


def test_another_object_takes_a_steps_place_but_an_announcement_stays(receipt: Receipt) -> None:
    for name in ("build", "publish:v3", "notify:comment:BUG-1"):
        receipt.begin(name, f"{name}|1")
        assert receipt.begin(name, f"{name}|1") is receipt.find(f"{name}|1")
        receipt.begin(name, f"{name}|2")
    keys = [record.key for record in receipt.steps]
    assert keys == [
        "build|2", "publish:v3|1", "publish:v3|2", "notify:comment:BUG-1|1", "notify:comment:BUG-1|2"
    ]  # fmt: skip
    assert receipt.find("build|1") is None
    assert receipt.named("publish:v3") is receipt.find("publish:v3|1")
    assert receipt.named("deploy") is None


def test_a_target_that_was_moved_in_the_list_keeps_its_entry_under_its_new_name(receipt: Receipt) -> None:
    record = receipt.begin("publish:centercode:2", "centercode|x")
    assert receipt.begin("publish:centercode", "centercode|x") is record
    assert record.name == "publish:centercode"


def test_the_next_run_finds_what_was_written(tmp_path: Path, path: Path, receipt: Receipt) -> None:
    assert (receipt.existed, receipt.history_complete, receipt.finished, receipt.runs) == (False, False, False, [])
    receipt.start(whole=True)
    following = Receipt.open(path, pipeline(tmp_path))
    assert (following.existed, following.history_complete, following.finished) == (True, True, False)
    assert [run.id for run in following.runs] == ["77"]
    assert following.path == path


@pytest.mark.parametrize(("result", "same"), [("failed", True), ("succeeded", False), ("warned", False)])
def test_outside_ci_a_run_goes_on_until_it_is_finished(tmp_path: Path, path: Path, result: str, same: bool) -> None:
    first = Receipt.open(path, pipeline(tmp_path))
    assert re.fullmatch(r"[0-9a-f]{12}", first.run_key)
    first.start(whole=True)
    first.end(result, 0, "", {})
    following = Receipt.open(path, pipeline(tmp_path))
    assert (following.run_key == first.run_key) == same
    assert following.finished != same
    following.start(whole=True)
    assert on_disk(path)["run-key"] == following.run_key
    assert on_disk(path)["result"] is None


def test_a_run_that_only_noted_itself_has_changed_nothing_else(tmp_path: Path, path: Path, receipt: Receipt) -> None:
    receipt.note(whole=True)
    assert on_disk(path)["run-key"] == receipt.run_key
    receipt.end("failed", 3, "build", {})
    following = Receipt.open(path, pipeline(tmp_path, **SECOND))
    following.note(whole=False)
    kept = on_disk(path)
    assert (kept["run-key"], kept["result"], kept["whole"]) == (receipt.run_key, "failed", False)
    assert [run["attempt"] for run in kept["runs"]] == [1, 2]


def test_what_is_known_of_earlier_attempts(tmp_path: Path, path: Path, receipt: Receipt) -> None:
    def knows(text: str = BUILDMASTER, steps: str = "[build, deploy]", **facts: Any) -> tuple[bool, bool]:
        now = Receipt.open(path, pipeline(tmp_path, text, steps=steps, **facts))
        return now.has_earlier_attempts, now.vouches_for()

    assert knows(**FIRST) == (True, False)
    assert knows() == (True, False)  # a CI system that doesn't count
    assert knows(**SECOND) == (False, False)
    receipt.note(whole=True)
    assert knows(**FIRST) == (True, True)
    assert knows() == (True, True)
    assert knows(**SECOND) == (True, True)
    assert knows(BUILDMASTER + CENTERCODE, "publish", **SECOND) == (False, True)
    assert knows(**SECOND, job="publish") == (False, False)  # another job's receipt
    assert knows(run_id="78", run_attempt=2) == (False, False)
    assert knows(**THIRD) == (False, False)  # an older one was restored
    Receipt.open(path, pipeline(tmp_path, **SECOND)).note(whole=True)
    assert knows(**THIRD) == (True, True)


@pytest.mark.parametrize(
    ("facts", "vouches"),
    [
        ({**SECOND, "job": "publish"}, True),
        ({**SECOND, "job": "other leg"}, False),
        ({**THIRD, "job": "publish"}, False),
        ({"ci": "gitlab", "run_id": "77", "job": "publish"}, True),
        ({"ci": "gitlab", "run_id": "77", "job": "other leg"}, False),
        ({"ci": "github", "run_id": "78", "run_attempt": 1}, True),
    ],
)
def test_a_receipt_vouches_only_for_targets_that_the_job_had(
    tmp_path: Path, path: Path, facts: dict[str, Any], *, vouches: bool
) -> None:
    of = pipeline(tmp_path, **FIRST, job="publish")
    Receipt.open(path, of).note(whole=True, targets=["centercode|a"])
    now = Receipt.open(path, pipeline(tmp_path, **facts))
    assert now.vouches_for("centercode|a") == vouches
    assert now.vouches_for("centercode|b") == (facts["run_id"] == "77" and facts.get("run_attempt") == 1)


def test_the_first_attempt_of_a_job_is_vouched_for_by_another_job_of_its_run(tmp_path: Path, path: Path) -> None:
    Receipt.open(path, pipeline(tmp_path, **FIRST, job="leg a")).note(whole=True, targets=["centercode|a"])
    assert Receipt.open(path, pipeline(tmp_path, **FIRST, job="leg b")).vouches_for("centercode|b")
    old = on_disk(path)
    del old["runs"][0]["targets"], old["runs"][0]["job"]  # as an older version wrote it
    path.write_text(json.dumps(old))
    assert not Receipt.open(path, pipeline(tmp_path, **SECOND, job="leg a")).vouches_for("centercode|a")


def test_an_attempt_that_had_lost_its_receipt_is_followed_but_knew_nothing(tmp_path: Path, path: Path) -> None:
    Receipt.open(path, pipeline(tmp_path, **SECOND)).note(whole=False)
    third = Receipt.open(path, pipeline(tmp_path, **THIRD))
    assert (third.has_earlier_attempts, third.vouches_for(), third.denies_first) == (False, False, True)


def test_only_the_last_fifty_runs_are_kept(tmp_path: Path, path: Path) -> None:
    for number in range(52):
        Receipt.open(path, pipeline(tmp_path, run_id=str(number))).note(whole=True)
    assert [run["id"] for run in on_disk(path)["runs"]] == [str(number) for number in range(2, 52)]


def test_it_is_written_at_once_readable_and_without_keys(receipt: Receipt, path: Path) -> None:
    redact.register(Secret("sandbox-hush-hush", "TEST"))
    receipt.settle(receipt.begin("build", "build|1"), "done", made={"url": "ü sandbox-hush-hush", "id": "ü"})
    text = path.read_text(encoding="utf-8")
    assert '"made": {\n        "id": "ü"\n      }' in text
    assert text.startswith('{\n  "receipt": 1,')
    assert text.endswith("}\n")
    assert [p.name for p in path.parent.iterdir()] == ["receipt.json"]


@pytest.mark.parametrize(
    ("other", "version", "theirs"),
    [
        (BUILDMASTER, "v1.5.0", "(1.4.0)"),
        (BUILDMASTER.replace("Widget Pro", "Gadget"), "v1.4.0", "(widget pro)"),
        (BUILDMASTER.replace("Widget Pro", "Widget-Pro"), "v1.4.0", "(widget pro)"),
        (BUILDMASTER.replace("bm.", "other."), "v1.4.0", "(https://bm.widget.test)"),
        (CENTERCODE, "v1.5.0", "(widget pro, 1.4.0, https://bm.widget.test)"),
    ],
)
def test_a_receipt_of_something_else_is_refused(
    tmp_path: Path, receipt: Receipt, other: str, version: str, theirs: str
) -> None:
    path = receipt.path
    receipt.settle(receipt.begin("build", "build|1"), "refused")
    before = path.read_bytes()
    (problem,) = refusal(path, pipeline(tmp_path, other, version)).problems
    advice = "set the input receipt (--receipt) to another path"
    assert str(problem) == f"{path}: this receipt belongs to something else {theirs}: {advice}"
    assert path.read_bytes() == before


def test_a_journal_of_something_else_is_refused(tmp_path: Path, receipt: Receipt) -> None:
    receipt.settle(receipt.begin("build", "build|1"), "done")
    journal = cast("Journal", SimpleNamespace(ref="refs/shipline/widget-pro/1.4.0"))
    other = pipeline(tmp_path, BUILDMASTER.replace("Widget Pro", "Widget-Pro"))
    with pytest.raises(InvalidInputError) as refused:
        Receipt.open(tmp_path / "none.json", other, journal, receipt.path.read_text())
    advice = "set journal.ref to a folder of its own"
    what = f"this receipt belongs to something else (widget pro): {advice}"
    assert [str(problem) for problem in refused.value.problems] == [f"the journal {journal.ref}: {what}"]


def test_a_run_that_did_nothing_does_not_keep_its_receipt_from_another(tmp_path: Path, receipt: Receipt) -> None:
    receipt.write()
    other = Receipt.open(receipt.path, pipeline(tmp_path, BUILDMASTER.replace("bm.", "other.")))
    other.write()
    assert on_disk(receipt.path)["identity"]["buildmaster"] == "https://other.widget.test"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda text: text[:-10], r"the receipt is damaged \(.+\), and Shipline doesn't use it"),
        (lambda _: "", r"the receipt is damaged \(.+\), and Shipline doesn't use it"),
        (lambda _: "\udcff", r"the receipt is damaged \(.*decode.+\), and Shipline doesn't use it"),
        (lambda _: "[]", r"the receipt is damaged, and Shipline doesn't use it: \$: .+"),
        (lambda text: text.replace("[]", "1", 1), r".+ doesn't use it: \$\.runs: 1 is not of type 'array'"),
        (
            lambda text: text.replace('"receipt": 1', '"receipt": 2'),
            r"a newer Shipline wrote this receipt \(format 2.+",
        ),
        (lambda text: text.replace("[]", '"sandbox-hush-hush"', 1), r".+: \$\.runs: '\*\*\*' is not of type 'array'"),
        (
            lambda text: text.replace('"runs"', '"whole": true, "runs"', 1),
            r".+whole is there 2 times\), and Shipline doesn't use it",
        ),
        (
            lambda text: text.replace('"run-key": "', '"run-key": "\\ud83d', 1),
            r".+surrogates not allowed\), and Shipline doesn't use it",
        ),
        (lambda text: text.replace("[]", f'"{LONG}"', 1), r".+: \$\.runs: 'x{199}"),
    ],
)
def test_a_damaged_receipt_is_refused_and_left_alone(
    tmp_path: Path, path: Path, receipt: Receipt, change: Any, told: str
) -> None:
    redact.register(Secret("sandbox-hush-hush", "TEST"))
    receipt.write()
    path.write_text(change(path.read_text()), encoding="utf-8", errors="surrogateescape")
    before = path.read_bytes()
    error = refusal(path, pipeline(tmp_path))
    assert re.fullmatch(re.escape(f"{path}: ") + told, str(error.problems[0]))
    assert error.todo.startswith(("move it away if you know what was done", "use that version of Shipline"))
    assert path.read_bytes() == before


def test_the_same_question_has_the_same_fingerprint(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"a")
    turned = Request("POST", REQUEST.url, form={"b": "ü", "a": "1"}, query={"q": "1"})
    assert fingerprint(REQUEST) == fingerprint(turned)
    assert re.fullmatch(r"[0-9a-f]{64}", fingerprint(REQUEST))
    others = [
        Request("PUT", REQUEST.url, form=REQUEST.form, query=REQUEST.query),
        Request("POST", REQUEST.url + "/y", form=REQUEST.form, query=REQUEST.query),
        Request("POST", REQUEST.url, form={"a": "2", "b": "ü"}, query=REQUEST.query),
        Request("POST", REQUEST.url, form=REQUEST.form, query={"q": "2"}),
        Request("POST", REQUEST.url, json={"a": "1"}),
        Request("POST", REQUEST.url, upload=Upload(tmp_path / "a", shown="dist/a")),
        Request("POST", REQUEST.url, upload=Upload(tmp_path / "a", shown="dist/b")),
    ]
    assert len({fingerprint(one) for one in [REQUEST, *others]}) == 1 + len(others)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (BUILDMASTER, "widget-pro"),
        (BUILDMASTER.replace("Widget Pro", "id:42"), "id-42"),
        (BUILDMASTER.replace("Widget Pro", "Ünï_1.2/x"), "-n--1.2-x-35bc64e8"),
        (BUILDMASTER.replace("Widget Pro", "W" * 100), "w" * 100),
        (BUILDMASTER + CENTERCODE + V3, "widget-pro"),
        (CENTERCODE + V3, "widgetpro"),
        (V3, "p-1"),
    ],
)
def test_what_a_receipt_is_called_after(tmp_path: Path, text: str, name: str) -> None:
    assert slug(pipeline(tmp_path, text)) == name


def test_names_that_lose_their_letters_stay_distinct(tmp_path: Path) -> None:
    names = ("Насос", "Робот", "製品", "部品", "Ünï", "Öni")  # noqa: RUF001
    assert len({slug(pipeline(tmp_path, BUILDMASTER.replace("Widget Pro", name))) for name in names}) == len(names)


def test_a_name_too_long_for_a_file_is_cut_and_stays_distinct(tmp_path: Path) -> None:
    one, other = (
        slug(pipeline(tmp_path, BUILDMASTER.replace("Widget Pro", f"{'W' * 100}{end}"))) for end in ("a", "b")
    )
    assert one != other
    assert re.fullmatch("w{100}-[0-9a-f]{8}", one)


@pytest.mark.skipif(os.name == "nt", reason="links of POSIX")
@pytest.mark.parametrize("name", [".receipt.json.lock", ".receipt.json.PID"])
def test_a_link_in_the_place_of_our_own_files_leads_to_no_other_file(tmp_path: Path, path: Path, name: str) -> None:
    foreign = tmp_path / "foreign"
    foreign.write_text("theirs")
    os.chown(foreign, *((1234, 1235) if os.geteuid() == 0 else (-1, -1)))
    before = foreign.stat()
    path.parent.mkdir()
    (path.parent / name.replace("PID", str(os.getpid()))).symlink_to(foreign)
    with workspace.locked(path):
        workspace.replace(path, "ours")
    assert (foreign.read_text(), path.read_text()) == ("theirs", "ours")
    assert (foreign.stat().st_uid, foreign.stat().st_gid) == (before.st_uid, before.st_gid)


def test_one_run_at_a_time_has_the_receipt(path: Path) -> None:
    with workspace.locked(path):
        told = re.escape(f"another run is using the receipt {path}")
        with pytest.raises(RefusedError, match=told) as refused, workspace.locked(path):
            pytest.fail("locked twice")
        assert refused.value.todo == "wait until it has ended, then run again"
        with workspace.locked(path.with_name("other.json")):
            pass
    with workspace.locked(path):
        assert {p.name for p in path.parent.iterdir()} == {".receipt.json.lock", ".other.json.lock"}


def test_where_no_receipt_can_be_written_is_said_at_once(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    for path, told in [
        (tmp_path, f"receipt: expected the path of a file, found the folder {tmp_path}"),
        (tmp_path / "file/receipt.json", f"{tmp_path}/file/receipt.json: no receipt can be written there: "),
    ]:
        with pytest.raises(InvalidInputError) as refused, workspace.locked(path):
            pytest.fail("locked")
        assert str(refused.value.problems[0]).startswith(told)
        assert not str(refused.value.problems[0]).endswith((": ", "None"))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_what_root_makes_in_a_workspace_belongs_to_the_workspaces_owner(tmp_path: Path) -> None:
    os.chown(tmp_path, 1234, 2345)
    made = Receipt.open(tmp_path / "a/b/receipt.json", pipeline(tmp_path))
    with workspace.locked(made.path):
        made.write()
    mine = [tmp_path / "a", *(tmp_path / "a").rglob("*")]
    assert len(mine) == 4
    assert {(p.stat().st_uid, p.stat().st_gid) for p in mine} == {(1234, 2345)}


@pytest.mark.skipif(os.name == "nt", reason="a folder can't be synced there")
def test_what_is_written_outlives_a_loss_of_power(
    tmp_path: Path, receipt: Receipt, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file before it takes its place, and its folder, where the place is kept, after that."""
    done: list[str] = []
    sync, put = os.fsync, os.replace

    def fsync(descriptor: int) -> None:
        done.append("folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file")
        sync(descriptor)

    def replace(source: Any, target: Any) -> None:
        done.append("replace")
        put(source, target)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(os, "replace", replace)
    receipt.start(whole=True)
    assert done == ["file", "replace", "folder"]
    workspace.replace(tmp_path / "report.html", "")
    assert done[3:] == ["replace"]
