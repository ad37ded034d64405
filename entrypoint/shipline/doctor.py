"""`shipline doctor`: whether each service can be reached with what is configured here. It changes nothing."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import fields, replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from shipline import catalogue, config, resolve
from shipline.checks import Finding, warning
from shipline.document import Problems
from shipline.errors import InvalidInputError
from shipline.fleet import products
from shipline.record import dataclass
from shipline.transport.budget import Budget

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from shipline.document import Node
    from shipline.pipeline import Network, Pipeline
    from shipline.report import Console
    from shipline.resolve import Sources
    from shipline.transport.redaction import Secret

_LONGEST_RETRY = 5.0  # seconds: who asks for a doctor waits for the answer
_GRAVEST = (1, 3, 4, 7, 2)
# What says where a service is and who asks; the rest of the input is another command's.
_REACH = {
    "buildmaster": ("url", "application", "allow-http"),
    "v3": ("url", "releases-url", "key-env", "product-id", "platforms"),
    "centercode": ("url", "endpoint-url", "key-env", "project", "release-type"),
}
_LATER = ("release", "artifacts")  # often made by the pipeline itself, after the doctor has been asked
_ODD_KEYS = (
    (re.compile(r"(['\"]).*\1"), "stands in quotes, which become part of it: leave them out"),
    (re.compile(r"\$.*|%.*%|<.*>"), "looks like a variable's name that nobody has filled in"),
    (re.compile(r"\*+"), "is nothing but stars: copy the key itself, not how it was shown"),
)


@dataclass(frozen=True, slots=True)
class _Server:
    """One address that requests go to, and the targets that use it."""

    url: str
    targets: tuple[str, ...]

    @property
    def about(self) -> str:
        return ", ".join(self.targets)


def main(sources: Sources, console: Console, *, quiet: bool = False) -> int:
    """Look at everything, tell each finding, and return the exit code of the gravest problem (0: none).

    ``quiet``: what is well isn't told.
    """
    found: list[Finding] = []
    for finding in _of_all(sources):
        if not quiet or finding.state != "ok":
            _tell(finding, console)
        found.append(finding)
    codes = {finding.exit_code for finding in found if finding.state == "problem"}
    code = next((code for code in _GRAVEST if code in codes), max(codes, default=0))
    _conclude(found, code, console)
    return code


def _of_all(sources: Sources) -> Iterator[Finding]:
    """Of each product, if the config files are many; what is the same for several is told once."""
    if not products.are_many(sources.config):
        yield from examine(sources)
        return
    seen: set[Finding] = set()
    for product in products.select(sources, shard="").products:
        found = [finding for finding in examine(replace(sources, config=product.config)) if finding not in seen]
        seen.update(found)
        yield from found


def examine(sources: Sources) -> Iterator[Finding]:
    """Every finding, in the order in which a run would meet it. Needs no key; tries those that are there."""
    pipeline: Pipeline | None
    complete = False
    try:
        loaded = resolve.load(replace(sources, need_keys=False))
        pipeline, missing, complete = loaded.pipeline, loaded.missing_keys, True
        yield from (warning("input", text) for text in loaded.pipeline.warnings)
        yield Finding("input", f"is valid, for version {loaded.pipeline.version.text}")
    except InvalidInputError as error:
        yield from _invalid(error)
        pipeline, missing = _services_alone(sources)
    yield from _missing(missing)
    if pipeline is not None:
        yield from _services(pipeline, complete=complete)


def _invalid(error: InvalidInputError) -> Iterator[Finding]:
    yield from (warning("input", text) for text in error.warnings)
    for found in error.problems:
        if found.path.split(".")[0].split("[")[0] in _LATER:
            yield warning("input", str(found), "only a run needs it; `shipline validate` tells all of them")
        else:
            yield Finding("input", str(found), "problem", "mend it and ask again", InvalidInputError.exit_code)


def _services_alone(sources: Sources) -> tuple[Pipeline | None, tuple[str, ...]]:
    """The services that can be asked although something else in the input is wrong, and the keys they miss."""
    whole: Pipeline | None = None
    missing: dict[str, None] = {}
    root = _root(sources)
    for name in _REACH:
        try:
            loaded = resolve.load(_only(name, root, sources))
        except InvalidInputError:
            continue
        part = loaded.pipeline
        whole = part if whole is None else replace(whole, **{name: getattr(part, name)})
        missing |= dict.fromkeys(loaded.missing_keys)
    return whole, tuple(missing)


def _root(sources: Sources) -> Node | None:
    problems = Problems()
    if sources.config == "-":
        return config.parse((sources.stdin or "").encode("utf-8", "surrogateescape"), "<stdin>", problems)
    names = (sources.config,) if sources.config else resolve.DEFAULT_CONFIGS
    name = next((name for name in names if (sources.workspace / name).is_file()), None)
    return None if name is None else config.read(sources.workspace / name, name, problems)


def _only(service: str, root: Node | None, sources: Sources) -> Sources:
    """The same sources, with nothing in them but how to reach one service."""
    plain = root.plain() if root is not None else {}
    kept = {name: plain[name] for name in ("network",) if name in plain}
    targets = plain.get(service)
    if isinstance(targets, list):
        kept[service] = [_reach(service, target) for target in targets]
    elif targets is not None:
        kept[service] = _reach(service, targets)
    ours = {leaf.name for leaf in catalogue.settings() if leaf.path[0] in (service, "network")}
    ours = {name for name in ours if name.startswith("network-") or name.removeprefix(f"{service}-") in _REACH[service]}
    ours |= {leaf.name for leaf in catalogue.settings() if leaf.secret and leaf.path[0] == service}
    flags = {name: text for name, text in sources.flags.items() if name in ours}
    environ = {name: text for name, text in sources.environ.items() if _input_name(name) in (ours | {""})}
    flags |= {"release-version": "0.0.0", "release-notes-text": "none"}
    return replace(sources, flags=flags, environ=environ, config="-", stdin=json.dumps(kept), need_keys=False)


def _reach(service: str, target: object) -> object:
    return {k: v for k, v in target.items() if k in _REACH[service]} if isinstance(target, dict) else target


def _input_name(variable: str) -> str:
    """The input that a variable gives; empty: none."""
    for prefix in ("SHIPLINE_INPUT_", "INPUT_", "SHIPLINE_"):
        if variable.startswith(prefix):
            return variable.removeprefix(prefix).replace("_", "-").lower()
    return ""


def _missing(variables: tuple[str, ...]) -> Iterator[Finding]:
    for name in variables:
        todo = f"set {name} to the service's key: plan and run need it"
        yield Finding("keys", f"{name} is not set", "problem", todo, InvalidInputError.exit_code)


def _services(pipeline: Pipeline, *, complete: bool) -> Iterator[Finding]:
    from shipline.checks import services

    network = replace(pipeline.network, retry_for=min(pipeline.network.retry_for, _LONGEST_RETRY), budget=Budget())
    unreached: set[str] = set()
    for server in _servers(pipeline):
        for finding in _way(server, network):
            if finding.state == "problem":
                unreached.add(server.url)
            yield finding
    if (settings := pipeline.buildmaster) is not None:
        yield from _key("buildmaster", settings.key)
        if settings.url not in unreached:
            yield from services.buildmaster(settings, network, releases=complete)
    for v3 in pipeline.v3:
        yield from _key(v3.name, v3.key)
        if v3.url not in unreached:
            yield from services.v3(v3, network)
    for centercode in pipeline.centercode:
        yield from _key(centercode.name, centercode.key)
        yield services.centercode(centercode)


def _servers(pipeline: Pipeline) -> Iterator[_Server]:
    """Each address once."""
    users: dict[str, list[str]] = {}
    if pipeline.buildmaster is not None:
        users.setdefault(pipeline.buildmaster.url, []).append("buildmaster")
    for v3 in pipeline.v3:
        for url in filter(None, (v3.url, v3.releases_url)):
            users.setdefault(url, []).append(v3.name)
    for centercode in pipeline.centercode:
        users.setdefault(centercode.url, []).append(centercode.name)
    for listener in pipeline.notify:
        users.setdefault(listener.url, []).append(listener.name)
    yield from (_Server(url, tuple(dict.fromkeys(names))) for url, names in users.items())


def _way(server: _Server, network: Network) -> Iterator[Finding]:
    """How the server is reached; ends with the first problem, since what comes after would only repeat it."""
    from shipline.checks import certificate, way

    proxy = way.proxy_for(server.url)
    for found in filter(None, (way.clear(server.about, server.url), way.proxied(server.about, server.url, proxy))):
        yield found
        if found.state == "problem":
            return
    if urlsplit(server.url).scheme == "https":
        finding = certificate.look(server.about, server.url, network, proxy)
        yield finding
        if finding.state == "problem":
            return
    yield from way.answering(server.about, server.url, network)


def _key(about: str, key: Secret | None) -> Iterator[Finding]:
    if key is None:
        return
    odd = next((what for pattern, what in _ODD_KEYS if pattern.fullmatch(key.reveal())), "")
    if odd:
        yield warning(about, f"the key in {key.name} {odd}", "copy the key again")
    else:
        yield Finding(about, f"the key in {key.name} has the form of a key")


def _tell(finding: Finding, console: Console) -> None:
    if console.json:
        told: Mapping[str, str | int] = {f.name: getattr(finding, f.name) for f in fields(finding)}
        console.event(event="check", **told)
        return
    console.line(f"{finding.state:8} {finding.about}: {finding.what}")
    if finding.todo:
        console.line(f"{'':8} do: {finding.todo}")


def _conclude(found: list[Finding], code: int, console: Console) -> None:
    states = Counter(finding.state for finding in found)
    counts = ", ".join(f"{states[state]} {state}" for state in ("ok", "warning", "problem"))
    done = f"looked at {len(found)} things ({counts})"
    gravest = next((f for f in found if f.state == "problem" and f.exit_code == code), None)
    unfinished = any(f.about == "input" and f.state == "warning" and f.todo for f in found)
    following = f"shipline {'validate' if unfinished else 'plan'}"
    if gravest is not None:
        following = f"{gravest.about}: {gravest.todo or gravest.what}"
    result = "failed" if code else "succeeded"
    unsent = "nothing was sent that changes anything"
    console.result(result, code, done=[done], not_done=[], outputs={"result": result}, next=following)
    console.line(f"\nresult={result}")
    console.last_lines(done, unsent, following)
