"""The page at ``/``: builds moving through stages, and the releases as testers and customers see them."""

from __future__ import annotations

from flask import Blueprint, Response, render_template, request

from shipline_sandbox import overview
from shipline_sandbox.answers import Refused
from shipline_sandbox.centercode import view
from shipline_sandbox.world import current

blueprint = Blueprint("page", __name__)
_LAST_REQUESTS = 50


@blueprint.get("/")
def home() -> str:
    world = current()
    testers = [r for r in reversed(overview.testers(world)) if r["status"] == "Published"]
    return render_template(
        "home.html",
        boards=overview.boards(world),
        current=[r for r in testers if not r["archived"]],
        archived=[r for r in testers if r["archived"]],
        processing=[r for r in overview.testers(world) if r["status"] != "Published"],
        feedback=view.feedback(world),
        customers=overview.customers(world),
        drafts=overview.drafts(world),
        requests=world.session.all("request")[: -_LAST_REQUESTS - 1 : -1],
    )


@blueprint.get("/project/version/item.html")
def tester_release() -> str | Response:
    """The address that a Centercode release is given."""
    releases = overview.testers(current())
    found = next((r for r in releases if r["url"].endswith(f"artid={request.args.get('artid', '')}")), None)
    if found is None or not request.args.get("artid"):
        raise Refused(404, "There is no such release.")
    return render_template("release.html", release=found)


@blueprint.get("/project/feedback/view.html")
def tester_feedback() -> str | Response:
    """The address that feedback is given."""
    path = f"{request.path}?cap={request.args.get('cap', '')}&uf={request.args.get('uf', '')}"
    found = next((f for f in view.feedback(current()) if f["path"] == path), None)
    if found is None:
        raise Refused(404, "There is no such feedback.")
    return render_template("feedback.html", feedback=found)
