"""Every parser that reads text from a server, a repository or a CI system, and the one thing each may raise."""

from __future__ import annotations

import json
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import requests

from shipline import sanitizer, values, version
from shipline.ci import github, gitlab, jenkins
from shipline.errors import InvalidInputError, NotAuthorisedError, RefusedError, UnavailableError, UnknownOutcomeError
from shipline.inputs import config_file
from shipline.inputs.document import Problems
from shipline.interpolation import UnknownNameError, interpolate
from shipline.pipeline import secrets, v3
from shipline.release_notes import changelog, commits, render
from shipline.run import links, receipt_file
from shipline.services import openapi, parameters, response
from shipline.services.buildmaster import Build, Deployment
from shipline.services.client import Client
from shipline.services.registry import SERVICES
from shipline.transport.failures import failed
from shipline.transport.messages import Request, Response
from shipline.transport.retry import LONGEST_PAUSE_S, seconds_to_wait
from shipline.transport.settings import Network

if TYPE_CHECKING:
    from collections.abc import Callable

FOLDER = Path(tempfile.mkdtemp(prefix="shipline-fuzz-"))
OPERATIONS = [operation for service in sorted(SERVICES) for operation in openapi.operations(service).values()]
PARAMETERS = [parameter for operation in OPERATIONS for parameter in operation.parameters]


def _rate_headers(text: str) -> None:
    one, _, other = text.partition("|")
    for name in ("Retry-After", "X-Rate-Limit-Reset", "Date"):
        seconds = seconds_to_wait({name: one, "Date": other, "Retry-After" if name == "Date" else name: one})
        assert seconds is None or 0 <= seconds <= LONGEST_PAUSE_S


def _answer(text: str, status: int, *, method: str = "POST") -> None:
    for operation in OPERATIONS[:: max(1, len(OPERATIONS) // 6)]:
        body = text.encode("utf-8", "surrogatepass")
        try:
            data = response.read("x", operation, Request(method, "https://x.example"), Response(status, {}, body))
        except (RefusedError, NotAuthorisedError, UnavailableError, UnknownOutcomeError):
            pass
        else:
            json.dumps(data, ensure_ascii=False).encode()  # what a receipt must be able to hold


def _objects(text: str) -> None:
    """What an answer holds, read as BuildMaster's objects."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return
    for kind in (Build, Deployment):
        for entry in data if isinstance(data, list) else [data]:
            # what Client.listed takes for an answer that is no list
            with suppress(KeyError, TypeError, ValueError, AttributeError, OverflowError):
                kind.of(entry)


def _receipt(text: str) -> None:
    file = FOLDER / "receipt.json"
    file.write_bytes(text.encode("utf-8", "surrogatepass"))
    with suppress(InvalidInputError):
        receipt_file.read(file)


def _event(text: str) -> None:
    file = FOLDER / "event.json"
    file.write_bytes(text.encode("utf-8", "surrogatepass"))
    environ = {"GITHUB_EVENT_PATH": str(file), "GITHUB_EVENT_NAME": "pull_request", "GITHUB_RUN_ATTEMPT": text[:9]}
    github.GitHub(environ, FOLDER).facts()


def _variables(text: str) -> None:
    one, _, other = text.partition("|")
    refs = {
        "GIT_BRANCH": one,
        "GIT_URL": other,
        "BUILD_URL": one,
        "JOB_NAME": other,
        "BUILD_NUMBER": one,
        "GIT_COMMIT": "x",
    }
    jenkins.Jenkins(refs, FOLDER).facts()
    gitlab.GitLab({"CI_COMMIT_TAG": one, "CI_JOB_URL": other}, FOLDER).facts()
    for line in gitlab.dotenv({"receipt": one, "result": other}).splitlines():
        assert line.startswith("SHIPLINE_OUT_")


def _config(text: str) -> None:
    problems = Problems()
    document = config_file.parse(text.encode("utf-8", "surrogatepass"), "x.yml", problems)
    if document is not None:
        for path, _ in document.walk():
            assert document.location(path).line


def _changelog(text: str) -> None:
    with suppress(changelog.NoSectionError):
        changelog.section(text, version.parse("1.4.0"), "x")


def _bounded(text: str) -> None:
    assert render.units(render.bounded(text, "truncate", "https://x.example/1")[0]) <= render.V3_LIMIT


def _readable(text: str) -> str:
    """As a file of UTF-8 can hold it."""
    return text.encode("utf-8", "replace").decode()


def _body(text: str) -> None:
    html = render.to_html(_readable(text))
    assert not sanitizer.sanitize(html)[1], html


def _arguments(text: str) -> None:
    for parameter in PARAMETERS[:: max(1, len(PARAMETERS) // 20)]:
        parameters.from_text(parameter, text)


def _git_log(text: str) -> None:
    for record in filter(None, text.split("\0")):
        made = commits.as_markdown([commits.Commit("x", record, record, merge=False)])
        assert all(line.startswith(("- ", "### ")) for line in made.split("\n") if line), made


def _names(text: str) -> None:
    with suppress(UnknownNameError):
        interpolate(text, {"version": "{tag}"}, frozenset({"build_number"})).fill({"build_number": "{version}"})


def _size(text: str) -> None:
    answer = requests.Response()
    answer.headers["Content-Range"] = f"bytes 0-0/{text}"
    assert links._size(answer) is None or text.isdigit()


def _address(text: str) -> None:
    client = Client("centercode", "https://x.example", None, Network())
    if client._is_ours(text):
        assert text.lower().startswith("https://x.example")
    list(secrets.keys_in_query(text))


def _raising(parse: Callable[[str], Any]) -> Callable[[str], None]:
    """ValueError is what it says of text that it can't take."""

    def tried(text: str) -> None:
        with suppress(ValueError):
            parse(text)

    return tried


PARSERS: dict[str, Callable[[str], None]] = {
    "rate headers": _rate_headers,
    "an answer": lambda text: _answer(text, 200),
    "a created answer": lambda text: _answer(text, 201),
    "a listed answer": lambda text: _answer(text, 200, method="GET"),
    "an error's body": lambda text: _answer(text, 400),
    "an overload's body": lambda text: _answer(text, 503),
    "BuildMaster's objects": _objects,
    "a failure": lambda text: (
        str(failed("x", Request("POST", "https://x.example"), OSError(text, Exception(text)))) and None
    ),
    "a receipt": _receipt,
    "GitHub's event": _event,
    "CI variables": _variables,
    "YAML": _config,
    "a changelog": _changelog,
    "notes for v3": _bounded,
    "notes for Centercode": _body,
    "given HTML": lambda text: sanitizer.sanitize(_readable(text)) and None,
    "arguments": _arguments,
    "git's log": _git_log,
    "names in braces": _names,
    "an address in an answer": _address,
    "a link's size": _size,
    "a version": _raising(lambda text: v3.derive_version(version.parse(text))),
    "a moment": _raising(lambda text: values.utc(values.instant(text))),
    "a duration": _raising(lambda text: values.human_duration(values.duration(text))),
    "a URL": _raising(values.http_url),
}
