"""Conflicts between products: two that would have one receipt, make one build, or announce one release."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from shipline.display import listed
from shipline.errors import Problem
from shipline.pipeline import identity, resolve
from shipline.run import naming
from shipline.values import normalize_url

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from shipline.fleet.products import Product
    from shipline.inputs.sources import InputValue
    from shipline.pipeline.model import BuildMasterSettings, CentercodeTarget, Pipeline, V3Target


_MAX_NAMES = 5
# Flat inputs that identify a product, so that several can't share one, with what a message calls each.
_INPUTS = {
    "buildmaster-application": "application",
    "buildmaster-build-id": "build",
    "centercode-project": "Centercode project",
    "centercode-release-type": "Centercode release type",
    "centercode-endpoint-url": "Centercode project and release type",
    "v3-product-id": "product id",
}


class ResolvedProduct(NamedTuple):
    """A product with its pipeline and the path of its receipt."""

    product: Product
    pipeline: Pipeline
    receipt: Path


class _Claim(NamedTuple):
    """Something that identifies a product, or that it builds or announces.

    Claims with equal ``kind`` and ``key`` are the same thing, whatever its spelling. ``kind`` is the flat input that
    sets it, or a word of this module.

    A claim with a ``path`` must be unique, or there is a problem at this setting: ``before``, the name of the first
    product that has it, ``after``. ``rival`` is the kind that it conflicts with, if it is another one.
    """

    kind: str
    key: tuple[object, ...]
    path: str = ""
    before: str = ""
    after: str = ""
    rival: str = ""


def identifiable(products: Iterable[Product], sources: resolve.Sources) -> Iterator[ResolvedProduct]:
    """Yield the products that can be identified: those with a version and a project, product id or application.

    Problems in their files are ignored: the job that releases them reports them.
    """
    for product in products:
        pipeline = resolve.outline(replace(sources, config=product.config))
        if pipeline is not None and pipeline.version.text and naming.name(pipeline):
            yield ResolvedProduct(product, pipeline, naming.default_path(pipeline))


def find(
    products: Sequence[ResolvedProduct],
    given: Mapping[str, InputValue],
    receipt: str | None,
    others: Sequence[ResolvedProduct] = (),
) -> Iterator[Problem]:
    """Yield a problem for each conflict that involves one of ``products``.

    ``given``: inputs from outside the config files. ``receipt``: the option. ``others``: products of other jobs that
    may run at the same time.
    """
    if receipt is not None and len(products) > 1:
        yield Problem("receipt", "", "can't be one for several products: leave it out, and each has its own")
    own = {resolved.product for resolved in products}
    every = sorted((*products, *others), key=lambda resolved: resolved.product.config)
    claims = [(resolved.product, target) for resolved in every for target in _claims(resolved)]
    owners: dict[tuple[str, tuple[object, ...]], dict[Product, None]] = {}
    for product, target in claims:
        for claim in target:
            owners.setdefault((claim.kind, claim.key), {})[product] = None
    for (kind, key), sharing in owners.items():
        if len(sharing) == 1 or own.isdisjoint(sharing):
            continue
        if kind in given:
            what = f"gives {_names(sharing)} the same {_INPUTS[kind]}: set it in each one's config file"
            yield Problem(str(given[kind].location), "", what)
        elif kind == "receipt" and receipt is None:
            what = f"{_names(sharing)} would have the same receipt, {key[0]}"
            advice = "expected other applications, projects or versions"
            yield Problem([*sharing][1].config, "", f"{what}: {advice}")
    reported_sections = {name.partition("-")[0] for name in _INPUTS if name in given}
    for product, target in claims:
        for claim in target:
            rivals = owners.get((claim.rival or claim.kind, claim.key), {})
            first = next((p for p in rivals if p.config < product.config and not own.isdisjoint((p, product))), None)
            if first and claim.path and claim.path.partition(".")[0] not in reported_sections:
                yield Problem(product.config, claim.path, f"{claim.before}{first.name}{claim.after}")
                break


def _claims(resolved: ResolvedProduct) -> Iterator[list[_Claim]]:
    """Yield the claims of the receipt, the build and each announcement; of each list, one problem is enough."""
    yield [_Claim("receipt", (resolved.receipt.as_posix(),))]
    steps, builder = resolved.pipeline.steps, resolved.pipeline.buildmaster
    if builder is not None:
        yield [_Claim("buildmaster-application", (normalize_url(builder.url), _application(builder)))]
        if not steps.isdisjoint(("build", "deploy")):
            yield _build_claims(builder, resolved.product.name)
    if "publish" in steps:
        yield from (_post_claims(target) for target in resolved.pipeline.centercode if not target.skip)
        yield from (_release_claims(target) for target in resolved.pipeline.v3 if not target.skip)


def _build_claims(builder: BuildMasterSettings, name: str) -> list[_Claim]:
    """Return the claims of a build. Without a number it is new; an application may be given by name or by id."""
    server, application, release = normalize_url(builder.url), _application(builder), builder.release
    if builder.build_id is not None:
        key = (server, builder.build_id)
        return [_Claim("buildmaster-build-id", key, "buildmaster.build-id", "is ", "'s too: expected another build")]
    if not (application and builder.build_number and (release.value or release.kind == "latest")):
        return []
    build = (server, release.kind, release.value.casefold(), builder.build_number.casefold())
    named = {
        "number": f"release {release.value}",
        "id": f"release id:{release.value}",
        "latest": "the latest release",
        "none": "no release",
    }
    both = f", {name} would both be build {builder.build_number} of {named.get(release.kind, 'no release')}"
    same = f"{both}: expected another application, release or build-number"
    maybe = (
        f"{both}, if their applications are one, which only the server knows: "
        "expected names for both or ids for both, or another release or build-number"
    )
    own, rival = ("by name", "by id") if isinstance(application, str) else ("by id", "by name")
    return [
        _Claim("build", (*build, application), "buildmaster", "", same),
        _Claim(own, build, "buildmaster.application", "", maybe, rival),
    ]


def _post_claims(target: CentercodeTarget) -> list[_Claim]:
    """Return the claims of a post. A flat project or release type is compared whatever the other one is."""
    server, project, release_type = key = identity.of_release_type(target)
    claims = [_Claim("centercode-project", (server, project))] if project else []
    if release_type:
        claims.append(_Claim("centercode-release-type", (server, release_type)))
    if project and release_type:
        why = f": {identity.same_release_type(target, target)}"
        claims.append(_Claim("centercode-endpoint-url", key, "centercode", "announces the same as ", why))
    return claims


def _release_claims(target: V3Target) -> list[_Claim]:
    """Return the claims of a v3 release: one for each platform, as v3 refuses a second release for any of them."""
    key = identity.of_release(target)
    claims = [_Claim("v3-product-id", key[:2])] if target.product_id else []
    for platform in target.platforms if all(key[1:]) else ():
        why = f": {identity.same_release(target._replace(platforms=(platform,)), target)}"
        claims.append(_Claim("release", (*key, platform), "v3", "announces the same as ", why))
    return claims


def _application(builder: BuildMasterSettings) -> str | int | None:
    return (builder.application or "").casefold() or builder.application_id


def _names(products: Iterable[Product]) -> str:
    return listed([product.name for product in products], _MAX_NAMES)
