"""Centercode's macros, comments and data, and their queue. Names with a number follow the traps in docs/fidelity.md."""

from __future__ import annotations

import pytest

PRO = "projects/WidgetPro"
STATUS_ID = "a4b50639-ebcf-2a3e-933d-20a6c5c17ead"
MACROS = {
    "userMacroListeners/Enrich": "jim",
    f"{PRO}/userMacroListeners/Promotion": "jim",
    f"{PRO}/feedbackMacroListeners/ClosedInJIRA": "BUG-0001",
}
COMMENTS = {
    "userCommentListeners/UserComment": "nathan",
    f"{PRO}/userCommentListeners/UserComment": "nathan",
    f"{PRO}/feedbackCommentListeners/BugComment": "BUG-0001",
}
DATA = {
    "userDataListeners/Performance": ("sam@gmail.com", "performance", "Tester Tier"),
    f"{PRO}/userDataListeners/Subscription": ("jim", "subscription", "Subscription Level"),
    f"{PRO}/feedbackDataListeners/CrashLog": ("BUG-0001", "crashlog", "Crash Log"),
}
IMPORTS = ["userImports/Mobile", f"{PRO}/userImports/Mobile"]
DETAILS = {"feedback": "feedbackRecordLookups/FeedbackDetails", "user": "userRecordLookups/UserDetails"}


def details(client, path, name):
    """The record a listener works on, by a lookup of its scope: field → computed value."""
    prefix = f"{PRO}/" if path.startswith(PRO) else ""
    subject = "feedback" if "feedback" in path else "user"
    answer = client.api("GET", prefix + DETAILS[subject], {"find": name})
    assert answer.status_code == 200, answer.text
    return {cell["field"]: cell["computedValue"] for cell in answer.json()["data"]}


def status(client, accepted):
    """The status at the address that was answered, which comes without the key."""
    assert accepted.status_code == 202, accepted.text
    address = accepted.json()["statusEndpoint"]
    assert "apiKey" not in address
    base = f"{client.sandbox.url}/api/v1/"
    assert address.startswith(base)
    answer = client.api("GET", address.removeprefix(base))
    assert answer.status_code == 200
    return answer.json()["status"]


def refused(answer):
    assert answer.status_code == 400, answer.text
    return [parameter["name"] for parameter in answer.json()["invalidParameters"]]


@pytest.mark.parametrize("path", MACROS)
def test_t40_a_macro_is_pending_then_processed_then_done(client, path):
    accepted = client.api("POST", path, {"find": MACROS[path]})
    seen = []
    for seconds in (0, 1.9, 0.2, 1.8, 0.2, 3600):
        client.advance(seconds)
        seen.append(status(client, accepted))
    assert seen == ["Pending", "Pending", "Processing", "Processing", "Succeeded", "Succeeded"]


def test_a_macro_changes_the_record_once_it_has_succeeded(client):
    path = f"{PRO}/feedbackMacroListeners/ClosedInJIRA"
    client.api("POST", path, {"find": "bug-0001"})
    assert details(client, path, "BUG-0001")["Status"] == "Logged Internally"
    client.advance(5)
    assert details(client, path, "BUG-0001")["Status"] == "Closed"
    assert details(client, path, "SUG-0023")["Status"] == "New"


def test_a_listener_can_be_made_to_fail_and_to_take_its_time(client):
    listener = {"Slow": {"outcome": "Failed", "pending_seconds": 60, "processing_seconds": 0, "sets": {"Team": "X"}}}
    project = {"key": "WidgetPro", "endpoints": {"userMacroListeners": listener}}
    client.sandbox.admin("seed", {"centercode": {"projects": [project]}})
    path = f"{PRO}/userMacroListeners/Slow"
    accepted = client.api("POST", path, {"find": "jim"})
    client.advance(59)
    assert status(client, accepted) == "Pending"
    client.advance(2)
    assert status(client, accepted) == "Failed"
    assert details(client, path, "jim")["Team"] == ""
    assert client.state()["centercode"]["queue"][-1]["status"] == "Failed"


