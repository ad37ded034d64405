"""The receipt: the journal of what was sent and what came of it, one JSON document, replaced atomically."""

from __future__ import annotations

import hashlib
import json
import secrets
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from shipline import __version__, schemas, workspace
from shipline.errors import InvalidInputError, Problem
from shipline.transport.redaction import redact

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from shipline.pipeline import Artifact, Facts, Pipeline
    from shipline.transport.session import Request

Status = Literal["sending", "sent", "done", "failed", "refused", "unknown"]
_FORMAT = 1
_MOST_RUNS = 50
_LONGEST_SLUG = 100


class Receipt:
    """What this release has done so far.

    ``existed`` says whether an earlier run left it; ``whole`` whether no run that it doesn't know of can have announced
    anything (one that was lost may have).
    """

    def __init__(self, path: Path, data: dict[str, Any], *, existed: bool) -> None:
        self.path = path
        self.data = data
        self._lock = threading.Lock()
        self.existed = existed
        self.whole = bool(data["whole"])
        self.runs: list[dict[str, Any]] = list(data["runs"])  # those before this one
        self.finished = data["result"] in ("succeeded", "warned")  # the run before this one
        # Outside CI, what names a run is kept until it is finished.
        self.run_key = data["run-key"] if existed and not self.finished else secrets.token_hex(6)

    @classmethod
    def open(cls, path: Path, pipeline: Pipeline) -> Receipt:
        """The receipt at ``path``, or a new one.

        Raises InvalidInputError for one that is damaged or belongs to something else.
        """
        identity = _identity(pipeline)
        if not path.exists():
            return cls(path, _new(identity), existed=False)
        data = _read(path)
        if not data["steps"]:
            data["identity"] = identity  # nothing was done for what another run of this version had set
        if data["identity"] != identity:
            theirs = ", ".join(f"{v}" for k, v in data["identity"].items() if v != identity.get(k))
            raise InvalidInputError(
                [
                    Problem(
                        str(path),
                        "",
                        f"this receipt belongs to something else ({theirs}): choose another with --receipt",
                    )
                ]
            )
        return cls(path, data, existed=True)

    def knows_before(self, facts: Facts, steps: Iterable[str]) -> bool:
        """Whether what this run's job did in earlier attempts is in here: only then is what is missing evidence.

        A first attempt has none before it, and a CI system that doesn't count attempts can't tell; else the attempt
        before must have written it, and have known this itself: one whose receipt was lost has left a new one.
        """
        return (facts.run_attempt or 1) <= 1 or any(run.get("knew") for run in self._before(facts, steps))

    def follows(self, facts: Facts, steps: Iterable[str]) -> bool:
        """Whether the attempt before has written it: a restored receipt may be an older one."""
        return (facts.run_attempt or 1) <= 1 or any(self._before(facts, steps))

    def _before(self, facts: Facts, steps: Iterable[str]) -> list[dict[str, Any]]:
        """This job's attempts from the one before on."""
        mine = (run for run in self.runs if run["id"] == facts.run_id and run["steps"] == sorted(steps))
        return [run for run in mine if (run["attempt"] or 0) >= (facts.run_attempt or 1) - 1]

    def note(self, facts: Facts, *, steps: Iterable[str], whole: bool) -> None:
        """A run is here, whatever comes of it: a later attempt knows from this what an earlier one did."""
        knew = self.knows_before(facts, steps)
        run = {"id": facts.run_id, "attempt": facts.run_attempt, "steps": sorted(steps), "knew": knew}
        self.data["runs"] = [*self.runs, run][-_MOST_RUNS:]
        self.data["whole"] = whole
        if not self.existed:
            self.data["run-key"] = self.run_key
        self.write()

    def start(self, facts: Facts, *, steps: Iterable[str], whole: bool, artifacts: Iterable[Artifact]) -> None:
        """A run begins to act: it isn't finished."""
        self.data |= {"shipline": __version__, "started": _now(), "ended": None, "result": None}
        self.data["artifacts"] = [
            {"file": a.filename, "size": a.size, "sha256": a.sha256, "url": str(a.url) if a.url else None}
            for a in artifacts
        ]
        self.data["run"] = {"ci": facts.ci, "id": facts.run_id, "attempt": facts.run_attempt, "url": facts.run_url}
        self.data["run-key"] = self.run_key
        self.note(facts, steps=steps, whole=whole)

    @property
    def steps(self) -> list[dict[str, Any]]:
        steps: list[dict[str, Any]] = self.data["steps"]
        return steps

    def find(self, key: str) -> dict[str, Any] | None:
        """The entry with this natural key."""
        return next((entry for entry in self.steps if entry["key"] == key), None)

    def named(self, name: str) -> dict[str, Any] | None:
        return next((entry for entry in self.steps if entry["name"] == name), None)

    def begin(self, name: str, key: str) -> dict[str, Any]:
        """The entry for a step, made if it isn't there.

        One of the same name for something else gives way, unless it is an announcement: that stays made.
        """
        entry = self.find(key)
        if entry is None:
            if not name.startswith(("publish:", "notify:")):
                self.data["steps"] = [e for e in self.steps if e["name"] != name]
            entry = {"name": name, "key": key, "status": "sending", "made": {}, "requests": []}
            self.steps.append(entry)
        entry["name"] = name
        return entry

    def sending(self, entry: dict[str, Any], request: Request) -> dict[str, Any]:
        """Note a request on disk before it is sent."""
        line = {
            "method": request.method,
            "url": request.full_url,
            "fingerprint": fingerprint(request),
            "status": "sending",
            "at": _now(),
        }
        entry["requests"].append(line)
        entry["status"] = "sending"
        self.write()
        return line

    def settle(
        self, entry: dict[str, Any], status: Status, *, made: Mapping[str, str] | None = None, **details: Any
    ) -> None:
        """Note what came of a step."""
        entry["status"] = status
        entry["made"] |= made or {}
        entry |= details
        self.write()

    def end(self, result: str, exit_code: int, failed_step: str, outputs: Mapping[str, str]) -> None:
        self.data |= {
            "ended": _now(),
            "result": result,
            "exit-code": exit_code,
            "failed-step": failed_step,
            "outputs": dict(outputs),
        }
        self.write()

    def write(self) -> None:
        with self._lock:
            self._write()

    def _write(self) -> None:
        text = redact(json.dumps(self.data, indent=2, ensure_ascii=False) + "\n")
        workspace.replace(self.path, text, durable=True)


