"""Webhooks of the v3 API: registered over HTTP, and received by a listener of the test's own."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import queue
import time
import uuid

import pytest

from http_server import HttpServer, Reply
from shipline_sandbox.server import running


class Listener(HttpServer):
    """Keeps what it receives in a queue; responds with ``status``."""

    def __init__(self):
        super().__init__(self.keep)
        self.queue = queue.Queue()
        self.status = 204

    def keep(self, received):
        self.queue.put((received.target, received.headers, received.body))
        return Reply(self.status)

    def next(self):
        return self.queue.get(timeout=10)


@pytest.fixture
def sandbox():
    """A sandbox of its own: a delivery under way would reach the next test."""
    with running(speed=1) as sandbox:
        sandbox.admin("clock", {"freeze": True})
        yield sandbox


@pytest.fixture
def listener():
    with Listener() as listener:
        yield listener


def register(client, url, **members):
    hook = {"name": "bot", "url": url, "token": "a-shared-secret", "events": ["release.created"], **members}
    answer = client.v3("POST", "webhooks", json=hook)
    assert answer.status_code == 201, answer.text
    return answer.json()


def logged(client, count):
    for _ in range(200):
        log = client.v3("GET", "webhook-event-logs").json()
        if len(log) >= count:
            return log
        time.sleep(0.05)
    raise AssertionError(f"{count} entries expected: {log}")


def test_a_new_release_is_told_and_signed(client, listener):
    register(client, f"{listener.url}/hook?to=me")
    release = client.draft(name="Widget ä")
    path, headers, body = listener.next()
    assert path == "/hook?to=me"
    digest = hmac.new(b"a-shared-secret", body, hashlib.sha256).digest()
    assert headers["Webhook-Signature"] == base64.b64encode(digest).decode()
    event = json.loads(body)
    assert set(event) == {"event", "data", "triggeredAt"}
    assert (event["event"], event["data"]) == ("release.created", release)
    (entry,) = logged(client, 1)
    assert (entry["event"], entry["statusCode"], entry["succeeded"]) == ("release.created", 204, True)
    assert client.state()["v3"]["webhookEvents"] == [entry]


def test_files_are_told_whether_linked_or_uploaded(client, listener):
    register(client, listener.url, events=["releaseFile.created"])
    release = client.draft()
    where = f"{client.sandbox.url}/v3/{release['id']}/widget.zip"
    file = client.http.put(where, data=b"PK", headers={"Authorization": "Bearer sandbox-k"}, timeout=10).json()
    assert json.loads(listener.next()[2])["data"] == file
    link = {"url": "https://dl.example.com/a.zip", "size": 1, "secured": False, "releaseId": release["id"]}
    client.v3("POST", "release-files", json={"name": "a.zip", **link})
    assert json.loads(listener.next()[2])["event"] == "releaseFile.created"


def test_nothing_is_told_of_what_was_refused_or_not_asked_for(client, listener):
    hook = register(client, listener.url)
    register(client, listener.url, active=False)
    client.draft()
    listener.next()
    assert client.v3("POST", "releases", json={"name": "x"}).status_code == 400
    assert client.v3("DELETE", f"webhooks/{hook['id']}").status_code == 204
    client.draft(version="1.5.0")
    register(client, f"{listener.url}/later")
    client.draft(version="1.6.0")
    assert listener.next()[0] == "/later"
    assert len(logged(client, 2)) == 2


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("https://hooks.example.com/releases", "loopback"),
        ("http://192.0.2.1/", "loopback"),
        ("http://127.0.0.1:1/closed", "refused"),
        ("http://127.0.0.1:99999/", "ort"),
    ],
)
def test_what_can_not_be_delivered_is_logged_and_holds_nothing_up(client, url, why):
    register(client, url)
    client.draft()
    (entry,) = logged(client, 1)
    assert (entry["statusCode"], entry["succeeded"]) == (None, False)
    assert why in entry["error"]


def test_a_listener_that_fails_is_logged(client, listener):
    listener.status = 500
    register(client, listener.url)
    client.draft()
    assert (logged(client, 1)[0]["statusCode"], logged(client, 1)[0]["succeeded"]) == (500, False)


def test_webhooks_are_listed_and_deleted(client):
    hook = register(client, "http://127.0.0.1:1/")
    assert set(hook) == {"id", "createdAt", "updatedAt", "name", "url", "token", "active", "events"}
    assert hook["active"] is True
    assert client.v3("GET", "webhooks").json() == [hook]
    assert "a-shared-secret" not in json.dumps([client.state(), client.sandbox.requests()])
    unsigned = {"name": "other", "url": "http://127.0.0.1:1/", "events": ["release.created"]}
    assert client.v3("POST", "webhooks", json=unsigned).json()["token"]
    assert client.v3("DELETE", f"webhooks/{hook['id']}").status_code == 204
    assert client.v3("DELETE", f"webhooks/{hook['id']}").status_code == 404
    assert len(client.v3("GET", "webhooks").json()) == 1
    events = client.v3("GET", "webhooks/events").json()
    assert events == {"release": ["release.created"], "releaseFile": ["releaseFile.created"]}


@pytest.mark.parametrize(
    "changes",
    [{"name": None}, {"url": None}, {"url": "hooks"}, {"events": None}, {"events": "release.created"},
     {"events": ["release.sold"]}, {"events": []}, {"active": "yes"}, {"token": None}],
)  # fmt: skip
def test_a_wrong_webhook_is_400(client, changes):
    hook = {"name": "bot", "url": "http://127.0.0.1:1/", "events": ["release.created"]}
    assert client.v3("POST", "webhooks", json=hook | changes).status_code == 400
    assert client.v3("GET", "webhooks").json() == []
    made = register(client, "http://127.0.0.1:1/")
    assert client.v3("PATCH", f"webhooks/{made['id']}", json=changes).status_code == 400
    assert client.v3("GET", "webhooks").json() == [made]


def test_a_webhook_is_changed_in_what_is_given(client, listener):
    hook = register(client, "http://127.0.0.1:1/")
    where = f"webhooks/{hook['id']}"
    client.advance(1)
    changed = client.v3("PATCH", where, json={"url": listener.url, "token": "another"}).json()
    assert changed == hook | {"url": listener.url, "token": "another", "updatedAt": changed["updatedAt"]}
    assert changed["updatedAt"] > hook["updatedAt"]
    assert client.v3("GET", where).json() == changed
    client.draft()
    _, headers, body = listener.next()
    assert headers["Webhook-Signature"] == base64.b64encode(hmac.digest(b"another", body, "sha256")).decode()
    assert client.v3("PATCH", where, json={"token": ""}).json()["token"] == "another"
    for method in ("GET", "PATCH"):
        assert client.v3(method, f"webhooks/{uuid.uuid4()}", json={}).status_code == 404


def test_webhooks_need_a_token(sandbox, http):
    for path in ("webhooks", "webhooks/events", "webhook-event-logs"):
        assert http.get(f"{sandbox.url}/v3/{path}", timeout=10).status_code == 401
