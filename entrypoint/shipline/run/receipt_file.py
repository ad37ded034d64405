"""The document of a receipt (schemas/receipt.schema.json): created, read and checked, written."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NotRequired, TypedDict

from shipline import __version__, schemas, workspace
from shipline.errors import InvalidInputError, RefusedError, advice_on_writing, invalid_input
from shipline.redaction import redact
from shipline.values import unique_members

if TYPE_CHECKING:
    from pathlib import Path


_FORMAT = 1

ReceiptDocument = TypedDict(
    "ReceiptDocument",
    {
        "receipt": int,  # the format
        "shipline": str,  # the version that wrote it last
        "identity": dict[str, str],
        "run": dict[str, str | int | None],  # the CI run that wrote it last
        "whole": bool,  # see Receipt.history_complete
        "runs": list[dict[str, Any]],  # RunRecord
        "run-key": str,
        "started": str,
        "ended": str | None,  # None: it runs, or was killed
        "result": str | None,
        "exit-code": NotRequired[int],
        "failed-step": NotRequired[str],
        "steps": list[dict[str, Any]],  # StepRecord
        "artifacts": list[dict[str, Any]],
        "outputs": dict[str, str],
    },
)
"""The JSON document; times are in RFC 3339."""


def write(path: Path, text: str) -> None:
    """Replace the file durably. Raises RefusedError if that fails."""
    try:
        workspace.replace(path, text, durable=True)
    except OSError as error:
        raise RefusedError(
            f"the receipt {path} can't be written",
            why=f"{error.strerror or error}; nothing is sent that can't be recorded",
            todo=f"{advice_on_writing(error)}, and run again",
        ) from None


def new(identity: dict[str, str]) -> ReceiptDocument:
    """The document of a receipt in which nothing is recorded yet."""
    return {
        "receipt": _FORMAT,
        "shipline": __version__,
        "identity": identity,
        "run": {},
        "whole": False,
        "runs": [],
        "run-key": "",
        "started": now(),
        "ended": None,
        "result": None,
        "steps": [],
        "artifacts": [],
        "outputs": {},
    }


_DAMAGED_ADVICE = "move it away if you know what was done; without a receipt, Shipline looks up what it can"


def read(path: Path) -> ReceiptDocument:
    """The document in a file. Raises InvalidInputError for one that isn't a receipt."""
    try:
        return parse(path.read_text(encoding="utf-8"), str(path))
    except (ValueError, OSError) as error:
        raise _unreadable(str(path), error) from None


def _unreadable(place: str, error: Exception) -> InvalidInputError:
    # Python's own advice is for programmers.
    reason = "a number has too many digits" if "set_int_max_str_digits" in str(error) else error
    what = f"the receipt is damaged ({reason}), and Shipline doesn't use it"
    return invalid_input(place, what, todo=_DAMAGED_ADVICE)


def parse(text: str, place: str) -> ReceiptDocument:
    """Raises InvalidInputError, which names ``place``, for a text that isn't a receipt."""
    from jsonschema import Draft202012Validator

    try:
        data: ReceiptDocument = json.loads(text, object_pairs_hook=unique_members)
        json.dumps(data, ensure_ascii=False).encode()  # halves of surrogate pairs could be read, and not written again
    except (ValueError, RecursionError) as error:
        raise _unreadable(place, error) from None
    written: object = data.get("receipt") if hasattr(data, "get") else None
    if isinstance(written, int) and written > _FORMAT:
        what = f"a newer Shipline wrote this receipt (format {written}; this one reads {_FORMAT})"
        raise invalid_input(place, what, todo="use that version of Shipline, or a newer one")
    wrong = next(Draft202012Validator(schemas.load("receipt")).iter_errors(data), None)
    if wrong is not None:
        what = f"the receipt is damaged, and Shipline doesn't use it: {wrong.json_path}: {redact(wrong.message)[:200]}"
        raise invalid_input(place, what, todo=_DAMAGED_ADVICE)
    return data


def check_identity(document: ReceiptDocument, this: dict[str, str], place: str, todo: str) -> None:
    """Raise InvalidInputError, with the advice ``todo``, for a receipt of something else, if anything is recorded."""
    theirs = document["identity"]
    if not document["steps"]:
        document["identity"] = this  # nothing was done for what another run of this version had set
    elif this | theirs != this:
        shown = ", ".join(v for k, v in theirs.items() if v != this.get(k) and (k != "of" or "name" not in theirs))
        what = f"this receipt belongs to something else ({shown}): {todo}"
        raise invalid_input(place, what)


def now() -> str:
    """This moment, as receipts have it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
