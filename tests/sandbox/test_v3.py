"""The v3 releases API over HTTP."""

from __future__ import annotations

import uuid

import pytest

PRODUCT = "27d6f2a0-3d6b-4f52-9f5e-6a1c6f0e8a11"
RELEASE = {"name": "Widget", "version": "1.4.0", "channel": "stable", "platforms": ["windows"], "productId": PRODUCT}


def attach(client, release, **members):
    payload = {
        "name": "widget.zip",
        "url": "https://dl.example.com/widget.zip",
        "size": 1048576,
        "checksum": "9e107d9d372bb6826bd81d3542a419d6",
        "secured": False,
        "releaseId": release["id"],
        **members,
    }
    return client.v3("POST", "release-files", json=payload)


def refused(answer, status, says=""):
    assert answer.status_code == status, answer.text
    body = answer.json()
    assert set(body) == {"message", "code"}
    assert says in body["message"]


def test_a_new_release_is_a_draft(client):
    release = client.draft(notes=None)
    assert set(release) == {
        "id", "createdAt", "updatedAt", "name", "channel", "version", "platforms", "notes", "totalFiles", "publishedAt",
        "files", "published", "private", "archived", "productId", "tenantId",
    }  # fmt: skip
    assert (release["published"], release["private"], release["totalFiles"], release["files"]) == (False, False, 0, [])
    assert release["notes"] == ""
    assert client.v3("GET", f"releases/{release['id']}").json() == release


@pytest.mark.parametrize("authorisation", [None, "Bearer real.jwt.token", "Basic c2FuZGJveC14", "sandbox-x", "Bearer "])
def test_without_a_sandbox_token_it_is_401(sandbox, http, authorisation):
    headers = {"Authorization": authorisation} if authorisation else {}
    refused(http.get(f"{sandbox.url}/v3/releases", headers=headers), 401)
    refused(http.post(f"{sandbox.url}/v3/releases", json=RELEASE, headers=headers), 401)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"name": None}, "name is required"),
        ({"name": ""}, "name must be"),
        ({"name": "x" * 257}, "name must be"),
        ({"channel": None}, "channel is required"),
        ({"productId": None}, "productId is required"),
        ({"version": None}, "version is required"),
        ({"version": "1"}, "x.x"),
        ({"version": "1.2.3.4.5"}, "x.x"),
        ({"version": "v1.2"}, "x.x"),
        ({"version": "1.2.0-rc.1"}, "x.x"),
        ({"version": "1.2\n"}, "x.x"),
        ({"version": "\u0661.\u0662"}, "x.x"),
        ({"platforms": "windows"}, "platforms must be"),
        ({"platforms": [1]}, "platforms must be"),
        ({"private": "true"}, "private must be"),
        ({"notes": "x" * 4097}, "notes must be"),
        ({"createdAt": "yesterday"}, "createdAt must be"),
    ],
)
def test_a_wrong_member_is_400(client, changes, says):
    refused(client.v3("POST", "releases", json=RELEASE | changes), 400, says)
    assert client.v3("GET", "releases").json() == []


def test_notes_may_have_4096_characters(client):
    assert len(client.draft(notes="ä" * 4096)["notes"]) == 4096


@pytest.mark.parametrize(("data", "kind", "status"), [(b"{", "json", 400), (b"[]", "json", 400), (b"a=b", "text", 415)])
def test_other_bodies(sandbox, http, data, kind, status):
    headers = {
        "Authorization": "Bearer sandbox-k",
        "Content-Type": {"json": "application/json"}.get(kind, "text/plain"),
    }
    refused(http.post(f"{sandbox.url}/v3/releases", data=data, headers=headers), status)


def test_the_same_product_version_channel_and_a_platform_in_common_is_409(client):
    client.draft(platforms=["windows", "linux"])
    refused(client.v3("POST", "releases", json=RELEASE | {"platforms": ["linux", "macos"]}), 409)
    for different in ({"platforms": ["macos"]}, {"version": "1.4"}, {"channel": "beta"}, {"productId": "other"}):
        assert client.v3("POST", "releases", json=RELEASE | different).status_code == 201
    client.switch(v3_unique="off")
    client.draft()


