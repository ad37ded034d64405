"""Centercode's external feedback and its attachments. Names with a number follow the traps in docs/fidelity.md."""

from __future__ import annotations

import hashlib
import re
from urllib.parse import parse_qs, urlsplit

import pytest

PRO = "projects/WidgetPro"
SOURCE = f"{PRO}/feedback/Mobile"
EXAMPLE = {
    "submitter": "jim@centercode.com",
    "summary": "Lighting Presets Should be More Robust",
    "description": "I really wish the app would have more lighting preset options.",
    "topic": 23795,
}
FILE = {"file": ("screenshot.png", b"\x89PNG\r\n")}


def create(client, **members):
    answer = client.api("POST", SOURCE, json=EXAMPLE | members)
    assert answer.status_code == 201, answer.text
    return answer.json()


def refused(answer):
    assert answer.status_code == 400, answer.text
    return [parameter["name"] for parameter in answer.json()["invalidParameters"]]


def upload(client, element, key="SUG-0023", files=None, kind="Mobile", **options):
    path = f"{PRO}/feedbackTypes/{kind}/feedback/{key}/fileElements/{element}"
    return client.api("POST", path, files=files or FILE, **options)


def attachments(client, key="SUG-0023"):
    (found,) = [f for f in client.state()["centercode"]["feedback"] if f["key"] == key]
    return found["attachments"]


def details(client, key):
    answer = client.api("GET", f"{PRO}/feedbackRecordLookups/FeedbackDetails", {"find": key})
    return {cell["field"]: cell["values"] for cell in answer.json()["data"]}


def seed_source(client, **settings):
    """One more source, ``Extra``, of a type with the prefix FR and no file elements."""
    project = {
        "key": "WidgetPro",
        "feedback_types": [{"key": "Request", "prefix": "FR"}],
        "endpoints": {"feedback": {"Extra": {"type": "Request", **settings}}},
    }
    client.sandbox.admin("seed", {"centercode": {"projects": [project]}})
    return f"{PRO}/feedback/Extra"


def test_the_documented_example_is_created(client):
    created = create(client)
    base = f"{client.sandbox.url}/api/v1/{PRO}/feedbackTypes/Mobile/feedback/SUG-0024/fileElements"
    assert list(created) == ["id", "key", "url", "fileElements"]
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", created["id"])
    assert created["key"] == "SUG-0024"
    assert created["fileElements"] == [
        {
            "title": "Screenshot",
            "key": "Screenshot",
            "url": f"{base}/Screenshot",
            "acceptsMultipleAttachments": True,
        },
        {"title": "Crash Log", "key": "CrashLog", "url": f"{base}/CrashLog", "acceptsMultipleAttachments": False},
    ]


def test_feedback_is_found_with_what_was_sent(client):
    found = details(client, create(client)["key"])
    assert found["Summary"] == [EXAMPLE["summary"]]
    assert found["Topic"] == [23795]
    assert found["Submitter"] == ["jim@centercode.com"]
    assert found["Type"] == ["Suggestion"]
    assert found["Status"] == ["New"], "as the source says"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", found["Date Added"][0])


def test_t43_the_summary_is_the_title_of_the_printed_command(client):
    answer = client.api("POST", SOURCE, json={"title": "Lighting"})
    assert details(client, answer.json()["key"])["Summary"] == ["Lighting"]


def test_t43_what_is_required_is_the_source_s_setting(client):
    assert refused(client.api("POST", SOURCE, json={"description": "d", "summary": ""})) == ["Summary"]
    path = seed_source(client, parameters={"submitter": {"required": True}, "version": {"required": True}})
    assert refused(client.api("POST", path, json={})) == ["Submitter", "Version"]
    assert client.api("POST", path, json={"submitter": "SAM@gmail.com", "version": "1.4"}).status_code == 201


