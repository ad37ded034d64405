"""The page's forms: faults, switches, how a deployment ends, v3 releases changed by hand.

Scripts use ``/_sandbox/`` instead.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, Response, request

from shipline_sandbox import faults, guard, page, switches
from shipline_sandbox.buildmaster import deployments
from shipline_sandbox.request_context import current
from shipline_sandbox.v3 import releases

if TYPE_CHECKING:
    from shipline_sandbox.store import Doc

blueprint = Blueprint("controls", __name__, url_prefix="/page")
blueprint.before_request(guard.refuse_others)
blueprint.after_request(guard.harden)


@blueprint.post("/faults")
def add_fault() -> Response | tuple[str, int]:
    """Add a fault with the fields ``request``, ``kind``, ``when``, ``status`` and ``times``.

    ``request`` is ``service`` or ``service/operation``; empty for all. An empty ``times`` means always.
    """
    service, _, operation = request.form.get("request", "").partition("/")
    words = {"service": service, "operation": operation, **{n: request.form.get(n, "") for n in ("kind", "when")}}
    try:
        numbers = {name: _number(name, request.form.get(name, "")) for name in ("status", "times")}
        rule: Doc = {name: value for name, value in words.items() if value}
        rule |= {name: value for name, value in numbers.items() if value is not None or name == "times"}
        faults.add(current().session, [rule])
    except ValueError as error:
        return page.render(problem=str(error)), 400
    return _back("faults")


@blueprint.post("/faults/drop")
def drop_faults() -> Response:
    """Remove the fault in the field ``fault``; without the field all."""
    key = request.form.get("fault", "")
    current().session.drop("fault", int(key) if key.isascii() and key.isdigit() else None)
    return _back("faults")


@blueprint.post("/switches")
def change_switches() -> Response | tuple[str, int]:
    """Set the switches in the fields."""
    try:
        switches.change(current().session, request.form.to_dict())
    except ValueError as error:
        return page.render(problem=str(error)), 400
    return _back("switches")


@blueprint.post("/deployments/<int:key>")
def end_deployment(key: int) -> Response | tuple[str, int]:
    """End a deployment with the field ``outcome``. One that has ended stays unchanged."""
    context, outcome = current(), request.form.get("outcome", "")
    deployment = context.session.find("deployment", key)
    if deployment is None or outcome not in page.OUTCOMES:
        return page.render(problem=f"There is no deployment {key}, or it can't end as {outcome!r}."), 400
    deployments.decide(context, deployment, outcome)
    return _back("builds")


@blueprint.post("/releases/<key>")
def change_release(key: str) -> Response | tuple[str, int]:
    """Do the ``action`` in the field to a v3 release, as a person does on the vendor's site."""
    action = request.form.get("action", "")
    if not releases.change_by_hand(current(), key, action):
        return page.render(problem=f"There is no v3 release {key}, or nothing named {action!r} to do with it."), 400
    return _back("customers")


def _back(section: str) -> Response:
    """Redirect to the page, so that a reload doesn't send the form again."""
    return Response(status=303, headers={"Location": f"/#{section}"})


def _number(name: str, text: str) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdigit()):
        raise ValueError(f"fault: {name} is a number, not {text!r}")
    return int(text)
