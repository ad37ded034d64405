"""The sandbox itself: log, faults, clock, seed, files, page, start and end."""

from __future__ import annotations

import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

import shipline_sandbox
from shipline.cli import other_commands
from shipline_sandbox.answers import service_of
from shipline_sandbox.app import create_app
from shipline_sandbox.instance import Sandbox
from shipline_sandbox.server import running, serve
from shipline_sandbox.store import Store
from shipline_sandbox.switches import SWITCHES

PACKAGE = Path(shipline_sandbox.__file__).parent
SERVICES = {"buildmaster", "centercode", "v3"}
LEDGER = Path(__file__).parents[2] / "docs" / "fidelity.md"


def test_the_log_has_operation_and_bodies_but_no_key(client, http):
    http.get(f"{client.sandbox.url}/api/releases?key=sandbox-secret1&status=active&status=active")
    client.release()
    http.post(f"{client.sandbox.url}/api/releases", json={"API_Key": "sandbox-secret2", "releaseId": 1})
    http.post(f"{client.sandbox.url}/api/releases/cancel", data={"key": "sandbox-secret3", "reason": "sandbox-secret3"})
    client.cc({"title": "a"}, params={"apiKey": "sandbox-secret4", "x": "1"})
    client.draft()
    http.get(f"{client.sandbox.url}/v3/releases", headers={"Authorization": "Bearer sandbox-secret5"})
    http.delete(f"{client.sandbox.url}/api/releases")
    log = client.sandbox.requests()
    assert [(e["service"], e["operation"], e["status"]) for e in log] == [
        ("buildmaster", "get-releases", 400),
        ("buildmaster", "create-release", 200),
        ("buildmaster", "get-releases", 200),
        ("buildmaster", "cancel-release", 400),
        ("centercode", "project-release", 201),
        ("v3", "create-release", 201),
        ("v3", "list-releases", 200),
        ("buildmaster", None, 405),
    ]
    assert log[1]["body"] == {"applicationName": "Widget", "pipelineName": "Standard", "releaseNumber": "1.4"}
    assert log[2]["body"] == {"releaseId": 1}
    assert log[3]["body"] == {"reason": "(key)"}
    assert (log[4]["query"], log[4]["body"], log[4]["method"]) == ({"x": "1"}, {"title": "a"}, "POST")
    assert "sandbox-" not in json.dumps(log)
    assert http.delete(f"{client.sandbox.url}/_sandbox/requests").json() == []


def test_no_key_reaches_the_file(tmp_path):
    data = tmp_path / "world.sqlite"
    with running(data) as sandbox:
        url = f"{sandbox.url}/api/v1/projects/WidgetPro/releaseTypes/Firmware?apiKey=sandbox-veryspecial"
        assert requests.post(url, json={"title": "a"}, timeout=10).status_code == 201
        for given in ("Bearer a-veryspecial-key", "a-veryspecial-key"):  # not the sandbox's, and where no key belongs
            body = {"name": "x", "note": "a-veryspecial-key"}
            for path in ("v3/releases", "api/releases/create"):
                requests.post(f"{sandbox.url}/{path}", json=body, headers={"Authorization": given}, timeout=10)
    assert b"veryspecial" not in b"".join(path.read_bytes() for path in tmp_path.iterdir())


def test_state_survives_in_the_data_file_and_is_shared(tmp_path):
    data = tmp_path / "world.sqlite"
    headers = {"X-ApiKey": "sandbox-a"}
    release = {"applicationId": 1, "pipelineName": "Standard"}
    with running(data) as one, running(data) as two:
        requests.post(
            f"{one.url}/api/releases/create", data=release | {"releaseNumber": "1"}, headers=headers, timeout=10
        )
        assert len(requests.get(f"{two.url}/api/releases", headers=headers, timeout=10).json()) == 2
        assert [e["operation"] for e in two.requests()] == ["create-release", "get-releases"]
    with running(data) as again:
        assert len(requests.get(f"{again.url}/api/releases", headers=headers, timeout=10).json()) == 2
    with sqlite3.connect(data) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    connection.close()


