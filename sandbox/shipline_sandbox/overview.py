"""Everything there is, as one document: for /_sandbox/state and for the page."""

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
    from shipline_sandbox.store import Doc
    from shipline_sandbox.world import World


def state(world: World) -> Doc:
    """The whole state. Keys are never part of it."""
    deployments.settle(world)
    session = world.session
    return {
        "now": clock.milliseconds(world.now),
        "switches": world.switches,
        "buildmaster": {
            "applications": session.all("application"),
            "pipelines": session.all("pipeline"),
            "releases": [shapes.release(world, r) | _hidden(r) for r in session.all("release")],
            "builds": [shapes.build(world, b) | _hidden(b) for b in session.all("build")],
            "deployments": [
                shapes.deployment(world, d) | _hidden(d) | {"parentId": d["parent_id"]}
                for d in session.all("deployment")
            ],
        },
        "centercode": {
            "releaseTypes": [
                {name: value for name, value in t.items() if name != "bound_to"} | {"bound": bool(t["bound_to"])}
                for t in session.all("release_type")
            ],
            "releases": testers(world),
            "bucketFiles": session.value("bucket_files", []),
            **centercode_records.everything(world),
        },
        "v3": {
            "products": session.all("product"),
            "releases": [release_shape(world, r) for r in session.all("v3_release")],
            "webhooks": [{n: v for n, v in hook.items() if n != "token"} for hook in session.all(webhooks.KIND)],
            "webhookEvents": session.all(LOG),
        },
        "files": session.files(),
        "faults": session.all("fault"),
    }


def _hidden(doc: Doc) -> Doc:
    """What the real API doesn't show."""
    return {name: doc[name] for name in ("variables", "reason") if doc.get(name)}


def testers(world: World) -> list[Doc]:
    """Centercode's releases with what only its site shows: type, archived, notice, team access."""
    return [
        centercode.shape(world, r)
        | {"releaseType": r["type"], "archived": r["archived"], "notice": r["notice"], "teamAccess": r["team_access"]}
        for r in world.session.all(centercode.KIND)
    ]


def customers(world: World) -> list[Doc]:
    """v3 releases that customers can get, newest first."""
    published = (release_shape(world, r) for r in world.session.all("v3_release") if r["publishedAt"] is not None)
    return sorted(published, key=lambda r: str(r["publishedAt"]), reverse=True)


def drafts(world: World) -> list[Doc]:
    return [release_shape(world, r) for r in world.session.all("v3_release") if r["publishedAt"] is None]
