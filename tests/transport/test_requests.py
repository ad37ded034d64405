"""What a session, its uploads and its connections put on the wire and keep of an answer."""

from __future__ import annotations

import contextlib
import logging
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from http_server import HttpServer, Received, Reply
from shipline import __version__
from shipline.errors import RefusedError, UnavailableError
from shipline.redaction import Redactor, Secret
from shipline.transport import session as sessions
from shipline.transport.messages import Credential, Request, Response
from shipline.transport.rate_limit import Limit, Pacer
from shipline.transport.retry import TOKENS, Budget, seconds_to_wait
from shipline.transport.session import Session, connect_ahead
from shipline.transport.settings import Network
from shipline.transport.upload import Upload

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

KEY = "sandbox-key+/="


class Server(HttpServer):
    """Keeps connections open; responds with the next of ``answers`` (status and headers), else with 200."""

    def __init__(self) -> None:
        super().__init__(self.reply, keep_alive=True)
        self.answers: list[tuple[int, dict[str, str]]] = []
        self.url += "/x"

    def reply(self, _: Received) -> Reply:
        status, headers = self.answers.pop(0) if self.answers else (200, {})
        return Reply(status, b"{}", headers)

    @property
    def seen(self) -> list[dict[str, Any]]:
        return [one._asdict() | {"path": one.target} for one in self.received]


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as server:
        yield server


def network(**changes: Any) -> Network:
    return Network(**{"connect_timeout": 2, "read_timeout": 2, "retry_for": 5, **changes})


def test_what_every_request_says_of_itself(server: Server) -> None:
    Session("S", network()).send(Request("GET", server.url, query={"a": "ü b", "c": "&"}))
    (seen,) = server.seen
    assert (seen["method"], seen["path"], seen["body"]) == ("GET", "/x?a=%C3%BC+b&c=%26", b"")
    assert seen["headers"]["User-Agent"] == f"shipline/{__version__}"
    assert "Authorization" not in seen["headers"]


def test_bodies_by_kind(server: Server) -> None:
    session = Session("S", network())
    session.send(Request("POST", server.url, form={"$Zip": "a&b", "é": "1"}))
    session.send(Request("POST", server.url, json={"é": [1, None]}))
    session.send(Request("DELETE", server.url))
    form, json, nothing = server.seen
    assert form["body"] == b"%24Zip=a%26b&%C3%A9=1"
    assert form["headers"]["Content-Type"] == "application/x-www-form-urlencoded"
    assert json["headers"]["Content-Type"] == "application/json"
    assert json["body"] == b'{"\\u00e9": [1, null]}'
    assert nothing["body"] == b""
    assert server.connections == 1


@pytest.mark.parametrize(
    ("key", "path", "header"),
    [
        (Credential(Secret(KEY, "K"), "header", "X-ApiKey"), "/x?q=1", ("X-ApiKey", KEY)),
        (
            Credential(Secret(KEY, "K"), "header", "Authorization", "Bearer "),
            "/x?q=1",
            ("Authorization", f"Bearer {KEY}"),
        ),
        (Credential(Secret(KEY, "K"), "query", "apiKey"), "/x?q=1&apiKey=sandbox-key%2B%2F%3D", ("apiKey", None)),
    ],
)
def test_the_key_is_where_the_service_wants_it(
    server: Server, key: Credential, path: str, header: tuple[str, str]
) -> None:
    session = Session("S", network(), key)
    session.send(Request("GET", server.url, query={"q": "1"}))
    assert session.key_name == "K"
    assert server.seen[0]["path"] == path
    assert server.seen[0]["headers"].get(header[0]) == header[1]
    assert Session("S", network()).key_name == "nowhere"


def test_the_query_key_goes_first_where_there_is_no_query(server: Server) -> None:
    Session("S", network(), Credential(Secret("k", "K"), "query", "apiKey")).send(Request("POST", server.url))
    assert server.seen[0]["path"] == "/x?apiKey=k"


def test_an_idle_connection_is_not_used_for_a_change(server: Server) -> None:
    session = Session("S", network())
    for method in ("POST", "GET", "POST"):
        session.send(Request(method, server.url))
    assert server.connections == 1
    time.sleep(1.1)
    session.send(Request("GET", server.url))
    assert server.connections == 1
    time.sleep(1.1)
    session.send(Request("POST", server.url))
    assert server.connections == 2