@pytest.mark.parametrize(
    ("member", "value", "name"),
    [
        ("topic", "23795", "Topic"),
        ("topic", True, "Topic"),
        ("summary", 5, "Summary"),
        ("summary", ["a"], "Summary"),
        ("submitter", "stranger@x.example", "Submitter"),
    ],
)
def test_t43_values_have_the_type_of_their_parameter(client, member, value, name):
    assert refused(client.api("POST", SOURCE, json=EXAMPLE | {member: value})) == [name]
    assert len(client.state()["centercode"]["feedback"]) == 6


def test_without_a_submitter_feedback_is_anonymous(client):
    answer = client.api("POST", SOURCE, json={"summary": "s"})
    assert details(client, answer.json()["key"])["Submitter"] == []


def test_unknown_members_vanish_but_are_recorded(client):
    create(client, sumary="slip")
    assert client.sandbox.requests()[-1]["unknown_members"] == ["sumary"]
    client.switch(unknown_members="refuse")
    assert client.api("POST", SOURCE, json=EXAMPLE | {"sumary": "slip"}).status_code == 400


def test_keys_are_numbered_for_each_type(client):
    path = seed_source(client)
    keys = [create(client)["key"], client.api("POST", path, json={}).json()["key"], create(client)["key"]]
    assert keys == ["SUG-0024", "FR-0001", "SUG-0025"]
    client.api("POST", SOURCE, json={})
    assert create(client)["key"] == "SUG-0026", "a refused one takes no number"


def test_t46_file_elements_are_named_only_if_there_are_any(client):
    assert set(client.api("POST", seed_source(client), json={}).json()) == {"id", "key", "url"}


def test_t45_the_page_has_ids_of_its_own_and_shows_what_testers_see(client, http):
    created = create(client)
    query = parse_qs(urlsplit(created["url"]).query)
    assert set(query) == {"cap", "uf"}
    assert created["id"].replace("-", "") not in (*query["cap"], *query["uf"])
    path = f"{PRO}/feedbackCommentListeners/BugComment"
    client.api("POST", path, {"find": created["key"]}, json={"author": "a@x.example", "message": "<b>Fixed</b>"})
    upload(client, "Screenshot", created["key"])
    text = http.get(created["url"]).text
    assert EXAMPLE["summary"] in text
    assert "&lt;b&gt;Fixed&lt;/b&gt;" in text
    assert "screenshot.png" in text
    assert http.get(created["url"] + "0").status_code == 404
    assert created["key"] in http.get(client.sandbox.url).text


def test_t44_the_source_key_names_the_source_and_the_item_key_the_item(client):
    assert client.api("POST", f"{PRO}/feedback/SUG-0023", json=EXAMPLE).status_code == 404
    assert client.api("POST", "projects/Nope/feedback/Mobile", json=EXAMPLE).status_code == 404
    assert upload(client, "Screenshot", "Mobile").status_code == 404


def test_t19_only_json_is_taken_unless_lenient(client):
    raw = b'{"summary": "s"}'
    form = {"data": raw, "headers": {"Content-Type": "application/x-www-form-urlencoded"}}
    assert client.api("POST", SOURCE, **form).status_code == 415
    client.switch(content_type="lenient")
    assert client.api("POST", SOURCE, **form).status_code == 201


def test_an_uploaded_file_is_answered_and_kept_by_name_size_and_checksum(client):
    created = create(client)
    address = created["fileElements"][1]["url"].partition("/api/v1/")[2]
    answer = client.api("POST", address, files={"file": ("trace ä.log", b"boom")})
    assert answer.status_code == 201
    body = answer.json()
    assert body == {
        "id": body["id"],
        "fileElementKey": "CrashLog",
        "fileName": "trace ä.log",
        "feedbackKey": created["key"],
        "feedbackUrl": created["url"],
    }
    assert body["id"] != created["id"]
    (kept,) = attachments(client, created["key"])
    assert (kept["size"], kept["md5"]) == (4, hashlib.md5(b"boom").hexdigest())


