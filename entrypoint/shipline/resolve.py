"""From inputs to the frozen Pipeline: everything that can be checked without a network, all problems at once."""

from __future__ import annotations

from dataclasses import field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from shipline import catalogue, config, inputs, validate
from shipline import version as versions
from shipline.document import Node, Path, Place, Problems, printable
from shipline.pipeline import Network, Pipeline
from shipline.record import dataclass
from shipline.resolution import (
    buildmaster,
    certificates,
    files,
    keys,
    names,
    notes,
    notify,
    origins,
    tags,
    targets,
    twins,
)
from shipline.resolution.section import Document
from shipline.text import LATE_NAMES, Name, Text

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Mapping

    from shipline.pipeline import Facts, StepName
    from shipline.resolution.names import Names
    from shipline.resolution.section import Section
    from shipline.version import Version

DEFAULT_CONFIGS = ("shipline.yml", "shipline.yaml")
_STEPS: tuple[StepName, ...] = ("build", "deploy", "publish")
_SERVICES = ("buildmaster", "v3", "centercode")
_OF_FILES = frozenset({"artifacts", "notes", "notify", "network"})  # settings that make one read other files


@dataclass(frozen=True, slots=True)
class Sources:
    """Where values may come from."""

    flags: Mapping[str, str]  # by input name: {"buildmaster-build-number": "7"}
    environ: Mapping[str, str]
    config: str | None  # a path relative to the workspace, "-" for `stdin`; None: shipline.yml if it exists
    stdin: str | None
    facts: Facts
    workspace: pathlib.Path
    need_keys: bool  # whether a missing key is a problem: for plan and run


@dataclass(frozen=True, slots=True)
class Loaded:
    """The request, and what it was made of."""

    pipeline: Pipeline
    config: str | None  # the config file's name as messages show it
    missing_keys: tuple[str, ...]  # variables that a run needs and that have no key
    _root: Node = field(repr=False)
    _given: Mapping[str, inputs.Given] = field(repr=False)

    @property
    def origins(self) -> tuple[tuple[str, str, str], ...]:
        """For people, where each value came from: (setting, shown value, origin)."""
        return tuple(origins.shown(self._root, self._given, self.pipeline))


def load(sources: Sources) -> Loaded:
    """Raises InvalidInputError with every problem found, in order of place. Needs no network."""
    problems = Problems()
    root, config_name = _config(sources, problems)
    known_variables = keys.named_variables(root) if root is not None else frozenset()
    given = inputs.settings(sources.flags, sources.environ, problems, known_variables)
    if root is None:
        problems.raise_any()
        raise AssertionError("a config file that can't be read is a problem")
    if "centercode-endpoint-url" in given:
        keys.mask_within(given["centercode-endpoint-url"].text, "centercode-endpoint-url")
    root = inputs.merge(keys.taken_out(root, problems), given, problems)
    root, empty = _without_empty(root)
    document = Document(root, validate.check(root, empty, problems), problems)
    every_key = keys.all_of(given, sources.environ, known_variables)
    keys.refuse_in_texts(root, every_key, problems)
    service_keys = keys.Keys(given, sources.environ, sources.need_keys, problems, sources.facts.key_hint)
    pipeline = _pipeline(document, sources, service_keys, every_key)
    problems.raise_any()
    return Loaded(pipeline, config_name, tuple(service_keys.missing), root, given)


def outline(sources: Sources) -> Pipeline | None:
    """What is asked for, without what files, notes and keys add to it; None: the config file can't be read.

    What has a problem is empty. Reads nothing but the config file.
    """
    problems = Problems()
    root, _ = _config(sources, problems)
    if root is None:
        return None
    given = inputs.settings(sources.flags, sources.environ, problems, keys.named_variables(root))
    if "centercode-endpoint-url" in given:
        keys.mask_within(given["centercode-endpoint-url"].text, "centercode-endpoint-url")
    root = inputs.merge(keys.taken_out(root, problems), given, problems)
    root, empty = _without_empty(root.pruned({path for path, _ in root.walk() if path and path[-1] in _OF_FILES}))
    document = Document(root, validate.check(root, empty, problems), problems)
    return _pipeline(document, sources, keys.Keys({}, {}, required=False, problems=problems))


