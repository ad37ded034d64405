"""BuildMaster's parameters: keys and values from the query, a form or a JSON body, each at most once."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections import Counter
from datetime import datetime, time
from typing import Any

from flask import request

from shipline_sandbox.answers import Refused
from shipline_sandbox.request_context import current, is_known, json_body, note_unknown, present_key

_FORBIDDEN = "The specified API key does not have the proper permissions to perform this action."
# At most 50 characters, without a space or dash at either end ("Infrastructure API", and BuildMaster 6.1 on the dot).
_VARIABLE = re.compile(r"\$(?=.{1,50}\Z)[A-Za-z_](?:[A-Za-z0-9_. -]*[A-Za-z0-9_.])?")
_CREDENTIALS = {"key", "API_Key"}


class Parameters:
    """The parameters of one request. An empty value counts as unset."""

    def __init__(self, values: dict[str, Any]) -> None:
        self._values = values

    def text(self, name: str) -> str | None:
        value = self._values.get(name)
        if isinstance(value, bool):
            return str(value).lower()
        if isinstance(value, dict | list):
            raise Refused(400, f"{name} must be a single value.")
        return None if value is None or value == "" else str(value)

    def required(self, name: str) -> str:
        value = self.text(name)
        if value is None:
            raise Refused(400, f"{name} is required.")
        return value

    def integer(self, name: str) -> int | None:
        value = self.text(name)
        if value is None:
            return None
        if not re.fullmatch("[0-9]{1,18}", value):
            raise Refused(400, f"{name} must be an integer.")
        return int(value)

    def flag(self, name: str) -> bool:
        value = (self.text(name) or "false").lower()
        if value not in {"true", "false"}:
            raise Refused(400, f"{name} must be true or false.")
        return value == "true"

    def choice(self, name: str, choices: tuple[str, ...]) -> str | None:
        value = self.text(name)
        if value is not None and value.lower() not in choices:
            raise Refused(400, f"{name} must be one of {', '.join(choices)}.")
        return value and value.lower()

    def moment(self, name: str) -> float | None:
        """Return seconds since 1970. Without a date: today; without a time: midnight; without a zone: the server's."""
        value = self.text(name)
        if value is None:
            return None
        try:
            if re.match(r"\d{1,2}:", value):
                today = datetime.fromtimestamp(current().now).astimezone().date()
                return datetime.combine(today, time.fromisoformat(value.zfill(5))).timestamp()
            return datetime.fromisoformat(value).timestamp()
        except ValueError:
            raise Refused(400, f"{name} is not a valid date.") from None

    def variables(self) -> dict[str, Any]:
        """Return every ``$Name`` with its value."""
        found = {name: value for name, value in self._values.items() if name.startswith("$")}
        for name in found:
            if not _VARIABLE.fullmatch(name):
                raise Refused(400, f"{name} is not a valid variable name.")
        return {name: value for name, value in found.items() if value is not None}


def parse(known: set[str], *, variables: bool) -> Parameters:
    """The request's parameters, once the key is known to the sandbox (403) and none is a duplicate (400)."""
    pairs, body = list(request.args.items(multi=True)), _body()
    _authorize({**dict(pairs), **dict(body)})
    pairs += body
    twice = sorted(name for name, times in Counter(name for name, _ in pairs).items() if times > 1)
    if twice:
        raise Refused(400, f"Duplicate parameter: {', '.join(twice)}.")
    values = {name: value for name, value in pairs if name not in _CREDENTIALS}
    unknown = [n for n in values if n not in known and not (variables and n.startswith("$"))]
    note_unknown(unknown, known, "${}" if variables else None)
    return Parameters(values)


def _body() -> list[tuple[str, Any]]:
    raw = request.get_data()
    if request.mimetype == "application/x-www-form-urlencoded":
        return list(request.form.items(multi=True))
    if not raw:
        return []
    if request.mimetype != "application/json":
        raise Refused(400, "The body must be application/x-www-form-urlencoded or application/json.")
    try:
        body, pairs = json_body(), json.loads(raw, object_pairs_hook=list)
    except ValueError:
        raise Refused(400, "The body is not valid JSON.") from None
    if not isinstance(body, dict):
        raise Refused(400, "The body must be a JSON object.")
    return [(name, body[name]) for name, _ in pairs]  # repeated names are repeated here


def _authorize(values: dict[str, Any]) -> None:
    keys = [request.headers.get("X-ApiKey"), values.get("key"), values.get("API_Key"), _basic()]
    known = [is_known(present_key(str(key))) for key in keys if key]
    if not known or not all(known):
        raise Refused(403, _FORBIDDEN if current().switches["forbidden_body"] == "text" else "")


def _basic() -> str | None:
    """Return the key of ``Authorization: Basic``, sent as ``api:KEY`` instead of user name and password."""
    scheme, _, encoded = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        user, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return password.rstrip(":") if user == "api" else None
