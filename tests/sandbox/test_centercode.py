"""Centercode's releases over HTTP. Names with a number follow the traps in docs/fidelity.md."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

import pytest

EXAMPLE = {
    "title": "Software v0.1.1",
    "subtitle": "New features and security updates for this product",
    "releaseValue": "0.1.1",
    "body": "<p>New software release available. Please install.</p>",
    "startDate": "2020-01-01T00:00:00+0000",
    "endDate": "2050-09-30T12:00:00-0700",
    "isClickThroughNotice": False,
    "ftpBucketFiles": [{"fileName": "Firmware_0.1.1.exe"}, {"fileName": "Builds/Installer_0.1.1.exe"}],
    "links": [
        {
            "label": "Software v0.1.1",
            "url": "https://www.example.com",
            "size": 2,
            "sizeUnit": "MB",
            "openInNewWindow": False,
            "includeInDownloadBlock": True,
            "logDownloadAttempts": True,
        }
    ],
}


def refused(answer):
    """The names of the invalid parameters of a 400."""
    assert answer.status_code == 400, answer.text
    body = answer.json()
    assert body["status"] == 400
    assert body["description"] == "The specified request is invalid."
    return [parameter["name"] for parameter in body["invalidParameters"]]


def releases(client):
    return client.state()["centercode"]["releases"]


def test_the_documented_example_is_created(client):
    answer = client.cc(EXAMPLE)
    assert answer.status_code == 201
    created = answer.json()
    assert EXAMPLE.items() <= created.items()
    assert set(created) == {*EXAMPLE, "id", "url", "status"}
    assert created["status"] == "Processing"


def test_t01_dates_in_every_notation_of_the_documentation(client):
    for sent, echoed in [
        ("2030-01-01T00:00:00Z", "2030-01-01T00:00:00+0000"),
        ("2030-01-01T00:00:00+0000", "2030-01-01T00:00:00+0000"),
        ("2030-09-30T12:00:00-07:00", "2030-09-30T12:00:00-0700"),
        ("2030-09-30T12:00:00.1234567Z", "2030-09-30T12:00:00+0000"),
    ]:
        assert client.cc({"title": "a", "startDate": sent}).json()["startDate"] == echoed


@pytest.mark.parametrize(
    "date",
    [
        "2030-01-01",
        "2030-01-01T00:00:00",
        "2030-01-01 00:00:00AM",
        "2030-02-30T00:00:00Z",
        "",
        5,
        "٢٠٣٠-01-01T00:00:00Z",
    ],
)
def test_t01_other_dates_are_refused(client, date):
    assert refused(client.cc({"title": "a", "startDate": date})) == ["StartDate"]


def test_t02_only_the_title_is_required_unless_switched(client):
    assert refused(client.cc({})) == ["Title"]
    assert refused(client.cc({"title": ""})) == ["Title"]
    assert client.cc({"title": "a"}).status_code == 201
    client.switch(required_members="title-and-value")
    assert refused(client.cc({"title": "a"})) == ["ReleaseValue"]


def test_t03_the_end_comes_after_the_start(client):
    dates = {"startDate": "2030-01-01T00:00:00Z", "endDate": "2029-12-31T20:00:00-0400"}
    assert refused(client.cc({"title": "a", **dates})) == ["EndDate"]
    client.switch(end_before_start="accept")
    assert client.cc({"title": "a", **dates}).status_code == 201


def test_t04_unknown_members_vanish_but_are_recorded(client):
    payload = {"title": "a", "ftp bucket files": [], "links": [{"url": "https://a.example", "URL": "x"}]}
    created = client.cc(payload).json()
    assert "ftp bucket files" not in created
    assert client.sandbox.requests()[-1]["unknown_members"] == ["ftp bucket files", "links[0].URL"]
    client.switch(unknown_members="refuse")
    assert client.cc(payload).status_code == 400


def test_t05_booleans_in_quotes_are_refused(client):
    link = {"url": "https://a.example", "openInNewWindow": "false"}
    answer = client.cc({"title": "a", "isClickThroughNotice": "true", "links": [link]})
    assert refused(answer) == ["IsClickThroughNotice", "Links[0].OpenInNewWindow"]


@pytest.mark.parametrize("size", [2.5, "2", -1, True])
def test_t06_size_is_a_whole_number(client, size):
    answer = client.cc({"title": "a", "links": [{"url": "https://a.example", "size": size, "sizeUnit": "MB"}]})
    assert refused(answer) == ["Links[0].Size"]


@pytest.mark.parametrize("unit", ["B", "mb", "TB", "KiB", ""])
def test_t06_unit_is_one_of_four(client, unit):
    answer = client.cc({"title": "a", "links": [{"url": "https://a.example", "size": 2, "sizeUnit": unit}]})
    assert refused(answer) == ["Links[0].SizeUnit"]


def test_t07_a_release_value_may_be_posted_twice(client):
    ids = {client.cc({"title": "a", "releaseValue": "1"}).json()["id"] for _ in range(2)}
    assert len(ids) == 2
    client.switch(duplicate_release_value="refuse")
    assert refused(client.cc({"title": "a", "releaseValue": "1"})) == ["ReleaseValue"]
    assert client.cc({"title": "a", "releaseValue": "1"}, path="WidgetPro/Software").status_code == 201


def test_t08_bucket_files_are_processed_first(client):
    assert client.cc({"title": "a"}).json()["status"] == "Published"
    assert client.cc({"title": "b", "ftpBucketFiles": [{"fileName": "Builds/b.exe"}]}).json()["status"] == "Processing"
    client.advance(5)
    assert [r["status"] for r in releases(client)] == ["Published", "Published"]


def test_t08_there_is_no_way_to_read_a_release(client, http):
    url = f"{client.sandbox.url}/api/v1/projects/WidgetPro/releaseTypes/Firmware?apiKey=sandbox-a"
    answer = http.get(url)
    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")
    assert answer.json() == {"status": 405, "description": "Method Not Allowed"}


def test_t09_bucket_files_are_echoed_exactly(client):
    assert client.cc(EXAMPLE).json()["ftpBucketFiles"] == EXAMPLE["ftpBucketFiles"]


@pytest.mark.parametrize("name", ["/Builds/a.exe", "builds/a.exe", "Other_1.exe", "", None])
def test_t10_unknown_bucket_files_are_refused(client, name):
    assert refused(client.cc({"title": "a", "ftpBucketFiles": [{"fileName": name}]})) == ["FtpBucketFiles[0].FileName"]


def test_t10_or_stay_in_processing(client):
    client.switch(missing_bucket_file="processing")
    assert client.cc({"title": "a", "ftpBucketFiles": [{"fileName": "gone.exe"}]}).status_code == 201
    client.advance(3600)
    assert releases(client)[0]["status"] == "Processing"


def test_t11_body_is_kept_verbatim(client):
    body = '<p>"ä" &amp; <b onclick=x>\n</p>'
    assert client.cc({"title": "a", "body": body}).json()["body"] == body


def test_t12_escaped_slashes_are_plain_json(client):
    raw = rb'{"title": "a", "links": [{"url": "https:\/\/www.example.com"}]}'
    answer = client.cc(data=raw, headers={"Content-Type": "application/json"})
    assert answer.json()["links"][0]["url"] == "https://www.example.com"


def test_t13_the_page_has_an_id_of_its_own(client, http):
    created = client.cc({"title": "Only here"}).json()
    query = parse_qs(urlsplit(created["url"]).query)
    assert set(query) == {"cap", "arttypeid", "artid"}
    assert query["artid"] != [created["id"]]
    page = http.get(created["url"])
    assert page.status_code == 200
    assert "Only here" in page.text


@pytest.mark.parametrize("path", ["WidgetPro/firmware", "Widgetpro/Firmware", "WidgetPro/Nope", "WidgetPro/Firm ware"])
def test_t14_keys_in_the_path_match_exactly(client, path):
    answer = client.cc({"title": "a"}, path=path)
    assert (answer.status_code, answer.json()) == (404, {"status": 404, "description": "Not Found"})


def test_t15_the_endpoint_url_with_its_key_is_enough(client, http):
    url = f"{client.sandbox.url}/api/v1/projects/WidgetPro/releaseTypes/Restricted?apiKey=sandbox-restricted"
    assert http.post(url, json={"title": "a"}).status_code == 201


def test_t16_single_active_single_notice_and_team_access_are_of_the_type(client):
    for title in ("first", "second"):
        client.cc({"title": title, "isClickThroughNotice": True})
    client.cc({"title": "other type", "isClickThroughNotice": True}, path="WidgetPro/Software")
    client.cc({"title": "third"})
    found = {r["title"]: (r["archived"], r["notice"]) for r in releases(client)}
    assert found == {
        "first": (True, False),
        "second": (True, True),
        "other type": (False, True),
        "third": (False, False),
    }
    assert releases(client)[0]["teamAccess"] == ["Testers"]


def test_t16_without_single_active_nothing_is_archived(client):
    for _ in range(2):
        client.cc({"title": "a"}, path="WidgetPro/Restricted", params={"apiKey": "sandbox-restricted"})
    assert [r["archived"] for r in releases(client)] == [False, False]


def test_t17_without_the_licence_everything_is_403(client):
    client.switch(enhanced_integrations="off")
    assert client.cc({"title": "a"}).status_code == 403


@pytest.mark.parametrize("chosen", [["links"], ["ftpBucketFiles"], ["links", "ftpBucketFiles"], []])
def test_t18_links_bucket_files_both_or_none(client, chosen):
    assert client.cc({"title": "a", **{name: EXAMPLE[name] for name in chosen}}).status_code == 201


def test_t19_only_json_is_taken_unless_lenient(client):
    for headers in ({"Content-Type": "application/x-www-form-urlencoded"}, {"Content-Type": "text/json"}):
        answer = client.cc(data=b'{"title": "a"}', json=None, headers=headers)
        assert (answer.status_code, answer.json()["description"]) == (415, "Unsupported Media Type")
    utf8 = {"Content-Type": "application/json; charset=utf-8"}
    assert client.cc(data=b'{"title": "a"}', json=None, headers=utf8).status_code == 201
    client.switch(content_type="lenient")
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert client.cc(data=b'{"title": "a"}', json=None, headers=form).status_code == 201


def test_t24_the_key_is_in_no_log_and_no_state(client):
    client.cc({"title": "with sandbox-test in it"})
    client.cc({"title": "a"}, params={"apiKey": "0123456789abcdef"})
    everything = str(client.sandbox.requests()) + str(client.state())
    assert "0123456789abcdef" not in everything
    assert "apiKey" not in everything
    assert "sandbox-test" not in str(client.sandbox.requests())


def test_t25_unknown_keys_are_401_and_those_of_other_endpoints_403(client):
    for params in ({}, {"apiKey": ""}, {"apiKey": "9e3c8a050fdb"}, {"apikey": "sandbox-a"}):
        answer = client.cc({"title": "a"}, params=params)
        assert (answer.status_code, answer.json()) == (401, {"status": 401, "description": "Unauthorized"})
    assert client.cc({"title": "a"}, path="WidgetPro/Restricted").status_code == 403
    allowed = {"apiKey": "sandbox-restricted"}
    assert client.cc({"title": "a"}, path="WidgetPro/Restricted", params=allowed).status_code == 201


def test_t26_checks_come_in_a_fixed_order(client):
    bad_key, form = {"apiKey": "x"}, {"Content-Type": "text/plain"}
    assert client.cc(data=b"", json=None, path="No/No", params=bad_key, headers=form).status_code == 401
    assert client.cc(data=b"", json=None, path="WidgetPro/Restricted", headers=form).status_code == 403
    assert client.cc(data=b"", json=None, path="No/No", headers=form).status_code == 415
    assert client.cc({}, path="No/No").status_code == 400
    assert client.cc({"title": "a"}, path="No/No").status_code == 404


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b'"a"', b"\xff", rb'{"title": "\ud800"}', b"[" * 9999])
def test_t26_a_body_that_is_no_object_is_400(client, raw):
    answer = client.cc(data=raw, json=None, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400
    assert answer.json()["status"] == 400


@pytest.mark.usefixtures("within_a_window")
def test_t30_rate_limit_as_the_library_answers(client):
    client.switch(rate_limits="aspnet")
    answers = [client.cc({"title": "a"}) for _ in range(11)]
    assert [a.status_code for a in answers] == [201] * 10 + [429]
    assert answers[0].headers["X-Rate-Limit-Limit"] == "1s"
    assert answers[0].headers["X-Rate-Limit-Remaining"] == "9"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z", answers[0].headers["X-Rate-Limit-Reset"])
    last = answers[-1]
    assert last.headers["Retry-After"] == "1"
    assert last.headers["Content-Type"].startswith("text/plain")
    assert "X-Rate-Limit-Limit" not in last.headers
    assert len(releases(client)) == 10
    assert client.cc({"title": "a"}, path="WidgetPro/Software").status_code == 201
    client.advance(1)
    assert client.cc({"title": "a"}).status_code == 201


@pytest.mark.usefixtures("within_a_window")
def test_t30_rate_limit_as_documented(client):
    client.switch(rate_limits="documented")
    last = [client.cc({"title": "a"}) for _ in range(11)][-1]
    assert last.json() == {"status": 429, "description": "Too Many Requests"}
    assert last.headers["X-Rate-Limit-Remaining"] == "0"
