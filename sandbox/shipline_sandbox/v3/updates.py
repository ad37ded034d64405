"""The operations of customers' apps: check for an update, get the latest release. They require a license key, no token.

Sources: the vendor's documentation of how releases are distributed, with its table of versions compared; what
LexActivator requests and reads, as marked in docs/fidelity.md.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from flask import Blueprint, Response, request

from shipline_sandbox.answers import Refused, as_json
from shipline_sandbox.request_context import RequestContext, current, is_known, note_unknown, present_key
from shipline_sandbox.v3 import releases
from shipline_sandbox.v3.shapes import TENANT, release_shape

if TYPE_CHECKING:
    from shipline_sandbox.store import Doc

blueprint = Blueprint("updates", __name__, url_prefix="/v3/releases")
_PARTS = 4
_NAMES = {"productId", "platform", "key", "accountId", "channel"}
_VERSION = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9}){1,3}")
_CODES = {
    "productId": "INVALID_PRODUCT_ID",
    "accountId": "INVALID_ACCOUNT_ID",
    "key": "INVALID_LICENSE_KEY",
    "version": "INVALID_VERSION_FORMAT",
}


class App(NamedTuple):
    """What an app sends about itself. With a license key, it gets only releases that this license allows."""

    product: str
    platform: str
    channel: str
    license_key: str = ""


@blueprint.get("/update", endpoint="check-update")
def check_update() -> Response:
    """Respond with a newer release, or 204. Compares only as many numbers as the app's version has.

    ``allowed=true``: of the releases that the license allows.
    """
    context = _begin({*_NAMES, "version", "allowed"}, ("productId", "platform", "version", "key", "accountId"))
    text, allowed = request.args["version"], request.args.get("allowed") or "false"
    if not is_version(text):
        raise _refused("version", "must be of the form x.x, x.x.x or x.x.x.x")
    if allowed not in {"true", "false"}:
        raise Refused(400, "allowed must be true or false.")
    app = _app()._replace(license_key=request.args["key"] if allowed == "true" else "")
    newest = offered(context, app, text)
    return as_json(release_shape(context, newest)) if newest else Response(status=204)


@blueprint.get("/<key>/allowed", endpoint="check-allowed")
def check_allowed(key: str) -> Response:
    """Respond with whether the license allows a release. LexActivator reads a no from an object only."""
    context = _begin({"key", "accountId"}, ("key", "accountId"))
    return as_json({"allowed": _allows(context, request.args["key"], releases.find_release(context, key))})


@blueprint.get("/latest", endpoint="get-latest-release")
def get_latest_release() -> Response:
    context = _begin(_NAMES, ("productId", "platform", "key"))
    newest = _newest(context, _app())
    if newest is None:
        raise Refused(404, "There is no release.")
    return as_json(release_shape(context, newest))


def _begin(known: set[str], required: tuple[str, ...]) -> RequestContext:
    context = current()
    if context.switches["v3"] == "create-only":
        raise Refused(404, "Not found.")
    note_unknown([name for name in request.args if name not in known], known)
    for name in required:
        if not request.args.get(name) and (name, context.switches["v3_account"]) != ("accountId", "optional"):
            raise _refused(name, "is required")
    if not is_known(present_key(request.args["key"])):
        raise _refused("key", "is no license key")
    if (request.args.get("accountId") or TENANT) != TENANT:
        raise _refused("accountId", "is no account")
    product = request.args.get("productId")
    if product and context.switches["v3_products"] == "strict" and not context.session.find("product", product):
        raise _refused("productId", "is no product")
    return context


def _refused(name: str, problem: str) -> Refused:
    return Refused(400, f"{name} {problem}.", code=_CODES.get(name, ""))


def is_version(text: str) -> bool:
    """Return whether an app can have this version: two to four numbers."""
    return bool(_VERSION.fullmatch(text))


def offered(context: RequestContext, app: App, version: str) -> Doc | None:
    """Return the newest release for an app of this version; None if none is newer."""
    parts = version.count(".") + 1
    newest = _newest(context, app)
    if newest is None or _numbers(newest["version"])[:parts] <= _numbers(version)[:parts]:
        return None
    return newest


def _app() -> App:
    """Return the app of the request's query."""
    return App(request.args["productId"], request.args["platform"], request.args.get("channel") or "stable")


def _newest(context: RequestContext, app: App) -> Doc | None:
    """Return the published release with the highest version; archived ones don't count."""
    wanted = {"productId": app.product, "channel": app.channel}
    found = (
        release
        for release in context.session.all("v3_release")
        if release["publishedAt"] is not None
        and not release.get("archived")
        and app.platform in release["platforms"]
        and all(release[name] == value for name, value in wanted.items())
        and _allows(context, app.license_key, release)
    )
    return max(found, key=lambda release: (_numbers(release["version"]), release["publishedAt"]), default=None)


def _allows(context: RequestContext, license_key: str, release: Doc) -> bool:
    """Return whether a license allows a release: one that isn't in the seed allows every release."""
    known = context.session.find("license", license_key)
    return known is None or _numbers(release["version"]) <= _numbers(known["maxAllowedReleaseVersion"])


def _numbers(version: str) -> tuple[int, ...]:
    parts = [int(part) for part in version.split(".")]
    return (*parts, *[0] * (_PARTS - len(parts)))
