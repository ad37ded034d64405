"""``/_sandbox/…``: what a test or a curious person does to the sandbox itself."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, request

from shipline_sandbox import clock, faults, guard, overview, seed, switches
from shipline_sandbox.answers import Refused, as_json
from shipline_sandbox.buildmaster import deployments

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shipline_sandbox.app import Sandbox
    from shipline_sandbox.store import Session
    from shipline_sandbox.world import World


def blueprint(sandbox: Sandbox) -> Blueprint:
    """The administration of one sandbox. Bodies are JSON; a wrong one is 400 with ``{error}``."""
    admin = Blueprint("admin", __name__, url_prefix="/_sandbox")
    admin.before_request(guard.refuse_browsers_of_others)
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
        with _world(sandbox) as world:
            try:
                seed.plant(world.session, _object())
            except (KeyError, TypeError, AttributeError) as error:
                raise Refused(400, f"seed: an entry lacks a member or has the wrong type: {error}") from None
            return as_json(overview.state(world))

    @admin.get("/state")
    def state() -> Response:
        with _world(sandbox) as world:
            return as_json(overview.state(world))

    @admin.post("/deployments/<int:key>")
    def decide(key: int) -> Response:
        outcome = _object().get("outcome")
        if not isinstance(outcome, str) or not outcome:
            raise Refused(400, "outcome: expected succeeded, warned, failed or canceled")
        with _world(sandbox) as world:
            deployment = world.session.find("deployment", key)
            if deployment is None:
                raise Refused(404, f"There is no deployment {key}")
            deployments.decide(world, deployment, outcome)
            return as_json(overview.state(world)["buildmaster"])


def _add_controls(admin: Blueprint, sandbox: Sandbox) -> None:
    @admin.route("/config", methods=["GET", "POST"])
    def config() -> Response:
        with _world(sandbox) as world:
            if request.method == "POST":
                switches.change(world.session, _object())
            return as_json(switches.read(world.session))

    @admin.route("/clock", methods=["GET", "POST"])
    def time() -> Response:
        with _world(sandbox) as world:
            if request.method == "POST":
                _set_clock(world.session, _object())
            answer = {"now": clock.milliseconds(clock.now(world.session)), "frozen": clock.is_frozen(world.session)}
            return as_json(answer | {"speed": world.speed})

    @admin.route("/faults", methods=["GET", "POST", "DELETE"])
    def fault_rules() -> Response:
        with _world(sandbox) as world:
            if request.method == "POST":
                given = _json()
                faults.add(world.session, given if isinstance(given, list) else [given])
            elif request.method == "DELETE":
                world.session.drop("fault")
            return as_json(world.session.all("fault"))

    @admin.route("/requests", methods=["GET", "DELETE"])
    def requests() -> Response:
        with _world(sandbox) as world:
            if request.method == "DELETE":
                world.session.drop("request")
            return as_json(world.session.all("request"))


def _set_clock(session: Session, given: dict[str, Any]) -> None:
    """``{"advance": seconds}`` and ``{"freeze": true|false}``. Raises ValueError for anything else."""
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
def _world(sandbox: Sandbox) -> Iterator[World]:
    world = sandbox.world()
    keep = False
    try:
        yield world
        keep = True
    except ValueError as error:
        raise Refused(400, str(error)) from None
    finally:
        world.session.end(keep=keep)


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
