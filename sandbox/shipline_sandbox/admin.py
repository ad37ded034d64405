"""``/_sandbox/…``: the API by which tests and people read and change the sandbox itself."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, request

from shipline_sandbox import clock, faults, overview, seed, switches
from shipline_sandbox.answers import Refused, as_json
from shipline_sandbox.buildmaster import deployments
from shipline_sandbox.v3 import releases

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shipline_sandbox.instance import Sandbox
    from shipline_sandbox.request_context import RequestContext
    from shipline_sandbox.store import Session


def blueprint(sandbox: Sandbox) -> Blueprint:
    """Return the administration of one sandbox. Bodies are JSON; an invalid one gets 400 with ``{error}``."""
    admin = Blueprint("admin", __name__, url_prefix="/_sandbox")
    _add_state(admin, sandbox)
    _add_controls(admin, sandbox)
    return admin


def _add_state(admin: Blueprint, sandbox: Sandbox) -> None:
    @admin.get("/health")
    def health() -> Response:
        return as_json({"status": "ok", "sandbox": True})

    @admin.post("/reset")
    def reset() -> Response:
        sandbox.reset()
        return as_json({"status": "ok"})

    @admin.post("/seed")
    def plant() -> Response:
        with _context(sandbox) as context:
            try:
                seed.plant(context.session, _object())
            except (KeyError, TypeError, AttributeError) as error:
                raise Refused(400, f"seed: an entry lacks a member or has the wrong type: {error}") from None
            return as_json(overview.state(context))

    @admin.get("/state")
    def state() -> Response:
        with _context(sandbox) as context:
            return as_json(overview.state(context))

    @admin.post("/deployments/<int:key>")
    def decide(key: int) -> Response:
        outcome = _object().get("outcome")
        if not isinstance(outcome, str) or not outcome:
            raise Refused(400, "outcome: expected succeeded, warned, failed, canceled, or overridden for a failed one")
        with _context(sandbox) as context:
            deployment = context.session.find("deployment", key)
            if deployment is None:
                raise Refused(404, f"There is no deployment {key}")
            if outcome == "overridden":
                deployments.override(context, deployment)
            else:
                deployments.decide(context, deployment, outcome)
            return as_json(overview.state(context)["buildmaster"])

    @admin.post("/releases/<key>")
    def change_release(key: str) -> Response:
        action = str(_object().get("action"))
        with _context(sandbox) as context:
            if not releases.change_by_hand(context, key, action):
                raise Refused(
                    400, f"There is no v3 release {key}, or no action {action}: publish, archive, restore, delete"
                )
            return as_json(overview.state(context)["v3"])


def _add_controls(admin: Blueprint, sandbox: Sandbox) -> None:
    @admin.route("/config", methods=["GET", "POST"])
    def config() -> Response:
        with _context(sandbox) as context:
            if request.method == "POST":
                switches.change(context.session, _object())
            return as_json(switches.read(context.session))

    @admin.route("/clock", methods=["GET", "POST"])
    def time() -> Response:
        with _context(sandbox) as context:
            if request.method == "POST":
                _set_clock(context.session, _object())
            answer = {"now": clock.milliseconds(clock.now(context.session)), "frozen": clock.is_frozen(context.session)}
            return as_json(answer | {"speed": context.speed})

    @admin.route("/faults", methods=["GET", "POST", "DELETE"])
    def fault_rules() -> Response:
        with _context(sandbox) as context:
            if request.method == "POST":
                given = _json()
                faults.add(context.session, given if isinstance(given, list) else [given])
            elif request.method == "DELETE":
                context.session.drop("fault")
            return as_json(context.session.all("fault"))

    @admin.route("/requests", methods=["GET", "DELETE"])
    def requests() -> Response:
        with _context(sandbox) as context:
            if request.method == "DELETE":
                context.session.drop("request")
            return as_json(context.session.all("request"))


def _set_clock(session: Session, given: dict[str, Any]) -> None:
    """Apply ``{"advance": seconds}`` and ``{"freeze": true|false}``. Raises ValueError for anything else."""
    seconds, frozen = given.get("advance", 0), given.get("freeze")
    if set(given) - {"advance", "freeze"}:
        raise ValueError("clock: expected advance, a number of seconds, or freeze, true or false")
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or seconds < 0:
        raise ValueError(f"advance: expected a number of seconds, not {seconds!r}")
    if frozen is not None and not isinstance(frozen, bool):
        raise ValueError(f"freeze: expected true or false, not {frozen!r}")
    if frozen is not None:
        clock.freeze(session, frozen=frozen)
    clock.advance(session, seconds)


@contextmanager
def _context(sandbox: Sandbox) -> Iterator[RequestContext]:
    context = sandbox.open()
    keep = False
    try:
        yield context
        keep = True
    except ValueError as error:
        raise Refused(400, str(error)) from None
    finally:
        context.session.end(keep=keep)


def _json() -> Any:
    try:
        return json.loads(request.get_data() or b"{}")
    except ValueError:
        raise Refused(400, "The body is not valid JSON") from None


def _object() -> dict[str, Any]:
    given = _json()
    if not isinstance(given, dict):
        raise Refused(400, "The body must be a JSON object")
    return given