@pytest.mark.parametrize("path", [*MACROS, *IMPORTS])
def test_t40_the_documented_status_is_there_and_another_id_is_404(client, path):
    assert client.api("GET", f"{path}/status/{STATUS_ID}").json() == {"status": "Succeeded"}
    for wrong in (f"{path}/status/nope", f"{path}/status/{STATUS_ID.upper()}", f"{path}x/status/{STATUS_ID}"):
        answer = client.api("GET", wrong)
        assert (answer.status_code, answer.json()) == (404, {"status": 404, "description": "Not Found"})


@pytest.mark.parametrize("options", [{}, {"data": b""}, {"data": {"a": "b"}}, {"json": {}}, {"data": b"{\xff"}])
def test_t20_a_macro_takes_any_body_or_none(client, options):
    assert client.api("POST", "userMacroListeners/Enrich", {"find": "jim"}, **options).status_code == 202


@pytest.mark.parametrize("path", [*MACROS, *COMMENTS, *DATA])
def test_t28_and_t38_find_is_needed_and_must_be_found(client, path):
    options = {} if path in MACROS else {"json": {"message": "m"}}
    answer = client.api("POST", path, **options)
    assert answer.json()["invalidParameters"] == [{"name": "Find", "description": "A lookup query is required."}]
    assert client.api("POST", path, {"find": "nobody"}, **options).status_code == 404
    assert client.api("POST", f"{path}x", {"find": "jim"}, **options).status_code == 404


@pytest.mark.parametrize("path", COMMENTS)
def test_t41_comments_are_echoed_exactly_and_stay_on_the_record(client, path):
    first = {"author": "admin@centercode.com", "message": 'Fixed in 1.4.0: <b>"ä"</b>\n@all'}
    answer = client.api("POST", path, {"find": COMMENTS[path]}, json=first)
    assert (answer.status_code, answer.json()) == (201, first)
    client.api("POST", path, {"find": COMMENTS[path].upper()}, json={"message": "second"})
    comments = details(client, path, COMMENTS[path])["Comments"]
    assert comments == f"{first['author']}: {first['message']}, second"


def test_comments_of_the_community_and_of_a_project_are_told_apart(client):
    client.api("POST", "userCommentListeners/UserComment", {"find": "nathan"}, json={"message": "profile"})
    client.api("POST", f"{PRO}/userCommentListeners/UserComment", {"find": "nathan"}, json={"message": "project"})
    state = client.state()["centercode"]
    (profile,) = [u["comments"] for u in state["users"] if u["userName"] == "nathan"]
    (member,) = [u["comments"] for u in state["projectUsers"] if u["email"] == "nathan@centercode.com"]
    assert [c["message"] for c in profile] == ["profile"]
    assert [c["message"] for c in member] == ["project"]
    assert details(client, PRO, "nathan")["Comments"] == "project"


@pytest.mark.parametrize(
    ("body", "names"),
    [
        ({}, ["Message"]),
        ({"author": "a"}, ["Message"]),
        ({"author": 5, "message": ""}, ["Author", "Message"]),
        ({"message": ["a"]}, ["Message"]),
    ],
)
def test_t42_a_comment_needs_a_message(client, body, names):
    path = f"{PRO}/feedbackCommentListeners/BugComment"
    assert refused(client.api("POST", path, {"find": "BUG-0001"}, json=body)) == names
    assert details(client, path, "BUG-0001")["Comments"] == ""


@pytest.mark.parametrize("path", DATA)
def test_t42_data_is_answered_with_its_label_and_shows_on_the_record(client, path):
    name, parameter, label = DATA[path]
    answer = client.api("POST", path, {"find": name}, json={parameter: "Excellent"})
    assert answer.status_code == 201
    field = {"dataType": "string", "label": label, "parameter": parameter, "value": "Excellent", "matched": True}
    assert answer.json() == {"fields": [field]}
    assert details(client, path, name)[label] == "Excellent"


def test_t42_what_isn_t_configured_is_answered_as_not_matched(client):
    path = f"{PRO}/feedbackDataListeners/CrashLog"
    answer = client.api("POST", path, {"find": "BUG-0001"}, json={"crash_log": {"a": 1}})
    assert answer.status_code == 201
    assert [(f["parameter"], f["label"], f["value"], f["matched"]) for f in answer.json()["fields"]] == [
        ("crashlog", "Crash Log", "", False),
        ("crash_log", "", '{"a": 1}', False),
    ]
    assert details(client, path, "BUG-0001")["Crash Log"] == ""
    assert client.sandbox.requests()[-2]["unknown_members"] == ["crash_log"]


