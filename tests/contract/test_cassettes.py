"""What our client sends is what the vendors' documents describe, and their answers are read.

The cassettes are written from the documents, since no service can be asked here; each says so in its header.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import requests
import yaml
from vcr.errors import CannotOverwriteExistingCassetteException

from contract import clients
from contract.playing import cassettes
from http_server import HttpServer, Reply
from shared_sandbox import shared
from shipline import values
from shipline.errors import RefusedError
from shipline.services import buildmaster, centercode, v3

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shipline.services.client import Client

HERE = Path(__file__).parent
CASSETTES = sorted((HERE / "cassettes").glob("*.yaml"))
SECRETS = ("apikey", "authorization", clients.KEY)


def example(document: str, index: int) -> Any:
    return json.loads((HERE / "documents" / f"{document}.json").read_text(encoding="utf-8"))["examples"][index]["value"]


@pytest.mark.disable_socket
def test_buildmaster() -> None:
    client = clients.buildmaster(application="ProfitCalculator")
    with cassettes.use_cassette("buildmaster.yaml") as cassette:
        (release,) = client.releases(status="active")
        assert (release.id, release.number, release.status, release.pipeline) == (4, "1.0.1", "active", "Release")

        call = client.call("create-build", body={"releaseId": str(release.id), "$Branch": "main line"})
        build = buildmaster.Build.of(call.send({}))
        assert (build.id, build.number, build.release_id, build.status) == (7, "3", 4, "active")

        call = client.call("deploy-build", body={"buildId": "6", "toStage": "Integration", "force": True})
        parent = buildmaster.Deployment.of(call.send({}))
        assert (parent.id, parent.status, parent.stage, parent.ended) == (20, "pending", "Integration", False)

        (child,) = client.deployments(6, "Integration")
        assert (child.id, child.status, child.succeeded) == (21, "succeeded", True)
    assert cassette.all_played


def centercode_release() -> dict[str, Any]:
    release = example("centercode-project-release", 1)
    return release | {name: values.utc(values.instant(release[name])) for name in ("startDate", "endDate")}


@pytest.mark.disable_socket
def test_centercode() -> None:
    client = clients.centercode()
    with cassettes.use_cassette("centercode.yaml") as cassette:
        path = {"projectKey": "WidgetPro", "releaseTypeKey": "Firmware"}
        answer = client.call("project-release", path=path, body=centercode_release()).send({})
        release = centercode.Release.of(answer)
        assert release.id == "6e3a34b8-cf84-4946-9847-a5f6a88d5b54"
        assert release.status == "Processing"
        assert release.url.startswith("https://company.centercode.com/project/version/item.html?cap=")

        refused = client.call(
            "project-release", path={**path, "releaseTypeKey": "Wrong/Type"}, body=centercode_release()
        )
        with pytest.raises(RefusedError) as caught:
            refused.send({})
        assert caught.value.why == "The specified request is invalid.; Find: A lookup query is required."
    assert cassette.all_played


@pytest.mark.disable_socket
def test_v3() -> None:
    client = clients.v3()
    with cassettes.use_cassette("v3.yaml") as cassette:
        answer = client.call("create-release", body=example("v3-create-release", 0)).send({})
        release = v3.Release.of(answer)
        assert (release.id, release.version, release.platforms) == ("string", "string", frozenset({"string"}))
        assert release.published
        file = v3.File.of(answer["files"][0])
        assert (file.name, file.size, file.checksum) == ("string", 0, "string")
    assert cassette.all_played


@pytest.mark.disable_socket
def test_another_body_is_not_what_the_document_describes() -> None:
    client = clients.v3()
    with cassettes.use_cassette("v3.yaml"), pytest.raises(CannotOverwriteExistingCassetteException):
        client.call("create-release", body=example("v3-create-release", 0) | {"notes": "other"}).send({})


@pytest.mark.parametrize("path", CASSETTES, ids=lambda path: path.stem)
def test_a_cassette_says_where_it_is_from_and_has_no_key(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.startswith("# Not recorded from a server: written from the examples of the vendor's")
    assert not [secret for secret in SECRETS if secret in text.lower()]


def test_every_service_has_a_cassette() -> None:
    assert [path.stem for path in CASSETTES] == ["buildmaster", "centercode", "v3"]


@pytest.mark.enable_socket
def test_sandbox_answers_the_calls_of_the_vendors_jenkins_plugin() -> None:
    """The form's key, PUT, and an array from a deploy, in the plugin's order; our client reads the same answers."""
    text = (HERE / "cassettes/clients/jenkins-plugin.yaml").read_text(encoding="utf-8")
    stages = {"TestApplication": {"stages": ["Build", "Testing"]}}
    release = {"number": "0.0.0", "pipeline": "TestApplication"}
    application = {"id": 7, "name": "TestApplication", "pipelines": stages, "releases": [release]}
    readers = {"builds": buildmaster.Build, "create": buildmaster.Build, "releases": buildmaster.Release}
    with shared(speed=1) as sandbox:
        switches = {"fields": "old", "deploy_answer": "array"}
        sandbox.admin("seed", {"switches": switches, "buildmaster": {"applications": [application]}})
        sandbox.admin("clock", {"freeze": True})
        for interaction in yaml.safe_load(text)["interactions"]:
            sent, documented = interaction["request"], json.loads(interaction["response"]["body"]["string"])
            path = sent["uri"].removeprefix("https://buildmaster.example.com")
            kind = {"Content-Type": sent["headers"]["Content-Type"][0]}
            answer = requests.request(sent["method"], sandbox.url + path, data=sent["body"], headers=kind, timeout=10)
            assert (answer.status_code, type(answer.json())) == (200, type(documented)), answer.text
            ours, theirs = ([data] if isinstance(data, dict) else data for data in (answer.json(), documented))
            assert len(ours) == len(theirs)
            read = readers.get(path.rpartition("/")[2], buildmaster.Deployment).of
            for one, other in zip(ours, theirs, strict=True):
                assert other.keys() - one.keys() <= {"pipelineId"}  # gone since BuildMaster 6.2
                assert read(one).status == read(other).status
        assert [r["body"].get("key") for r in sandbox.requests()] == [None] * len(sandbox.requests())


@pytest.fixture
def server() -> Iterator[HttpServer]:
    with HttpServer(lambda _: Reply(200, b'{"id":1}', {"Content-Type": "application/json"})) as server:
        yield server


@pytest.mark.enable_socket
@pytest.mark.parametrize("service", ["buildmaster", "centercode", "v3"])
def test_a_recording_has_no_key(service: str, server: HttpServer, tmp_path: Path) -> None:
    client: Client = getattr(clients, service)(url=server.url)
    cassette = tmp_path / "recorded.yaml"
    with cassettes.use_cassette(str(cassette), record_mode="all"):
        _one(client, service)
    (received,) = server.received
    seen = received.head
    assert (clients.KEY in seen) == (service != "centercode")  # whose key joins a request below what is recorded
    recorded = cassette.read_text(encoding="utf-8")
    assert '{"id":1}' in recorded
    assert not [secret for secret in SECRETS if secret in recorded.lower()]


def _one(client: Client, service: str) -> None:
    if service == "buildmaster":
        client.call("create-build", body={"releaseId": "4"}).send({})
    elif service == "centercode":
        path = {"projectKey": "WidgetPro", "releaseTypeKey": "Firmware"}
        client.call("project-release", path=path, body=centercode_release()).send({})
    else:
        client.call("create-release", body=example("v3-create-release", 0)).send({})
