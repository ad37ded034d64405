"""Answers without a server: vcrpy plays cassettes, and the documents themselves."""

from __future__ import annotations

import json
from email import message_from_bytes
from email.policy import HTTP
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode

import vcr
from vcr.request import Request
from vcr.stubs.urllib3_stubs import VCRRequestsHTTPConnection, VCRRequestsHTTPSConnection

from contract import openapi
from shipline.transport import connection

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).parent
SETTINGS = {
    "record_mode": "none",
    "match_on": ["method", "scheme", "host", "port", "path", "query", "raw_body"],
    "filter_headers": ["X-ApiKey", "Authorization"],
    "filter_query_parameters": ["apiKey"],
    "custom_patches": (
        (connection._Pool, "ConnectionCls", VCRRequestsHTTPConnection),
        (connection._TlsPool, "ConnectionCls", VCRRequestsHTTPSConnection),
    ),
}
BASES = {
    "buildmaster": "https://buildmaster.corp.local",
    "centercode": "https://company.centercode.com",
    "v3": "https://api.example.com",
}
JSON, FORM, MULTIPART = "application/json", "application/x-www-form-urlencoded", "multipart/form-data"
FILE = b"\x89PNG"

cassettes = vcr.VCR(cassette_library_dir=str(HERE / "cassettes"), **SETTINGS)
documents = vcr.VCR(**{**SETTINGS, "match_on": [*SETTINGS["match_on"][:-1], "data"]})


class _Document:
    """A document as a cassette, by its name: each request it shows, with its answer. Nothing is recorded."""

    @staticmethod
    def load_cassette(name: str, **_: object) -> tuple[list[Request], list[dict[str, Any]]]:
        requests = list(_requests(name))
        status, value = openapi.answered(openapi.document(name))
        answer = {
            "status": {"code": int(status), "message": HTTPStatus(int(status)).phrase},
            "headers": {"Content-Type": [JSON]},
            "body": {"string": b"" if value is None else json.dumps(value).encode()},
        }
        return requests, [answer] * len(requests)

    @staticmethod
    def save_cassette(*_: object, **__: object) -> None:
        pass


def _requests(name: str) -> Iterator[Request]:
    service, found = openapi.service_of(name), openapi.document(name)
    given = found["request"]
    base = BASES[service] + ("/api/v1" if service == "centercode" else "")
    url = f"{base}{given['path']}?{urlencode(given.get('query', {}))}".rstrip("?")
    content = openapi.operation(service, given["operation"]).get("requestBody", {}).get("content", {})
    kind = next(iter(content), None)
    for value in openapi.parts(found, "request") or [given.get("form")]:
        body, headers = None, {}
        if kind == JSON:
            body, headers = json.dumps(value), {"Content-Type": JSON}
        elif kind == FORM:
            body, headers = urlencode(value), {"Content-Type": FORM}
        elif kind == MULTIPART:
            body, headers = _multipart(value), {"Content-Type": f"{MULTIPART}; boundary=documented"}
        yield Request(given["method"], url, body, headers)


def _multipart(form: dict[str, str]) -> bytes:
    """As curl --form sends it, RFC 7578."""
    lines = b""
    for field, file in form.items():
        disposition = f'Content-Disposition: form-data; name="{field}"; filename="{file}"'
        lines += f"--documented\r\n{disposition}\r\nContent-Type: image/png\r\n\r\n".encode() + FILE + b"\r\n"
    return lines + b"--documented--\r\n"


def _data(request: Request) -> Any:
    """What a body says, whatever its form; a file's own type is the client's guess."""
    kind = request.headers.get("Content-Type", "")
    if not kind.startswith(MULTIPART):
        return request.body
    body = request.body if isinstance(request.body, bytes) else b"".join(request.body)
    message = message_from_bytes(f"Content-Type: {kind}\r\n\r\n".encode() + body, policy=HTTP)
    names = [
        (part.get_param("name", header="content-disposition"), part.get_filename()) for part in message.iter_parts()
    ]
    return names, [part.get_payload(decode=True) for part in message.iter_parts()]


def _same_data(ours: Request, documented: Request) -> None:
    if str(ours.headers.get("Content-Type", "")).startswith(MULTIPART):
        assert _data(ours) == _data(documented)
    elif documented.headers.get("Content-Type") == FORM:  # in any order; vcrpy's "body" drops fields without text
        assert sorted(parse_qsl(_text(ours), keep_blank_values=True)) == sorted(
            parse_qsl(_text(documented), keep_blank_values=True)
        )
    else:
        vcr.matchers.body(ours, documented)


def _text(request: Request) -> str:
    return request.body.decode() if isinstance(request.body, bytes) else request.body or ""


documents.register_matcher("data", _same_data)
documents.register_persister(_Document)
