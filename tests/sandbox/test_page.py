"""The page at `/`, as its HTML says it: lanes, the testers' and the customers' view, what nearly went right."""

from __future__ import annotations

import html
import re

import pytest

from sandbox.conftest import KEY, PRODUCT
from sandbox.shown import page, section, text
from shipline_sandbox.v3.shapes import TENANT

FILE = {"name": "widget.zip", "url": "https://dl.example.com/widget.zip", "size": 7, "secured": False}


def stages(client) -> dict[str, str]:
    """What stands in each column of the first lane."""
    (lane, *_) = re.findall(r'<ol class="lane">.*?</ol>', page(client), re.DOTALL)
    columns = re.findall(r"<h4>(.*?)</h4>(.*?)(?=<h4>|</ol>)", lane, re.DOTALL)
    return {name: text(content) for name, content in columns}


def test_a_build_moves_through_the_stages(client):
    build = client.build(client.release(), buildNumber="7", **{"$Branch": "main"})
    assert stages(client)["Not deployed"] == "Build 7 release 1.4 created $Branch = main"
    client.bm("/builds/deploy", buildId=build["id"])
    assert "Build 7 release 1.4 pending" in stages(client)["Integration"]
    client.advance(5)
    assert "executing" in stages(client)["Integration"]
    client.advance(5)
    assert "succeeded" in stages(client)["Integration"]
    client.bm("/builds/deploy", buildId=build["id"], **{"$SandboxOutcome": "canceled"})
    client.advance(10)
    assert stages(client) == {
        "Integration": "No build here.",
        "Testing": "Build 7 release 1.4 canceled $Branch = main",
    }


def test_a_deployment_shows_its_log_until_now(client):
    client.sandbox.admin(
        "seed",
        {
            "buildmaster": {
                "applications": [
                    {
                        "name": "Gizmo",
                        "pipelines": {
                            "Long": {"stages": [{"name": "Test", "targets": ["A", {"name": "B", "outcome": "failed"}]}]}
                        },
                        "releases": [{"number": "2.0", "pipeline": "Long"}],
                    }
                ]
            }
        },
    )
    given = {"applicationName": "Gizmo", "releaseNumber": "2.0"}
    build = client.bm("/builds/create", **given).json()
    client.bm("/builds/deploy", buildId=build["id"])
    assert "requested" in section(client, "builds")
    assert "begins" not in section(client, "builds")
    client.advance(10)
    said = section(client, "builds")
    assert "1: build 1 to Test failed" in said
    for line in ("A begins (deployment 2).", "A: succeeded.", "B: failed.", "Deployment 1 has ended: failed."):
        assert line in said


def test_only_the_newest_builds_of_a_lane_are_shown(client):
    release = client.release()
    for _ in range(23):
        client.build(release)
    said = section(client, "builds")
    assert "3 older builds are left out." in said
    assert "Build 23 " in said
    assert "Build 3 " not in said


def test_a_rejected_build_says_so_in_its_stage(client):
    build = client.build(client.release())
    client.deploy(build, "Integration")
    client.bm("/builds/reject", buildId=build["id"])
    assert stages(client)["Integration"] == "Build 1 release 1.4 succeeded Build rejected"


def test_testers_see_the_active_release_its_notice_and_its_download_block(client):
    link = {"label": "widget.zip", "url": "https://dl.example.com/widget.zip", "size": 2, "sizeUnit": "KB"}
    client.cc({"title": "Widget 1.3", "releaseValue": "1.3"})
    client.cc(
        {
            "title": "Widget 1.4",
            "subtitle": "Turns both ways",
            "isClickThroughNotice": True,
            "body": "<p>Widgets <b>turn</b>.</p>",
            "ftpBucketFiles": [{"fileName": "Builds/Widget.exe"}],
            "links": [link | {"includeInDownloadBlock": True}, {"label": "Manual", "url": "javascript:alert(1)"}],
        }
    )
    client.advance(10)
    source = page(client)
    (card,) = re.findall(r'<div class="card" id="type-WidgetPro-Firmware">.*?</details>', source, re.DOTALL)
    now, _, archived = card.partition("<details>")
    assert "Widget 1.4" in text(now)
    assert "Turns both ways" in text(now)
    assert "Notice Testers click through" in text(now)
    assert re.search(
        r"Manual \(no web address\) Download widget\.zip 2 KB Builds/Widget\.exe from the bucket", text(now)
    )
    assert "javascript:" not in source.partition('id="requests"')[0]
    assert "A new release archives the earlier ones" in text(now)
    assert "Archived: 1" in text(archived)
    assert "Widget 1.3" in text(archived)
    assert "Widget 1.3" not in text(now)


