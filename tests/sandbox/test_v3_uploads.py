"""The release server over HTTP: files that are stored there and added to drafts. Its errors have no body."""

from __future__ import annotations

import hashlib
import socket
import uuid
from urllib.parse import urlsplit

import pytest
import requests

KEY = "sandbox-test"
CONTENT = b"PK" + b"w" * 3_000_000


def put(client, release, name="widget.zip", content=CONTENT, **options):
    where = f"{client.sandbox.url}/v3/{release['id']}/{name}"
    headers = {"Authorization": f"Bearer {KEY}"} | options.pop("headers", {})
    headers = {name: value for name, value in headers.items() if value is not None}
    return client.http.put(where, data=content, headers=headers, timeout=30, **options)


def refused(answer, status):
    assert (answer.status_code, answer.content) == (status, b"")


def files(client, release):
    return client.v3("GET", f"releases/{release['id']}").json()["files"]


def test_a_file_is_stored_and_added_to_the_draft(client):
    release = client.draft()
    answer = put(client, release, "Widget-1.4.0(x64)[a]_b.zip")
    assert answer.status_code == 200
    file = answer.json()
    assert file["name"] == "Widget-1.4.0(x64)[a]_b.zip"
    assert (file["size"], file["checksum"]) == (len(CONTENT), hashlib.md5(CONTENT).hexdigest())
    assert (file["secured"], file["published"], file["releaseId"]) == (True, False, release["id"])
    assert file["url"].endswith(f"/v3/{release['tenantId']}/{release['id']}/{file['name']}")
    assert files(client, release) == [file]
    entry = next(entry for entry in reversed(client.sandbox.requests()) if entry["method"] == "PUT")
    assert (entry["operation"], entry["body"]) == ("upload-release-file", {"bytes": len(CONTENT)})


def test_customers_get_it_with_a_license_key(client, http):
    release = client.draft()
    url = put(client, release).json()["url"]
    assert http.get(url, params={"key": "sandbox-license"}, timeout=10).content == CONTENT
    assert http.get(url, timeout=10).status_code == 401
    assert http.get(f"{client.sandbox.url}/files//v3/{release['id']}/widget.zip", timeout=10).status_code == 404
    assert http.get(url.replace("widget", "gadget"), params={"key": "sandbox-license"}, timeout=10).status_code == 404


@pytest.mark.parametrize(
    "name", ["ab", "x" * 257, "wid%20get.zip", "widget%2B.zip", "w%C3%AFdget.zip", "widget%3D.zip"]
)
def test_a_name_that_is_not_allowed_is_404(client, name):
    release = client.draft()
    refused(put(client, release, name), 404)
    assert files(client, release) == []


def test_refusals_without_a_body(client):
    release = client.draft()
    refused(put(client, release, headers={"Authorization": None}), 401)
    refused(put(client, release, headers={"Authorization": "Bearer real.jwt.token"}), 401)
    refused(put(client, {"id": str(uuid.uuid4())}), 404)
    refused(put(client, {"id": "no-uuid"}), 404)
    refused(put(client, release, content=iter([b"chunked"])), 400)
    client.switch(v3_storage="full")
    refused(put(client, release), 409)
    client.switch(v3_storage="free")
    assert files(client, release) == []
    client.v3("POST", f"releases/{release['id']}/publish")
    refused(put(client, release), 403)
    refused(client.v3("DELETE", f"{release['id']}/widget.zip"), 403)


def test_the_same_name_again_is_409_and_other_case_overwrites(client, http):
    release = client.draft()
    first = put(client, release, content=b"first").json()
    refused(put(client, release, content=b"again"), 409)
    second = put(client, release, "WIDGET.zip", content=b"second").json()
    assert [file["name"] for file in files(client, release)] == ["widget.zip", "WIDGET.zip"]
    for file in (first, second):
        assert http.get(file["url"], params={"key": "sandbox-license"}, timeout=10).content == b"second"


def test_deleting_removes_the_bytes_only(client, http):
    release = client.draft()
    file = put(client, release).json()
    assert client.v3("DELETE", f"{release['id']}/widget.zip").status_code == 204
    assert http.get(file["url"], params={"key": "sandbox-license"}, timeout=10).status_code == 404
    refused(client.v3("DELETE", f"{release['id']}/widget.zip"), 404)
    assert files(client, release) == [file]


def test_servers_of_ones_own_take_a_form(client):
    client.switch(v3_uploads="form")
    release = client.draft()
    refused(put(client, release), 400)
    answer = put(client, release, content=None, files={"file": ("other-name.zip", CONTENT)})
    assert answer.status_code == 200
    assert (answer.json()["name"], answer.json()["size"]) == ("widget.zip", len(CONTENT))
    assert answer.json()["checksum"] == hashlib.md5(CONTENT).hexdigest()
    refused(put(client, release, "b.zip", content=None, files={"data": CONTENT}), 400)


def test_servers_that_only_create_have_no_release_server(client):
    client.switch(v3="create-only")
    refused(put(client, client.draft()), 404)


def test_an_upload_that_breaks_off_leaves_nothing(client):
    release = client.draft()
    address = urlsplit(client.sandbox.url)
    with socket.create_connection((address.hostname, address.port), timeout=10) as connection:
        head = f"PUT /v3/{release['id']}/widget.zip HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {KEY}\r\n"
        connection.sendall(f"{head}Content-Length: 1000\r\n\r\nhalf".encode())
        connection.shutdown(socket.SHUT_WR)
        assert b" 400 " in connection.recv(4096).splitlines()[0]
    assert files(client, release) == []


def test_other_requests_go_on_while_an_upload_comes(client):
    release = client.draft()
    address = urlsplit(client.sandbox.url)
    with socket.create_connection((address.hostname, address.port), timeout=10) as connection:
        head = f"PUT /v3/{release['id']}/widget.zip HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {KEY}\r\n"
        connection.sendall(f"{head}Content-Length: 4\r\n\r\nPK".encode())
        client.draft(version="1.5.0")
        connection.sendall(b"ww")
        assert b" 200 " in connection.recv(4096).splitlines()[0]


def test_a_fault_after_the_upload_loses_only_its_answer(client):
    release = client.draft()
    fault = {"operation": "upload-release-file", "when": "after_apply", "status": 502}
    client.sandbox.admin("faults", fault)
    assert put(client, release).status_code == 502
    assert [file["name"] for file in files(client, release)] == ["widget.zip"]


def test_methods(client):
    release = client.draft()
    assert requests.post(f"{client.sandbox.url}/v3/{release['id']}/widget.zip", timeout=10).status_code == 405
    assert client.v3("PUT", f"releases/{release['id']}").status_code == 405