def default_config(workspace: pathlib.Path) -> str | None:
    """The config file that is read if none is named."""
    return next((name for name in DEFAULT_CONFIGS if (workspace / name).is_file()), None)


def version_of(sources: Sources) -> str:
    """The version that the config and the tag give, looking at nothing else; empty if they don't say.

    Raises InvalidInputError for a config file that can't be read and for what isn't a version.
    """
    problems = Problems()
    root, _ = _config(sources, problems)
    given = inputs.settings(sources.flags, sources.environ, Problems())
    problems.raise_any()
    document = Document(inputs.merge(root or Node({}, Place("")), given, Problems()), frozenset(), problems)
    release, known = document.section("release"), names.of_run(sources.facts)
    version = None
    if release.given("version") or "tag" in known.values:
        version = _version(release, known, sources.facts.tag_hint)
    problems.raise_any()
    return version.text if version else ""


def _config(sources: Sources, problems: Problems) -> tuple[Node | None, str | None]:
    if sources.config == "-":
        raw = (sources.stdin or "").encode("utf-8", "surrogateescape")
        return config.parse(raw, "<stdin>", problems), "<stdin>"
    name = sources.config or default_config(sources.workspace)
    if name is None:
        return Node({}, Place(DEFAULT_CONFIGS[0])), None
    return config.read(sources.workspace / name, name, problems), name


def _without_empty(root: Node) -> tuple[Node, dict[Path, Place]]:
    """The tree without settings that hold the empty string, which is unset, and where those stood.

    Entries of lists and values of variables may be empty, or are looked at later.
    """
    empty: dict[Path, Place] = {}
    for path, node in root.walk():
        leaf = catalogue.at(path)
        if node.value != "" or isinstance(path[-1], int) or (leaf is not None and leaf.kind == "map"):
            continue
        empty[path] = node.place
    return root.pruned(empty), empty


def _pipeline(
    document: Document, sources: Sources, service_keys: keys.Keys, every_key: Mapping[str, str] = MappingProxyType({})
) -> Pipeline:
    facts, release = sources.facts, document.section("release")
    run_names = names.of_run(facts)
    version = _version(release, run_names, facts.tag_hint)
    all_names = names.with_version(run_names, version)
    has_buildmaster = document.root.get(("buildmaster",)) is not None
    no_section = dict.fromkeys(LATE_NAMES, "there is no buildmaster section")
    late_names = all_names.with_late() if has_buildmaster else all_names.without(no_section)
    steps = _steps(document)
    found = files.find(document, all_names, late_names, facts, sources.workspace)
    commits = notes.Commits(sources.workspace, version, facts.tag)
    notes_source = notes.Source(
        all_names, version, sources.workspace, files.allowed_folders(document), commits, every_key
    )
    release_notes = notes.read(release, notes_source)
    said = release.value("prerelease")
    context = targets.Context(
        names=all_names,
        late_names=late_names,
        version=version,
        prerelease=bool(version and version.prerelease) if said == "auto" else said is True,
        notes=release_notes,
        notes_source=notes_source,
        title=_title(release, late_names, version, has_buildmaster=has_buildmaster),
        found=found,
        keys=service_keys,
        facts=facts,
        publishing="publish" in steps,
    )
    section = document.section("buildmaster")
    built = buildmaster.resolve(section, all_names, found, service_keys, steps) if section.node() else None
    v3 = [(t, targets.v3(t, _target_name(t), context)) for t in document.targets("v3")]
    centercode = [(t, targets.centercode(t, _target_name(t), context)) for t in document.targets("centercode")]
    twins.check(v3, twins.same_release)
    twins.check(centercode, twins.same_release_type)
    return Pipeline(
        facts=facts,
        version=version or versions.Version("", ()),
        steps=steps,
        artifacts=found.items,
        check_links=document.section().value("check-links"),
        buildmaster=built,
        v3=tuple(target for _, target in v3),
        centercode=tuple(target for _, target in centercode),
        network=_network(document.section("network"), sources.workspace),
        notes_from=release_notes.origin,
        notify=notify.resolve(document, context, v3, centercode),
        warnings=document.problems.warnings,
    )


