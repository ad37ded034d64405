"""Centercode's user imports. Their queue is that of the macros."""

from __future__ import annotations

import pytest

PRO = "projects/WidgetPro"
IMPORTS = ["userImports/Mobile", f"{PRO}/userImports/Mobile"]


def status(client, accepted):
    assert accepted.status_code == 202, accepted.text
    path = accepted.json()["statusEndpoint"].partition("/api/v1/")[2]
    return client.api("GET", path).json()["status"]


@pytest.mark.parametrize("path", IMPORTS)
def test_an_imported_user_exists_once_the_import_has_succeeded(client, path):
    accepted = client.api("POST", path, json={"email": "Person@gmail.com"})
    assert status(client, accepted) == "Pending"
    lookup = ("GET", "userRecordLookups/UserScore", {"find": "person@gmail.com"})
    assert client.api(*lookup).status_code == 404
    client.advance(4)
    assert client.api(*lookup).status_code == 200
    assert status(client, accepted) == "Succeeded"
    member = client.api("GET", f"{PRO}/userRecordLookups/UserDetails", {"find": "person@gmail.com"})
    assert member.status_code == (200 if path.startswith(PRO) else 404)


def test_importing_a_user_again_changes_nothing(client):
    before = client.api("GET", "userRecordLookups/UserScore", {"find": "jim"}).json()
    for path in IMPORTS:
        accepted = client.api("POST", path, json={"email": "JIM@centercode.com"})
        client.advance(4)
        assert status(client, accepted) == "Succeeded"
    assert client.api("GET", "userRecordLookups/UserScore", {"find": "jim"}).json() == before
    assert len(client.state()["centercode"]["users"]) == 10


def test_an_import_that_fails_makes_no_user(client):
    sources = {"userImports": {"Broken": {"outcome": "Failed"}}}
    client.sandbox.admin("seed", {"centercode": {"endpoints": sources}})
    accepted = client.api("POST", "userImports/Broken", json={"email": "a@x.example"})
    client.advance(4)
    assert status(client, accepted) == "Failed"
    assert client.api("GET", "userRecordLookups/UserScore", {"find": "a@x.example"}).status_code == 404


@pytest.mark.parametrize(
    "body", [{}, {"email": ""}, {"email": "x"}, {"email": 5}, {"email": "a @b"}, {"Email": "a@b.c"}]
)
def test_an_import_needs_an_address(client, body):
    answer = client.api("POST", IMPORTS[0], json=body)
    assert answer.status_code == 400
    assert [parameter["name"] for parameter in answer.json()["invalidParameters"]] == ["Email"]
