"""A plan for people who review a change: a page of Markdown, and a comment that later runs update."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from shipline.display import escape_controls, one_line
from shipline.errors import CanceledError, RefusedError, ShiplineError, SupersededError, UnknownOutcomeError
from shipline.redaction import redact
from shipline.reporting import plan_page
from shipline.run import announced, naming
from shipline.run.outcome import Outcome
from shipline.transport.messages import Credential, Request, Response
from shipline.transport.session import Session

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shipline.ci.facts import Facts, Review
    from shipline.pipeline.model import Pipeline
    from shipline.reporting.console import Console
    from shipline.run.plan import Plan
    from shipline.run.step import Job
    from shipline.transport.settings import Network


_PAGE = 100
_MOST_PAGES = 30
_HEADERS = {"Accept": "application/json"}
# What notifies people, refers to other issues, or is a command (GitLab docs, "Quick actions"); not in a tag, whose
# attributes may be addresses.
_TAG = r"(?<!\\)<[^<>\n]*>"
_ALIVE = re.compile(
    rf"(?m)(?P<tag>{_TAG})|(?<!\w)@(?=\w)|(?<!&)[#!](?=\d)|\b[Gg][Hh]-(?=\d)|&(?:amp;)?(?=\d)|^[ \t]*(?=/\w)"
)
_ANSWERED = (RefusedError, SupersededError, UnknownOutcomeError)  # the services are there
_REFUSED = (401, 403, 404)


class _NotWrittenError(Exception):
    """The server refused the comment."""


def show(console: Console, options: Mapping[str, str], outcome: Outcome, planned: Plan, job: Job) -> None:
    """Show a plan as the options request it."""
    commented = options["comment"] == "true" and not isinstance(planned.error, CanceledError)
    if commented or options["format"] == "markdown":
        changes = announced.changes(job) if planned.error is None or isinstance(planned.error, _ANSWERED) else []
        _deliver(console, job.pipeline, plan_page.of_plan(outcome, planned, job, changes), commented=commented)


def show_error(console: Console, options: Mapping[str, str], pipeline: Pipeline | None, error: ShiplineError) -> None:
    """Show why there is no plan. Only a product that the config names has a comment."""
    if pipeline is not None and (pipeline.buildmaster or pipeline.v3 or pipeline.centercode):
        _deliver(console, pipeline, plan_page.of_error(error), commented=options["comment"] == "true")


def show_without_keys(console: Console, pipeline: Pipeline) -> tuple[Outcome, str]:
    """Show what needs no request. Returns the outcome, and the page as the job's summary."""
    why = pipeline.facts.key_hint
    console.line(f"version {pipeline.version.text}: the input is valid. Shipline sent no request: {why}")
    page = plan_page.without_requests(pipeline, why)
    _deliver(console, pipeline, page, commented=True)
    outcome = Outcome(
        "planned", outputs={"result": "planned"}, next="merge it: a run with keys then shows each request"
    )
    return outcome, page


def _deliver(console: Console, pipeline: Pipeline, page: str, *, commented: bool) -> None:
    console.page(page)
    if commented:
        _write(console, pipeline.facts, pipeline.network, naming.slug(pipeline), page)


def _write(console: Console, facts: Facts, network: Network, product: str, page: str) -> None:
    """Create the product's comment, or update it. If it can't be written, that changes nothing else."""
    review = console.system.review()
    if review is None:
        console.line("comment: none, because this run is for no pull request or merge request")
        return
    marker = f"<!-- shipline plan of {product} -->"
    commit = f"\n<sub>Plan for commit {facts.sha[:12]}</sub>\n" if re.fullmatch(r"[0-9a-f]+", facts.sha) else ""
    body = f"{marker}\n{_ALIVE.sub(_inert, escape_controls(page))}{commit}"
    try:
        console.line(f"comment: {_send(review, network, marker, body)}")
    except CanceledError:
        raise
    except (_NotWrittenError, ShiplineError) as error:
        what = error.what if isinstance(error, ShiplineError) else str(error)
        if facts.key_hint:
            console.line(f"comment: not written ({one_line(what)}); the job's summary shows the plan")
        else:
            console.warning(f"the comment wasn't written: {what}")


def _inert(alive: re.Match[str]) -> str:
    return alive[0] if alive["tag"] else f"{alive[0]}\u200b"  # a zero-width space


def _send(review: Review, network: Network, marker: str, body: str) -> str:
    """Return what was done. Raises _NotWrittenError, and what the session raises."""
    if review.token is None:
        raise _NotWrittenError(f"there is no token for {review.system}; {review.needs}")
    redact.register(review.token)
    session = Session(review.system, network, Credential(review.token, "header", review.header, review.prefix))
    found = _find(session, review, marker)
    if found is None:
        _checked(review, session.send(Request("POST", review.comments, json={"body": body}, headers=_HEADERS)))
        return "created"
    if found["body"].split() == body.split():
        return "up to date"
    url = f"{review.comment}/{found['id']}"
    _checked(review, session.send(Request(review.update, url, json={"body": body}, headers=_HEADERS)))
    return "updated"


def _find(session: Session, review: Review, marker: str) -> dict[str, Any] | None:
    for page in range(1, _MOST_PAGES + 1):
        query = {"per_page": str(_PAGE), "page": str(page)}
        comments = _checked(review, session.send(Request("GET", review.comments, query=query, headers=_HEADERS)))
        try:
            for comment in comments:
                # Whoever has written a comment can change it later: a plan must not stand in somebody else's.
                foreign = review.by_bot and (comment["user"] or {}).get("type") != "Bot"
                if comment["body"].startswith(marker) and not foreign:
                    return {"id": int(comment["id"]), "body": comment["body"]}
        except (KeyError, TypeError, ValueError, AttributeError):
            raise _NotWrittenError(f"{review.system} responded with something other than comments") from None
        if len(comments) < _PAGE:
            return None
    return None


def _checked(review: Review, response: Response) -> Any:
    """Return the response's data. Raises _NotWrittenError for a refusal, and for what isn't a comment."""
    if not response.ok:
        advice = f"; {review.needs}" if response.status in _REFUSED else ""
        raise _NotWrittenError(f"{review.system} responded {response.status}{advice}")
    try:
        return json.loads(response.body)
    except (ValueError, RecursionError):
        raise _NotWrittenError(f"{review.system} responded with something other than its API's JSON") from None