def test_the_first_request_takes_the_connection_that_was_opened_for_it(server: Server) -> None:
    shared = network()
    connect_ahead(shared, [server.url])
    Session("S", shared).send(Request("POST", server.url))
    Session("T", shared).send(Request("POST", server.url))
    assert (server.connections, len(server.seen)) == (1, 2)


def test_a_connection_that_could_not_be_opened_ahead_is_no_attempt(server: Server) -> None:
    refusing = network(retry_for=0)
    server.server_close()
    connect_ahead(refusing, [server.url])
    with pytest.raises(UnavailableError, match="got no response"):
        Session("S", refusing).send(Request("GET", server.url))


def test_each_request_is_logged_without_what_is_in_it(server: Server, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "shipline.http")
    Session("S", network()).send(Request("POST", server.url, form={"secret": "1"}, query={"a": "b"}))
    (line,) = caplog.messages
    start, _, took = line.rpartition(" in ")
    assert start == f"POST {server.url}?a=b: 200"
    assert took.removesuffix(" ms").isdigit()


@pytest.mark.parametrize(("method", "status", "times"), [
    ("GET", 429, 2), ("GET", 500, 2), ("GET", 502, 2), ("GET", 503, 2), ("GET", 504, 2),
    ("GET", 522, 2), ("GET", 408, 2), ("GET", 501, 1), ("GET", 404, 1), ("POST", 408, 1), ("POST", 522, 1),
    ("POST", 429, 1), ("POST", 500, 1), ("POST", 503, 1),
    ("PUT", 502, 1), ("DELETE", 504, 1),
])  # fmt: skip
def test_what_is_sent_again(server: Server, method: str, status: int, times: int) -> None:
    server.answers = [(status, {"Retry-After": "0"})]
    answer = Session("S", network()).send(Request(method, server.url))
    assert len(server.seen) == times
    assert answer.status == (200 if times == 2 else status)


@pytest.mark.parametrize("headers", [{"Retry-After": "0"}, {"X-Rate-Limit-Reset": "2020-01-01T00:00:00.0000000Z"}])
def test_a_server_that_asks_for_no_pause_does_not_get_every_retry_at_once(
    server: Server, monkeypatch: pytest.MonkeyPatch, headers: dict[str, str]
) -> None:
    slept: list[float] = []
    monkeypatch.setattr(sessions.cancel_token, "sleep", slept.append)
    server.answers = [(429, headers)] * 4
    assert Session("S", network(retry_for=60)).send(Request("GET", server.url)).status == 200
    assert len(slept) == 4
    assert all(pause >= 0.125 * 2**attempt for attempt, pause in enumerate(slept))


def test_a_wait_longer_than_there_is_time_for_is_not_begun(server: Server) -> None:
    server.answers = [(429, {"Retry-After": "30"})]
    begun = time.monotonic()
    request = Request("GET", server.url)
    answer = Session("S", network()).send(request)
    assert (answer.status, answer.ok, answer.text) == (429, False, "{}")
    assert time.monotonic() - begun < 5
    assert len(server.seen) == 1
    assert not request.progress.sent


def test_what_failed_for_good_is_raised_after_the_last_try() -> None:
    budget = Budget()
    session = Session("S", network(retry_for=0.01, budget=budget))
    with pytest.raises(UnavailableError):
        session.send(Request("GET", "http://127.0.0.1:1/x"))


def test_pauses_between_tries_grow_up_to_twenty_seconds() -> None:
    for attempt, longest in ((0, 0.5), (1, 1.0), (2, 2.0), (5, 16.0), (6, 20.0), (60, 20.0)):
        pauses = [sessions.backoff(attempt) for _ in range(200)]
        assert longest / 4 <= min(pauses) < longest / 2
        assert longest * 0.75 < max(pauses) <= longest