def test_reset_returns_to_the_start(client):
    client.release()
    client.switch(fields="old")
    client.sandbox.admin("faults", {"kind": "empty"})
    client.sandbox.put_file("a", b"a")
    client.sandbox.admin("reset", {})
    state = client.state()
    assert [r["number"] for r in state["buildmaster"]["releases"]] == ["1.0"]
    assert (state["switches"]["fields"], state["faults"], state["files"]) == ("new", [], [])
    assert client.sandbox.requests() == []


@pytest.mark.parametrize(
    ("path", "body", "says"),
    [
        ("config", {"fields": "newest"}, "not one of new, old"),
        ("config", {"colour": "red"}, "unknown switch"),
        ("clock", {"advance": "1"}, "number of seconds"),
        ("clock", {"back": 1}, "clock: expected"),
        ("seed", {"bilds": {}}, "unknown section"),
        ("seed", {"buildmaster": {"applications": [{}]}}, "lacks a member"),
        ("faults", {"kind": "rst"}, "not one of"),
        ("faults", {"when": "later"}, "before or after_apply"),
        ("faults", {"times": 0}, "from 1"),
        ("faults", {"chance": 1}, "unknown member"),
        ("deployments/9", {"outcome": "failed"}, "no deployment 9"),
        ("deployments/9", {}, "expected succeeded"),
        ("nowhere", {}, "Not Found"),
    ],
)
def test_wrong_administration_is_refused(sandbox, path, body, says):
    with pytest.raises(ValueError, match=says):
        sandbox.admin(path, body)


def test_a_fault_before_applies_nothing_and_counts_down(client):
    rule = {"operation": "create-release", "service": "buildmaster", "status": 502, "headers": {"Retry-After": "3"}}
    client.sandbox.admin("faults", rule | {"body": "<html>Bad Gateway</html>"})
    assert client.bm("").status_code == 200
    given = {"releaseNumber": "1", "applicationId": 1, "pipelineName": "Standard"}
    answer = client.bm("/create", **given)
    assert (answer.status_code, answer.headers["Retry-After"], answer.text) == (502, "3", "<html>Bad Gateway</html>")
    assert client.sandbox.requests()[-1]["fault"] == "status"
    assert client.bm("/create", **given).status_code == 200
    assert client.sandbox.admin("faults") == []


def test_a_fault_after_apply_loses_the_answer_only(client):
    client.sandbox.admin("faults", [{"service": "centercode", "when": "after_apply", "status": 504, "times": 2}])
    assert client.cc({}).status_code == 400
    assert client.cc({"title": "a"}).status_code == 504
    assert len(client.state()["centercode"]["releases"]) == 1
    assert client.sandbox.admin("faults")[0]["times"] == 1


def test_html_empty_and_late_answers(client):
    client.sandbox.admin("faults", [{"kind": "html"}, {"kind": "empty"}, {"kind": "delay", "seconds": 0.2}])
    html, empty = client.bm(""), client.bm("")
    assert (html.status_code, html.headers["Content-Type"][:9], html.text[:15]) == (200, "text/html", "<!DOCTYPE html>")
    assert (empty.status_code, empty.content) == (200, b"")
    start = time.monotonic()
    assert client.bm("").json() != []
    assert time.monotonic() - start >= 0.2


def test_faults_without_an_end_last_until_they_are_cleared(client, http):
    client.sandbox.admin("faults", {"times": None})
    assert {client.bm("").status_code for _ in range(3)} == {503}
    http.delete(f"{client.sandbox.url}/_sandbox/faults")
    assert client.bm("").status_code == 200


