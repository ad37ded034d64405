"""What customers' apps ask the v3 API, over HTTP."""

from __future__ import annotations

import pytest

PRODUCT = "27d6f2a0-3d6b-4f52-9f5e-6a1c6f0e8a11"


def published(client, version, **members):
    release = client.draft(version=version, **members)
    return client.v3("POST", f"releases/{release['id']}/publish").json()


def ask(client, what="update", **changes):
    given = {"productId": PRODUCT, "platform": "windows", "key": "sandbox-license"}
    if what == "update":
        given |= {"version": "1.2.3", "accountId": "00000000-0000-4000-8000-5a4d6a4e6442"}
    given = {name: value for name, value in (given | changes).items() if value is not None}
    return client.http.get(f"{client.sandbox.url}/v3/releases/{what}", params=given, timeout=10)


# Only as many parts as the app's version has are compared.
@pytest.mark.parametrize(
    ("app", "release", "is_update"),
    [
        ("1.2.3", "1.2.4", True),
        ("1.2.3", "1.10.0", True),
        ("1.2.3", "1.2.3", False),
        ("1.2.3", "1.2.3.4", False),
        ("1.2", "1.2.3.4", False),
        ("1.2.3.3", "1.2.3.4", True),
        ("1.2.3.0", "1.2.3", False),
        ("1.2.3.4", "1.3", True),
        ("2.0", "1.9.9", False),
        ("01.2", "1.2", False),
        ("01.2", "1.3", True),
    ],
)
def test_an_update_is_a_release_that_is_newer_in_the_parts_asked_for(client, app, release, is_update):
    newest = published(client, release)
    answer = ask(client, version=app)
    assert answer.status_code == (200 if is_update else 204)
    assert not is_update or answer.json() == newest


def test_only_published_releases_of_platform_and_channel_count(client):
    client.draft(version="9.0")
    published(client, "8.0", channel="beta")
    published(client, "7.0", platforms=["linux"])
    assert ask(client).status_code == 204
    assert ask(client, "latest").status_code == 404
    assert ask(client, channel="beta").json()["version"] == "8.0"
    assert ask(client, platform="linux").json()["version"] == "7.0"
    published(client, "1.10")
    published(client, "1.9")
    assert ask(client, "latest").json()["version"] == "1.10"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"productId": None}, "INVALID_PRODUCT_ID"),
        ({"platform": None}, "BAD_REQUEST"),
        ({"version": None}, "INVALID_VERSION_FORMAT"),
        ({"key": None}, "INVALID_LICENSE_KEY"),
        ({"accountId": None}, "INVALID_ACCOUNT_ID"),
        ({"productId": "other"}, "INVALID_PRODUCT_ID"),
        ({"key": "a-real-key"}, "INVALID_LICENSE_KEY"),
        *(
            ({"version": text}, "INVALID_VERSION_FORMAT")
            for text in ("1.2.3-rc.1", "1", "1.2.3.4.5", "1..2", "4294967296.0")
        ),
        ({"accountId": "other"}, "INVALID_ACCOUNT_ID"),
        ({"allowed": "yes"}, "BAD_REQUEST"),
    ],
)
def test_bad_questions_are_400_with_the_code_that_lexactivator_reads(client, changes, code):
    client.switch(v3_products="strict")
    answer = ask(client, **changes)
    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert set(answer.json()) == {"message", "code"}


def test_a_license_may_not_allow_the_newest_release(client):
    client.sandbox.admin("seed", {"v3": {"licenses": [{"key": "sandbox-old", "maxAllowedReleaseVersion": "1.9"}]}})
    old, new = published(client, "1.9.0"), published(client, "2.0")
    assert ask(client, key="sandbox-old").json() == ask(client, allowed="true").json() == new
    assert ask(client, key="sandbox-old", allowed="true").json() == old
    account = {"productId": None, "platform": None, "version": None}
    for release, allowed in ((old, True), (new, False)):
        path = f"{release['id']}/allowed"
        asked = ask(client, path, **account, key="sandbox-old", accountId=new["tenantId"])
        assert asked.json() == {"allowed": allowed}
        assert ask(client, path, **account, accountId=new["tenantId"]).json() == {"allowed": True}
    assert ask(client, "none/allowed", **account, accountId=new["tenantId"]).status_code == 404
    with pytest.raises(ValueError, match="two to four numbers"):
        client.sandbox.admin("seed", {"v3": {"licenses": [{"key": "sandbox-k", "maxAllowedReleaseVersion": "1"}]}})


def test_an_older_api_needs_no_account(client):
    newest = published(client, "1.3")
    client.switch(v3_account="optional")
    assert ask(client, accountId=None).json() == ask(client, accountId="").json() == newest
    assert ask(client, accountId="other").status_code == 400


def test_an_archived_release_is_offered_to_no_app(client):
    older, newer = published(client, "1.3"), published(client, "1.4")
    client.sandbox.admin(f"releases/{newer['id']}", {"action": "archive"})
    assert ask(client).json() == ask(client, "latest").json() == older
    assert client.v3("GET", f"releases/{newer['id']}").json()["archived"] is True


def test_the_license_key_is_not_logged(client):
    ask(client)
    assert "sandbox-license" not in str(client.sandbox.requests())


def test_servers_that_only_create_have_no_update_check(client):
    client.switch(v3="create-only")
    assert ask(client).status_code == 404
