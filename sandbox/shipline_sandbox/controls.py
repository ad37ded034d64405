"""The page's forms: faults, switches, and how a deployment ends. For scripts there is ``/_sandbox/``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, Response, request

from shipline_sandbox import faults, guard, page, switches
from shipline_sandbox.buildmaster import deployments
from shipline_sandbox.world import current

if TYPE_CHECKING:
    from shipline_sandbox.store import Doc

blueprint = Blueprint("controls", __name__, url_prefix="/page")
blueprint.before_request(guard.refuse_others)
blueprint.after_request(guard.harden)


@blueprint.post("/faults")
def add_fault() -> Response | tuple[str, int]:
    """Fields ``request`` (``service`` or ``service/operation``; empty: all), ``kind``, ``when``, ``status``, ``times``.

    An empty ``times`` is always.
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
    """The one in the field ``fault``; without it all."""
    key = request.form.get("fault", "")
    current().session.drop("fault", int(key) if key.isascii() and key.isdigit() else None)
    return _back("faults")


@blueprint.post("/switches")
def change_switches() -> Response | tuple[str, int]:
    """Fields are switches."""
    try:
        switches.change(current().session, request.form.to_dict())
    except ValueError as error:
        return page.render(problem=str(error)), 400
    return _back("switches")


@blueprint.post("/deployments/<int:key>")
def end_deployment(key: int) -> Response | tuple[str, int]:
    """Field ``outcome``; one that has ended stays as it is."""
    world, outcome = current(), request.form.get("outcome", "")
    deployment = world.session.find("deployment", key)
    if deployment is None or outcome not in page.OUTCOMES:
        return page.render(problem=f"There is no deployment {key}, or it can't end as {outcome!r}."), 400
    deployments.decide(world, deployment, outcome)
    return _back("builds")


def _back(section: str) -> Response:
    """To the page, which a reload then only shows."""
    return Response(status=303, headers={"Location": f"/#{section}"})


def _number(name: str, text: str) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdigit()):
        raise ValueError(f"fault: {name} is a number, not {text!r}")
    return int(text)