@pytest.mark.parametrize("url", ["http://[", "//x", "data:text/html,x", "JAVASCRIPT:alert(1)", "HTTPS://example.com/ü"])
def test_odd_links_break_nothing(client, url):
    client.cc({"title": "a", "links": [{"label": "odd", "url": url}]})
    assert ("(no web address)" not in section(client, "testers")) == url.lower().startswith("http")


def test_a_deployment_waits_for_its_start_time(client):
    build = client.build(client.release())
    client.bm("/builds/deploy", buildId=build["id"], startTime="9999-12-31T23:59:59-12:00")
    assert "It waits for its start time, 9999-12-31" in section(client, "builds")
    assert "Build 1 release 1.4 pending" in stages(client)["Integration"]


def test_the_body_of_a_release_stays_in_its_frame(client):
    client.cc({"title": "a", "body": "<script>alert(1)</script>\"'><script>alert(2)</script>"})
    assert "<script>alert" not in page(client)
    assert '<iframe sandbox="allow-same-origin" title="Notes of a"' in page(client)


@pytest.mark.parametrize(
    ("dates", "says"),
    [
        ({"startDate": "2990-01-01T00:00:00Z"}, "invisible before 2990-01-01T00:00:00+0000"),
        ({"endDate": "2020-01-01T00:00:00+0200"}, "invisible since 2020-01-01, 12:00 am PST"),
        ({"endDate": "2990-01-01T23:00:00Z"}, "visible until 2990-01-01, 12:00 am PST"),
    ],
)
def test_dates_say_whether_a_release_can_be_seen(client, dates, says):
    client.cc({"title": "a", **dates})
    assert says in section(client, "testers")


def test_a_release_that_is_processed_is_not_seen_yet(client):
    client.cc({"title": "Widget 1.4", "ftpBucketFiles": [{"fileName": "Builds/W.exe"}]})
    assert "Being processed Widget 1.4: testers don't see it yet." in section(client, "testers")
    client.advance(10)
    assert "Being processed" not in section(client, "testers")


def test_the_addresses_of_a_release_and_of_feedback_show_it(client):
    release = client.cc({"title": "Widget 1.4", "subtitle": "Turns"}).json()
    assert "Turns" in text(page(client, release["url"].removeprefix(client.sandbox.url)))
    for path in (
        "/project/version/item.html",
        "/project/version/item.html?artid=1",
        "/project/feedback/view.html",
        "/<b>",
    ):
        lost = client.http.get(client.sandbox.url + path, timeout=10)
        assert lost.status_code == 404
        assert '<a class="button" href="/">Go to the overview</a>' in lost.text
        assert "<b>" not in lost.text
    (path, *_) = re.findall(r'href="(/project/feedback[^"]*)"', page(client))
    assert "Comments None yet." in text(page(client, html.unescape(path)))


def test_customers_see_what_is_published(client):
    draft = client.draft(notes="Widgets *turn*.", private=True)
    client.v3("POST", "release-files", json=FILE | {"releaseId": draft["id"], "checksum": "abc"})
    said = section(client, "customers")
    assert "No published release yet. Drafts: customers can't see them Widget 1.4.0 Widgets turn ." in said
    assert "draft 1.4.0 · stable" in said
    client.v3("POST", f"releases/{draft['id']}/publish")
    said = section(client, "customers")
    assert re.search(r"published 1\.4\.0 · stable · windows · private · since 20", said)
    assert "Software update Widget 1.4.0 is available Widgets turn . widget.zip 7 bytes abc" in said
    assert "Drafts" not in said


