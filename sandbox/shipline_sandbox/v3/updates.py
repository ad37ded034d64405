"""What customers' apps ask: is there an update, and what is the latest release? A license key is asked for, no token.

Source: the vendor's documentation of how releases are distributed, with its table of versions compared.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from flask import Blueprint, Response, request

from shipline_sandbox.answers import Refused, as_json
from shipline_sandbox.v3.shapes import TENANT, release_shape
from shipline_sandbox.world import World, current, is_known, note_unknown, present_key

if TYPE_CHECKING:
    from shipline_sandbox.store import Doc

blueprint = Blueprint("updates", __name__, url_prefix="/v3/releases")
_PARTS = 4
_NAMES = {"productId", "platform", "key", "accountId", "channel"}
_VERSION = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9}){1,3}")


@blueprint.get("/update", endpoint="check-update")
def check_update() -> Response:
    """204 if no release is newer. Only as many parts as the app's version has are compared."""
    world = _begin({*_NAMES, "version"}, ("productId", "platform", "version", "key", "accountId"))
    text = request.args["version"]
    if not _VERSION.fullmatch(text):
        raise Refused(400, "version must be of the form x.x, x.x.x or x.x.x.x.")
    parts = text.count(".") + 1
    newest = _newest(world)
    if newest is None or _numbers(newest["version"])[:parts] <= _numbers(text)[:parts]:
        return Response(status=204)
    return as_json(release_shape(world, newest))


@blueprint.get("/latest", endpoint="get-latest-release")
def get_latest_release() -> Response:
    world = _begin(_NAMES, ("productId", "platform", "key"))
    newest = _newest(world)
    if newest is None:
        raise Refused(404, "There is no release.")
    return as_json(release_shape(world, newest))


def _begin(known: set[str], required: tuple[str, ...]) -> World:
    world = current()
    if world.switches["v3"] == "create-only":
        raise Refused(404, "Not found.")
    note_unknown([name for name in request.args if name not in known])
    for name in required:
        if not request.args.get(name):
            raise Refused(400, f"{name} is required.")
    if not is_known(present_key(request.args["key"])):
        raise Refused(400, "The license key is invalid.")
    if request.args.get("accountId", TENANT) != TENANT:
        raise Refused(400, "The account does not exist.")
    return world


def _newest(world: World) -> Doc | None:
    """The published release with the highest version, of those that the request is about."""
    wanted = {"productId": request.args["productId"], "channel": request.args.get("channel") or "stable"}
    found = (
        release
        for release in world.session.all("v3_release")
        if release["publishedAt"] is not None
        and request.args["platform"] in release["platforms"]
        and all(release[name] == value for name, value in wanted.items())
    )
    return max(found, key=lambda release: (_numbers(release["version"]), release["publishedAt"]), default=None)


def _numbers(version: str) -> tuple[int, ...]:
    parts = [int(part) for part in version.split(".")]
    return (*parts, *[0] * (_PARTS - len(parts)))
