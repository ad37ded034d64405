"""The shared journal of one run: taken before anything is decided, given back when the run has ended."""

from __future__ import annotations

import contextlib
import re
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from shipline.errors import ShiplineError
from shipline.redaction import redact
from shipline.run.naming import slug

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shipline.journal.lease import Journal
    from shipline.pipeline.model import Pipeline
    from shipline.run.progress import Progress


_TIMEOUT_S = 1800.0  # without a buildmaster section, which has a timeout


class Shared(NamedTuple):
    """The journal, and the receipt that it holds; without a journal, or before the first write, there is none."""

    journal: Journal | None = None
    receipt: str = ""


def journal_of(pipeline: Pipeline) -> Journal | None:
    """The journal of the pipeline's release; None if its receipt is only a file."""
    settings = pipeline.journal
    if settings is None:
        return None
    from shipline.journal.command_remote import CommandRemote
    from shipline.journal.http_remote import HttpRemote
    from shipline.journal.lease import Journal
    from shipline.transport.retry import Budget

    network = replace(pipeline.network, budget=Budget())  # what it retries takes no retry from the services
    over_http = settings.url.startswith(("http://", "https://"))
    remote = (
        HttpRemote(settings.url, network, settings.credential)
        if over_http
        else CommandRemote(settings.url, settings.checkout, network.retry_for)
    )
    return Journal(
        remote,
        f"{settings.folder}/{ref_part(slug(pipeline))}/",
        ref_part(pipeline.version.text),
        _run(pipeline),
        lease=settings.lease,
        retry_for=network.retry_for,
    )


def ref_part(name: str) -> str:
    """Return a name as one part of a ref, as git allows it: no two dots, none at its ends, no ".lock" at its end."""
    safe = re.sub(r"\.(?=\.|$)|(?<![^/])\.", "-", re.sub(r"[^0-9A-Za-z.+_-]", "-", name))
    return re.sub(r"\.lock$", "-lock", safe)


def _run(pipeline: Pipeline) -> str:
    """This run, for people."""
    facts = pipeline.facts
    attempt = f", attempt {facts.run_attempt}" if facts.run_attempt else ""
    where = facts.run_url or (f"run {facts.run_id}" if facts.run_id else "a run outside CI")
    return redact(f"{where}{attempt} ({facts.ci})")


def read(pipeline: Pipeline) -> Shared:
    """Read the journal without taking it. Raises what its remote raises."""
    journal = journal_of(pipeline)
    found = journal.read() if journal else None
    return Shared(journal, found.receipt if found else "")


@contextlib.contextmanager
def hold(pipeline: Pipeline, report: Progress) -> Iterator[Shared]:
    """Hold the journal, renewed in the background; wait for another run that holds it.

    Raises NotAuthorisedError, UnavailableError and TimedOutError before anything is sent.
    """
    journal = journal_of(pipeline)
    if journal is None:
        yield Shared()
        return
    timeout = pipeline.buildmaster.timeout if pipeline.buildmaster else _TIMEOUT_S
    shared = Shared(journal, journal.take(timeout, report.progress))
    try:
        with journal.renewed():
            yield shared
    finally:
        try:
            journal.release()
        except ShiplineError as error:
            report.warning(
                f"Shipline couldn't release the journal ({error.what}): the next run waits until its lease ends"
            )
