"""Which results of this runner's own receipt count beside the shared journal."""

from __future__ import annotations

import pytest

from shipline.run.records import RequestRecord, Status, StepRecord, completed

POST = "POST", "https://cc.widget.test/x", "f1"


def record(status: Status, *requests: RequestRecord, key: str = "centercode|x") -> StepRecord:
    return StepRecord("publish:centercode", key, status, requests=list(requests))


def request(status: Status = "sending", at: str = "10:00:00.000", fingerprint: str = "f1") -> RequestRecord:
    return RequestRecord("POST", "https://cc.widget.test/x", fingerprint, status, at)


@pytest.mark.parametrize(
    ("journal", "own"),
    [
        (record("sending", request()), record("done", request("sent"))),
        (record("sending", request()), record("refused", request("refused"))),
        (record("unknown", request("unknown")), record("done", request("unknown"))),  # a person had said so
        (record("sending", request()), record("done", request("sent"), request("refused", at="10:00:01.000"))),
    ],
)
def test_the_result_of_the_journal_s_last_request_counts(journal: StepRecord, own: StepRecord) -> None:
    other = record("done", key="build|x")
    assert completed([other, journal], [own]) == [other, own]


SECOND = request(at="10:00:09.000")


@pytest.mark.parametrize(
    ("journal", "own"),
    [
        (record("sending", request()), record("sending", request())),
        (record("sending", request()), record("unknown", request("unknown"))),
        (record("sending", request()), record("done", request("sent", at="10:00:00.001"))),  # another run's
        (record("sending", request()), record("done", request("sent", fingerprint="f2"))),
        (record("sending", request()), record("done", request("sent"), key="centercode|y")),
        (record("sending", request()), record("done")),
        (record("sending"), record("done")),
        (record("sending", request("refused"), SECOND), record("refused", request("refused"))),  # an older one
        (record("sending", request("sent"), SECOND), record("done", request("sent"))),
        (record("done", request()), record("refused", request("refused"))),  # another run has settled it
        (record("failed", request("sent")), record("done", request("sent"))),
    ],
)
def test_what_is_older_or_of_another_run_does_not(journal: StepRecord, own: StepRecord) -> None:
    assert completed([journal], [own]) == [journal]
