"""The page at ``/``: builds moving through stages, the releases as testers and customers see them, the request log.

It is whole without a script: what it shows is as new as the last reload. Its script does that reload, and nothing else.
"""

from __future__ import annotations

import json
from itertools import islice
from typing import TYPE_CHECKING

from flask import Blueprint, Response, current_app, render_template, request

from shipline_sandbox import audience, clock, guard, lanes, near_misses, switches
from shipline_sandbox.answers import Refused, service_of
from shipline_sandbox.centercode import view
from shipline_sandbox.world import current

if TYPE_CHECKING:
    from shipline_sandbox.store import Doc
    from shipline_sandbox.world import World

blueprint = Blueprint("page", __name__, static_folder="static", static_url_path="/static")
blueprint.after_request(guard.harden)
_LAST_REQUESTS = 50
_SERVICES = ("buildmaster", "centercode", "v3", "files")
OUTCOMES = ("succeeded", "warned", "failed", "canceled")


@blueprint.get("/")
def home() -> Response:
    answer = Response(render(), content_type="text/html; charset=utf-8")
    answer.add_etag()
    answer.make_conditional(request)
    return answer


def render(problem: str = "") -> str:
    """The page, with what was wrong with a form at its top."""
    world = current()
    return render_template(
        "home.html",
        problem=problem,
        live=request.full_path if request.method == "GET" else "/",
        lanes=lanes.lanes(world),
        outcomes=OUTCOMES,
        projects=audience.projects(world),
        feedback=view.feedback(world),
        products=audience.products(world),
        asked=request.args,
        check=audience.update_check(world, request.args),
        faults=world.session.all("fault"),
        operations=_operations(),
        switches=switches.SWITCHES,
        positions=world.switches,
        frozen=clock.is_frozen(world.session),
        requests=_requests(world),
    )


@blueprint.get("/project/version/item.html")
def tester_release() -> str:
    """The address that a Centercode release is given."""
    found = audience.tester_release(current(), request.args.get("artid", ""))
    if found is None:
        raise Refused(404, "There is no such release.")
    return render_template("release.html", release=found)


@blueprint.get("/project/feedback/view.html")
def tester_feedback() -> str:
    """The address that feedback is given."""
    path = f"{request.path}?cap={request.args.get('cap', '')}&uf={request.args.get('uf', '')}"
    found = next((f for f in view.feedback(current()) if f["path"] == path), None)
    if found is None:
        raise Refused(404, "There is no such feedback.")
    return render_template("feedback.html", feedback=found)


def _operations() -> dict[str, list[str]]:
    """Each service's operations, by the names of the request log."""
    found = {(service_of(rule.rule), rule.endpoint.rpartition(".")[2]) for rule in current_app.url_map.iter_rules()}
    return {service: sorted(name for owner, name in found if owner == service) for service in _SERVICES}


def _requests(world: World) -> list[Doc]:
    """The last ones, newest first, each with what nearly went right."""
    latest = islice(reversed(world.session.all("request")), _LAST_REQUESTS)
    return [entry | {"sent": _sent(entry), "misses": near_misses.explain(world, entry)} for entry in latest]


def _sent(entry: Doc) -> list[tuple[str, str]]:
    """Query and body as a person reads them."""
    parts = (("Query", entry["query"]), ("Body", entry["body"]))
    return [
        (name, json.dumps(value, indent=2, ensure_ascii=False))
        for name, value in parts
        if value and value != {"bytes": 0}
    ]
