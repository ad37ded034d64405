"""`shipline doctor`: check that Shipline can reach and use each service as it is configured. Changes nothing."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit

from shipline.doctor.finding import Finding, warning
from shipline.errors import InvalidInputError
from shipline.inputs.document import Path, Problems
from shipline.pipeline import resolve
from shipline.reporting import step_view
from shipline.run.outcome import Outcome
from shipline.transport.retry import Budget

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from shipline.pipeline.model import BuildMasterSettings, CentercodeTarget, Pipeline, V3Target
    from shipline.pipeline.resolve import Sources
    from shipline.redaction import Secret
    from shipline.reporting.console import Console
    from shipline.transport.settings import Network


_Service = TypeVar("_Service", "BuildMasterSettings", "V3Target", "CentercodeTarget")
_MAX_RETRY_S = 5.0  # a person waits for the result
_SEVERITY = (1, 3, 4, 7, 2)  # exit codes, the most severe first
# Without these settings Shipline can't send a service's requests.
_CONNECTION_SETTINGS = {
    *("url", "releases-url", "endpoint-url", "allow-http", "key-env", "api-key", "token"),
    *("application", "product-id", "platforms", "project", "release-type"),
}
_BUILT_LATER = ("release", "artifacts")  # sections that often need files which the pipeline makes after this check


def main(products: Iterable[Sources], console: Console, *, quiet: bool = False) -> int:
    """Check each product and print the findings, those that several products share once.

    Return the exit code of the most severe problem, or 0. ``quiet`` leaves out what is in order.
    """
    found: list[Finding] = []
    for sources in products:
        known = set(found)
        for finding in check(sources):
            if finding in known:
                continue
            if not quiet or finding.state not in ("ok", "unchecked"):
                _print(finding, console)
            else:
                console.note(event="check", **finding._asdict())  # for the report
            found.append(finding)
    codes = {finding.exit_code for finding in found if finding.state == "problem"}
    code = next((code for code in _SEVERITY if code in codes), max(codes, default=0))
    _finish(found, code, console)
    return code


def check(sources: Sources) -> Iterator[Finding]:
    """Yield every finding, in the order in which a run would encounter it. Works without keys; checks those given."""
    sources, problems = replace(sources, need_keys=False, connects=True), Problems()
    resolved = resolve.read(sources, problems)
    valid = not problems.paths
    try:
        problems.raise_any()
    except InvalidInputError as error:
        yield from _invalid(error)
    if resolved is None:  # the config file can't be read, but other inputs may give a service
        problems = Problems()
        resolved = resolve.read(replace(sources, config="-", stdin=""), problems)
    if resolved is None:
        return
    pipeline = resolved.pipeline
    if valid:
        yield from (warning("input", text) for text in pipeline.warnings)
        version = pipeline.version.text
        yield Finding("input", f"is valid, for version {version}" if version else "is valid, for any version")
    else:
        pipeline = _without_unusable(pipeline, problems.paths)
    for name in resolved.missing_keys:
        todo = f"set {name} to the service's key: plan and run need it"
        yield Finding("keys", f"{name} is not set", "problem", todo, InvalidInputError.exit_code)
    yield from _check_services(pipeline, releases=valid and bool(pipeline.version.text))


def _invalid(error: InvalidInputError) -> Iterator[Finding]:
    """Yield the problems of the input; those that the pipeline itself may solve later as warnings."""
    yield from (warning("input", text) for text in error.warnings)
    for found in error.problems:
        if re.split(r"[.[]", found.path)[0] in _BUILT_LATER:
            yield warning("input", str(found), "only a run needs it; `shipline validate` tells all of them")
        else:
            yield Finding("input", str(found), "problem", "fix it and run doctor again", InvalidInputError.exit_code)


def _without_unusable(pipeline: Pipeline, wrong: Iterable[Path]) -> Pipeline:
    """Return the pipeline with the services that can be checked although the settings at these paths are wrong."""
    unusable: set[str] = set()
    for path in wrong:
        names = [part for part in path if isinstance(part, str)]
        if len(names) == 1 or (names and (names[0] == "network" or names[1] in _CONNECTION_SETTINGS)):
            unusable.add(names[0])

    def usable(service: str, *targets: _Service) -> tuple[_Service, ...]:
        return () if unusable & {service, "network"} else targets

    builders = usable("buildmaster", pipeline.buildmaster) if pipeline.buildmaster else ()
    return pipeline._replace(
        buildmaster=builders[0] if builders else None,
        v3=usable("v3", *pipeline.v3),
        centercode=usable("centercode", *pipeline.centercode),
        notify=(),
    )


def _check_services(pipeline: Pipeline, *, releases: bool) -> Iterator[Finding]:
    """Check the connection to each server, then each service on the servers that respond.

    ``releases``: also check the BuildMaster release.
    """
    from shipline.doctor import services

    network = replace(pipeline.network, retry_for=min(pipeline.network.retry_for, _MAX_RETRY_S), budget=Budget())
    unreachable: set[str] = set()
    for url, about in _servers(pipeline).items():
        for finding in _check_connection(about, url, network):
            if finding.state == "problem":
                unreachable.add(url)
            yield finding
    if (buildmaster := pipeline.buildmaster) is not None:
        yield from _check_key("buildmaster", buildmaster.key)
        if buildmaster.url not in unreachable:
            yield from services.buildmaster(buildmaster, network, releases=releases)
    for v3 in pipeline.v3:
        yield from _check_key(v3.name, v3.key)
        if v3.url not in unreachable:
            yield from services.v3(v3, network)
    for centercode in pipeline.centercode:
        yield from _check_key(centercode.name, centercode.key)
        yield services.centercode(centercode)
    yield from services.journal(pipeline, network)


def _servers(pipeline: Pipeline) -> dict[str, str]:
    """Return the names of the targets that use a server, such as "v3, v3:2", by the server's URL."""
    uses = [(pipeline.buildmaster.url, "buildmaster")] if pipeline.buildmaster else []
    uses += [(url, target.name) for target in pipeline.v3 for url in (target.url, target.releases_url) if url]
    uses += [(target.url, target.name) for target in pipeline.centercode]
    uses += [(listener.url, listener.name) for listener in pipeline.notify]
    return {url: ", ".join(dict.fromkeys(name for used, name in uses if used == url)) for url, _ in uses}