def test_the_clock_runs_unless_frozen(sandbox):
    first = sandbox.admin("clock")
    assert first["frozen"] is True
    assert sandbox.admin("clock")["now"] == first["now"]
    assert sandbox.admin("clock", {"advance": 60})["now"] > first["now"]
    released = sandbox.admin("clock", {"freeze": False})
    time.sleep(0.01)
    assert sandbox.admin("clock")["now"] > released["now"]


def test_speed_divides_durations():
    headers = {"X-ApiKey": "sandbox-a"}
    with running(speed=100) as sandbox:
        build = requests.post(
            f"{sandbox.url}/api/releases/builds/create?releaseId=1", headers=headers, timeout=10
        ).json()
        requests.post(f"{sandbox.url}/api/releases/builds/deploy?buildId={build['id']}", headers=headers, timeout=10)
        time.sleep(0.11)
        (found,) = requests.get(f"{sandbox.url}/api/releases/builds/deployments", headers=headers, timeout=10).json()
    assert found["status"] == "succeeded"


def test_files_are_stored_with_a_key_and_served_without(client, http):
    url = f"{client.sandbox.url}/files/widget/1.4/widget%201.zip"
    assert http.put(url, data=b"0123456789").status_code == 401
    assert http.put(url, data=b"0123456789", headers={"X-ApiKey": "real"}).status_code == 401
    assert http.put(url, data=b"0123456789", headers={"Authorization": "Bearer sandbox-a"}).status_code == 201
    head = http.head(url)
    assert (head.status_code, head.headers["Content-Length"], head.headers["Accept-Ranges"]) == (200, "10", "bytes")
    assert http.get(url).content == b"0123456789"
    part = http.get(url, headers={"Range": "bytes=0-0"})
    assert (part.status_code, part.content) == (206, b"0")
    assert http.get(f"{client.sandbox.url}/files/none").status_code == 404
    other = client.sandbox.put_file("b/ä.bin", b"\0\1")
    assert http.get(other).content == b"\0\1"
    assert [e["operation"] for e in client.sandbox.requests()][:4] == ["put-file"] * 3 + ["get-file"]
    assert client.sandbox.requests()[0]["body"] == {"bytes": 10}


def test_the_page_shows_builds_and_releases(client, http):
    empty = http.get(client.sandbox.url).text
    assert "No build yet" in empty
    build = client.build(client.release(), **{"$Branch": "main"})
    client.deploy(build, "Integration")
    client.cc({"title": "For <testers>", "body": "<script>alert(1)</script>"})
    draft = client.draft(name="For customers")
    page = http.get(client.sandbox.url).text
    assert "For &lt;testers&gt;" in page
    assert "<script>" not in page
    assert "$Branch = main" in page
    assert "No published release yet" in page
    client.v3("POST", f"releases/{draft['id']}/publish")
    assert "No published release yet" not in http.get(client.sandbox.url).text
    assert http.get(f"{client.sandbox.url}/project/version/item.html").status_code == 404


