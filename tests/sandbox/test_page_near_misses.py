"""The request log on the page: which parameter was wrong, and what would have been right."""

from __future__ import annotations

import pytest

from sandbox.shown import page, section

NEAR = {
    "no key": (
        lambda c: c.http.post(f"{c.sandbox.url}/api/releases", timeout=10),
        "403 refused: key key No key came where this service looks for one. Send it in the header X-ApiKey",
    ),
    "a real key": (
        lambda c: c.http.get(f"{c.sandbox.url}/v3/releases", headers={"Authorization": "Bearer prod"}, timeout=10),
        "401 refused: key key The key is none that the sandbox takes. A key that begins with sandbox-, as Auth",
    ),
    "another endpoint's key": (
        lambda c: c.cc({"title": "a"}, path="WidgetPro/Restricted"),
        "403 refused: apiKey apiKey The key is good, but not for this endpoint.",
    ),
    "a name mistyped": (
        lambda c: c.bm("/create", applicationName="Widget", pipelineName="Standard", releaseNo="1"),
        "releaseNumber is required. releaseNo Nobody reads it. releaseNumber is known; was that meant?",
    ),
    "a variable without its sign": (
        lambda c: c.bm("/create", applicationName="Widget", pipelineName="Standard", releaseNumber="1", Branch="main"),
        "200 Branch Branch Nobody reads it. $Branch is known; was that meant?",
    ),
    "no such application": (
        lambda c: c.bm("/create", applicationName="Widgt", releaseNumber="1", pipelineName="S"),
        "application Application Widgt not found. There is Widget; was that meant?",
    ),
    "no such pipeline": (
        lambda c: c.bm("/create", applicationName="Widget", releaseNumber="1", pipelineName="x"),
        "pipeline Pipeline x not found. There are: Standard, Full.",
    ),
    "no such release": (
        lambda c: c.bm("/builds/create", applicationName="Gadget", releaseNumber="1.1"),
        "release Release 1.1 not found. There is 1.0; was that meant?",
    ),
    "no such build": (lambda c: c.bm("/builds/deploy", buildId="7"), "build Build 7 not found. There is none yet."),
    "two where one": (
        lambda c: c.bm("/cancel", releaseId="1", releaseNumber="1"),
        "releaseId, releaseNumber Either releaseId or releaseNumber is required.",
    ),
    "a member of a link": (
        lambda c: c.cc({"title": "a", "links": [{"URL": "https://example.com"}]}),
        "Links[0].Url A url is required. links[0].URL Nobody reads it. url is known; was that meant?",
    ),
    "a quoted flag": (
        lambda c: c.cc({"title": "a", "isClickThroughNotice": "true"}),
        "IsClickThroughNotice isClickThroughNotice must be true or false, without quotes.",
    ),
    "another type": (
        lambda c: c.cc(data="{}"),
        "415 refused: Content-Type Content-Type It was none. Send application/json.",
    ),
    "no JSON": (
        lambda c: c.cc(data="{'title': 1}", headers={"Content-Type": "application/json"}),
        "400 refused: body body The body isn't a JSON object. Send one, with double quotes",
    ),
    "no such release type": (
        lambda c: c.cc({"title": "a"}, path="WidgetPro/Firmwar"),
        "isn't there. There is /api/v1/projects/WidgetPro/releaseTypes/Firmware; was that meant?",
    ),
    "no such operation": (
        lambda c: c.v3("GET", "relases"),
        "404 refused: path path No operation has this address. There is /v3/releases; was that meant?",
    ),
    "another method": (
        lambda c: c.v3("DELETE", "releases"),
        "405 refused: method method DELETE isn't taken here. Send GET or POST.",
    ),
    "a member of v3": (
        lambda c: c.v3("POST", "releases", json={"name": "a", "versoin": "1.0", "channel": "stable", "productId": "p"}),
        "version is required. versoin Nobody reads it. version is known; was that meant?",
    ),
    "a form of v3": (
        lambda c: c.v3("POST", "releases", json={"name": "a", "version": "v1", "channel": "stable", "productId": "p"}),
        "400 refused: version version must be of the form x.x, x.x.x or x.x.x.x.",
    ),
    "no such file": (
        lambda c: c.http.get(f"{c.sandbox.url}/files/widge.zip", timeout=10),
        "404 refused: path path There is no such file. There is /files/widget.zip; was that meant?",
    ),
}


@pytest.mark.parametrize("name", NEAR)
def test_a_near_miss_says_what_would_have_been_right(client, name):
    client.sandbox.put_file("widget.zip", b"w")
    send, says = NEAR[name]
    send(client)
    assert says in section(client, "requests")


def test_a_request_that_was_right_or_hit_by_a_fault_is_no_near_miss(client):
    client.release()
    client.sandbox.admin("faults", {"status": 404})
    client.bm("")
    source = page(client)
    assert 'class="miss"' not in source
    assert "404 by a fault: status" in section(client, "requests")