def _check_connection(about: str, url: str, network: Network) -> Iterator[Finding]:
    """Check the connection to a server. Stop at the first problem: later checks would only repeat it."""
    from shipline.doctor import connection

    def findings() -> Iterator[Finding | None]:
        proxy = connection.proxy_for(url)
        yield connection.plain_http(about, url)
        yield connection.check_proxy(about, url, proxy)
        if urlsplit(url).scheme == "https":
            yield connection.check_certificate(about, url, network, proxy)
        yield from connection.check_response(about, url, network)

    for finding in filter(None, findings()):
        yield finding
        if finding.state == "problem":
            return


def _check_key(about: str, key: Secret | None) -> Iterator[Finding]:
    if key is not None:
        yield Finding(about, f"the key in {key.name} has the form of a key")


def _print(finding: Finding, console: Console) -> None:
    console.event(event="check", **finding._asdict())
    console.line(f"{finding.state:9} {finding.about}: {finding.what}")
    if finding.todo:
        console.line(f"{'':9} do: {finding.todo}")


def _finish(found: list[Finding], code: int, console: Console) -> None:
    """Print the result, and what to do about the most severe problem."""
    done = step_view.checks(finding.state for finding in found)
    worst = next((f for f in found if f.state == "problem" and f.exit_code == code), None)
    unfinished = any(f.about == "input" and f.state == "warning" and f.todo for f in found)
    following = f"shipline {'validate' if unfinished else 'plan'}"
    if worst is not None:
        following = f"{worst.about}: {worst.todo or worst.what}"
    outcome = Outcome(
        result="failed" if code else "succeeded",
        exit_code=code,
        finished={"doctor": done},
        next=following,
        not_done_text="nothing was sent that changes anything",
    )
    outcome.outputs = {"result": outcome.result}
    console.finish(outcome)