def _version(release: Section, run_names: Names, tag_hint: str) -> Version | None:
    raw = release.text("version")
    if raw is None and release.given("version"):
        return None
    if raw is None and "tag" not in run_names.values:
        why = f"; {tag_hint}" if tag_hint else ", and this run has no tag to take it from"
        release.missing(why, "1.4.0", "version")
        return None
    absent = dict(run_names.absent)
    if "tag" in absent:
        absent["tag"] += "; release-version gives a version without one"
    filled = replace(run_names, absent=absent).fill(release, raw or "{tag}", "version")
    prefix = release.document.section().text("tag-prefix") or ""
    if filled is None:
        return None
    if prefix and raw in (None, "{tag}"):
        version = tags.version(str(filled), prefix)
        if version is None:
            shown = f"{printable(prefix)} and a version (tag-prefix), such as {printable(prefix)}1.4.0"
            release.complain(f"the tag is {printable(str(filled))}: expected {shown}", "version")
        return version
    try:
        return versions.parse(str(filled))
    except ValueError as error:
        release.complain(f"expected a version, found {printable(str(filled))}: {error}", "version")
        return None


def _title(release: Section, late_names: Names, version: Version | None, *, has_buildmaster: bool) -> Text | None:
    """The release's title; None: each target has its own default."""
    raw = release.text("title")
    if raw is not None:
        return late_names.fill(release, raw, "title")
    if not has_buildmaster:
        return None
    return Text((Name("application"), f" {version.text if version else ''}"))


def _steps(document: Document) -> frozenset[StepName]:
    """What is asked for, else all that the sections given make possible."""
    given = {name for name in _SERVICES if document.root.get((name,)) is not None}
    top = document.section()
    unknown = any(len(path) == 1 for path in document.unusable)
    if not given and not unknown:  # an unknown section is reported, and was meant to be one of them
        where = "in this file" if document.root.place.line else "in this file (there is none: shipline init writes one)"
        what = f"nothing to do: expected at least one of the sections {', '.join(_SERVICES)}, {where} or as inputs"
        document.problems.add(document.root.place, (), what)
    text = top.text("steps")
    asked = [part.strip() for part in text.split(",")] if text else [step for _, step in top.entries("steps")]
    if not asked:
        building = {"build", "deploy"} if "buildmaster" in given else set()
        return frozenset(step for step in _STEPS if step in building or (step == "publish" and given - {"buildmaster"}))
    if given and "buildmaster" not in given and not {"build", "deploy"}.isdisjoint(asked):
        top.complain("build and deploy need a buildmaster section: add it, or write steps: publish", "steps")
    if given == {"buildmaster"} and "publish" in asked:
        top.complain("publish needs a v3 or centercode section: add one, or leave publish out", "steps")
    return frozenset(step for step in _STEPS if step in asked)


def _target_name(target: Section) -> str:
    """``v3``; in a list ``v3:2`` from the second on."""
    position = target.path[-1]
    return f"{target.path[0]}:{position + 1}" if isinstance(position, int) and position else str(target.path[0])


def _network(section: Section, workspace: pathlib.Path) -> Network:
    return Network(
        connect_timeout=section.seconds("connect-timeout"),
        read_timeout=section.seconds("read-timeout"),
        retry_for=section.seconds("retry-for", zero=True),
        ca_bundle=certificates.bundle(section, workspace),
        client_certificate=certificates.own(section, workspace),
    )
