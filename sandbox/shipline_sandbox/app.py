"""The Flask application: one origin for the three services, and what happens around every request."""

from __future__ import annotations

from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from flask import Flask, Response, g, request
from werkzeug.exceptions import HTTPException

from shipline_sandbox import admin, clock, controls, faults, files, journal, page, received, seed, switches
from shipline_sandbox.answers import Refused, refusal, service_of
from shipline_sandbox.buildmaster import lists as buildmaster_lists
from shipline_sandbox.buildmaster import routes as buildmaster
from shipline_sandbox.centercode import routes as centercode
from shipline_sandbox.deliveries import Deliveries
from shipline_sandbox.ratelimit import RateLimits
from shipline_sandbox.v3 import routes as v3
from shipline_sandbox.v3 import updates, uploads, webhooks
from shipline_sandbox.world import World

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from shipline_sandbox.store import Store

_LOGGED = {"buildmaster", "centercode", "v3", "files"}
_OK = 400


@dataclass(frozen=True)
class Sandbox:
    """What one sandbox is started with; ``reset`` returns to it."""

    store: Store
    speed: float = 1.0
    seed: Mapping[str, Any] | None = None
    faults: Sequence[Mapping[str, Any]] = ()
    rate_limits: RateLimits = field(default_factory=RateLimits)
    deliveries: Deliveries = field(default_factory=Deliveries)

    def reset(self) -> None:
        """Back to the seed: no releases but its own, an empty request log, every switch in its default position."""
        with self.store.transaction() as session:
            session.clear()
            seed.plant(session, seed.default())
            if self.seed:
                seed.plant(session, self.seed)
            faults.add(session, self.faults)
            session.set_value("seeded", value=True)
        self.rate_limits.clear()

    def world(self) -> World:
        """Open a transaction on the state; its session must be ended."""
        session = self.store.open()
        return World(session, clock.now(session), self.speed, switches.read(session))


def create_app(sandbox: Sandbox) -> Flask:
    """The application. State that is there already is kept; a new file is seeded."""
    with sandbox.store.transaction() as session:
        seeded = session.value("seeded")
        if seeded:
            faults.add(session, sandbox.faults)
    if not seeded:
        sandbox.reset()
    app = Flask(__name__, static_folder=None)  # the page has its own
    app.config["PROVIDE_AUTOMATIC_OPTIONS"] = False
    for part in (buildmaster, buildmaster_lists, centercode, v3, updates, uploads, webhooks, files, page, controls):
        app.register_blueprint(part.blueprint)
    app.register_blueprint(admin.blueprint(sandbox))
    lifecycle = _Lifecycle(sandbox)
    app.before_request(lifecycle.begin)
    app.after_request(lifecycle.finish)
    app.register_error_handler(Refused, _refused)
    app.register_error_handler(HTTPException, _routing_error)
    return app


def _refused(refused: Refused) -> Response:
    """In the form of the service the path belongs to; the log gets what was refused."""
    g.refusal = refused
    return refusal(service_of(request.path), refused)


def _routing_error(error: HTTPException) -> Response:
    """404 and 405, as any other refusal."""
    methods = getattr(error, "valid_methods", None) or ()
    status = error.code or 500
    if status == HTTPStatus.NOT_FOUND and service_of(request.path) == "v3" and request.method == "PUT":
        return Response(status=status)  # of the release server, whose errors have no body
    return _refused(Refused(status, error.name, allow=", ".join(sorted(methods))))


class _Lifecycle:
    """One transaction a request: kept if it was answered below 400, undone otherwise. Then the log, in its own."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    def begin(self) -> Response | None:
        g.presented_keys, g.unknown_members, g.fault, g.world, g.limit_headers = set(), [], None, None, {}
        g.deliveries, g.received, g.opened, g.refusal, g.nearest = [], None, [], None, {}
        if received.is_streamed():
            g.received = received.receive()
        else:
            request.get_data()
        service = service_of(request.path)
        for name, value in (*request.args.items(multi=True), *request.headers.items()):
            if name.lower() in {*journal.KEY_PARAMETERS, "x-apikey"}:
                g.presented_keys.add(value)
        if service in _LOGGED:
            with self._sandbox.store.transaction() as session:
                g.limit_headers, too_soon = self._sandbox.rate_limits.count(
                    service,
                    request.remote_addr or "",
                    request.path,
                    clock.passing(session),
                    switches.read(session)["rate_limits"],
                )
                rule = None if too_soon else faults.take(session, service, journal.operation(), "before")
            if too_soon:
                return too_soon
            if rule:
                g.fault = rule["kind"]
                if (answer := faults.apply(rule)) is not None:
                    return answer
        if service != "admin":
            g.world = self._sandbox.world()
        return None

    def finish(self, response: Response) -> Response:
        service = service_of(request.path)
        applied = response.status_code < _OK
        if g.world:
            g.world.session.end(keep=applied)
        for file in g.opened:
            file.close()
        if applied:
            self._sandbox.deliveries.send(self._sandbox.store, g.deliveries)
        if service not in _LOGGED:
            return response
        response.headers.update(g.limit_headers)
        rule = None
        if applied and not g.fault:
            with self._sandbox.store.transaction() as session:
                rule = faults.take(session, service, journal.operation(), "after_apply")
        if rule:
            g.fault = rule["kind"]
            response = faults.apply(rule) or response
        with self._sandbox.store.transaction() as session:
            journal.write(session, service, response.status_code, g.fault)
        return response
