"""The receipt: what it keeps, what it refuses, and how it is written."""

from __future__ import annotations

import json
import os
import re
import stat
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest

from shipline import __version__, schemas, workspace
from shipline.errors import InvalidInputError, RefusedError
from shipline.pipeline import Facts, Pipeline
from shipline.receipt import Receipt, fingerprint, slug
from shipline.resolve import Sources, load
from shipline.transport.redaction import Secret, redact
from shipline.transport.session import Request
from shipline.transport.upload import Upload

if TYPE_CHECKING:
    from pathlib import Path

BUILDMASTER = "buildmaster: {url: https://bm.example.com, application: Widget Pro, pipeline: Standard}\n"
CENTERCODE = "centercode: {url: https://cc.example.com, project: WidgetPro, release-type: Firmware}\n"
V3 = "v3: {url: https://api.example.com, product-id: P_1, platforms: [windows]}\n"
FILE = "artifacts: [{path: dist/w.zip, url: 'https://dl.example.com/{filename}'}]\n"
FIRST = Facts(ci="github", run_id="77", run_attempt=1, run_url="https://ci.example.com/77")
SECOND = Facts(ci="github", run_id="77", run_attempt=2)
BUILD = frozenset({"deploy", "build"})
PART = {"file": "w.zip", "size": 2, "url": "https://dl.example.com/w.zip"}
LONG = "x" * 900
REQUEST = Request("POST", "https://bm.example.com/api/x", form={"a": "1", "b": "ü"}, query={"q": "1"})


def pipeline(folder: Path, text: str = BUILDMASTER, version: str = "v1.4.0") -> Pipeline:
    (folder / "dist").mkdir(exist_ok=True)
    (folder / "dist/w.zip").write_bytes(b"PK")
    text += "release: {notes: {text: Better}}\n"
    return load(Sources({}, {}, "-", text, Facts(tag=version), folder, need_keys=False)).pipeline


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "kept/receipt.json"


@pytest.fixture
def receipt(tmp_path: Path, path: Path) -> Receipt:
    return Receipt.open(path, pipeline(tmp_path))


def on_disk(path: Path) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(schemas.load("receipt")).validate(data)
    return data


def refusal(path: Path, of: Pipeline) -> InvalidInputError:
    with pytest.raises(InvalidInputError) as refused:
        Receipt.open(path, of)
    return refused.value