def test_products_are_checked_only_if_strict(client):
    client.switch(v3_products="strict")
    refused(client.v3("POST", "releases", json=RELEASE | {"productId": "other"}), 400, "product")
    client.draft()


def test_update_changes_what_is_given(client):
    release = client.draft(notes="old")
    client.advance(1)
    changed = client.v3("PATCH", f"releases/{release['id']}", json={"notes": "new", "private": True}).json()
    assert (changed["notes"], changed["private"], changed["name"]) == ("new", True, release["name"])
    assert changed["updatedAt"] > release["updatedAt"]
    refused(client.v3("PATCH", f"releases/{release['id']}", json={"version": "x"}), 400)
    refused(client.v3("PATCH", f"releases/{uuid.uuid4()}", json={}), 404)


def test_a_file_is_registered_once(client):
    release = client.draft()
    answer = attach(client, release)
    assert answer.status_code == 201
    file = answer.json()
    assert (file["name"], file["size"], file["secured"], file["extension"]) == ("widget.zip", 1048576, False, ".zip")
    assert client.v3("GET", f"release-files/{file['id']}").json() == file
    assert client.v3("GET", "release-files", params={"releaseId": release["id"]}).json() == [file]
    after = client.v3("GET", f"releases/{release['id']}").json()
    assert (after["totalFiles"], after["files"]) == (1, [file])
    refused(attach(client, release), 409)
    assert client.v3("DELETE", f"release-files/{file['id']}").status_code == 204
    assert client.v3("GET", f"releases/{release['id']}").json()["totalFiles"] == 0


@pytest.mark.parametrize(
    "changes",
    [{"name": None}, {"url": "dl.example.com/a"}, {"url": "file:///a"}, {"size": None}, {"size": "1"}, {"size": -1},
     {"secured": None}, {"secured": "no"}, {"releaseId": None}, {"releaseId": "gone"}, {"checksum": "x" * 257}],
)  # fmt: skip
def test_a_wrong_file_is_400(client, changes):
    refused(attach(client, client.draft(), **changes), 400)


def test_the_answer_to_a_file_may_be_the_release(client):
    client.switch(v3_file_answer="release")
    release = client.draft()
    answer = attach(client, release).json()
    assert (answer["id"], answer["totalFiles"]) == (release["id"], 1)


def test_publishing_is_for_ever(client):
    release = client.draft()
    file = attach(client, release).json()
    published = client.v3("POST", f"releases/{release['id']}/publish").json()
    assert published["published"] is True
    assert published["publishedAt"] is not None
    assert published["files"][0]["published"] is True
    refused(client.v3("POST", f"releases/{release['id']}/publish"), 409)
    refused(client.v3("PATCH", f"releases/{release['id']}", json={"notes": "x"}), 403)
    refused(attach(client, release, name="b.zip"), 403)
    refused(client.v3("DELETE", f"release-files/{file['id']}"), 409)
    refused(client.v3("DELETE", f"releases/{release['id']}"), 409)
    assert client.v3("GET", f"releases/{release['id']}").json() == published


def test_a_draft_can_be_deleted_with_its_files(client):
    release = client.draft()
    file = attach(client, release).json()
    assert client.v3("DELETE", f"releases/{release['id']}").status_code == 204
    refused(client.v3("GET", f"releases/{release['id']}"), 404)
    refused(client.v3("GET", f"release-files/{file['id']}"), 404)
    refused(client.v3("POST", f"releases/{release['id']}/publish"), 404)