@pytest.mark.parametrize(
    ("version", "platform", "status", "says"),
    [
        ("1.3.9", "windows", 200, "An app at 1.3.9 on windows, channel stable, is offered 1.4.0. It has no file"),
        ("1.4", "windows", 204, "gets no update (204)"),
        ("1.3.9", "linux", 204, "gets no update (204)"),
        ("new", "windows", 400, "400: version must be of the form"),
    ],
)
def test_an_update_check_says_what_an_app_is_told(client, version, platform, status, says):
    client.v3("POST", f"releases/{client.draft()['id']}/publish")
    query = f"?product={PRODUCT}&platform={platform}&channel=stable&version={version}"
    assert says in text(page(client, f"/{query}"))
    app = {"productId": PRODUCT, "platform": platform, "version": version, "key": KEY, "accountId": TENANT}
    assert client.v3("GET", "releases/update", params=app).status_code == status


def test_the_log_on_the_page_has_no_key(client):
    client.http.get(f"{client.sandbox.url}/api/releases?key=sandbox-secret1", timeout=10)
    client.cc({"title": "a sandbox-secret2"}, params={"apiKey": "sandbox-secret2"})
    log = section(client, "requests")
    assert "secret" not in log
    assert "a (key)" in log


def test_a_log_of_an_older_sandbox_is_still_shown(client):
    entry = {"time": "2026-01-01T00:00:00.000Z", "service": "v3", "operation": "list-releases", "method": "GET"}
    entry |= {"path": "/v3/releases", "query": {}, "body": None, "status": 401, "unknown_members": [], "fault": None}
    with client.sandbox._store.transaction() as session:
        session.add("request", entry)
    assert "401 refused" in section(client, "requests")


def test_notes_for_customers_run_nothing_and_load_nothing(client):
    client.draft(notes="# Big\n\n<script>alert(1)</script> [x](javascript:alert(2)) ![i](http://evil.example/i.png)")
    source = page(client).partition('id="customers"')[2].partition("</section>")[0]
    assert "<h5>Big</h5>" in source
    assert "<script" not in source
    assert "<img" not in source
    assert 'href="javascript' not in source


def test_a_plan_s_probes_are_apart_from_what_changed_something(client):
    client.http.head(f"{client.sandbox.url}/files/widget.zip", timeout=10)
    client.release()
    changed, _, quiet = page(client).partition('id="requests"')[2].partition('id="read-only"')
    assert "POST /api/releases/create" in text(changed)
    assert "HEAD" not in text(changed)
    assert "HEAD /files/widget.zip 404, not there yet" in text(quiet)
    assert "failed" not in quiet.partition("</section>")[0]


def test_a_first_visit_shows_how_to_send_a_release_and_later_ones_the_release(client):
    first = text(page(client))
    assert "Try a release without an account" in first
    assert f"url: {client.sandbox.url}" in first
    assert "Application Widget Standard, Full" in first
    assert "Project WidgetPro Firmware, Software, Restricted" in first
    client.build(client.release(), buildNumber="7")
    client.cc({"title": "Widget 1.4"})
    assert "Widget 1.4 Created Build 7: created. Testers see Widget 1.4." in text(page(client))


def test_the_live_page_says_how_long_ago_something_was(client):
    client.build(client.release())
    assert "Last change just now" in text(page(client))
    client.advance(125)
    assert "Last change 2 min ago" in text(page(client))
    client.advance(3 * 3600)
    assert re.search(r'<time[^>]* title="\d{4}-\d\d-\d\dT[^"]+">3 h ago</time>', page(client))


def test_the_address_of_a_build_leads_to_it(client):
    build = client.build(client.release())
    address = f"/applications/{build['applicationId']}/builds/build?buildId={build['id']}"
    answer = client.http.get(client.sandbox.url + address, allow_redirects=False)
    assert answer.status_code == 302
    assert answer.headers["Location"] == f"/#build-{build['id']}"
    assert f'id="build-{build["id"]}"' in page(client)
    assert client.http.get(f"{client.sandbox.url}/applications/1/builds/build?buildId=99").status_code == 404
