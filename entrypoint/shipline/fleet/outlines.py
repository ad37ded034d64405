"""Products that are only compared with others: what their files say, as far as it can be read."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from shipline import resolve
from shipline.receipt import default_path
from shipline.resolution.conflicts import Member

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from shipline.fleet.products import Product
    from shipline.pipeline import Pipeline


def of(products: Iterable[Product], sources: resolve.Sources) -> Iterator[Member]:
    """Those that can be told apart. Problems of their files are for the job that releases them."""
    for product in products:
        pipeline = resolve.outline(replace(sources, config=product.config))
        if pipeline is not None and _is_told(pipeline):
            yield Member(product, pipeline, default_path(pipeline))


def _is_told(pipeline: Pipeline) -> bool:
    builder = pipeline.buildmaster
    names: list[str | int | None] = [target.project for target in pipeline.centercode]
    names += [target.product_id for target in pipeline.v3]
    if builder is not None:
        names = [builder.application or builder.application_id]
    return bool(pipeline.version.text and names and names[0])
