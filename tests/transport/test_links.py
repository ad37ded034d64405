"""What a server's response to a link means for a customer who would download the file from it."""

from __future__ import annotations

import re
import threading
from typing import TYPE_CHECKING, Any

import pytest

from http_server import HttpServer, Received, Reply
from job.tls import spoken
from shipline import cancellation
from shipline.run.links import File, Link, LinkChecker, refusal
from shipline.transport.settings import Network
from unit.responding_server import Clock

if TYPE_CHECKING:
    from pathlib import Path

NETWORK = Network(connect_timeout=5, read_timeout=5, retry_for=0)
HTML = {"Content-Type": "text/html; charset=utf-8"}
PAGE = Reply(200, b"<html>".ljust(1000), HTML)
ZIP = {"Content-Type": "application/zip"}
UNSIZED = {"Content-Length": None}
SIGN_IN = Reply(302, b"", {"Location": "/users/sign_in?token=abc"})
WEB_PAGE = "the server returns a web page instead of the file"


def part(total: str) -> Reply:
    return Reply(206, b"P", {"Content-Range": f"bytes 0-0/{total}", **ZIP})


Replies = dict[str, Reply]
CASES: dict[str, tuple[Replies, int | None, tuple[int | None, int | None, str]]] = {
    # replies by method and path (those to GET are those to HEAD unless given), local size, (status, size, problem)
    "a file": ({"HEAD /f": Reply(200, b"x" * 5)}, 5, (200, 5, "")),
    "a remote file": ({"HEAD /f": Reply(200, b"x" * 5)}, None, (200, 5, "")),
    "401": ({"HEAD /f": Reply(401)}, None, (401, None, "the server responds 401")),
    "403": ({"HEAD /f": Reply(403)}, 5, (403, None, "the server responds 403")),
    "404": ({"HEAD /f": Reply(404)}, None, (404, None, "the server responds 404")),
    "410 after a redirect": (
        {"HEAD /f": Reply(301, b"", {"Location": "/gone"}), "HEAD /gone": Reply(410)},
        None,
        (410, None, "the server responds 410, after a redirect to {url}/gone"),
    ),
    "418": ({"HEAD /f": Reply(418)}, None, (418, None, "the server responds 418")),
    "500": ({"HEAD /f": Reply(500)}, 5, (500, None, "the server responds 500")),
    "202": ({"HEAD /f": Reply(202)}, None, (202, None, "the server responds 202")),
    "204": ({"HEAD /f": Reply(204, b"", UNSIZED)}, None, (204, None, "the server responds 204")),
    "203 with a file": ({"HEAD /f": Reply(203, b"x" * 5, ZIP)}, 5, (203, None, "the server responds 203")),
    "203 with a page": ({"HEAD /f": PAGE._replace(status=203)}, None, (203, None, WEB_PAGE)),
    "403 to HEAD and a part to GET": ({"HEAD /f": Reply(403), "GET /f": part("1000")}, None, (206, 1000, "")),
    "405 to HEAD and all to GET": ({"HEAD /f": Reply(405), "GET /f": Reply(200, b"x" * 5)}, 5, (200, 5, "")),
    "a sign-in page": (
        {"HEAD /f": SIGN_IN, "HEAD /users/sign_in": PAGE},
        None,
        (200, None, f"{WEB_PAGE}, after a redirect to {{url}}/users/sign_in"),
    ),
    "a sign-in page of the right size": (
        {"HEAD /f": SIGN_IN, "HEAD /users/sign_in": PAGE},
        1000,
        (200, None, f"{WEB_PAGE}, after a redirect to {{url}}/users/sign_in"),
    ),
    "a single-page site": ({"HEAD /f": PAGE}, 3000, (200, None, WEB_PAGE)),
    "a single-page site with parts": (
        {"HEAD /f": PAGE, "GET /f": Reply(206, b"<", {**HTML, "Content-Range": "bytes 0-0/1000"})},
        None,
        (206, None, WEB_PAGE),
    ),
    "XHTML": ({"HEAD /f": Reply(200, b"<", {"Content-Type": "Application/XHTML+XML"})}, None, (200, None, WEB_PAGE)),
    "another file": (
        {"HEAD /f": Reply(200, b"x" * 16)},
        5000,
        (200, None, "the file there has 16 bytes instead of 5000: it is another one, or an old one"),
    ),
    "HEAD reports another size than GET": (
        {"HEAD /f": Reply(200, b"x" * 16), "GET /f": part("5000")},
        5000,
        (206, 5000, ""),
    ),
    "HEAD reports size 0": ({"HEAD /f": Reply(200), "GET /f": part("1000")}, None, (206, 1000, "")),
    "HEAD reports no size": ({"HEAD /f": Reply(200, b"", UNSIZED), "GET /f": part("7")}, None, (206, 7, "")),
    "no size at all": ({"HEAD /f": Reply(200, b"x" * 5, UNSIZED)}, None, (200, None, "")),
    "no size at all of a local file": ({"HEAD /f": Reply(200, b"x" * 5, UNSIZED)}, 7, (200, None, "")),
    "a part of unknown size": ({"HEAD /f": Reply(405), "GET /f": part("*")}, 7, (206, None, "")),
    "an empty remote file": ({"HEAD /f": Reply(200)}, None, (200, None, "the file there is empty")),
    "an empty file that is local too": (
        {"HEAD /f": Reply(200), "GET /f": Reply(416, b"", {"Content-Range": "bytes */0"})},
        0,
        (416, 0, ""),
    ),
    "a range that can't be": (
        {"HEAD /f": Reply(405), "GET /f": Reply(416, b"", {"Content-Range": "bytes */9"})},
        9,
        (416, None, "the server responds 416"),
    ),
    "a compressed file": ({"HEAD /f": Reply(200, b"x" * 3, {"Content-Encoding": "gzip"})}, 9, (200, None, "")),
    "a remote archive marked as compressed": (
        {"HEAD /f": Reply(200, b"x" * 3, {"Content-Encoding": "x-gzip"})},
        None,
        (200, 3, ""),
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_what_a_response_means(case: Any) -> None:
    replies, size, (status, found, problem) = case

    def respond(received: Received) -> Reply:
        head = replies[f"HEAD {received.path}"]
        return replies.get(f"{received.method} {received.path}", head)

    with HttpServer(respond) as server:
        link = LinkChecker(NETWORK).look_up(File(f"{server.url}/f", size))
        assert (link.status, link.size) == (status, found)
        assert link.good is not bool(problem)
        assert link.problem == problem.format(url=server.url)
        assert "token" not in link.problem
        assert all(one.headers.get("Range", "bytes=0-0") == "bytes=0-0" for one in server.received)
        assert not any({"Authorization", "Cookie"} & one.headers.keys() for one in server.received)


def test_a_good_response_to_head_is_enough() -> None:
    with HttpServer(lambda _: Reply(200, b"abc")) as server:
        LinkChecker(NETWORK).look_up(File(f"{server.url}/f", 3))
        assert [one.method for one in server.received] == ["HEAD"]


def test_a_page_may_be_the_file_itself() -> None:
    with HttpServer(lambda _: PAGE) as server:
        assert LinkChecker(NETWORK).look_up(File(f"{server.url}/manual.html", 1000, page=True)).good


def unreachable(url: str) -> str:
    link = LinkChecker(NETWORK).look_up(File(url, 5))
    assert (link.status, link.size, link.good) == (None, None, False)
    return link.problem


def test_a_server_that_cant_be_reached_is_a_bad_link() -> None:
    with HttpServer() as server:
        pass
    assert "Connection refused" in unreachable(f"{server.url}/f")
    assert "host not found" in unreachable("http://no-such-host.invalid/f")


def test_a_certificate_that_cant_be_trusted_or_is_for_another_name_is_a_bad_link(tmp_path: Path) -> None:
    with HttpServer(tls=spoken(tmp_path)) as server:
        assert "unable to get local issuer certificate" in unreachable(f"{server.url}/f")
        trusting = LinkChecker(NETWORK.__class__(5, 5, 0, ca_bundle=str(tmp_path / "company-ca.pem")))
        port = server.server_port
        assert "Hostname mismatch" in trusting.look_up(File(f"https://localhost:{port}/f")).problem


def test_a_plain_server_behind_https_is_a_bad_link() -> None:
    with HttpServer() as server:
        assert "SSL" in unreachable(f"https://{server.address}/f")


def test_a_server_that_closes_the_connection_on_head_is_requested_by_get() -> None:
    class Closing(HttpServer):
        def reply(self, received: Received) -> Reply:
            if received.method == "HEAD":
                raise ConnectionAbortedError
            return part("9")

    with Closing() as server:
        server.respond = server.reply
        link = LinkChecker(NETWORK).look_up(File(f"{server.url}/f", 9))
        assert (link.status, link.size, link.good) == (206, 9, True)


def test_a_check_shows_how_far_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    shown, seen = list[str](), threading.Event()

    def show(text: str) -> None:
        shown.append(text)
        seen.set()

    monkeypatch.setattr(cancellation, "_SILENT_S", 0.0)
    with HttpServer() as server:
        server.respond = lambda received: Reply(200 if received.target == "/0" or seen.wait(60) else 500, b"right")
        files = [File(f"{server.url}/{number}", 5) for number in range(3)]
        assert all(link.good for link in LinkChecker(NETWORK, show).look_up_all(files))
    assert re.fullmatch(r"checking links: [01] of 3, [^,]+ s", shown[0])
    assert shown[-1] == ""


def waiting(
    server: HttpServer, monkeypatch: pytest.MonkeyPatch, *, patient: bool = True
) -> tuple[Link, float, list[str]]:
    clock, told = Clock.of(monkeypatch), list[str]()
    network = Network(connect_timeout=5, read_timeout=5, retry_for=600)
    (link,) = LinkChecker(network).checked([File(f"{server.url}/f", 5)] * 2, told.append, patient=patient)
    return link, sum(clock.slept), told


@pytest.mark.parametrize("bad", [Reply(404), Reply(403), Reply(500), PAGE, Reply(200, b"x" * 16)])
def test_a_slow_mirror_is_waited_for(bad: Reply, monkeypatch: pytest.MonkeyPatch) -> None:
    with HttpServer() as server:
        server.respond = lambda _: Reply(200, b"right") if len(server.received) > 30 else bad
        link, waited, told = waiting(server, monkeypatch)
    assert link.good
    assert 28 <= waited <= 32
    assert told == [f"waiting up to 2 min for a link to work, such as {server.url}/f"]


@pytest.mark.parametrize("patient", [True, False])
def test_a_bad_link_is_waited_for_two_minutes(monkeypatch: pytest.MonkeyPatch, *, patient: bool) -> None:
    with HttpServer(lambda _: Reply(503)) as server:
        link, waited, _ = waiting(server, monkeypatch, patient=patient)
    assert link.status == 503
    assert 118 <= waited <= 120


def test_a_server_that_cant_be_reached_is_only_waited_for_with_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    with HttpServer() as server:
        pass
    assert 118 <= waiting(server, monkeypatch)[1] <= 120
    assert waiting(server, monkeypatch, patient=False)[1:] == (0, [])


def test_the_refusal_names_the_links_and_the_ways_out() -> None:
    bad = [Link(f"https://dl.example.com/{i}", 500, None, "the server responds 500") for i in range(7)]
    good = Link("https://dl.example.com/good", 200, 5)
    assert refusal([good]) is None
    error = refusal([good, *bad])
    assert error is not None
    assert error.exit_code == 4
    assert error.what.startswith("7 links failed to download: https://dl.example.com/0: the server responds 500; ")
    assert "dl.example.com/5" not in error.what
    assert "good" not in error.what
    assert "set check-links to warn" in error.todo
    assert "skip (no check)" in error.todo
    assert "private" not in error.todo


@pytest.mark.parametrize(("status", "problem"), [(401, "x"), (403, "x"), (404, "x"), (200, WEB_PAGE)])
def test_a_link_that_may_need_a_sign_in_hints_at_private_projects(status: int, problem: str) -> None:
    error = refusal([Link("https://dl.example.com/0", status, None, problem)])
    assert error is not None
    assert error.what.startswith("a link failed to download")
    assert "Files of a private project or repository need a sign-in" in error.todo