def fingerprint(request: Request) -> str:
    """SHA-256 of what a request asks for, keys apart: two requests with the same one ask for the same thing."""
    content = json.dumps([request.method, request.full_url, request.shown_body], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(content.encode()).hexdigest()


def default_path(pipeline: Pipeline) -> Path:
    """Where the receipt is kept, relative to the workspace, if nobody says."""
    return Path(".shipline") / f"{slug(pipeline)}-{pipeline.version.text}.json"


def slug(pipeline: Pipeline) -> str:
    """The application, else the Centercode project, else the v3 product id, as a file name of bounded length."""
    name = _name(pipeline)
    safe = "".join(c if (c.isascii() and c.isalnum()) or c in ".-" else "-" for c in name.lower())
    if len(safe) <= _LONGEST_SLUG:
        return safe
    return f"{safe[:_LONGEST_SLUG]}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"


def _name(pipeline: Pipeline) -> str:
    builder = pipeline.buildmaster
    if builder:
        return builder.application or f"id:{builder.application_id}"
    return pipeline.centercode[0].project if pipeline.centercode else pipeline.v3[0].product_id


def _identity(pipeline: Pipeline) -> dict[str, str]:
    return {
        "of": slug(pipeline),
        "version": pipeline.version.text,
        "buildmaster": pipeline.buildmaster.url if pipeline.buildmaster else "",
    }


def _new(identity: dict[str, str]) -> dict[str, Any]:
    return {
        "receipt": _FORMAT,
        "shipline": __version__,
        "identity": identity,
        "run": {},
        "whole": False,
        "runs": [],
        "run-key": "",
        "started": _now(),
        "ended": None,
        "result": None,
        "steps": [],
        "artifacts": [],
        "outputs": {},
    }


def _read(path: Path) -> dict[str, Any]:
    from jsonschema import Draft202012Validator

    todo = "move it away if you know what was done; without a receipt, what can be looked up is found again"
    try:
        data: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=_unique)
        json.dumps(data, ensure_ascii=False).encode()  # halves of surrogate pairs could be read, and not written again
    except (ValueError, OSError, RecursionError) as error:
        raise InvalidInputError(
            [Problem(str(path), "", f"the receipt can't be read ({error}): it is damaged, and is not trusted")],
            todo=todo,
        ) from None
    wrong = next(Draft202012Validator(schemas.load("receipt")).iter_errors(data), None)
    if wrong is not None:
        what = f"the receipt is damaged and is not trusted: {wrong.json_path}: {redact(wrong.message)[:200]}"
        raise InvalidInputError([Problem(str(path), "", what)], todo=todo)
    return data


def _unique(members: list[tuple[str, Any]]) -> dict[str, Any]:
    """Raises ValueError if a name stands there twice: which of the two is true?"""
    made = dict(members)
    if len(made) < len(members):
        names = [name for name, _ in members]
        raise ValueError(f"{next(name for name in made if names.count(name) > 1)} stands there twice")
    return made


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