def test_requests_keep_to_the_limit_they_are_given(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr(sessions, "pacer", Pacer(lambda: 100.0, slept.append))
    session = Session("S", network(), limit=Limit(2, 10, "endpoint"))
    for _ in range(3):
        session.send(Request("GET", server.url))
    assert [round(pause, 6) for pause in slept] == [10.016]


def test_turns_follow_each_other() -> None:
    now, slept = [100.0], []
    pacer, limit = Pacer(lambda: now[0], slept.append), Limit(2, 10, "host")

    def waited(url: str = "https://a.example.com/", limit: Limit | None = limit) -> float:
        slept.clear()
        with pacer.turn(limit, url):
            now[0] += sum(slept) + 1  # until it is answered
        return round(sum(slept), 6)

    assert [waited(f"https://a.example.com/{i}") for i in range(4)] == [0, 0, 9.016, 0]
    assert waited("https://b.example.com/") == 0
    assert waited(limit=None) == 0
    now[0] += 1000
    assert waited() == 0
    assert limit.key("https://a.example.com:8443/p?q") == ("a.example.com:8443",)
    assert Limit(2, 10, "endpoint").key("https://a.example.com/p?q") == ("a.example.com", "/p")


def test_a_turn_waits_while_all_that_may_be_under_way_are_and_one_that_failed_counts() -> None:
    now, slept = [100.0], []
    first, second = contextlib.ExitStack(), contextlib.ExitStack()

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        now[0] += seconds
        if len(slept) == 50:
            first.close()

    pacer, limit = Pacer(lambda: now[0], sleep), Limit(2, 10, "host")
    first.enter_context(pacer.turn(limit, "https://a.example.com/1"))
    second.enter_context(pacer.turn(limit, "https://a.example.com/2"))
    with contextlib.suppress(OSError), pacer.turn(limit, "https://a.example.com/3"):
        assert now[0] == pytest.approx(100 + 50 * 0.02 + 10.016)
        raise OSError("lost")
    with pacer.turn(limit, "https://a.example.com/4"):
        assert now[0] == pytest.approx(100 + 50 * 0.02 + 2 * 10.016)


def test_a_success_gives_back_one_retry_and_never_more_than_there_were() -> None:
    budget = Budget(lambda: 100.0)
    budget.succeeded("a")
    assert [budget.allows("a", 0, 10) for _ in range(TOKENS + 1)] == [True] * TOKENS + [False]
    budget.succeeded("a")
    assert [budget.allows("a", 0, 10) for _ in range(2)] == [True, False]


def test_a_pause_may_end_when_the_time_does() -> None:
    budget = Budget(lambda: 100.0)
    budget.failed("a")
    assert budget.allows("a", 10, 10)
    assert not budget.allows("a", 10.1, 10)


def test_what_an_answer_is() -> None:
    def answer(body: bytes = b"", media: str = "", status: int = 200) -> Response:
        return Response(status, {"Content-Type": media} if media else {}, body)

    assert [answer(status=s).ok for s in (199, 200, 299, 300, 404)] == [False, True, True, False, False]
    assert answer(b"\xc3\xa4\xff").text == "ä�"
    assert answer(media="Text/CSV ; charset=utf-8; x").media == "text/csv"
    assert answer().media == ""
    assert [answer(b).html for b in (b"  <html>", b"\n<", b"{}", b"x<", b"")] == [True, True, False, False, False]


def test_what_a_request_shows_of_itself(tmp_path: Path) -> None:
    upload = Upload(tmp_path / "w.zip", shown="dist/w.zip")
    assert Request("PUT", "u", upload=upload).shown_body == "(the file dist/w.zip)"
    assert str(Upload(tmp_path / "w.zip")) == f"(the file {tmp_path}/w.zip)"
    assert Request("POST", "u", form={}).shown_body == {}
    assert Request("POST", "u", json=[1]).shown_body == [1]
    assert Request("POST", "u").shown_body is None
    assert [Request(m, "u").safe for m in ("GET", "HEAD", "POST", "PUT", "DELETE")] == [True, True, False, False, False]
    assert Request("GET", "u", query={"a": "b c"}).full_url == "u?a=b+c"
    assert Request("GET", "u").full_url == "u"


def test_a_file_alone_and_in_a_form(tmp_path: Path, server: Server) -> None:
    path = tmp_path / "w.zip"
    path.write_bytes(b"PK" * 50_000)
    session = Session("S", network())
    session.send(Request("PUT", server.url, upload=Upload(path)))
    session.send(Request("POST", server.url, upload=Upload(path, "file", 'a"b\r\nc.zip')))
    session.send(Request("POST", server.url, upload=Upload(path, "file")))
    alone, form, plain = server.seen
    assert alone["headers"]["Content-Type"] == "application/octet-stream"
    assert alone["body"] == path.read_bytes()
    media, _, boundary = form["headers"]["Content-Type"].partition("; boundary=")
    assert (media, len(boundary)) == ("multipart/form-data", 32)
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="a%22b%0D%0Ac.zip"\r\n'
    head += "Content-Type: application/octet-stream\r\n\r\n"
    assert form["body"] == head.encode() + path.read_bytes() + f"\r\n--{boundary}--\r\n".encode()
    assert b'filename="w.zip"' in plain["body"]
    assert int(form["headers"]["Content-Length"]) == len(form["body"]) == Upload(path, "file", 'a"b\r\nc.zip').size
    assert Upload(path).size == 100_000


def test_a_file_that_changes_while_it_is_sent(tmp_path: Path) -> None:
    path = tmp_path / "w.zip"
    path.write_bytes(b"x" * 100)
    with Upload(path).opened() as body:
        path.write_bytes(b"y" * 150)
        assert b"".join(body) == b"y" * 100
    with Upload(path).opened() as body:
        path.write_bytes(b"z" * 50)
        with pytest.raises(RefusedError, match=r"w\.zip became shorter while it was sent"):
            b"".join(body)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": " 3 "}, 3),
        ({"Retry-After": "60"}, 60),
        ({"Retry-After": "61"}, 60),
        ({"Retry-After": "9999999999"}, None),
        ({"Retry-After": "3.5"}, None),
        ({"Retry-After": "Fri, 02 Jan 2026 03:04:05 -0000"}, 5),  # no zone is told: UTC
        ({"Retry-After": "Fri, 02 Jan 2026 05:04:05 +0200"}, 5),
        ({"Retry-After": "Fri, 02 Jan 2026 03:03:00 GMT"}, 0),
        ({"Retry-After": "Fri, 02 Jan 2026 04:00:00 GMT"}, 60),
        ({"X-Rate-Limit-Reset": " 2026-01-02T03:04:05 "}, 5),
        ({"X-Rate-Limit-Reset": "2026-01-02T05:04:05+02:00"}, 5),
        ({"X-Rate-Limit-Reset": "2026-01-02T05:04:05Z"}, 60),
        ({"Retry-After": "soon", "X-Rate-Limit-Reset": "2026-01-02T03:04:07Z"}, 7),
        ({"Retry-After": "Fri, 02 Jan 2026 03:04:05 GMT", "X-Rate-Limit-Reset": "2026-01-02T03:04:07Z"}, 5),
        ({"Retry-After": "Fri, 02 Jan 2026 03:04:05 GMT", "Date": "Fri, 02 Jan 2026 03:04:01 -0000"}, 4),
        ({"Retry-After": "Fri, 02 Jan 2026 03:04:05 GMT", "Date": "yesterday"}, 5),
    ],
)
def test_how_long_a_server_wants_to_be_left_alone(headers: dict[str, str], seconds: float | None) -> None:
    assert seconds_to_wait(headers, datetime(2026, 1, 2, 3, 4, tzinfo=UTC)) == seconds


