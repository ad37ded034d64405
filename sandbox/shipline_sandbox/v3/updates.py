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
    if not is_version(text):
        raise Refused(400, "version must be of the form x.x, x.x.x or x.x.x.x.")
    newest = offered(world, request.args["productId"], request.args["platform"], _channel(), text)
    return as_json(release_shape(world, newest)) if newest else Response(status=204)


@blueprint.get("/latest", endpoint="get-latest-release")
def get_latest_release() -> Response:
    world = _begin(_NAMES, ("productId", "platform", "key"))
    newest = _newest(world, request.args["productId"], request.args["platform"], _channel())
    if newest is None:
        raise Refused(404, "There is no release.")
    return as_json(release_shape(world, newest))


def _begin(known: set[str], required: tuple[str, ...]) -> World:
    world = current()
    if world.switches["v3"] == "create-only":
        raise Refused(404, "Not found.")
    note_unknown([name for name in request.args if name not in known], known)
    for name in required:
        if not request.args.get(name):
            raise Refused(400, f"{name} is required.")
    if not is_known(present_key(request.args["key"])):
        raise Refused(400, "The license key is invalid.")
    if request.args.get("accountId", TENANT) != TENANT:
        raise Refused(400, "The account does not exist.")
    return world


def is_version(text: str) -> bool:
    """Whether an app can have this version: two to four numbers."""
    return bool(_VERSION.fullmatch(text))


def offered(world: World, product: str, platform: str, channel: str, version: str) -> Doc | None:
    """The release that an app of this version is told to update to, if any is newer."""
    parts = version.count(".") + 1
    newest = _newest(world, product, platform, channel)
    if newest is None or _numbers(newest["version"])[:parts] <= _numbers(version)[:parts]:
        return None
    return newest


def _channel() -> str:
    return request.args.get("channel") or "stable"


def _newest(world: World, product: str, platform: str, channel: str) -> Doc | None:
    """The published release with the highest version."""
    wanted = {"productId": product, "channel": channel}
    found = (
        release
        for release in world.session.all("v3_release")
        if release["publishedAt"] is not None
        and platform in release["platforms"]
        and all(release[name] == value for name, value in wanted.items())
    )
    return max(found, key=lambda release: (_numbers(release["version"]), release["publishedAt"]), default=None)


def _numbers(version: str) -> tuple[int, ...]:
    parts = [int(part) for part in version.split(".")]
    return (*parts, *[0] * (_PARTS - len(parts)))
