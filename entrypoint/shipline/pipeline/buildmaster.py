"""The ``buildmaster`` section."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from shipline.interpolation import Placeholder, Template
from shipline.pipeline.model import BuildMasterSettings, ReleaseRef, StepName
from shipline.pipeline.urls import service_url

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shipline.pipeline.artifacts import ArtifactSet
    from shipline.pipeline.section import Section
    from shipline.pipeline.target import ReleaseContext
    from shipline.pipeline.variables import Variables


_ARTIFACT_URL = Placeholder("artifact_url")
_ID = re.compile(r"id:([1-9][0-9]{0,17})")


def resolve(section: Section, context: ReleaseContext, steps: frozenset[StepName]) -> BuildMasterSettings:
    """The section with every default; values that have a problem are empty."""
    names, artifacts = context.names, context.artifacts
    with_artifact = _with_artifact(names, artifacts)
    expected = "expected an application's name, or id: and its number, such as id:42"
    application, application_id = _name_or_id(section, names, "application", expected)
    start = section.instant("start-time")
    by_run = not (section.given("build-number") or section.given("build-id")) and "run_number" in names.values
    if not section.value("wait") and "publish" in steps:
        what = "false and the step publish don't go together: Shipline would announce an undeployed build"
        section.complain(what, "wait")
    return BuildMasterSettings(
        url=service_url(section, "url", may_be_http=bool(section.value("allow-http"))),
        key=context.keys.of(section, "api-key"),
        application=application,
        application_id=int(application_id) if application_id else None,
        release=_release(section, names),
        pipeline=names.filled(section, "pipeline"),
        template=names.filled(section, "template"),
        build_number=names.values["run_number"] if by_run else names.filled(section, "build-number"),
        numbered_by_run=by_run,
        variables={k: str(t) for k, t in _variables(section, "variables", with_artifact).items()},
        stages=_stages(section, names),
        deploy_variables=_deploy_variables(section, with_artifact.with_late(), artifacts),
        start_time=start.isoformat() if start is not None else None,
        timeout=section.seconds("timeout"),
        pending_timeout=section.seconds("pending-timeout"),
        **section.fields("build-id", "if-build-exists", "force", "redeploy", "wait", "warned", "on-failure"),
        **section.fields("rejected", "application-slug"),
    )


def _release(section: Section, names: Variables) -> ReleaseRef:
    if not section.given("release"):
        default = names.fill(section, "{version}", "release")
        return ReleaseRef("number", str(default or ""))
    expected = "expected a release's number, latest, none, or id: and its id, such as id:4"
    number, release_id = _name_or_id(section, names, "release", expected)
    if release_id is not None:
        return ReleaseRef("id", release_id)
    if number == "none":
        if not section.given("pipeline") and not section.given("build-id"):
            section.missing(": a build without a release needs it", "Standard", "pipeline")
        return ReleaseRef("none", number)
    return ReleaseRef("latest", "") if number == "latest" else ReleaseRef("number", number or "")


def _name_or_id(section: Section, names: Variables, name: str, expected: str) -> tuple[str | None, str | None]:
    """The name that a setting gives, or the digits after ``id:``; empty, and a problem, if those aren't a number."""
    text = names.filled(section, name)
    if text is None or not text.startswith("id:"):
        return text, None
    match = _ID.fullmatch(text)
    if match is None:
        section.complain(expected, name)
    return None, match[1] if match else ""


def _stages(section: Section, names: Variables) -> tuple[str, ...]:
    stages = names.entries(section, "stages")
    for position, (index, stage) in enumerate(stages):
        if stage in [other for _, other in stages[:position]] and section.text("stages", index) != stage:
            section.complain(f"{stage} is in the list twice", "stages", index)
    return tuple(stage for _, stage in stages)


def _variables(section: Section, name: str, names: Variables) -> Mapping[str, Template]:
    filled = {str(key): names.fill(section, raw, name, key) for key, raw in section.entries(name)}
    return {key: text for key, text in filled.items() if text is not None}


def _with_artifact(names: Variables, artifacts: ArtifactSet) -> Variables:
    """The names with ``artifact_url`` and ``artifact_sha256``, which are of the first artifact."""
    if not artifacts.items:
        both = frozenset({"artifact_url", "artifact_sha256"})
        absent_names = names.without(dict.fromkeys(both, "there are no artifacts"))
        return absent_names if artifacts.complete else absent_names._replace(silent=names.silent | both)
    first = artifacts.items[0]
    values: dict[str, str] = {}
    absent: dict[str, str] = {}
    if first.url is None:
        absent["artifact_url"] = f"{first.shown_path} has no URL"
    elif first.url.names:
        needs = " and ".join(sorted(f"{{{name}}}" for name in first.url.names))
        absent["artifact_url"] = f"the first artifact's URL needs {needs}, which the build gets only when it exists"
    else:
        values["artifact_url"] = str(first.url)
    if first.sha256 is None:
        absent["artifact_sha256"] = f"{first.shown_path} is remote, and its checksum is unknown"
    else:
        values["artifact_sha256"] = first.sha256
    return names.with_values(values).without(absent)


def _deploy_variables(section: Section, names: Variables, artifacts: ArtifactSet) -> Mapping[str, Template]:
    """The variables of a deployment; as the build exists then, an artifact's URL may use the build's names."""
    url = artifacts.items[0].url if artifacts.items else None
    if url is None or not url.names:
        return _variables(section, "deploy-variables", names)
    open_names = names._replace(late=names.late | {"artifact_url"})
    filled = _variables(section, "deploy-variables", open_names)
    return {
        key: Template(tuple(p for part in text.parts for p in (url.parts if part == _ARTIFACT_URL else (part,))))
        for key, text in filled.items()
    }