@pytest.mark.parametrize("body", [[], [1], "text", 5, None])
def test_t42_any_json_is_accepted(client, body):
    path = f"{PRO}/feedbackDataListeners/CrashLog"
    headers = {"Content-Type": "application/json"}
    text = {"data": b"null", "headers": headers} if body is None else {"json": body}
    answer = client.api("POST", path, {"find": "BUG-0001"}, **text)
    assert answer.status_code == 201
    assert [field["matched"] for field in answer.json()["fields"]] == [False]


def test_data_has_the_type_of_its_parameter(client):
    parameters = {
        "runs": {"label": "Runs", "data_type": "integer"},
        "ok": {"label": "Ok", "data_type": "boolean"},
        "load": {"label": "Load", "data_type": "double"},
    }
    fields = {"Runs": "integer", "Ok": "boolean", "Load": "double"}
    endpoints = {
        "userDataListeners": {"Run": {"parameters": parameters}},
        "userRecordLookups": {"Run": {"fields": fields}},
    }
    client.sandbox.admin("seed", {"centercode": {"endpoints": endpoints}})
    for body, matched in (
        ({"runs": "7", "ok": "true", "load": 0.5}, [True, True, True]),
        ({"runs": 2.5, "ok": "yes", "load": "[1]"}, [False, False, False]),
    ):
        answer = client.api("POST", "userDataListeners/Run", {"find": "jim"}, json=body).json()
        assert [field["matched"] for field in answer["fields"]] == matched
    found = client.api("GET", "userRecordLookups/Run", {"find": "jim"}).json()["data"]
    assert [cell["values"] for cell in found] == [[7], ["true"], [0.5]]


@pytest.mark.parametrize("path", [*COMMENTS, *DATA, *IMPORTS])
def test_t19_only_json_is_taken_unless_lenient(client, path):
    form = {"data": b'{"email": "a@x.example", "message": "m"}', "headers": {"Content-Type": "text/plain"}}
    query = {"find": "BUG-0001" if "feedback" in path else "sam@gmail.com"}
    assert client.api("POST", path, query, **form).status_code == 415
    client.switch(content_type="lenient")
    assert client.api("POST", path, query, **form).status_code in {201, 202}


@pytest.mark.parametrize("path", [*COMMENTS, *DATA, *IMPORTS])
def test_t26_a_body_that_isn_t_json_is_400(client, path):
    options = {"data": b"{", "headers": {"Content-Type": "application/json"}}
    answer = client.api("POST", path, {"find": "BUG-0001"}, **options)
    assert (answer.status_code, answer.json()["status"]) == (400, 400)


def test_t25_a_listener_can_have_a_key_of_its_own_also_for_its_status(client):
    endpoints = {"userMacroListeners": {"Mine": {"api_key": "sandbox-mine"}}}
    client.sandbox.admin("seed", {"centercode": {"endpoints": endpoints}})
    path, mine = "userMacroListeners/Mine", {"apiKey": "sandbox-mine"}
    assert client.api("POST", path, {"find": "jim"}).status_code == 403
    accepted = client.api("POST", path, {"find": "jim"} | mine)
    assert accepted.status_code == 202
    status_path = accepted.json()["statusEndpoint"].partition("/api/v1/")[2]
    assert client.api("GET", status_path).status_code == 403
    assert client.api("GET", status_path, mine).status_code == 200


def test_t26_get_on_a_listener_is_405(client):
    for path in (*MACROS, *COMMENTS, *DATA, *IMPORTS):
        answer = client.api("GET", path)
        assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")


def test_a_fault_hits_the_listener_named(client):
    client.sandbox.admin("faults", {"operation": "project-feedback-comment", "when": "after_apply", "status": 502})
    path = f"{PRO}/feedbackCommentListeners/BugComment"
    assert client.api("POST", path, {"find": "BUG-0001"}, json={"message": "once"}).status_code == 502
    assert details(client, path, "BUG-0001")["Comments"] == "once"
