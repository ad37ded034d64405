"""The page's forms: what they set, and that no other site can send them."""

from __future__ import annotations

import re

import pytest

from shipline_sandbox.server import running


def post(client, path, *, origin=None, host=None, **fields):
    headers = {"Origin": client.sandbox.url if origin is None else origin} | ({"Host": host} if host else {})
    where = f"{client.sandbox.url}{path}"
    return client.http.post(where, data=fields, headers=headers, timeout=10, allow_redirects=False)


def test_a_fault_is_set_and_cleared(client):
    answer = post(
        client,
        "/page/faults",
        request="buildmaster/get-releases",
        kind="status",
        status="502",
        when="before",
        times="2",
    )
    assert (answer.status_code, answer.headers["Location"]) == (303, "/#faults")
    post(client, "/page/faults", request="v3", kind="delay", when="after_apply", status="503", times="")
    (one, two) = client.sandbox.admin("faults")
    assert (one["service"], one["operation"], one["status"], one["times"]) == ("buildmaster", "get-releases", 502, 2)
    assert (two["service"], two.get("operation"), two["kind"], two["times"]) == ("v3", None, "delay", None)
    assert client.bm("").status_code == 502
    page = client.http.get(client.sandbox.url, timeout=10).text
    assert "buildmaster: get-releases" in page
    assert "502, before it takes effect, once more" in page
    assert "delay, after it takes effect, always" in page
    post(client, "/page/faults/drop", fault=str(one["id"]))
    assert client.sandbox.admin("faults") == [two]
    post(client, "/page/faults/drop")
    assert client.sandbox.admin("faults") == []


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"status": "99"}, "status is a number from 200 to 599"),
        ({"status": "often"}, "status is a number, not"),
        ({"times": "0"}, "times is a number from 1"),
        ({"kind": "<b>"}, "kind &#39;&lt;b&gt;&#39; is not one of"),
    ],
)
def test_a_wrong_fault_is_explained_on_the_page(client, fields, says):
    answer = post(client, "/page/faults", **({"kind": "status", "when": "before", "times": "1"} | fields))
    assert answer.status_code == 400
    assert '<main id="main"' in answer.text
    assert says in answer.text
    assert client.sandbox.admin("faults") == []


def test_every_operation_can_be_chosen(client):
    page = client.http.get(client.sandbox.url, timeout=10).text
    chosen = re.findall(r'<option value="(\w+/[\w-]+)">', page)
    assert len(chosen) > 50
    assert {"buildmaster/deploy-build", "centercode/project-release", "v3/create-release", "files/get-file"} <= {
        *chosen
    }
    assert not any(name.endswith("/static") or name.startswith(("admin", "page")) for name in chosen)


def test_switches_are_changed(client):
    answer = post(client, "/page/switches", fields="old", v3="create-only")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/#switches")
    assert client.state()["switches"] | {"fields": "old", "v3": "create-only"} == client.state()["switches"]
    assert "unknown switch" in post(client, "/page/switches", colour="red").text


def test_a_deployment_is_ended(client):
    build = client.build(client.release())
    started = client.bm("/builds/deploy", buildId=build["id"]).json()
    assert post(client, f"/page/deployments/{started['id']}", outcome="failed").status_code == 303
    assert client.deployment(started["id"])["status"] == "failed"
    for key, outcome in ((started["id"], "odd"), (99, "failed")):
        assert post(client, f"/page/deployments/{key}", outcome=outcome).status_code == 400


def test_a_v3_release_is_changed_by_hand(client):
    release = client.draft()

    def states():
        return [(r["published"], r["archived"]) for r in client.state()["v3"]["releases"]]

    for action, state in (("archive", (False, True)), ("restore", (False, False)), ("publish", (True, False))):
        assert post(client, f"/page/releases/{release['id']}", action=action).status_code == 303
        assert states() == [state]
        assert client.v3("GET", "releases").json()[0]["archived"] is state[1]
    client.sandbox.admin(f"releases/{release['id']}", {"action": "archive"})
    assert states() == [(True, True)]
    asked = {"productId": release["productId"], "platform": release["platforms"][0], "key": "sandbox-license"}
    assert client.v3("GET", "releases/latest", params=asked).status_code == 404
    page = client.http.get(client.sandbox.url, timeout=10).text
    assert "Archived: 1" in page
    assert f'action="/page/releases/{release["id"]}"' in page
    assert post(client, f"/page/releases/{release['id']}", action="odd").status_code == 400
    assert post(client, f"/page/releases/{release['id']}", action="delete").status_code == 303
    assert states() == []
    assert post(client, f"/page/releases/{release['id']}", action="delete").status_code == 400


_FORMS = ["/page/faults", "/page/faults/drop", "/page/switches", "/page/deployments/1", "/page/releases/1"]


@pytest.mark.parametrize("path", _FORMS)
@pytest.mark.parametrize("origin", ["https://evil.example", "null", "", "http://127.0.0.1:1"])
def test_no_other_site_can_send_a_form(client, path, origin):
    before = client.state()
    assert post(client, path, origin=origin, fields="old", kind="status").status_code == 403
    assert {**client.state(), "now": 0} == {**before, "now": 0}


