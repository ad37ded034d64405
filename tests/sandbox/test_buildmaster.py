"""BuildMaster's releases and builds over HTTP."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from requests.auth import HTTPBasicAuth

from shipline_sandbox.server import running


@pytest.mark.parametrize(
    "request_options",
    [
        {"headers": {"X-ApiKey": "sandbox-k"}},
        {"params": {"key": "sandbox-k"}},
        {"data": {"key": "sandbox-k"}},
        {"json": {"API_Key": "sandbox-k"}},
        {"auth": HTTPBasicAuth("api", "sandbox-k")},
        {"auth": HTTPBasicAuth("api:sandbox-k", "")},
    ],
    ids=["header", "query", "form", "json", "basic", "basic-user"],
)
def test_a_sandbox_key_is_taken_from_each_documented_place(sandbox, http, request_options):
    assert http.post(f"{sandbox.url}/api/releases", **request_options).status_code == 200


@pytest.mark.parametrize("headers", [{}, {"X-ApiKey": "real-key-0123"}, {"Authorization": "Basic ???"}])
def test_another_key_is_403_with_a_text(sandbox, http, headers):
    answer = http.get(f"{sandbox.url}/api/releases", headers=headers)
    assert answer.status_code == 403
    assert "proper permissions" in answer.text
    assert answer.headers["Content-Type"].startswith("text/plain")


def test_a_refused_key_may_get_an_empty_body(client, http):
    client.switch(forbidden_body="empty")
    answer = http.get(f"{client.sandbox.url}/api/releases")
    assert (answer.status_code, answer.text) == (403, "")


def test_health_needs_no_key(sandbox, http):
    assert http.get(f"{sandbox.url}/health").json()["applicationName"] == "BuildMaster"


def test_parameter_in_query_and_body_is_400(client):
    answer = client.bm("?applicationName=Widget", applicationName="Widget")
    assert answer.status_code == 400
    assert "applicationName" in answer.text


@pytest.mark.parametrize(
    "options",
    [{"data": b"<a/>", "headers": {"Content-Type": "text/xml"}}, {"json": ["a"]}, {"data": b"{", "headers": {}}],
)
def test_other_bodies_are_400(sandbox, http, options):
    headers = {"X-ApiKey": "sandbox-k", "Content-Type": "application/json"} | options.pop("headers", {})
    assert http.post(f"{sandbox.url}/api/releases", headers=headers, **options).status_code == 400


def test_json_body_works_as_a_form_does(sandbox, http):
    body = {"API_Key": "sandbox-k", "applicationId": 2, "status": "ACTIVE"}
    (release,) = http.post(f"{sandbox.url}/api/releases", json=body).json()
    assert (release["applicationName"], release["releaseNumber"]) == ("Gadget", "1.0")


def test_methods_beside_the_documented_ones_are_405(client):
    assert client.bm("/create", method="GET").status_code == 405
    assert client.bm("/builds/reject", method="PUT").status_code == 405
    assert client.bm("/builds/create", method="PUT", releaseId=1).status_code == 200


def test_release_has_old_and_new_names_and_no_nulls(client):
    release = client.release("1.4", releaseName="Spring")
    assert release["number"] == release["releaseNumber"] == "1.4"
    assert release["name"] == release["releaseName"] == "Spring"
    assert release["status"] == "active"
    assert release["pipelineName"] == "Standard"
    assert release["deployables"] == []
    assert None not in release.values()
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}0000Z", release["createdOn"])
    build = client.build(release)
    assert build["number"] == build["buildNumber"] == "1"
    (now,) = client.bm("", releaseId=release["id"]).json()
    assert (now["latestBuildId"], now["latestBuildNumber"]) == (build["id"], "1")
    assert "furthestBuildId" not in now


def test_old_servers_have_number_and_name_only(client):
    client.switch(fields="old")
    release = client.release()
    assert "releaseNumber" not in release
    assert "releaseName" not in release
    build = client.build(release)
    assert build["number"] == "1"
    assert "buildNumber" not in build


@pytest.mark.parametrize(
    ("path", "parameters", "says"),
    [
        ("/create", {"releaseNumber": "1", "pipelineName": "Standard"}, "applicationName is required"),
        ("/create", {"applicationName": "Nope", "releaseNumber": "1", "pipelineName": "Standard"}, "Nope not found"),
        ("/create", {"applicationName": "Widget", "pipelineName": "Standard"}, "releaseNumber is required"),
        ("/create", {"applicationName": "Widget", "releaseNumber": "1"}, "pipelineName is required"),
        ("/create", {"applicationName": "Widget", "releaseNumber": "1", "pipelineName": "No"}, "No not found"),
        ("/create", {"applicationId": "one", "releaseNumber": "1", "pipelineName": "Standard"}, "integer"),
        ("/create", {"applicationId": 2, "releaseNumber": "1.0", "pipelineName": "Standard"}, "already exists"),
        ("/create-from-template", {"applicationId": 1, "releaseNumber": "1", "template": "No"}, "No not found"),
        ("/builds/create", {}, "releaseId or releaseNumber is required"),
        ("/builds/create", {"releaseId": 99}, "99 not found"),
        ("/builds/create", {"releaseNumber": "1.0"}, "applicationName is required"),
        ("/builds/create", {"releaseNumber": "9", "applicationId": 2}, "9 not found"),
        ("/builds/create", {"releaseId": 1, "applicationId": 2}, "doesn't exist"),
        ("/builds/deploy", {"buildId": 99}, "99 not found"),
        ("/builds/reject", {"buildId": 99}, "99 not found"),
        ("", {"status": "open"}, "active, canceled, deployed"),
    ],
)
def test_bad_requests_are_400_with_a_reason(client, path, parameters, says):
    answer = client.bm(path, **parameters)
    assert answer.status_code == 400
    assert says in answer.text
    assert len(client.state()["buildmaster"]["releases"]) == 1


def test_release_from_template_takes_its_pipeline(client):
    given = {"applicationName": "Widget", "template": "Default"}
    release = client.bm("/create-from-template", releaseNumber="2.0", **given).json()
    assert (release["template"], release["pipelineName"]) == ("Default", "Standard")
    other = client.bm("/create-from-template", releaseNumber="2.1", pipelineName="Full", **given).json()
    assert other["pipelineName"] == "Full"
    client.bm("/create-from-template", method="PUT", releaseNumber="2.2", **given, **{"$Branch": "main"})
    assert client.state()["buildmaster"]["releases"][-1]["variables"] == {"$Branch": "main"}
    assert client.bm("/create-from-template", releaseNumber="2.2", **given).status_code == 400
    client.switch(templates="removed")
    assert client.bm("/create-from-template", releaseNumber="2.3", **given).status_code == 404


def test_global_pipeline_needs_its_prefix(client):
    client.sandbox.admin("seed", {"buildmaster": {"pipelines": {"Shared": {"stages": [{"name": "Ship"}]}}}})
    bound = client.release("3.0", pipelineName="global::Shared")
    assert bound["pipelineName"] == "global::Shared"
    unbound = client.release("3.1", pipelineName="Shared")
    assert "pipelineName" not in unbound
    answer = client.bm("/builds/deploy", buildId=client.build(unbound)["id"])
    assert (answer.status_code, answer.json()) == (200, [])


def test_cancel_and_restore(client):
    release = client.release()
    assert client.bm("/cancel", releaseId=release["id"], reason="no").text == ""
    (canceled,) = client.bm("", releaseId=release["id"]).json()
    assert (canceled["status"], canceled["canceledBy"]) == ("canceled", "API")
    assert client.bm("/builds/create", releaseId=release["id"]).status_code == 400
    both = {"releaseId": release["id"], "applicationId": 1}
    assert client.bm("/cancel", **both).status_code == 400
    assert client.bm("/restore", **both).status_code == 200
    (restored,) = client.bm("", releaseId=release["id"]).json()
    assert restored["status"] == "active"
    assert "canceledOn" not in restored
    assert client.bm("/builds/create", releaseId=release["id"]).status_code == 200


def test_releases_are_canceled_and_restored_by_number_too_and_by_put(client):
    release = client.release()
    named = {"releaseNumber": "1.4", "applicationName": "Widget"}
    assert client.bm("/cancel", method="PUT", **named, reason="late").status_code == 200
    assert client.bm("", status="canceled").json()[0]["id"] == release["id"]
    assert client.state()["buildmaster"]["releases"][-1]["reason"] == "late"
    assert client.bm("/cancel", **named).status_code == 200
    assert client.bm("/restore", method="PUT", **named).status_code == 200
    again = client.bm("/restore", **named)
    assert (again.status_code, "only a canceled one" in again.text) == (400, True)


@pytest.mark.parametrize("path", ["/cancel", "/restore", "/builds/create"])
@pytest.mark.parametrize(
    ("parameters", "says"),
    [
        ({}, "Either releaseId or releaseNumber"),
        ({"releaseId": 1, "releaseNumber": "1.0"}, "Either releaseId or releaseNumber"),
        ({"releaseNumber": "1.0"}, "applicationName is required"),
        ({"releaseNumber": "1.0", "applicationId": 2, "applicationName": "Gadget"}, "not both"),
        ({"releaseId": 99}, "99 not found"),
        ({"releaseId": "1.0"}, "integer"),
    ],
)
def test_a_release_is_named_in_one_way(client, path, parameters, says):
    answer = client.bm(path, **parameters)
    assert answer.status_code == 400
    assert says in answer.text


@pytest.mark.parametrize(
    ("path", "filters", "numbers"),
    [
        ("", {"releaseName": "Spring"}, ["2.0"]),
        ("", {"releaseId": 2}, ["1.0"]),
        ("", {"applicationId": 1, "status": "canceled"}, ["1.0"]),
        ("", {"pipelineName": "Full"}, ["2.0"]),
        ("/builds", {"releaseName": "Spring"}, ["b2", "b1"]),
        ("/builds", {"buildId": 1}, ["a"]),
        ("/builds", {"pipelineName": "Standard", "applicationName": "Widget"}, ["a"]),
        ("/builds", {"furthestStage": "Integration"}, ["b1"]),
        ("/builds", {"releaseNumber": "2.0", "status": "Rejected"}, ["b2"]),
        ("/builds/deployments", {"releaseName": "Spring", "pipelineName": "Full"}, ["b1"]),
        ("/builds/deployments", {"applicationId": 1, "releaseId": 3}, ["b1"]),
        ("/builds/deployments", {"buildNumber": "b2"}, []),
        ("/builds/deployments", {"environmentId": 1}, []),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_every_documented_filter(client, path, filters, numbers, method):
    first, second = client.release("1.0"), client.release("2.0", releaseName="Spring", pipelineName="Full")
    client.build(first, buildNumber="a")
    deployed, rejected = (client.build(second, buildNumber=number) for number in ("b1", "b2"))
    client.deploy(deployed, "Integration")
    client.bm("/builds/reject", buildNumber="b2", releaseId=second["id"])
    assert rejected["id"] == 3
    client.bm("/cancel", releaseId=first["id"])
    url, headers = f"{client.sandbox.url}/api/releases{path}", {"X-ApiKey": "sandbox-k"}
    given = {"params": filters} if method == "GET" else {"data": filters}
    found = client.http.request(method, url, headers=headers, timeout=10, **given).json()
    assert [item["buildNumber" if path else "number"] for item in found] == numbers


def test_build_numbers_count_up_in_each_release(client):
    first, second = client.release("1"), client.release("2")
    assert [client.build(first)["number"] for _ in range(2)] == ["1", "2"]
    assert client.build(second)["number"] == "1"
    assert client.build(first, buildNumber="56.develop")["number"] == "56.develop"
    assert client.build(first)["number"] == "3"
    answer = client.bm("/builds/create", releaseId=first["id"], buildNumber="56.develop")
    assert answer.status_code == 400
    assert "already exists" in answer.text


def test_build_without_a_release(client):
    build = client.bm("/builds/create", applicationName="Widget", pipelineName="Standard").json()
    assert build["pipelineName"] == "Standard"
    assert not any(name.startswith("release") for name in build)


def test_variables_are_kept_but_never_shown_by_the_api(client):
    build = client.build(client.release(), **{"$Branch": "main", "$Zip": "https://dl.example.com/ä.zip"})
    assert not any(name.startswith("$") or name == "variables" for name in build)
    (kept,) = client.state()["buildmaster"]["builds"]
    assert kept["variables"] == {"$Branch": "main", "$Zip": "https://dl.example.com/ä.zip"}
    for name in ("$1", "$a-", "$" + "a" * 51):
        assert client.bm("/builds/create", releaseId=1, **{name: "x"}).status_code == 400


def test_lists_filter_and_begin_with_the_newest(client):
    first, second = client.release("1"), client.release("2")
    client.build(first, buildNumber="a")
    client.build(second, buildNumber="b")
    assert [r["number"] for r in client.bm("", applicationName="Widget").json()] == ["2", "1"]
    assert [b["number"] for b in client.bm("/builds").json()] == ["b", "a"]
    assert [b["number"] for b in client.bm("/builds", applicationId=1, releaseNumber="1").json()] == ["a"]
    assert [b["number"] for b in client.bm("/builds", method="GET", buildNumber="b").json()] != []
    assert client.bm("", applicationName="Nope").json() == []
    assert client.bm("/builds", releaseId=99).json() == []
    assert client.bm("/builds", status="rejected").json() == []
    assert client.bm("", pipelineName="Full").json() == []
    client.switch(list_filters="loose")
    assert len(client.bm("/builds", releaseId=first["id"]).json()) == 2


def test_unknown_parameters_are_ignored_recorded_or_refused(client):
    assert client.bm("", nonsense="1").status_code == 200
    assert client.sandbox.requests()[-1]["unknown_members"] == ["nonsense"]
    client.switch(unknown_members="refuse")
    assert client.bm("", nonsense="1").status_code == 400
    assert client.bm("/builds/create", releaseId=1, **{"$Any": "1"}).status_code == 200


def test_a_seed_may_hold_releases_of_any_state():
    release = {"number": "0.9", "pipeline": "Standard", "status": "canceled"}
    seed = {"buildmaster": {"applications": [{"name": "Widget", "releases": [release]}]}}
    with running(seed=seed) as sandbox:
        found = requests.get(f"{sandbox.url}/api/releases?status=canceled&key=sandbox-a", timeout=10).json()
    assert [(r["applicationId"], r["number"]) for r in found] == [(1, "0.9")]


def test_parallel_requests_make_builds_of_their_own(client):
    url, headers = f"{client.sandbox.url}/api/releases/builds/create", {"X-ApiKey": "sandbox-a"}
    with ThreadPoolExecutor(8) as pool:
        answers = list(
            pool.map(lambda _: requests.post(url, data={"releaseId": 1}, headers=headers, timeout=30), range(8))
        )
    assert sorted(answer.json()["number"] for answer in answers) == list("12345678")


def test_a_name_twice_in_json_is_400(sandbox, http):
    headers = {"X-ApiKey": "sandbox-k", "Content-Type": "application/json"}
    answer = http.post(f"{sandbox.url}/api/releases", data=b'{"status": "active", "status": "active"}', headers=headers)
    assert answer.status_code == 400
