"""The page at ``/``: builds moving through stages, the releases as testers and customers see them, the request log.

It works without its script, which only reloads it.
"""

from __future__ import annotations

import json
from datetime import datetime
from http import HTTPStatus
from itertools import islice
from typing import TYPE_CHECKING

from flask import Blueprint, Response, current_app, redirect, render_template, request
from markdown_it import MarkdownIt
from markupsafe import Markup

from shipline_sandbox import audience, clock, guard, lanes, near_misses, switches, welcome
from shipline_sandbox.answers import Refused, service_of
from shipline_sandbox.centercode import view
from shipline_sandbox.request_context import current

if TYPE_CHECKING:
    from werkzeug.wrappers import Response as WerkzeugResponse

    from shipline_sandbox.request_context import RequestContext
    from shipline_sandbox.store import Doc

blueprint = Blueprint("page", __name__, static_folder="static", static_url_path="/static")
blueprint.after_request(guard.harden)
_LAST_REQUESTS = 50
_HOUR = 60  # minutes
_SERVICES = ("buildmaster", "centercode", "v3", "files")
OUTCOMES = ("succeeded", "warned", "failed", "canceled")
_READING = ("get-releases", "get-builds", "get-deployments")  # BuildMaster reads by POST
_COLORS = {"succeeded": "ok", "warned": "warn", "failed": "bad", "pending": "plan", "executing": "plan"}


@blueprint.get("/")
def home() -> Response:
    answer = Response(render(), content_type="text/html; charset=utf-8")
    answer.add_etag()
    answer.make_conditional(request)
    return answer


def render(problem: str = "") -> str:
    """Return the page, with the problem of a form at its top."""
    context = current()
    lists, projects, products = lanes.lanes(context), audience.projects(context), audience.products(context)
    shown = _requests(context)
    return render_template(
        "home.html",
        newest=_newest(lists, projects, products),
        changed=next((entry for entry in shown if not entry["quiet"]), None),
        config=welcome.config(request.host_url.rstrip("/")),
        keys=welcome.KEYS,
        command=welcome.COMMAND,
        names=welcome.names(context),
        url=request.host_url.rstrip("/"),
        markdown=_markdown,
        problem=problem,
        live=request.full_path if request.method == "GET" else "/",
        lanes=lists,
        outcomes=OUTCOMES,
        projects=projects,
        feedback=view.feedback(context),
        products=products,
        asked=request.args,
        check=audience.update_check(context, request.args),
        faults=context.session.all("fault"),
        operations=_operations(),
        switches=switches.SWITCHES,
        positions=context.switches,
        frozen=clock.is_frozen(context.session),
        requests=[entry for entry in shown if not entry["quiet"]],
        quiet=[entry for entry in shown if entry["quiet"]],
    )


@blueprint.get("/applications/<int:application>/builds/build")
def build_page(application: int) -> WerkzeugResponse:
    """Lead from the address of a build in BuildMaster, which Shipline prints, to the build on the page."""
    build = current().session.find("build", request.args.get("buildId", 0, int))
    if build is None or build["application_id"] != application:
        raise Refused(404, "There is no such build")
    return redirect(f"/#build-{build['id']}")


@blueprint.get("/project/version/item.html")
def tester_release() -> str:
    """Show a Centercode release, at the address that the API returned."""
    found = audience.tester_release(current(), request.args.get("artid", ""))
    if found is None:
        raise Refused(404, "There is no such release")
    return render_template("release.html", release=found)


@blueprint.get("/project/feedback/view.html")
def tester_feedback() -> str:
    """Show feedback, at the address that the API returned."""
    path = f"{request.path}?cap={request.args.get('cap', '')}&uf={request.args.get('uf', '')}"
    found = next((f for f in view.feedback(current()) if f["path"] == path), None)
    if found is None:
        raise Refused(404, "There is no such feedback")
    return render_template("feedback.html", feedback=found)


def _operations() -> dict[str, list[str]]:
    """Return the operations of each service, named as in the request log."""
    found = {(service_of(rule.rule), rule.endpoint.rpartition(".")[2]) for rule in current_app.url_map.iter_rules()}
    return {service: sorted(name for owner, name in found if owner == service) for service in _SERVICES}


def _requests(context: RequestContext) -> list[Doc]:
    """Return the last requests, newest first, each with the explanation of its faults."""
    latest = islice(reversed(context.session.all("request")), _LAST_REQUESTS)
    found = []
    for entry in latest:
        misses = near_misses.explain(context, entry)
        reads = entry["method"] in ("GET", "HEAD") or entry["operation"] in _READING
        probe = entry["method"] == "HEAD" and entry["status"] == HTTPStatus.NOT_FOUND and not entry["fault"]
        quiet = probe or (reads and not entry["fault"] and not misses)
        shown = {"sent": _sent(entry), "misses": [] if probe else misses, "quiet": quiet}
        found.append(entry | shown | {"ago": _ago(context, entry["time"])})
    return found


def _ago(context: RequestContext, moment: str) -> str:
    """Return how long ago a moment was: ``just now``, ``2 min ago``, ``3 h ago``."""
    minutes = int(context.now - datetime.fromisoformat(moment).timestamp()) // 60
    if minutes < 1:
        return "just now"
    return f"{minutes} min ago" if minutes < _HOUR else f"{minutes // _HOUR} h ago"


def _newest(lists: list[Doc], projects: list[Doc], products: list[Doc]) -> Doc | None:
    """Return the newest release: its title, its state with the state's color, and who sees it; None before any."""
    cards = [card for lane in lists for column in lane["columns"] for card in column["builds"]]
    build = max(cards, key=lambda card: int(card["id"]), default=None)
    testers = next((r["title"] for p in projects for kind in p["types"] for r in kind["current"]), "")
    customers = next((r["name"] for product in products for r in product["published"]), "")
    if build is None and not testers and not customers:
        return None
    said = [f"Testers see {testers}."] if testers else []
    said += [f"Apps offer {customers} to customers."] if customers else []
    if build is None:
        return {"title": testers or customers, "state": "announced", "color": "ok", "sentence": " ".join(said)}
    where = f" in {build['stage']}" if build["stage"] else ""
    return {
        "title": f"{build['application']} {build['release'] or ''}".strip(),
        "state": build["state"],
        "color": _COLORS.get(build["state"], "off"),
        "sentence": " ".join([f"Build {build['number']}: {build['state']}{where}.", *said]),
    }


def _markdown(notes: str) -> Markup:
    """Return a v3 release's notes as an app shows them: HTML without raw HTML, images and headings of its own level."""
    parser = MarkdownIt("commonmark", {"html": False}).enable("table").disable("image")
    tokens = parser.parse(notes)
    for token in tokens:
        token.tag = "h5" if token.type.startswith("heading_") else token.tag
    return Markup(parser.renderer.render(tokens, parser.options, {}))  # noqa: S704 - it escapes all text


def _sent(entry: Doc) -> list[tuple[str, str]]:
    """Return query and body as text."""
    parts = (("Query", entry["query"]), ("Body", entry["body"]))
    return [
        (name, json.dumps(value, indent=2, ensure_ascii=False))
        for name, value in parts
        if value and value != {"bytes": 0}
    ]
