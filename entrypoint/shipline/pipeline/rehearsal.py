"""A rehearsal: what the config names, as a seed of the sandbox, and the pipeline with the sandbox's address and key."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from shipline import git, version
from shipline.inputs.document import Problems
from shipline.inputs.sources import merge
from shipline.pipeline import resolve
from shipline.pipeline.section import Section
from shipline.redaction import Secret

if TYPE_CHECKING:
    from pathlib import Path

    from shipline.pipeline.model import Artifact, BuildMasterSettings, Pipeline, StepName
    from shipline.pipeline.resolve import Sources


_KEY = Secret("sandbox-rehearsal", "the rehearsal")
_PIPELINE, _STAGE, _RELEASE = "Standard", "Integration", "1.0"  # where the config leaves the choice to the server
_SIZE = 1024 * 1024  # bytes, of a file that only its server knows
_FIRST_VERSION = "0.1.0"


def with_tag(sources: Sources) -> Sources:
    """The sources with a version's tag, which a merge request has none of: for the input ``release-version``,
    else for the version after the last tag.
    """
    document, _ = resolve.read_config(sources, Problems())
    if document is None:
        return sources
    merge(document, sources.inputs.settings(Problems()), Problems())
    prefix, given = Section(document, ()).text("tag-prefix") or "", sources.inputs.get("release-version")
    facts = sources.facts.of_product(prefix)
    if version.from_tag(facts.tag, prefix) is None:
        number = given.text.removeprefix("v") if given and version.parsed(given.text) else ""
        tag = f"{prefix or 'v'}{number or _next_version(prefix, sources.workspace)}"
        facts = facts._replace(tag=tag, tags=(), tag_hint="")
    return replace(sources, facts=facts)


def _next_version(prefix: str, workspace: Path) -> str:
    merged = (git.output(workspace, "tag", "--merged=HEAD") or "").split()
    found = [v for tag in merged if (v := version.from_tag(tag, prefix)) is not None]
    return _after(max(found, key=lambda v: v.order)) if found else _FIRST_VERSION


def _after(last: version.Version) -> str:
    if last.prerelease:
        return last.core
    *numbers, final = last.numbers
    return ".".join((*numbers, str(int(final) + 1)))


def changes(pipeline: Pipeline) -> list[str]:
    """What a rehearsal does otherwise than a run, for people."""
    linked = sum(artifact.url is not None for artifact in pipeline.artifacts)
    builder, added = pipeline.buildmaster, _steps(pipeline) - pipeline.steps
    lines = [
        (pipeline.check_links != "skip" and linked, f"links aren't checked ({linked}): no request leaves this machine"),
        (
            any(a.url is not None and a.size is None for a in pipeline.artifacts),
            "files without a size get a made-up size of 1 MiB: only their servers know it",
        ),
        (added, f"steps {', '.join(sorted(added))} run too: an earlier job does them in a release"),
        (builder and builder.start_time, "start-time isn't waited for"),
        (pipeline.journal, "the shared journal isn't used"),
    ]
    return [line for applies, line in lines if applies]


def redirected(pipeline: Pipeline, url: str) -> Pipeline:
    """The pipeline with the sandbox at ``url`` for each service, and nothing that needs another address."""
    builder = pipeline.buildmaster
    return pipeline._replace(
        # One CI run, so that the second run of a rehearsal continues the first.
        facts=pipeline.facts._replace(run_id="rehearsal", run_attempt=1, job=""),
        steps=_steps(pipeline),
        artifacts=_sized(pipeline.artifacts),
        check_links="skip",
        buildmaster=builder._replace(url=url, key=_KEY, start_time=None) if builder else None,
        v3=tuple(
            target._replace(url=url, releases_url=url, key=_KEY, artifacts=_sized(target.artifacts))
            for target in pipeline.v3
        ),
        centercode=tuple(
            target._replace(url=url, key=_KEY, artifacts=_sized(target.artifacts)) for target in pipeline.centercode
        ),
        notify=tuple(listener._replace(url=url, key=_KEY) for listener in pipeline.notify),
        journal=None,
    )


def _steps(pipeline: Pipeline) -> frozenset[StepName]:
    """The steps with those before them, which an earlier job does in a release: the sandbox starts empty."""
    if pipeline.buildmaster is None or pipeline.steps == {"build"}:
        return pipeline.steps
    return pipeline.steps | ({"build", "deploy"} if "publish" in pipeline.steps else {"build"})


def _sized(artifacts: tuple[Artifact, ...]) -> tuple[Artifact, ...]:
    return tuple(a._replace(size=_SIZE) if a.size is None and a.url is not None else a for a in artifacts)


def seed(pipeline: Pipeline) -> dict[str, Any]:
    """What the services need for this pipeline, as a seed of the sandbox (docs/sandbox.md)."""
    builder = pipeline.buildmaster
    name = (builder and builder.application) or next((t.project for t in pipeline.centercode), "")
    forms = {target.upload_form for target in pipeline.v3}
    return {
        "switches": {"v3_uploads": "form"} if forms == {"multipart"} else {},
        "buildmaster": _buildmaster(builder) if builder else {},
        "v3": {"products": [{"id": t.product_id, "name": name or t.product_id} for t in pipeline.v3]},
        "centercode": {"bucket_files": ["*"], "projects": _projects(pipeline)},
    }


def _buildmaster(builder: BuildMasterSettings) -> dict[str, Any]:
    pipeline, ref = builder.pipeline or _PIPELINE, builder.release
    stages = {"stages": builder.stages or (_STAGE,)}
    application: dict[str, Any] = {
        "name": builder.application or f"Application {builder.application_id}",
        "pipelines": {pipeline: stages},
        "templates": {builder.template: {"pipeline": pipeline}} if builder.template else {},
    }
    if builder.application_id is not None:
        application["id"] = builder.application_id
    builds = [] if builder.build_id is None else [{"id": builder.build_id, "number": builder.build_number}]
    release: dict[str, Any] = {
        "number": ref.value if ref.kind == "number" else _RELEASE,
        "pipeline": pipeline,
        "builds": builds,
    }
    if ref.kind == "id":
        release["id"] = int(ref.value)
    if ref.kind == "none":
        application["builds"] = [build | {"pipeline": pipeline} for build in builds]
    elif builds or ref.kind != "number" or not (builder.pipeline or builder.template):
        application["releases"] = [release]
    return {"pipelines": {pipeline: stages} if "::" in pipeline else {}, "applications": [application]}


def _projects(pipeline: Pipeline) -> list[dict[str, Any]]:
    """A project with its release type for each target, and one for each listener with the feedback that it is for."""
    found: list[dict[str, Any]] = [
        {"key": target.project, "release_types": [{"key": target.release_type}]} for target in pipeline.centercode
    ]
    for listener in pipeline.notify:
        types = defaultdict(list)
        for key in listener.feedback:
            types[key.rpartition("-")[0] or key].append(key)
        endpoint = "feedbackCommentListeners" if listener.kind == "comment" else "feedbackMacroListeners"
        found.append(
            {
                "key": listener.project,
                "endpoints": {endpoint: {listener.listener: {}}},
                "feedback_types": [{"key": prefix, "prefix": prefix} for prefix in types],
                "feedback": [{"key": key, "type": prefix} for prefix, keys in types.items() for key in keys],
            }
        )
    return found
