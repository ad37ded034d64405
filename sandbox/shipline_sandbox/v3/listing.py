"""Lists of the v3 API: filters, sorting, pages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import request

from shipline_sandbox.answers import Refused
from shipline_sandbox.request_context import note_unknown

if TYPE_CHECKING:
    from shipline_sandbox.store import Doc

_DEFAULT_LIMIT, _MAX_LIMIT = 25, 100
_SORTABLE = ("createdAt", "updatedAt", "name", "version")
_PAGING = {"page", "limit", "sort"}


class Listing:
    """A request's list: ``name=value`` or ``name[eq]=value``, ``sort`` (createdAt), ``page`` from 1, ``limit`` to 100.

    Raises Refused (400) for an invalid page, limit, sort or boolean.
    """

    def __init__(self, filters: set[str]) -> None:
        given = {name.removesuffix("[eq]"): value for name, value in request.args.items()}
        note_unknown([name for name in given if name not in filters | _PAGING], filters | _PAGING)
        self._wanted = {name: value for name, value in given.items() if name in filters}
        for name in ("published", "private"):
            if self._wanted.get(name, "true") not in {"true", "false"}:
                raise Refused(400, f"{name} must be true or false.")
        self._page = _number(given.get("page", "1"), "page", 10**6)
        self._limit = _number(given.get("limit", str(_DEFAULT_LIMIT)), "limit", _MAX_LIMIT)
        sort = given.get("sort") or "createdAt"
        self._descending, self._sort = sort.startswith("-"), sort.lstrip("+- ")
        if self._sort not in _SORTABLE:
            raise Refused(400, f"sort must be one of {', '.join(_SORTABLE)}, with - before it for descending.")

    def select(self, shapes: list[Doc]) -> list[Doc]:
        """Return the page of the matching documents, in order."""
        found = [shape for shape in shapes if all(_fits(shape, *item) for item in self._wanted.items())]
        found.sort(key=lambda shape: str(shape.get(self._sort)), reverse=self._descending)
        first = (self._page - 1) * self._limit
        return found[first : first + self._limit]


def _fits(shape: Doc, name: str, wanted: str) -> bool:
    value: Any = shape.get(name)
    match name:
        case "platform":
            return wanted in shape["platforms"]
        case "query":
            return wanted.lower() in shape["name"].lower()
        case "published" | "private":
            return bool(value) == (wanted == "true")
        case _:
            return bool(value == wanted)


def _number(text: str, name: str, most: int) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= most):
        raise Refused(400, f"{name} must be a number from 1 to {most}.")
    return int(text)
