"""The ``buildmaster`` section."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from shipline.pipeline import BuildMaster, ReleaseRef
from shipline.resolution.urls import service_url
from shipline.text import Name, Text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shipline.pipeline import StepName
    from shipline.resolution.files import Found
    from shipline.resolution.keys import Keys
    from shipline.resolution.names import Names
    from shipline.resolution.section import Section

_ID = re.compile(r"id:([1-9][0-9]{0,17})")


def resolve(section: Section, names: Names, found: Found, keys: Keys, steps: frozenset[StepName]) -> BuildMaster:
    """The section with every default; values that have a problem are empty."""
    with_artifact = _with_artifact(names, found)
    application, application_id = _application(section, names)
    start = section.instant("start-time")
    if not section.value("wait") and "publish" in steps:
        what = "false can't be combined with publish among the steps: what isn't deployed yet would be announced"
        section.complain(what, "wait")
    return BuildMaster(
        url=service_url(section, "url", may_be_http=bool(section.value("allow-http"))),
        key=keys.of(section, "api-key"),
        application=application,
        application_id=application_id,
        release=_release(section, names),
        pipeline=names.filled(section, "pipeline"),
        template=names.filled(section, "template"),
        build_id=section.value("build-id"),
        build_number=names.filled(section, "build-number"),
        if_build_exists=section.value("if-build-exists"),
        variables={k: str(t) for k, t in _variables(section, "variables", with_artifact).items()},
        stages=_stages(section, names),
        deploy_variables=_deploy_variables(section, with_artifact.with_late(), found),
        force=section.value("force"),
        start_time=start.isoformat() if start is not None else None,
        redeploy=section.value("redeploy"),
        wait=section.value("wait"),
        timeout=section.seconds("timeout"),
        pending_timeout=section.seconds("pending-timeout"),
        warned=section.value("warned"),
        on_failure=section.value("on-failure"),
    )


def _application(section: Section, names: Names) -> tuple[str | None, int | None]:
    text = names.filled(section, "application")
    if text is None or not text.startswith("id:"):
        return text, None
    match = _ID.fullmatch(text)
    if match is None:
        section.complain("expected an application's name, or id: and its number, such as id:42", "application")
    return None, int(match[1]) if match else None


def _release(section: Section, names: Names) -> ReleaseRef:
    if not section.given("release"):
        default = names.fill(section, "{major}.{minor}", "release")
        return ReleaseRef("number", str(default or ""))
    text = names.filled(section, "release") or ""
    if text == "latest":
        return ReleaseRef("latest", "")
    if not text.startswith("id:"):
        return ReleaseRef("number", text)
    match = _ID.fullmatch(text)
    if match is None:
        section.complain("expected a release's number, latest, or id: and its id, such as id:4", "release")
    return ReleaseRef("id", match[1] if match else "")


def _stages(section: Section, names: Names) -> tuple[str, ...]:
    stages = names.entries(section, "stages")
    for position, (index, stage) in enumerate(stages):
        if stage in [other for _, other in stages[:position]] and section.text("stages", index) != stage:
            section.complain(f"{stage} is in the list twice", "stages", index)
    return tuple(stage for _, stage in stages)


def _variables(section: Section, name: str, names: Names) -> Mapping[str, Text]:
    filled = {str(key): names.fill(section, raw, name, key) for key, raw in section.entries(name)}
    return {key: text for key, text in filled.items() if text is not None}


def _with_artifact(names: Names, found: Found) -> Names:
    """``artifact_url`` and ``artifact_sha256`` of the first artifact."""
    if not found.items:
        both = frozenset({"artifact_url", "artifact_sha256"})
        absent_names = names.without(dict.fromkeys(both, "there are no artifacts"))
        return absent_names if found.complete else replace(absent_names, silent=names.silent | both)
    first = found.items[0]
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
        absent["artifact_sha256"] = f"{first.shown_path} is remote, and its checksum isn't known"
    else:
        values["artifact_sha256"] = first.sha256
    return names.with_values(values).without(absent)


def _deploy_variables(section: Section, names: Names, found: Found) -> Mapping[str, Text]:
    """Sent after the build exists, so an artifact's URL may be made of it."""
    url = found.items[0].url if found.items else None
    if url is None or not url.names:
        return _variables(section, "deploy-variables", names)
    open_names = replace(names, late=names.late | {"artifact_url"})
    filled = _variables(section, "deploy-variables", open_names)
    return {key: Text(tuple(_spliced(text, url))) for key, text in filled.items()}


def _spliced(text: Text, url: Text) -> list[str | Name]:
    return [p for part in text.parts for p in (url.parts if part == Name("artifact_url") else (part,))]