def test_no_form_without_an_origin_nor_under_a_foreign_name(client):
    where = f"{client.sandbox.url}/page/faults"
    assert client.http.post(where, data={"kind": "html"}, timeout=10).status_code == 403
    rebound = post(client, "/page/faults", origin="http://evil.example", host="evil.example", kind="html")
    assert rebound.status_code == 403
    assert client.sandbox.admin("faults") == []


@pytest.mark.parametrize("path", ["/", "/_sandbox/state", "/v3/releases?productId=p", "/files/widget.zip"])
@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "localhost.evil.example", "x"]
)
def test_nothing_is_shown_under_a_foreign_name(client, path, host):
    client.sandbox.put_file("widget.zip", b"PK")
    answer = client.http.get(client.sandbox.url + path, headers={"Host": host}, timeout=10)
    assert answer.status_code == 403
    own = client.http.get(client.sandbox.url + path, headers={"Host": "sandbox.localhost"}, timeout=10)
    assert own.status_code in (200, 401)


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_no_other_site_can_change_anything(client, headers):
    before = client.state()
    form = {"applicationName": "Widget", "pipelineName": "Standard", "releaseNumber": "1.4", "key": "sandbox-x"}
    for method, path in (
        ("POST", "/api/releases/create"),
        ("POST", "/api/v1/projects/WidgetPro/releaseTypes/Firmware?apiKey=sandbox-x"),
        ("PUT", "/files/widget.zip"),
        ("POST", "/_sandbox/reset"),
        ("POST", "/page/faults/drop"),
    ):
        answer = client.http.request(method, client.sandbox.url + path, data=form, headers=headers, timeout=10)
        assert answer.status_code == 403, path
    assert {**client.state(), "now": 0} == {**before, "now": 0}
    assert client.http.get(client.sandbox.url, headers=headers, timeout=10).status_code == 200


def test_an_upload_is_a_download_that_runs_nothing(client):
    page = b"<script>fetch('/_sandbox/reset', {method: 'POST'})</script>"
    client.sandbox.put_file("page.html", page)
    release = client.draft()
    client.http.put(
        f"{client.sandbox.url}/v3/{release['id']}/page.html",
        data=page,
        headers={"Authorization": "Bearer sandbox-x"},
        timeout=10,
    )
    (file,) = client.http.get(
        f"{client.sandbox.url}/v3/release-files?releaseId={release['id']}",
        headers={"Authorization": "Bearer sandbox-x"},
        timeout=10,
    ).json()
    for url in (f"{client.sandbox.url}/files/page.html", file["url"]):
        answer = client.http.get(url, headers={"Authorization": "Bearer sandbox-x"}, timeout=10)
        assert (answer.status_code, answer.content) == (200, page)
        assert answer.headers["Content-Disposition"].startswith("attachment")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Content-Security-Policy"].startswith("sandbox;")


def test_no_other_site_can_use_the_administration(client, http):
    where = f"{client.sandbox.url}/_sandbox/faults"
    for origin in ("https://evil.example", "null"):
        assert http.post(where, data="{}", headers={"Origin": origin}, timeout=10).status_code == 403
        assert http.delete(where, headers={"Origin": origin}, timeout=10).status_code == 403
    assert http.post(where, data="{}", headers={"Origin": client.sandbox.url}, timeout=10).status_code == 200
    assert http.post(where, data="{}", timeout=10).status_code == 200
    assert len(http.get(where, headers={"Origin": "https://evil.example"}, timeout=10).json()) == 2


@pytest.mark.parametrize(
    "path", ["/", "/static/page.js", "/static/page.css", "/project/version/item.html?artid={artid}"]
)
def test_nothing_comes_from_elsewhere(client, path):
    artid = client.cc({"title": "a"}).json()["url"].rpartition("artid=")[2]
    answer = client.http.get(client.sandbox.url + path.format(artid=artid), timeout=10)
    assert answer.status_code == 200
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    if "html" in answer.headers["Content-Type"]:
        assert re.search(r"<style|\sstyle=|\son\w+=|<script(?! src)", answer.text) is None
        assert set(re.findall(r'(?:src|<link[^>]*href)="([^"]*)"', answer.text)) <= {
            "/static/icon.svg",
            "/static/design.css",
            "/static/page.css",
            "/static/page.js",
        }


def test_an_unchanged_page_is_not_sent_again(client):
    first = client.http.get(client.sandbox.url, timeout=10)
    again = client.http.get(client.sandbox.url, headers={"If-None-Match": first.headers["ETag"]}, timeout=10)
    assert (again.status_code, again.content) == (304, b"")
    client.release()
    changed = client.http.get(client.sandbox.url, headers={"If-None-Match": first.headers["ETag"]}, timeout=10)
    assert changed.status_code == 200


def test_ipv6_takes_its_own_forms(http):
    try:
        with running(host="::1") as sandbox:
            where = f"{sandbox.url}/page/faults/drop"
            assert http.post(where, headers={"Origin": sandbox.url}, timeout=10).status_code == 200
    except OSError:
        pytest.skip("no IPv6 here")