@pytest.mark.parametrize(
    ("query", "versions"),
    [
        ("", ["1.0", "2.0", "3.0"]),
        ("?sort=-createdAt", ["3.0", "2.0", "1.0"]),
        ("?sort=%2Bversion&limit=1&page=2", ["2.0"]),
        ("?page=4&limit=1", []),
        ("?version=2.0", ["2.0"]),
        ("?version[eq]=2.0", ["2.0"]),
        ("?channel=beta", ["3.0"]),
        ("?platform=linux", ["2.0", "3.0"]),
        ("?name=Widget%201.0", ["1.0"]),
        ("?query=widget", ["1.0", "2.0", "3.0"]),
        ("?published=true", ["1.0"]),
        ("?published=false&private=true", ["3.0"]),
        (f"?productId={PRODUCT}", ["1.0", "2.0"]),
    ],
)
def test_lists_filter_sort_and_page(client, query, versions):
    first = client.draft(name="Widget 1.0", version="1.0")
    client.v3("POST", f"releases/{first['id']}/publish")
    client.advance(1)
    client.draft(name="Widget 2.0", version="2.0", platforms=["windows", "linux"])
    client.advance(1)
    third = {"channel": "beta", "platforms": ["linux"], "private": True, "productId": "other"}
    client.draft(name="Widget 3.0", version="3.0", **third)
    assert [r["version"] for r in client.v3("GET", f"releases{query}").json()] == versions


@pytest.mark.parametrize("query", ["limit=101", "limit=0", "page=0", "page=x", "sort=size", "published=yes"])
def test_lists_that_can_not_be_are_400(client, query):
    client.draft()
    refused(client.v3("GET", f"releases?{query}"), 400)


def test_a_page_has_25_unless_asked(client):
    for number in range(26):
        client.draft(version=f"1.{number}")
    assert len(client.v3("GET", "releases").json()) == 25
    assert len(client.v3("GET", "releases?page=2").json()) == 1
    assert len(client.v3("GET", "releases?limit=100").json()) == 26


def test_a_user_sees_published_releases_that_are_neither_private_nor_archived(client):
    shown, private, archived = (client.draft(version=f"1.{n}", private=n == 1) for n in range(3))
    client.draft(version="1.9")
    for release in (shown, private, archived):
        client.v3("POST", f"releases/{release['id']}/publish")
    client.sandbox.admin(f"releases/{archived['id']}", {"action": "archive"})
    (found,) = client.v3("GET", "me/releases").json()
    assert (found["id"], found["product"]) == (shown["id"], {"displayName": "Widget"})
    assert not {"tenantId", "published", "productId"} & set(found)


@pytest.mark.parametrize("kind", ["release-platforms", "release-channels"])
def test_platforms_and_channels_are_created_once_and_listed(client, kind):
    made = client.v3("POST", kind, json={"name": "arm", "displayName": "ARM", "productIds": [PRODUCT]})
    assert made.status_code == 201
    assert client.v3("GET", kind).json() == [made.json()]
    assert (made.json()["name"], made.json()["productIds"]) == ("arm", [PRODUCT])
    refused(client.v3("POST", kind, json={"name": "arm", "displayName": "ARM"}), 409)
    for wrong in ({"name": None}, {"displayName": ""}, {"productIds": "x"}):
        refused(client.v3("POST", kind, json={"name": "x", "displayName": "X"} | wrong), 400)


def test_release_files_need_a_release(client):
    refused(client.v3("GET", "release-files"), 400, "releaseId")


def test_create_only_servers_know_nothing_else(client):
    client.switch(v3="create-only")
    release = client.draft()
    refused(client.v3("GET", "releases"), 404)
    refused(client.v3("GET", f"releases/{release['id']}"), 404)
    refused(client.v3("POST", f"releases/{release['id']}/publish"), 404)
    refused(attach(client, release), 404)
    refused(client.v3("POST", "releases", json=RELEASE), 409)


@pytest.mark.usefixtures("within_a_window")
def test_unknown_members_and_rate_limit(client):
    client.draft(colour="red")
    assert client.sandbox.requests()[-1]["unknown_members"] == ["colour"]
    client.switch(rate_limits="aspnet", unknown_members="refuse")
    refused(client.v3("POST", "releases", json=RELEASE | {"colour": "red"}), 400, "colour")
    statuses = [client.v3("GET", "releases").status_code for _ in range(50)]
    assert statuses == [200] * 49 + [429]
    client.advance(5)
    assert client.v3("GET", "releases").headers["X-Rate-Limit-Limit"] == "5s"
