"""Doctor's check of the shared journal: a real write, a write that must be refused, and their removal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shipline.doctor.finding import Finding, problem
from shipline.errors import RefusedError, ShiplineError
from shipline.journal import upkeep
from shipline.run import shared_journal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shipline.pipeline.model import Pipeline
    from shipline.transport.settings import Network


def check(pipeline: Pipeline, network: Network) -> Iterator[Finding]:
    """Yield one finding, if the pipeline has a journal on a git server. It leaves no ref behind."""
    settings = pipeline.journal
    journal = shared_journal.of(pipeline._replace(network=network))
    if settings is None or journal is None:
        return
    try:
        wrong = upkeep.probe(journal.remote, journal.folder)
    except ShiplineError as error:
        yield problem("journal", error)
        return
    if wrong:
        todo = "keep the journal in a repository of another git server (journal.remote)"
        yield problem("journal", RefusedError(f"{settings.url}: {wrong}", todo=todo))
    else:
        yield Finding("journal", f"{settings.url} keeps refs below {settings.folder} and refuses overtaken writes")
