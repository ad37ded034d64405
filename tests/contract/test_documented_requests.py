"""Each example of the vendors' documents, called by its method: both what is sent and what is returned."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import pytest
from vcr.errors import CannotOverwriteExistingCassetteException

from contract import clients, openapi, playing
from shipline.errors import InvalidInputError
from shipline.services import sdk
from shipline.services.openapi import find
from shipline.transport.settings import Network

if TYPE_CHECKING:
    from pathlib import Path

    from shipline.services.openapi import Operation

pytestmark = pytest.mark.disable_socket
NAMES = openapi.requests()


def operation(name: str) -> Operation:
    return find(openapi.service_of(name), openapi.document(name)["request"]["operation"])


# The filters of lists are one of a few words each, which are checked before anything is sent.
WITH_BODY = [name for name in NAMES if openapi.parts(openapi.document(name), "request") and not operation(name).reads]


def call(name: str, values: dict[str, Any]) -> Any:
    """Call the operation's method with a document's values; what it has no parameter for goes as data."""
    service = openapi.service_of(name)
    client = sdk.CLASSES[service](playing.BASES[service], clients.KEY, network=Network(retry_for=0))
    named = {p.name: p.python_name for p in operation(name).parameters}
    rest = {key: value for key, value in values.items() if key not in named}
    arguments = {named[key]: value for key, value in values.items() if key in named}
    return getattr(client, operation(name).id.replace("-", "_"))(**arguments, **({"data": rest} if rest else {}))


def places(name: str, folder: Path) -> dict[str, Any]:
    """What the document has in the path, the query and the form."""
    request = openapi.document(name)["request"]
    (path,) = openapi.matching(openapi.service_of(name), request["method"], request["path"]).values()
    files = {field: folder / file for field, file in request.get("form", {}).items()}
    for file in files.values():
        file.write_bytes(playing.FILE)
    return {**path, **request.get("query", {}), **files}


@pytest.mark.parametrize("name", NAMES)
def test_the_documents_request_is_sent_and_its_answer_read(
    name: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    found = openapi.document(name)
    with playing.documents.use_cassette(name) as cassette, caplog.at_level(logging.WARNING, "shipline.answers"):
        for body in openapi.parts(found, "request") or [{}]:
            assert call(name, places(name, tmp_path) | body) == openapi.answered(found)[1]
    assert cassette.all_played
    assert not caplog.messages  # nothing in the answer drifts from the OpenAPI file


@pytest.mark.parametrize("name", WITH_BODY)
def test_another_body_is_not_the_documents(name: str, tmp_path: Path) -> None:
    body = openapi.parts(openapi.document(name), "request")[0]
    field = next(key for key, value in body.items() if isinstance(value, str))
    values = places(name, tmp_path) | body | {field: f"{body[field]}0"}
    with playing.documents.use_cassette(name), pytest.raises(CannotOverwriteExistingCassetteException) as caught:
        call(name, values)
    assert "same_data differs" in str(caught.value)


def test_what_a_page_prints_and_forbids_is_not_sent() -> None:
    name = "buildmaster-restore-release"
    assert "applicationName beside the releaseId" in openapi.document(name)["misprints"]["body"]
    with pytest.raises(InvalidInputError) as caught:
        call(name, {"releaseId": "1", "applicationName": "TaxCalculator"})
    (problem,) = caught.value.problems
    assert str(problem) == "application_name: doesn't go together with release_id"


def test_a_form_of_two_gigabytes_is_refused_before_anything_is_sent(tmp_path: Path) -> None:
    """T-47: the reference speaks of requests under 2gb, so the form's own lines count as well."""
    name = "centercode-upload-file-attachment"
    values = places(name, tmp_path)
    with values["file"].open("wb") as file:
        file.truncate(2_000_000_000 - 1)  # a hole: it takes no room
    with pytest.raises(InvalidInputError) as caught:
        call(name, values)
    (problem,) = caught.value.problems
    assert "expected under 2000000000" in str(problem)