def test_what_a_run_was_and_what_it_made_can_be_read_from_it(tmp_path: Path, path: Path) -> None:
    of = pipeline(tmp_path, BUILDMASTER + FILE)
    made = Receipt.open(path, of)
    made.start(FIRST, steps=BUILD, whole=True, artifacts=of.artifacts)
    begun = on_disk(path)
    moment = begun.pop("started")
    assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", moment)
    assert begun == {
        "receipt": 1,
        "shipline": __version__,
        "identity": {"of": "widget-pro", "version": "1.4.0", "buildmaster": "https://bm.example.com"},
        "run": {"ci": "github", "id": "77", "attempt": 1, "url": "https://ci.example.com/77"},
        "whole": True,
        "runs": [{"id": "77", "attempt": 1, "steps": ["build", "deploy"], "knew": True}],
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
    Receipt.open(path, of).start(FIRST, steps=BUILD, whole=True, artifacts=of.artifacts)
    assert on_disk(path)["artifacts"][0]["url"] is None


def test_a_request_is_on_disk_before_it_is_sent_and_what_came_of_it_after(receipt: Receipt, path: Path) -> None:
    entry = receipt.begin("build", "build|1")
    line = receipt.sending(entry, REQUEST)
    (step,) = on_disk(path)["steps"]
    (request,) = step["requests"]
    assert (step["name"], step["key"], step["status"], step["made"]) == ("build", "build|1", "sending", {})
    assert (request["method"], request["url"], request["status"]) == ("POST", f"{REQUEST.url}?q=1", "sending")
    assert request["fingerprint"] == fingerprint(REQUEST)
    assert re.fullmatch(r"20\S+Z", request["at"])
    line["status"] = "sent"
    receipt.settle(entry, "sent", made={"id": "1"}, attempt=2)
    receipt.settle(entry, "done", made={"number": "7"})
    (step,) = on_disk(path)["steps"]
    assert (step["status"], step["made"], step["attempt"]) == ("done", {"id": "1", "number": "7"}, 2)
    assert step["requests"][0]["status"] == "sent"


def test_another_object_takes_a_steps_place_but_an_announcement_stays(receipt: Receipt) -> None:
    for name in ("build", "publish:v3", "notify:comment:BUG-1"):
        receipt.begin(name, f"{name}|1")
        assert receipt.begin(name, f"{name}|1") is receipt.find(f"{name}|1")
        receipt.begin(name, f"{name}|2")
    keys = [entry["key"] for entry in receipt.steps]
    assert keys == [
        "build|2", "publish:v3|1", "publish:v3|2", "notify:comment:BUG-1|1", "notify:comment:BUG-1|2"
    ]  # fmt: skip
    assert receipt.find("build|1") is None
    assert receipt.named("publish:v3") is receipt.find("publish:v3|1")
    assert receipt.named("deploy") is None


def test_a_target_that_was_moved_in_the_list_keeps_its_entry_under_its_new_name(receipt: Receipt) -> None:
    entry = receipt.begin("publish:centercode:2", "centercode|x")
    assert receipt.begin("publish:centercode", "centercode|x") is entry
    assert entry["name"] == "publish:centercode"


def test_the_next_run_finds_what_was_written(tmp_path: Path, path: Path, receipt: Receipt) -> None:
    assert (receipt.existed, receipt.whole, receipt.finished, receipt.runs) == (False, False, False, [])
    receipt.start(FIRST, steps=BUILD, whole=True, artifacts=())
    following = Receipt.open(path, pipeline(tmp_path))
    assert (following.existed, following.whole, following.finished) == (True, True, False)
    assert [run["id"] for run in following.runs] == ["77"]
    assert following.path == path


@pytest.mark.parametrize(("result", "same"), [("failed", True), ("succeeded", False), ("warned", False)])
def test_outside_ci_a_run_goes_on_until_it_is_finished(tmp_path: Path, path: Path, result: str, same: bool) -> None:
    first = Receipt.open(path, pipeline(tmp_path))
    assert re.fullmatch(r"[0-9a-f]{12}", first.run_key)
    first.start(Facts(), steps=BUILD, whole=True, artifacts=())
    first.end(result, 0, "", {})
    following = Receipt.open(path, pipeline(tmp_path))
    assert (following.run_key == first.run_key) == same
    assert following.finished != same
    following.start(Facts(), steps=BUILD, whole=True, artifacts=())
    assert on_disk(path)["run-key"] == following.run_key
    assert on_disk(path)["result"] is None


def test_a_run_that_only_noted_itself_has_changed_nothing_else(tmp_path: Path, path: Path, receipt: Receipt) -> None:
    receipt.note(FIRST, steps=BUILD, whole=True)
    assert on_disk(path)["run-key"] == receipt.run_key
    receipt.end("failed", 3, "build", {})
    following = Receipt.open(path, pipeline(tmp_path))
    following.note(SECOND, steps=BUILD, whole=False)
    kept = on_disk(path)
    assert (kept["run-key"], kept["result"], kept["whole"]) == (receipt.run_key, "failed", False)
    assert [run["attempt"] for run in kept["runs"]] == [1, 2]


def test_what_is_known_of_earlier_attempts(tmp_path: Path, path: Path, receipt: Receipt) -> None:
    def knows(facts: Facts, steps: frozenset[str] = BUILD) -> tuple[bool, bool]:
        now = Receipt.open(path, pipeline(tmp_path))
        return now.knows_before(facts, steps), now.follows(facts, steps)

    assert knows(FIRST) == (True, True)
    assert knows(Facts()) == (True, True)  # a CI system that doesn't count
    assert knows(SECOND) == (False, False)
    receipt.note(FIRST, steps=BUILD, whole=True)
    assert knows(SECOND) == (True, True)
    assert knows(SECOND, frozenset({"publish"})) == (False, False)  # another job's receipt
    assert knows(Facts(run_id="78", run_attempt=2)) == (False, False)
    assert knows(Facts(run_id="77", run_attempt=3)) == (False, False)  # an older one was restored
    Receipt.open(path, pipeline(tmp_path)).note(SECOND, steps=BUILD, whole=True)
    assert knows(Facts(run_id="77", run_attempt=3)) == (True, True)


def test_an_attempt_that_had_lost_its_receipt_is_followed_but_knew_nothing(tmp_path: Path, path: Path) -> None:
    Receipt.open(path, pipeline(tmp_path)).note(SECOND, steps=BUILD, whole=False)
    third, now = Facts(run_id="77", run_attempt=3), Receipt.open(path, pipeline(tmp_path))
    assert (now.knows_before(third, BUILD), now.follows(third, BUILD)) == (False, True)


def test_only_the_last_fifty_runs_are_kept(tmp_path: Path, path: Path) -> None:
    for number in range(52):
        now = Receipt.open(path, pipeline(tmp_path))
        now.note(Facts(run_id=str(number)), steps=BUILD, whole=True)
    assert [run["id"] for run in on_disk(path)["runs"]] == [str(number) for number in range(2, 52)]


def test_it_is_written_at_once_readable_and_without_keys(receipt: Receipt, path: Path) -> None:
    redact.register(Secret("sandbox-hush-hush", "TEST"))
    receipt.settle(receipt.begin("build", "build|1"), "done", made={"url": "ü sandbox-hush-hush"})
    text = path.read_text(encoding="utf-8")
    assert '"url": "ü ***"' in text
    assert text.startswith('{\n  "receipt": 1,')
    assert text.endswith("}\n")
    assert [p.name for p in path.parent.iterdir()] == ["receipt.json"]


@pytest.mark.parametrize(
    ("other", "version", "theirs"),
    [
        (BUILDMASTER, "v1.5.0", "(1.4.0)"),
        (BUILDMASTER.replace("Widget Pro", "Gadget"), "v1.4.0", "(widget-pro)"),
        (BUILDMASTER.replace("bm.", "other."), "v1.4.0", "(https://bm.example.com)"),
        (CENTERCODE, "v1.5.0", "(widget-pro, 1.4.0, https://bm.example.com)"),
    ],
)
def test_a_receipt_of_something_else_is_refused(
    tmp_path: Path, receipt: Receipt, other: str, version: str, theirs: str
) -> None:
    path = receipt.path
    receipt.settle(receipt.begin("build", "build|1"), "refused")
    before = path.read_bytes()
    (problem,) = refusal(path, pipeline(tmp_path, other, version)).problems
    assert str(problem) == (f"{path}: this receipt belongs to something else {theirs}: choose another with --receipt")
    assert path.read_bytes() == before


def test_a_run_that_did_nothing_does_not_keep_its_receipt_from_another(tmp_path: Path, receipt: Receipt) -> None:
    receipt.write()
    other = Receipt.open(receipt.path, pipeline(tmp_path, BUILDMASTER.replace("bm.", "other.")))
    other.write()
    assert on_disk(receipt.path)["identity"]["buildmaster"] == "https://other.example.com"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda text: text[:-10], r"the receipt can't be read \(.+\): it is damaged, and is not trusted"),
        (lambda _: "", r"the receipt can't be read \(.+\): it is damaged, and is not trusted"),
        (lambda _: "\udcff", r"the receipt can't be read \(.*decode.+\): it is damaged, and is not trusted"),
        (lambda _: "[]", r"the receipt is damaged and is not trusted: \$: .+"),
        (lambda text: text.replace("[]", "1", 1), r".+ is not trusted: \$\.runs: 1 is not of type 'array'"),
        (lambda text: text.replace('"receipt": 1', '"receipt": 2'), r".+ is not trusted: \$\.receipt: 1 was expected"),
        (lambda text: text.replace("[]", '"sandbox-hush-hush"', 1), r".+: \$\.runs: '\*\*\*' is not of type 'array'"),
        (
            lambda text: text.replace('"runs"', '"whole": true, "runs"', 1),
            r".+whole stands there twice\): it is damaged.+",
        ),
        (
            lambda text: text.replace('"run-key": "', '"run-key": "\\ud83d', 1),
            r".+surrogates not allowed\): it is damaged.+",
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
    assert error.todo.startswith("move it away if you know what was done")
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
        (BUILDMASTER.replace("Widget Pro", "Ünï_1.2/x"), "-n--1.2-x"),
        (BUILDMASTER.replace("Widget Pro", "W" * 100), "w" * 100),
        (BUILDMASTER + CENTERCODE + V3, "widget-pro"),
        (CENTERCODE + V3, "widgetpro"),
        (V3, "p-1"),
    ],
)
def test_what_a_receipt_is_called_after(tmp_path: Path, text: str, name: str) -> None:
    assert slug(pipeline(tmp_path, text)) == name


def test_a_name_too_long_for_a_file_is_cut_and_stays_distinct(tmp_path: Path) -> None:
    one, other = (
        slug(pipeline(tmp_path, BUILDMASTER.replace("Widget Pro", f"{'W' * 100}{end}"))) for end in ("a", "b")
    )
    assert one != other
    assert re.fullmatch("w{100}-[0-9a-f]{8}", one)


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
    receipt.start(FIRST, steps=BUILD, whole=True, artifacts=())
    assert done == ["file", "replace", "folder"]
    workspace.replace(tmp_path / "report.html", "")
    assert done[3:] == ["replace"]
