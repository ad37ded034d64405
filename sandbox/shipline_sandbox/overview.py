"""The full state as one document: for /_sandbox/state and for the page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shipline_sandbox import clock
from shipline_sandbox.buildmaster import deployments, shapes
from shipline_sandbox.centercode import releases as centercode
from shipline_sandbox.centercode import view as centercode_records
from shipline_sandbox.deliveries import LOG
from shipline_sandbox.v3 import webhooks
from shipline_sandbox.v3.shapes import release_shape

if TYPE_CHECKING:
    from shipline_sandbox.request_context import RequestContext
    from shipline_sandbox.store import Doc


def state(context: RequestContext) -> Doc:
    """Return the full state, without keys."""
    deployments.settle(context)
    session = context.session
    return {
        "now": clock.milliseconds(context.now),
        "switches": context.switches,
        "buildmaster": {
            "applications": session.all("application"),
            "pipelines": session.all("pipeline"),
            "releases": [shapes.release(context, r) | _hidden(r) for r in session.all("release")],
            "builds": [shapes.build(context, b) | _hidden(b) for b in session.all("build")],
            "deployments": [
                shapes.deployment(context, d) | _hidden(d) | {"parentId": d["parent_id"]}
                for d in session.all("deployment")
            ],
        },
        "centercode": {
            "releaseTypes": [
                {name: value for name, value in t.items() if name != "bound_to"} | {"bound": bool(t["bound_to"])}
                for t in session.all("release_type")
            ],
            "releases": testers(context),
            "bucketFiles": session.value("bucket_files", []),
            **centercode_records.everything(context),
        },
        "v3": {
            "products": session.all("product"),
            "releases": [release_shape(context, r) for r in session.all("v3_release")],
            "webhooks": [{n: v for n, v in hook.items() if n != "token"} for hook in session.all(webhooks.KIND)],
            "webhookEvents": session.all(LOG),
        },
        "files": session.files(),
        "faults": session.all("fault"),
    }


def _hidden(doc: Doc) -> Doc:
    """Return the members that the real API doesn't show."""
    return {name: doc[name] for name in ("variables", "reason") if doc.get(name)}


def testers(context: RequestContext) -> list[Doc]:
    """Return Centercode's releases with members that only its site shows: type, archived, notice, team access."""
    return [
        centercode.shape(context, r)
        | {"releaseType": r["type"], "archived": r["archived"], "notice": r["notice"], "teamAccess": r["team_access"]}
        for r in context.session.all(centercode.KIND)
    ]


def customers(context: RequestContext) -> list[Doc]:
    """Return the v3 releases that customers can get, newest first."""
    releases = (release_shape(context, r) for r in context.session.all("v3_release"))
    published = (r for r in releases if r["published"] and not r["archived"])
    return sorted(published, key=lambda r: str(r["publishedAt"]), reverse=True)


def drafts(context: RequestContext) -> list[Doc]:
    return [release_shape(context, r) for r in context.session.all("v3_release") if r["publishedAt"] is None]