def test_t47_a_second_file_needs_an_element_that_takes_several(client):
    assert [upload(client, "Screenshot").status_code for _ in range(2)] == [201, 201]
    assert [upload(client, "CrashLog").status_code for _ in range(2)] == [201, 400]
    assert [a["fileElementKey"] for a in attachments(client)] == ["Screenshot", "Screenshot", "CrashLog"]
    assert len({a["id"] for a in attachments(client)}) == 3


@pytest.mark.parametrize(
    "files", [{"upload": ("a.png", b"x")}, {"file": (None, b"x")}, [("file", ("a", b"")), ("file", ("b", b""))]]
)
def test_t47_exactly_one_part_named_file(client, files):
    assert refused(upload(client, "Screenshot", files=files)) == ["File"]
    assert attachments(client) == []


def test_t47_an_empty_file_is_a_file(client):
    assert upload(client, "Screenshot", files={"file": ("empty.txt", b"")}).status_code == 201


def test_t47_over_the_limit_is_413_with_the_usual_body(client):
    client.switch(upload_limit="1000")
    answer = upload(client, "Screenshot", files={"file": ("big.bin", b"x" * 1000)})
    assert (answer.status_code, answer.json()) == (413, {"status": 413, "description": "Request Entity Too Large"})
    assert upload(client, "Screenshot", files={"file": ("small.bin", b"x" * 500)}).status_code == 201


@pytest.mark.parametrize("mode", ["strict", "lenient"])
def test_an_upload_that_isn_t_multipart_is_415(client, mode):
    client.switch(content_type=mode)
    path = f"{PRO}/feedbackTypes/Mobile/feedback/SUG-0023/fileElements/Screenshot"
    for options in ({"json": {"file": "x"}}, {"data": b"x"}, {"data": {"file": "x"}}):
        assert client.api("POST", path, **options).status_code == 415


@pytest.mark.parametrize(
    ("element", "key", "kind"),
    [
        ("Nope", "SUG-0023", "Mobile"),
        ("Screenshot", "SUG-9999", "Mobile"),
        ("Screenshot", "BUG-0001", "Mobile"),
        ("CrashLog", "BUG-0001", "BugReport"),
        ("Screenshot", "SUG-0023", "Nope"),
        ("Screenshot", "sug-0023", "Mobile"),
    ],
)
def test_an_upload_to_what_isn_t_there_is_404(client, element, key, kind):
    assert upload(client, element, key, kind=kind).status_code == 404


def test_t25_a_source_and_a_type_can_have_keys_of_their_own(client):
    kind = {"key": "Own", "prefix": "OWN", "api_key": "sandbox-own", "file_elements": [{"key": "Log"}]}
    source = {"Own": {"type": "Own", "api_key": "sandbox-own", "file_elements": ["Log"]}}
    project = {"key": "WidgetPro", "feedback_types": [kind], "endpoints": {"feedback": source}}
    client.sandbox.admin("seed", {"centercode": {"projects": [project]}})
    own = {"apiKey": "sandbox-own"}
    assert client.api("POST", f"{PRO}/feedback/Own", json={}).status_code == 403
    assert client.api("POST", f"{PRO}/feedback/Own", own, json={}).status_code == 201
    assert upload(client, "Log", "OWN-0001", kind="Own").status_code == 403
    assert upload(client, "Log", "OWN-0001", kind="Own", query=own).status_code == 201
    assert "sandbox-own" not in str(client.state())


@pytest.mark.parametrize("kind", ["multipart/form-data", "multipart/form-data; boundary=x"])
def test_a_form_that_is_none_is_400(client, kind):
    path = f"{PRO}/feedbackTypes/Mobile/feedback/SUG-0023/fileElements/Screenshot"
    answer = client.api("POST", path, data=b"no form", headers={"Content-Type": kind})
    assert (answer.status_code, answer.json()["status"]) == (400, 400)