def test_what_is_served_on_the_command_line_has_the_documented_rate_limits_also_while_its_clock_stands(tmp_path):
    ready = tmp_path / "url"
    command = [sys.executable, "-m", "shipline", "sandbox", "--ready-file", str(ready)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as served:
        try:
            while not ready.exists():
                assert served.poll() is None
                time.sleep(0.05)
            url = ready.read_text(encoding="utf-8").strip()
            session = requests.Session()
            session.headers["Authorization"] = "Bearer sandbox-a"
            session.post(f"{url}/_sandbox/clock", json={"freeze": True}, timeout=10).raise_for_status()

            def get() -> int:
                return session.get(f"{url}/v3/releases", timeout=10).status_code

            assert 429 in (get() for _ in range(500))
            end = time.monotonic() + 20
            while get() == 429:
                assert time.monotonic() < end
                time.sleep(0.5)
        finally:
            served.terminate()


def test_https_is_by_a_certificate_of_an_authority_that_is_printed(tmp_path, capsys):
    with running(tls=True) as sandbox:
        other_commands._show_sandbox(sandbox)
        printed = capsys.readouterr().out
        authority = tmp_path / "ca.pem"
        authority.write_text(printed[printed.index("-----BEGIN CERTIFICATE") :])
        assert f"listens on {sandbox.url} " in printed
        assert "  shipline run\n" in printed
        address = urlsplit(sandbox.url)
        for host in ("127.0.0.1", "localhost"):
            url = f"https://{host}:{address.port}"
            with socket.create_connection(("127.0.0.1", address.port)):  # one that says nothing holds nobody up
                assert requests.get(f"{url}/health", verify=str(authority), timeout=30).status_code == 200
        with pytest.raises(requests.exceptions.SSLError, match="certificate verify failed"):
            requests.get(sandbox.url, timeout=30)
        with pytest.raises(requests.exceptions.ConnectionError):
            requests.get(f"http://127.0.0.1:{address.port}", timeout=30)
    with running(tls=True) as another:
        assert another.authority not in {"", sandbox.authority}


def test_https_needs_the_command_openssl(monkeypatch):
    monkeypatch.setenv("PATH", "")
    with (
        pytest.raises(ValueError, match=r"tls: a certificate needs the command openssl, version 3: .*openssl"),
        running(tls=True),
    ):
        pass


@pytest.mark.parametrize(
    "options", [{"host": "0.0.0.0"}, {"speed": 0}, {"faults": [{"kind": "x"}]}, {"seed": {"x": 1}}]
)
def test_what_can_not_be_served_is_refused_at_the_start(options):
    with pytest.raises(ValueError, match=r"."), running(**options):
        pass


def test_serve_refuses_other_hosts():
    with pytest.raises(ValueError, match="loopback"):
        serve(host="192.0.2.1")


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_serve_ends_cleanly_on_a_signal(tmp_path, number):
    ready = tmp_path / "url"
    program = f"from shipline_sandbox.server import serve; serve(ready_file={str(ready)!r}, faults=[{{'status': 418}}])"
    environment = os.environ | {"PYTHONPATH": str(PACKAGE.parent)}
    with subprocess.Popen([sys.executable, "-c", program], env=environment, stderr=subprocess.PIPE) as process:
        deadline = time.monotonic() + 20
        while not ready.exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        url = ready.read_text().strip()
        assert requests.get(f"{url}/_sandbox/health", timeout=10).json() == {"status": "ok", "sandbox": True}
        assert requests.get(f"{url}/health?key=sandbox-hidden", timeout=10).status_code == 418
        process.send_signal(number)
        _, errors = process.communicate(timeout=10)
    assert (process.returncode, errors) == (0, b"")
    assert list(tmp_path.iterdir()) == []


def test_the_sandbox_knows_nothing_of_the_program():
    sources = [path.read_text(encoding="utf-8") for path in PACKAGE.rglob("*.py")]
    assert sources
    assert not any(
        f"{word} shipline{end}" in text for text in sources for word in ("import", "from") for end in (".", " ")
    )


@pytest.mark.parametrize("name", sorted(SWITCHES))
def test_every_switch_and_position_is_explained(name):
    (line, *_) = [line for line in LEDGER.read_text(encoding="utf-8").splitlines() if line.startswith(f"| `{name}` |")]
    assert all(f"`{position}`" in line for position in SWITCHES[name])


def test_every_operation_is_in_the_ledger(tmp_path):
    text = LEDGER.read_text(encoding="utf-8")
    with closing(Store(tmp_path / "world.sqlite")) as store:
        rules = list(create_app(Sandbox(store)).url_map.iter_rules())
    operations = {rule.endpoint.rpartition(".")[2] for rule in rules if service_of(rule.rule) in SERVICES}
    assert len(operations) > 20
    assert [name for name in operations if f"`{name}`" not in text] == []
