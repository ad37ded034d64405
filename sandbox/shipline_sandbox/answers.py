"""Error responses, in each service's own form."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any

from flask import Response

INVALID_REQUEST = "The specified request is invalid."


class Refused(Exception):  # noqa: N818 - not a fault of the sandbox
    """An error response: status and message.

    Centercode's has the invalid parameters too, as (name, description); v3's a code, by default the status by name.
    """

    def __init__(
        self,
        status: int,
        message: str,
        *,
        parameters: list[tuple[str, str]] | None = None,
        allow: str = "",
        code: str = "",
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.parameters = parameters or []
        self.allow = allow
        self.code = code or HTTPStatus(status).name


def service_of(path: str) -> str:
    """Return the service that a path belongs to; ``page`` for the sandbox's own paths."""
    prefixes = {
        "/_sandbox": "admin",
        "/api/v1": "centercode",
        "/api": "buildmaster",
        "/health": "buildmaster",
        "/v3": "v3",
        "/files": "files",
    }
    found = (name for prefix, name in prefixes.items() if path == prefix or path.startswith(prefix + "/"))
    return next(found, "page")


def as_json(value: Any, status: int = 200) -> Response:
    return Response(json.dumps(value), status, content_type="application/json; charset=utf-8")


def as_text(text: str, status: int = 200) -> Response:
    return Response(text, status, content_type="text/plain; charset=utf-8")


def refusal(service: str, refused: Refused) -> Response:
    """Return the error in the service's form: text, Centercode ``{status, description}``, v3 ``{message, code}``."""
    match service:
        case "centercode":
            body: dict[str, Any] = {"status": refused.status, "description": refused.message}
            if refused.parameters:
                body["invalidParameters"] = [{"name": n, "description": d} for n, d in refused.parameters]
            answer = as_json(body, refused.status)
        case "v3":
            answer = as_json({"message": refused.message, "code": refused.code}, refused.status)
        case "admin":
            answer = as_json({"error": refused.message}, refused.status)
        case _:
            answer = as_text(refused.message, refused.status)
    if refused.allow:
        answer.headers["Allow"] = refused.allow
    return answer
