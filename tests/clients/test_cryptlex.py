"""The vendor's own clients of the v3 API, unchanged: the Python SDK of 2022, and LexActivator, by which apps update."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import requests

from shipline_sandbox.server import running

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.nightly

HERE = Path(__file__).parent
PRODUCT = "27d6f2a0-3d6b-4f52-9f5e-6a1c6f0e8a11"  # of the sandbox's first data
ALL, ALLOWED = 1, 2  # LA_RELEASES_…
NEWER, NONE, NOT_ALLOWED = 30, 31, 32  # LA_RELEASE_UPDATE_…
PRODUCT_ID, SERVICE, NOT_FOUND, VERSION, LICENSE, LIMITED, SERVER = 43, 92, 48, 70, 54, 90, 91  # LA_E_…


def printed(installed: Path, *command: str) -> list[Any]:
    python = installed / "cryptlex/bin/python"
    done = subprocess.run([python, *command], cwd=HERE, capture_output=True, text=True, check=False, timeout=110)
    assert done.returncode == 0, done.stdout + done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_the_python_sdk_lists_creates_and_changes_releases_files_and_webhooks(installed: Path) -> None:
    with running() as sandbox:
        (seen,) = printed(installed, "cryptlex_sdk.py", sandbox.url, PRODUCT)
        # It is older than the account in the update check and than several platforms.
        assert seen == {"update": 400, "latest": "1.4.0", "platform": None}
        created, *_, checked = [
            request for request in sandbox.requests() if request["operation"] in {"create-release", "check-update"}
        ]
        assert created["unknown_members"] == ["platform"]
        assert "accountId" not in checked["query"]


def test_the_python_sdk_finds_an_update_on_an_api_of_its_time(installed: Path) -> None:
    with running(seed={"switches": {"v3_account": "optional"}}) as sandbox:
        assert printed(installed, "cryptlex_sdk.py", sandbox.url, PRODUCT)[0]["update"] == 200


class Sandbox:
    """``shipline sandbox --tls``, as a process of its own, and what a vendor does with it."""

    def __init__(self, url: str, authority: Path) -> None:
        self.url = url
        self._http = requests.Session()
        self._authority = str(authority)
        self._http.headers["Authorization"] = "Bearer sandbox-vendor"

    def __call__(self, method: str, path: str, body: Any = None) -> Any:
        answer = self._http.request(method, f"{self.url}{path}", json=body, timeout=60, verify=self._authority)
        assert answer.ok, answer.text
        return answer.json()

    def publish(self, version: str, files: int = 1, **members: Any) -> str:
        """Publish a release with files of 5,000,000,000 bytes, and return its id."""
        wanted = {"name": version, "version": version, "channel": "stable", "platforms": ["windows"], **members}
        release: str = self("POST", "/v3/releases", wanted | {"productId": PRODUCT})["id"]
        for number in range(files):
            link = {"name": f"{number}.zip", "url": "https://dl.example.com/w.zip", "secured": False}
            self("POST", "/v3/release-files", link | {"size": 5_000_000_000, "releaseId": release})
        self("POST", f"/v3/releases/{release}/publish")
        return release

    def fault(self, operation: str, status: int, code: str = "", body: str = "") -> None:
        body = body or json.dumps({"message": "no", "code": code})
        headers = {"Content-Type": "application/json"}
        self("POST", "/_sandbox/faults", {"operation": operation, "status": status, "body": body, "headers": headers})

    def queries(self) -> list[dict[str, Any]]:
        log = self("GET", "/_sandbox/requests")
        return [r["query"] for r in log if r["operation"] in {"check-update", "check-allowed"}]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    folder = tmp_path_factory.mktemp("sandbox")
    command = [sys.executable, "-m", "shipline", "sandbox", "--tls", "--ready-file", "url"]
    with (folder / "out").open("w") as out, subprocess.Popen(command, cwd=folder, stdout=out) as process:
        try:
            while not (folder / "url").exists() or "END" not in (folder / "out").read_text():
                assert process.poll() is None
                time.sleep(0.05)
            text = (folder / "out").read_text()
            (folder / "ca.pem").write_text(text[text.index("-----BEGIN") :])
            yield Sandbox((folder / "url").read_text().strip(), folder / "ca.pem")
        finally:
            process.terminate()


@pytest.fixture
def sandbox(server: Sandbox) -> Sandbox:
    """Newly seeded: a license that allows versions up to 1.9, and update checks without an account."""
    server("POST", "/_sandbox/reset", {})
    licenses = [{"key": "sandbox-old", "maxAllowedReleaseVersion": "1.9"}]
    server(
        "POST",
        "/_sandbox/seed",
        {"switches": {"v3_account": "optional", "rate_limits": "off"}, "v3": {"licenses": licenses}},
    )
    return server


def seen(installed: Path, sandbox: Sandbox, *checks: tuple[Any, ...]) -> list[Any]:
    """What an app sees of update checks: key, version, flags, channel."""
    given = [dict(zip(("key", "version", "flags", "channel"), check, strict=False)) for check in checks]
    plain, *results = printed(installed, "cryptlex_app.py", sandbox.url, PRODUCT, json.dumps(given))
    assert plain == {"plain": False}, "LexActivator refuses plain HTTP, hence --tls"
    return results


def test_lexactivator_finds_what_a_license_allows_with_both_flags(installed: Path, sandbox: Sandbox) -> None:
    sandbox.publish("1.4.0")
    newest = sandbox.publish("2.0.0", files=12, platforms=["windows", *map(str, range(11))], notes="New ä")
    checks = (("sandbox-new", "1.3.0", ALL), ("sandbox-old", "1.3.0", ALL), ("sandbox-old", "1.3.0", ALLOWED))
    all_, not_allowed, allowed = seen(installed, sandbox, *checks)
    wrapped = 705_032_704  # what 32 bits hold of 5,000,000,000
    assert all_ == [NEWER, "2.0.0", 12, [wrapped] * 12, "New u00e4"]
    assert not_allowed == [NOT_ALLOWED, *all_[1:]]
    assert allowed == [NEWER, "1.4.0", 1, [wrapped], ""]
    app = {"accountId": "", "productId": PRODUCT, "platform": "windows", "version": "1.3.0", "channel": "stable"}
    asked = [{name: value for name, value in query.items() if name != "key"} for query in sandbox.queries()]
    assert asked == [app, {"accountId": ""}, app, {"accountId": ""}, app | {"allowed": "true"}]
    sandbox("POST", f"/_sandbox/releases/{newest}", {"action": "archive"})
    assert seen(installed, sandbox, checks[0])[0][:2] == [NEWER, "1.4.0"]


def test_lexactivator_finds_no_update_in_the_parts_that_it_sends_or_in_another_channel(
    installed: Path, sandbox: Sandbox
) -> None:
    sandbox.publish("1.2.3.4")
    checks = [
        ("sandbox-license", "1.2.3", ALL),
        ("sandbox-license", "1.2", ALLOWED),
        ("sandbox-license", "1.0", ALL, "beta"),
    ]
    assert [status for status, *_ in seen(installed, sandbox, *checks)] == [NONE, NONE, NONE]
    assert seen(installed, sandbox, ("sandbox-license", "1.2.3.3", ALL))[0][:2] == [NEWER, "1.2.3.4"]


def test_lexactivator_reads_the_codes_of_the_sandbox(installed: Path, sandbox: Sandbox) -> None:
    sandbox.publish("2.0")
    one, other = ("sandbox-license", "1.0", ALL), ("no-key-of-the-sandbox", "1.0", ALL)
    refused, version, license_key = seen(
        installed, sandbox, ("sandbox-license", "1", ALL), ("sandbox-license", "1..2", ALL), other
    )
    assert refused == ["refused", VERSION], "nothing is requested for one number"
    assert (version[0], license_key[0]) == (VERSION, SERVICE)
    sandbox("POST", "/_sandbox/config", {"v3_account": "required"})
    assert seen(installed, sandbox, one)[0][0] == SERVICE
    for code in ("INVALID_PRODUCT_ID", "INVALID_RELEASE_VERSION_FORMAT", "RELEASE_VERSION_NOT_ALLOWED"):
        sandbox.fault("check-update", 400, code)
        assert seen(installed, sandbox, one)[0][0] == (PRODUCT_ID if code == "INVALID_PRODUCT_ID" else SERVICE)


@pytest.mark.parametrize(("status", "told"), [(403, LICENSE), (404, NOT_FOUND), (429, LIMITED), (500, SERVER)])
def test_lexactivator_tells_statuses_apart(installed: Path, sandbox: Sandbox, status: int, told: int) -> None:
    sandbox.publish("2.0")
    sandbox.fault("check-update", status)
    assert seen(installed, sandbox, ("sandbox-license", "1.0", ALL))[0][0] == told
    sandbox.fault("check-allowed", 400, "INVALID_LICENSE_KEY")
    assert seen(installed, sandbox, ("sandbox-license", "1.0", ALL))[0][:2] == [NOT_FOUND, "2.0"]


def test_lexactivator_reads_each_form_of_an_allowance(installed: Path, sandbox: Sandbox) -> None:
    sandbox.publish("2.0")
    for body, told in (
        ("true", NEWER),
        ('{"allowed": true}', NEWER),
        ('{"allowed": false}', NOT_ALLOWED),
        ("{}", NOT_ALLOWED),
    ):
        sandbox.fault("check-allowed", 200, body=body)
        assert seen(installed, sandbox, ("sandbox-license", "1.0", ALL))[0][:2] == [told, "2.0"]


@pytest.mark.parametrize(("status", "told"), [(403, NOT_FOUND), (404, NOT_FOUND), (429, LIMITED), (503, SERVER)])
def test_lexactivator_tells_statuses_apart_of_an_allowance(
    installed: Path, sandbox: Sandbox, status: int, told: int
) -> None:
    sandbox.publish("2.0")
    sandbox.fault("check-allowed", status)
    assert seen(installed, sandbox, ("sandbox-license", "1.0", ALL))[0][0] == told


def test_lexactivator_sends_versions_that_no_release_has(installed: Path, sandbox: Sandbox) -> None:
    sandbox.publish("1.3")
    versions = ("01.2", "1..2", "4294967296.0")
    results = seen(installed, sandbox, *(("sandbox-license", version, ALLOWED) for version in versions))
    assert [status for status, *_ in results] == [NEWER, VERSION, VERSION]
    assert [query["version"] for query in sandbox.queries()] == [*versions]
