"""The beginning of every BuildMaster request."""

from __future__ import annotations

from shipline_sandbox.buildmaster.deployments import settle
from shipline_sandbox.buildmaster.parameters import Parameters, parse
from shipline_sandbox.request_context import RequestContext, current


def read(known: set[str], *, variables: bool = False) -> tuple[RequestContext, Parameters]:
    """Return the state, with deployments settled, and the request's parameters. Raises Refused (403, 400)."""
    context, given = current(), parse(known, variables=variables)
    settle(context)
    return context, given