def test_without_a_date_of_the_servers_own_it_is_now_here() -> None:
    moment = datetime.now(UTC).replace(year=datetime.now(UTC).year - 1)
    assert seconds_to_wait({"X-Rate-Limit-Reset": moment.isoformat()}) == 0


@pytest.mark.parametrize(
    ("text", "good"), [("abc!~", True), ("a b", False), ("a\n", False), ("\ta", False), ("ä", False), ("", True)]
)
def test_what_no_key_has(text: str, *, good: bool) -> None:
    assert (Secret(text, "K").malformed == "") == good
    if not good:
        assert Secret(text, "K").malformed.endswith("copy the key again")


def test_the_forms_of_a_key_are_told_once_longest_first() -> None:
    redact = Redactor()
    redact.register(Secret("sandbox-a+b", "K"))
    told = redact.unmasked_forms()
    assert told == sorted(told, key=len, reverse=True)
    assert "sandbox-a+b" in told
    assert "sandbox-a%2Bb" in told
    assert redact.unmasked_forms() == []
    redact.register(Secret("sandbox-a+b", "K"))
    assert redact.unmasked_forms() == []


def test_short_keys_are_hidden_as_they_are_only() -> None:
    redact = Redactor()
    redact.register(Secret("abc", "K"))
    assert redact("abc YWJj") == "*** YWJj"
    assert redact.unmasked_forms() == ["abc"]
    empty = Redactor()
    empty.register(Secret("", "K"))
    assert empty("a text") == "a text"
    assert Redactor()("a text") == "a text"
