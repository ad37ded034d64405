"""The Flask application: one origin for the three services, and a transaction and a log entry for each request."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from flask import Flask, Response, g, render_template, request
from werkzeug.exceptions import HTTPException

from shipline_sandbox import admin, clock, controls, faults, files, guard, journal, page, received, switches
from shipline_sandbox.answers import Refused, refusal, service_of
from shipline_sandbox.buildmaster import lists as buildmaster_lists
from shipline_sandbox.buildmaster import routes as buildmaster
from shipline_sandbox.centercode import routes as centercode
from shipline_sandbox.v3 import catalogs, updates, uploads, webhooks
from shipline_sandbox.v3 import routes as v3

if TYPE_CHECKING:
    from shipline_sandbox.instance import Sandbox


_LOGGED = {"buildmaster", "centercode", "v3", "files"}
_OK = 400


def create_app(sandbox: Sandbox) -> Flask:
    """Return the application. Existing state is kept; a new file is seeded."""
    with sandbox.store.transaction() as session:
        seeded = session.value("seeded")
        if seeded:
            faults.add(session, sandbox.faults)
    if not seeded:
        sandbox.reset()
    app = Flask(__name__, static_folder=None)  # the page has its own
    app.config["PROVIDE_AUTOMATIC_OPTIONS"] = False
    v3_parts = (v3, catalogs, updates, uploads, webhooks)
    for part in (buildmaster, buildmaster_lists, centercode, *v3_parts, files, page, controls):
        app.register_blueprint(part.blueprint)
    app.register_blueprint(admin.blueprint(sandbox))
    lifecycle = _Lifecycle(sandbox)
    app.before_request(lifecycle.begin)
    app.after_request(lifecycle.finish)
    app.register_error_handler(Refused, _refused)
    app.register_error_handler(HTTPException, _routing_error)
    return app


def _refused(refused: Refused) -> Response:
    """Respond in the form of the path's service, and keep the error for the log."""
    g.refusal = refused
    service = service_of(request.path)
    if service == "page" and refused.status == HTTPStatus.NOT_FOUND and request.method == "GET":
        what = f"The sandbox has no page {request.path}" if refused.message == "Not Found" else refused.message
        return guard.harden(Response(render_template("not_found.html", what=what), 404))
    return refusal(service, refused)


def _routing_error(error: HTTPException) -> Response:
    """Respond to 404 and 405 as to any other error."""
    methods = getattr(error, "valid_methods", None) or ()
    status = error.code or 500
    if status == HTTPStatus.NOT_FOUND and service_of(request.path) == "v3" and request.method == "PUT":
        return Response(status=status)  # errors of the release server have no body
    return _refused(Refused(status, error.name, allow=", ".join(sorted(methods))))


class _Lifecycle:
    """One transaction for each request: committed for a status below 400, else rolled back. The log has its own."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    def begin(self) -> Response | None:
        g.presented_keys, g.unknown_members, g.fault, g.context, g.limit_headers = set(), [], None, None, {}
        g.deliveries, g.received, g.opened, g.refusal, g.nearest = [], None, [], None, {}
        if received.is_streamed():
            g.received = received.receive()
        else:
            request.get_data()
        guard.refuse_other_sites()
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
            g.context = self._sandbox.open()
        return None

    def finish(self, response: Response) -> Response:
        service = service_of(request.path)
        applied = response.status_code < _OK
        if g.context:
            g.context.session.end(keep=applied)
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
