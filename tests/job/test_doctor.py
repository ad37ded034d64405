"""`shipline doctor`: what is wrong on the way to a service is said, with what to do, and nothing is changed."""

from __future__ import annotations

import contextlib
import socket
import ssl
import subprocess
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING

import pytest

from faults.proxy import Proxy
from http_server import HttpServer, Received, Reply
from job.tls import spoken
from sample import PRODUCT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from job.project import Ended, Project


def lines(ended: Ended, state: str) -> list[str]:
    """What is said of findings of that state."""
    return [line.removeprefix(state).strip() for line in ended.out.splitlines() if line.startswith(f"{state} ")]


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


@contextlib.contextmanager
def other(ahead: timedelta = timedelta(), certificate: Path | None = None) -> Iterator[tuple[str, list[str]]]:
    """A server that isn't the sandbox and responds with nothing, at its own time of day: its URL and requests."""
    seen: list[str] = []

    def respond(received: Received) -> Reply:
        seen.append(received.head)
        return Reply(headers={"Date": format_datetime(datetime.now(UTC) + ahead, usegmt=True)})

    context = None
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
    with HttpServer(respond, tls=context) as server:
        yield server.url, seen


def self_signed(folder: Path, names: str, days: int) -> Path:
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", str(days), "-subj", "/CN=ours"]
    command += ["-addext", f"subjectAltName={names}", "-keyout", "key.pem", "-out", "cert.pem"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    both = folder / "both.pem"
    both.write_bytes((folder / "cert.pem").read_bytes() + (folder / "key.pem").read_bytes())
    return both


def test_all_is_well_before_the_first_release_and_after_it(project: Project) -> None:
    ended = project.shipline("doctor")
    assert ended.code == 0, ended.text
    assert lines(ended, "problem") == []
    assert "buildmaster: BuildMaster 2024.0 (Sandbox)" in lines(ended, "ok")
    assert any("shows no release of an application Widget" in line for line in lines(ended, "warning"))
    assert ended.line("NEXT:") == "NEXT: shipline plan"
    assert project.changes() == []
    assert project.shipline("run").code == 0
    changes = project.changes()
    wrong = ("--buildmaster-application", "widgets", "--v3-product-id", PRODUCT[:-1], "--buildmaster-stages", "Test")
    ended = project.shipline("doctor", *wrong)
    assert "do: check buildmaster.application; this key can see: Widget, Gadget (no action needed if" in ended.out
    assert f"do: check v3.product-id; this key can see: {PRODUCT}\n" in ended.out
    ended = project.shipline("doctor", *wrong[-2:])
    assert "do: check buildmaster.stages; this key can see: Testing, Integration" in ended.out
    ended = project.shipline("doctor")
    assert ended.code == 0, ended.text
    assert "buildmaster: accepts the key; application Widget exists" in lines(ended, "ok")
    assert any(line.startswith("buildmaster: release 1.4.0 exists") for line in lines(ended, "ok"))
    assert any(line.startswith("v3: accepts the token") and "has releases" in line for line in lines(ended, "ok"))
    assert project.changes() == changes


def test_centercode_is_asked_for_headers_only_and_never_with_the_key(project: Project) -> None:
    with other() as (url, seen):
        ended = project.shipline("doctor", "--centercode-url", url)
    assert ended.code == 0, ended.text
    assert [line.split(" ")[:2] for line in seen] == [["HEAD", "/"]]
    assert "Authorization" not in seen[0]
    assert any(line.startswith("centercode: the key, project WidgetPro") for line in lines(ended, "unchecked"))


def test_a_wrong_key_doesnt_keep_the_others_from_being_tried(project: Project) -> None:
    ended = project.shipline("doctor", SHIPLINE_BUILDMASTER_API_KEY="stale-key-of-old")
    assert ended.code == 3, ended.text
    (problem,) = lines(ended, "problem")
    assert problem.startswith("buildmaster: ")
    assert "403" in problem
    assert "SHIPLINE_BUILDMASTER_API_KEY" in ended.line("NEXT:")
    assert any(line.startswith("v3: accepts the token") for line in lines(ended, "ok"))
    assert "stale-key-of-old" not in ended.text


def test_the_gravest_problem_gives_the_exit_code(project: Project) -> None:
    ended = project.shipline(
        "doctor", "--buildmaster-url", f"http://127.0.0.1:{closed_port()}", SHIPLINE_V3_TOKEN="stale-token"
    )
    assert ended.code == 3, ended.text
    assert [line.partition(":")[0] for line in lines(ended, "problem")] == ["buildmaster", "v3"]


def test_a_proxy_that_isnt_there(project: Project) -> None:
    """What refused the connection is the proxy, not the service behind it."""
    proxy = {"HTTPS_PROXY": f"http://127.0.0.1:{closed_port()}", "NO_PROXY": "127.0.0.1", "no_proxy": ""}
    ended = project.shipline("doctor", "--v3-url", "https://api.widget.test", **proxy)
    assert ended.code == 7, ended.text
    assert ended.line("NEXT:") == "NEXT: v3: check the proxy's address, or have NO_PROXY name this host"


def test_what_is_next_names_what_is_missing(project: Project) -> None:
    ended = project.shipline("doctor", SHIPLINE_V3_TOKEN="")
    assert ended.line("NEXT:") == "NEXT: keys: set SHIPLINE_V3_TOKEN to the service's key: plan and run need it"
    project.config(version="  version: '{tag}'")
    ended = project.shipline("doctor")
    assert ended.code == 0, ended.text
    assert ended.line("NEXT:") == "NEXT: shipline validate"


def test_a_server_that_isnt_there(project: Project) -> None:
    ended = project.shipline("doctor", "--buildmaster-url", f"http://127.0.0.1:{closed_port()}")
    assert ended.code == 7, ended.text
    assert "do: check the port: 127.0.0.1 is there, and nothing listens" in ended.out
    assert not any("BuildMaster 2" in line for line in lines(ended, "ok"))
    assert any(line.startswith("v3: accepts the token") for line in lines(ended, "ok"))


def test_a_private_certificate_is_trusted_once_its_authority_is_given(project: Project, tmp_path: Path) -> None:
    both = self_signed(tmp_path, "IP:127.0.0.1", days=90)
    with other(certificate=both) as (url, seen):
        ended = project.shipline("doctor", "--centercode-url", url)
        assert ended.code == 4, ended.text
        assert "network.ca-bundle" in ended.line("NEXT:")
        assert seen == []
        ended = project.shipline("doctor", "--centercode-url", url, "--network-ca-bundle", "cert.pem")
        assert ended.code == 0, ended.text
        (valid,) = [line for line in lines(ended, "ok") if "the certificate is valid until" in line]
        assert "signed by ours (trusted by network.ca-bundle)" in valid
        environ = {"REQUESTS_CA_BUNDLE": str(tmp_path / "cert.pem")}
        ended = project.shipline("doctor", "--centercode-url", url, **environ)
        assert ended.code == 0, ended.text
        assert "(trusted by REQUESTS_CA_BUNDLE)" in ended.out


def test_a_certificate_for_another_host_and_one_that_soon_ends(project: Project, tmp_path: Path) -> None:
    other_host, soon = tmp_path / "host", tmp_path / "soon"
    other_host.mkdir()
    soon.mkdir()
    with other(certificate=self_signed(other_host, "DNS:builds.example.com", days=90)) as (url, _):
        ended = project.shipline("doctor", "--centercode-url", url, "--network-ca-bundle", "host/cert.pem")
        assert ended.code == 4, ended.text
        assert "write the host in the url as the certificate names it" in ended.line("NEXT:")
    with other(certificate=self_signed(soon, "IP:127.0.0.1", days=2)) as (url, _):
        ended = project.shipline("doctor", "--centercode-url", url, "--network-ca-bundle", "soon/cert.pem")
        assert ended.code == 0, ended.text
        assert any("left" in line for line in lines(ended, "warning"))


def test_https_where_plain_http_is_spoken(project: Project) -> None:
    url = project.sandbox.url.replace("http:", "https:")
    ended = project.shipline("doctor", "--buildmaster-url", url)
    assert ended.code == 4, ended.text
    assert "check that this is an https server" in ended.line("NEXT:")


def test_a_server_that_hangs_up_while_tls_is_set_up(project: Project, tmp_path: Path) -> None:
    with Proxy(("127.0.0.1", closed_port()), tls=spoken(tmp_path), no_handshake=1000) as proxy:
        ended = project.shipline("doctor", "--buildmaster-url", proxy.url)
    assert ended.code == 7, ended.text
    assert any("the connection was closed while TLS was being set up" in line for line in ended.out.splitlines())
    assert "check that this port speaks TLS 1.2 or newer" in ended.line("NEXT:")


def test_the_proxy_is_named_without_its_password(project: Project) -> None:
    proxy = f"http://somebody:pass-of-proxy@127.0.0.1:{closed_port()}"
    ended = project.shipline("doctor", HTTP_PROXY=proxy, NO_PROXY="", no_proxy="")
    assert ended.code == 7, ended.text
    assert "pass-of-proxy" not in ended.text
    assert f"goes through the proxy http://{proxy.rpartition('@')[2]} (HTTP_PROXY)" in ended.out
    ended = project.shipline("doctor", HTTP_PROXY=proxy, NO_PROXY="127.0.0.1")
    assert ended.code == 0, ended.text
    assert "goes straight: NO_PROXY names 127.0.0.1, and HTTP_PROXY isn't used" in ended.out


@pytest.mark.parametrize(
    "proxy",
    [
        "http://proxyuser:pass-of#proxy@127.0.0.1:9",
        "http://proxyuser:123/pass-of?proxy@127.0.0.1:9",
        "http://pass-of#proxy@127.0.0.1:9",
        "http://proxyuser:pass-of@proxy:port",
        "http://proxyuser:pass-of@127.0.0.1:99999",
        "http://proxyuser:pass-of@",
        "http://proxy..example:9",
    ],
)
def test_a_malformed_address_of_the_proxy_is_told_without_its_text(project: Project, proxy: str) -> None:
    environ = {"HTTPS_PROXY": proxy, "HTTP_PROXY": proxy, "NO_PROXY": "", "no_proxy": ""}
    ended = project.shipline("doctor", "--centercode-url", "https://127.0.0.1:9", **environ)
    assert ended.code == 4, ended.text
    assert "pass-of" not in ended.text
    assert "proxyuser" not in ended.text
    told = [line for line in lines(ended, "problem") if "the proxy's address is malformed" in line]
    assert {line.partition(": ")[2].partition(":")[0] for line in told} == {"HTTP_PROXY", "HTTPS_PROXY"}
    assert "write # as %23" in ended.line("NEXT:")
    assert "certificate" not in ended.out


def test_the_password_of_a_proxy_is_hidden_wherever_it_turns_up(project: Project) -> None:
    project.config(application="  application: W-pass-of#proxy-W")
    for proxy in ("http://somebody:pass-of%23proxy@127.0.0.1:9", "somebody:pass-of#proxy@127.0.0.1:9"):
        ended = project.shipline("validate", "-v", https_proxy=proxy)
        assert ended.code == 0, ended.text
        assert "W-***-W" in ended.text
        assert "pass-of" not in ended.text


def test_a_certificate_is_looked_at_through_the_proxy(project: Project, tmp_path: Path) -> None:
    both = self_signed(tmp_path, "IP:127.0.0.1", days=90)
    with other(certificate=both) as (url, seen), HttpServer() as tunnel:
        proxy = tunnel.address
        environ = {"HTTPS_PROXY": f"http://somebody:pass-of-proxy@{proxy}", "NO_PROXY": "", "no_proxy": ""}
        given = ("--centercode-url", url, "--network-ca-bundle", "cert.pem")
        ended = project.shipline("doctor", *given, **environ)
    assert ended.code == 0, ended.text
    assert f"goes through the proxy http://{proxy} (HTTPS_PROXY)" in ended.out
    assert "the certificate is valid until" in ended.out
    assert "pass-of-proxy" not in ended.text
    heads = [received.head for received in tunnel.received]
    assert len(heads) == 2
    assert all("Proxy-Authorization: Basic " in head.title() for head in heads)
    assert len(seen) == 1


@pytest.mark.parametrize(("minutes", "way"), [(-10, "ahead of"), (10, "behind")])
def test_a_clock_that_is_off(project: Project, minutes: int, way: str) -> None:
    with other(timedelta(minutes=minutes)) as (url, _):
        ended = project.shipline("doctor", "--centercode-url", url)
    assert ended.code == 0, ended.text
    (clock,) = [line for line in lines(ended, "warning") if "clock" in line]
    assert f" {way} the server's" in clock


def test_keys_that_are_missing_or_odd_are_told_and_never_shown(project: Project) -> None:
    ended = project.shipline(
        "doctor",
        SHIPLINE_BUILDMASTER_API_KEY="",
        SHIPLINE_V3_TOKEN="'sandbox-in-quotes'",
        SHIPLINE_CENTERCODE_API_KEY="$CENTERCODE_KEY_OF_CI",
    )
    assert "keys: SHIPLINE_BUILDMASTER_API_KEY is not set" in lines(ended, "problem")
    assert any("SHIPLINE_V3_TOKEN: v3.token: is in quotes" in line for line in lines(ended, "problem"))
    named = "SHIPLINE_CENTERCODE_API_KEY: centercode.api-key: is the name of a variable"
    assert any(named in line for line in lines(ended, "problem"))
    assert {request["service"] for request in project.sandbox.requests()} == {"buildmaster"}  # neither is tried
    assert "sandbox-in-quotes" not in ended.text
    assert "KEY_OF_CI" not in ended.text
    ended = project.shipline("doctor", SHIPLINE_V3_TOKEN="sandbox-broken in two")
    assert ended.code == 2, ended.text
    assert any("has a space, a line break" in line for line in lines(ended, "problem"))
    assert "broken in two" not in ended.text


def test_what_isnt_built_yet_is_only_a_warning(project: Project) -> None:
    (project.path / "dist/widget.zip").unlink()
    (project.path / "CHANGELOG.md").unlink()
    project.config(version="")
    ended = project.shipline("doctor")
    assert ended.code == 0, ended.text
    told = " ".join(lines(ended, "warning"))
    assert all(name in told for name in ("release.version", "release.notes.file", "artifacts[0].path"))
    assert any(line.startswith("v3: accepts the token") for line in lines(ended, "ok"))


def test_other_bad_input_is_exit_2_and_the_services_are_asked_all_the_same(project: Project) -> None:
    project.config(state="  state: publisched")
    ended = project.shipline("doctor", SHIPLINE_CENTERCODE_API_KEY="")
    assert ended.code == 2, ended.text
    assert any("v3.state" in line for line in lines(ended, "problem"))
    assert "keys: SHIPLINE_CENTERCODE_API_KEY is not set" in lines(ended, "problem")
    assert "buildmaster: BuildMaster 2024.0 (Sandbox)" in lines(ended, "ok")
    assert any(line.startswith("v3: accepts the token") for line in lines(ended, "ok"))


def test_for_machines_and_in_few_words(project: Project) -> None:
    ended = project.shipline("doctor", "--format", "json", SHIPLINE_V3_TOKEN="")
    *checks, result = ended.events
    assert {event["event"] for event in checks} == {"check"}
    (missing,) = [event for event in checks if event["state"] == "problem"]
    assert (missing["about"], missing["exit_code"]) == ("keys", 2)
    assert (result["event"], result["exit_code"], ended.code) == ("result", 2, 2)
    quiet = project.shipline("doctor", "--quiet")
    assert lines(quiet, "ok") == []
    assert quiet.line("result=") == "result=succeeded"


def test_several_products_are_told_what_they_share_once(project: Project) -> None:
    text = (project.path / "shipline.yml").read_text()
    project.write("products/one.yml", text)
    project.write("products/two.yml", text.replace("27d6f2a0", "17d6f2a0"))
    ended = project.shipline("doctor", "--config", "products/*.yml")
    assert ended.code == 0, ended.text
    assert lines(ended, "ok").count("buildmaster: BuildMaster 2024.0 (Sandbox)") == 1
    assert len([line for line in lines(ended, "ok") if line.startswith("v3: accepts the token")]) == 2
